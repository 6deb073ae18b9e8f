import Base
import Cloud
import Platform
import Scenarios

/// What encoders do when their uplink or their picture changes: key frame by key frame where the
/// path is short, and bit rates that are drawn anew.
extension World {
    /// OBS drops P-frames when 900 ms of packets wait (obs-outputs rtmp-stream.c,
    /// `pframe_drop_threshold_ms`), all that wait and all until the next key frame.
    static let encoderQueueMax = Interval.milliseconds(900)
    /// A path with less headroom than this is watched key frame by key frame.
    private static let tightPercent: Int64 = 130

    /// Whether the path is so narrow that single key frames matter.
    @inline(__always)
    private func isTight(_ media: StreamMedia) -> Bool {
        let flow = fluid.flow(media.flow)
        let uplink = fluid.capacities[Int(flow.crosses[0])].limit
        let room = min(flow.ceiling, uplink)
        return room * 100 < media.shape.content * Self.tightPercent || flow.rate < flow.feed
    }

    /// Begins to follow a stream key frame by key frame where that is needed.
    mutating func watchKeyFrames(_ streamer: Int) {
        let media = streamers[streamer].media
        guard media.flow != noFlow, !media.isTight, isTight(media) else { return }
        streamers[streamer].media.isTight = true
        let phase = media.phase(at: queue.now)
        let wait = phase == .zero ? .zero : media.plan.keyFrameEvery - phase
        queue.push(
            .keyFrame(stream: Int32(streamer), generation: media.generation), at: queue.now + wait)
    }

    /// Waiting bytes at which 900 ms of media wait, in the two parts of a group of pictures.
    @inline(__always)
    func queueEdge(_ shape: MediaShape, afterKeyFrame: Bool) -> Int64 {
        bytes(shape.between, Self.encoderQueueMax) + (afterKeyFrame ? shape.keyFrame : 0)
    }

    mutating func keyFrame(_ stream: Int32, _ generation: UInt32) {
        let streamer = Int(stream)
        let media = streamers[streamer].media
        guard media.generation == generation, media.flow != noFlow else { return }
        let now = queue.now
        if media.phase(at: now) == .zero {
            startGroup(streamer)
        } else {
            let edge = queueEdge(media.shape, afterKeyFrame: false)
            if !media.isDropping { setEncoder(streamer, feed: nil, edge: edge, add: 0) }
            queue.push(
                .keyFrame(stream: stream, generation: generation),
                at: now + media.plan.keyFrameEvery - media.phase(at: now))
        }
    }

    private mutating func startGroup(_ streamer: Int) {
        let now = queue.now
        streamers[streamer].media.followsDrop = streamers[streamer].media.isDropping
        streamers[streamer].media.isDropping = false
        let media = streamers[streamer].media
        setContent(streamer, media.shape.content)
        guard isTight(media) || fluid.flow(media.flow).queue > .zero else {
            streamers[streamer].media.isTight = false
            setEncoder(
                streamer, feed: media.shape.content,
                edge: queueEdge(media.shape, afterKeyFrame: true), add: 0)
            return
        }
        setEncoder(
            streamer, feed: media.shape.between,
            edge: queueEdge(media.shape, afterKeyFrame: true), add: media.shape.keyFrame)
        queue.push(
            .keyFrame(stream: Int32(streamer), generation: media.generation),
            at: now + min(Self.encoderQueueMax, media.plan.keyFrameEvery))
    }

    private mutating func setEncoder(_ streamer: Int, feed: Int64?, edge: Int64, add: Int64) {
        let flow = streamers[streamer].media.flow
        fluid.change(flow, at: queue.now) {
            if let feed { $0.feed = feed }
            $0.queue += Integral(add)
            $0.queueMax = edge
        }
        if fluid.flow(flow).queue >= Integral(edge) { dropFromEncoder(streamer) }
    }

    /// What OBS does when 900 ms wait: the waiting P-frames go, and those up to the key frame.
    mutating func dropFromEncoder(_ streamer: Int) {
        let media = streamers[streamer].media
        guard !media.isDropping else { return }
        guard media.isTight else {
            watchKeyFrames(streamer)
            fluid.change(media.flow, at: queue.now) { $0.queueMax = 0 }
            return
        }
        let phase = media.phase(at: queue.now)
        // Of a group that was cut short no picture waits any more.
        let waiting = media.followsDrop ? min(phase, Self.encoderQueueMax) : Self.encoderQueueMax
        tally.framesDroppedEncoder += media.shape.pictures(from: phase - waiting)
        let leftOut = min(
            fluid.flow(media.flow).queue,
            Integral(bytes(media.shape.between - media.shape.audio, waiting)))
        fluid.change(media.flow, at: queue.now) {
            $0.queue -= leftOut
            $0.feed = media.shape.audio
            $0.queueMax = 0
        }
        streamers[streamer].media.isDropping = true
        // The sound of what was left out still comes, so it is played like the rest.
        changePlayers(of: streamer) {
            $0.content = media.shape.audioAndKeyFrames
            if $0.player != .none { $0.buffer += leftOut }
        }
        mediaWentBad()
    }

    /// What a second of media now weighs, for all who play it.
    private mutating func setContent(_ streamer: Int, _ content: Int64) {
        let flow = streamers[streamer].media.flow
        guard flow != noFlow, fluid.flow(flow).content != content else { return }
        changePlayers(of: streamer) { $0.content = content }
    }

    /// The publisher's flow and all that play from it, over a node or not.
    private mutating func changePlayers(of streamer: Int, _ change: (inout Flow) -> Void) {
        let flow = streamers[streamer].media.flow
        fluid.change(flow, at: queue.now, change)
        for player in fluid.fed(by: flow) {
            fluid.change(player, at: queue.now, change)
            for next in fluid.fed(by: player) { fluid.change(next, at: queue.now, change) }
        }
    }

    // MARK: Varying bit rate

    mutating func redraw(_ stream: Int32, _ generation: UInt32) {
        let streamer = Int(stream)
        var media = streamers[streamer].media
        guard media.generation == generation, media.flow != noFlow else { return }
        let spread = media.plan.variation.millionths
        let share = Share(millionths: 1_000_000 + media.random.within(-spread...spread))
        let video = Rate(bitsPerSecond: share.of(media.plan.video.bitsPerSecond))
        media.shape = MediaShape(media.plan, video: video)
        streamers[streamer].media = media
        frames?.setShape(streamer, media.shape, at: queue.now)
        if !media.isDropping {
            setContent(streamer, media.shape.content)
            let feed = media.isTight ? media.shape.between : media.shape.content
            let edge = queueEdge(media.shape, afterKeyFrame: !media.isTight)
            fluid.change(media.flow, at: queue.now) {
                $0.feed = feed
                $0.queueMax = max(edge, $0.queue.whole + 1)
            }
        }
        watchKeyFrames(streamer)
        queue.push(
            .redraw(stream: stream, generation: generation),
            at: queue.now + media.plan.variationEvery)
    }
}
