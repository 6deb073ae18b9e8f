import Base

/// Media frame by frame: every audio and video frame is made, waits, travels and is played.
///
/// It runs beside the fluid and decides nothing: connections, rates and the people's patience are
/// the fluid's, so opening a window never changes a run. What it finds on its own is what frames
/// do to bytes, CPU time, queues, drops, delays and stalls. Frames carry sizes and times, no
/// payload. Streams advance one by one, as far as the world's clock, whenever a rate changes.
struct FramePlane: Sendable {
    struct Totals: Sendable, Hashable {
        var frames: Int64 = 0
        var ingress: Int64 = 0
        var egressViewers: Int64 = 0
        var egressNodes: Int64 = 0
        var relayed: Int64 = 0
        var messagesOut: Int64 = 0
        var messagesFromServer: Int64 = 0
        var droppedEncoder: Int64 = 0
        var droppedQueue: Int64 = 0
        var played: Interval = .zero
        var stalled: Interval = .zero
        var stalls: Int64 = 0
        /// Sum and number of the times from making to delivery, of video frames to viewers.
        var delay: Int128 = 0
        var delivered: Int64 = 0
    }

    private enum Playing: Sendable { case no, starting, playing, stalled }

    private struct Stream: Sendable {
        var shape: MediaShape
        var epoch: Instant
        var videoMade: Int64 = 0
        var audioMade: Int64 = 0
        var groupFrames: Int64
        var uplink: FrameQueue
        var isDropping = false
        var players: [Int32] = []
        var isOpen = true
    }

    private struct Player: Sendable {
        var queue: FrameQueue
        var fromServer: Bool
        var playing: Playing
        var target: Interval
        /// Media time received and media time shown, of the audio track, which is never thinned.
        var received: Interval = .zero
        var shown: Interval = .zero
        var since: Instant
        var players: [Int32] = []
        var stream: Int
        var isOpen = true
    }

    private(set) var totals = Totals()
    private var streams: [Stream?]
    private var players: [Player?] = []
    private let queueMax: Interval
    private let encoderQueueMax: Interval
    private static let audioStep = Interval(
        nanoseconds: MediaShape.audioSamplesPerFrame * 1_000_000_000 / MediaShape.audioSampleRate)

    init(streams: Int, queueMax: Interval, encoderQueueMax: Interval) {
        self.streams = [Stream?](repeating: nil, count: streams)
        self.queueMax = queueMax
        self.encoderQueueMax = encoderQueueMax
    }

    var handled: Int64 { totals.frames + totals.messagesOut }

    // MARK: Streams

    /// A stream goes on the air, or a window opens on one: `epoch` is a key frame's moment.
    mutating func beginStream(
        _ index: Int, shape: MediaShape, epoch: Instant, rate: Int64, at now: Instant
    ) {
        let group = max(1, multiplyDivide(
            shape.framesPerSecond, shape.keyFrameEvery.nanoseconds, 1_000_000_000))
        var stream = Stream(
            shape: shape, epoch: epoch, groupFrames: group,
            uplink: FrameQueue(rate: rate, at: now))
        let past = (now - epoch).nanoseconds
        if past > 0 {
            stream.videoMade = (past * shape.framesPerSecond + 999_999_999) / 1_000_000_000
            stream.audioMade = past / Self.audioStep.nanoseconds + 1
        }
        streams[index] = stream
    }

    mutating func endStream(_ index: Int, at now: Instant) {
        advance(index, to: now)
        streams[index] = nil
    }

    mutating func setShape(_ index: Int, _ shape: MediaShape, at now: Instant) {
        guard streams[index] != nil else { return }
        advance(index, to: now)
        streams[index]?.shape = shape
    }

    mutating func setUplink(_ index: Int, _ rate: Int64, at now: Instant) {
        guard let stream = streams[index], stream.uplink.rate != rate else { return }
        advance(index, to: now)
        streams[index]?.uplink.setRate(rate)
    }

    /// Makes and moves every frame of the stream up to `now`.
    mutating func advance(_ index: Int, to now: Instant) {
        guard streams[index] != nil else { return }
        while let frame = nextFrame(index, until: now) {
            serveUplink(index, until: frame.made)
            encode(index, frame)
        }
        serveUplink(index, until: now)
        guard let direct = streams[index]?.players else { return }
        for player in direct { serve(player, until: now) }
    }

    mutating func advanceAll(to now: Instant) {
        for index in streams.indices { advance(index, to: now) }
    }

    private mutating func nextFrame(_ index: Int, until now: Instant) -> Frame? {
        guard let stream = streams[index] else { return nil }
        let shape = stream.shape
        let video = stream.epoch
            + Interval(nanoseconds: stream.videoMade * 1_000_000_000 / shape.framesPerSecond)
        let audio = stream.epoch + Self.audioStep * stream.audioMade
        guard min(video, audio) <= now else { return nil }
        totals.frames += 1
        if video <= audio {
            let isKey = stream.videoMade % stream.groupFrames == 0
            streams[index]?.videoMade += 1
            return Frame(
                made: video, bytes: Int32(isKey ? shape.keyFrame : shape.frame), isVideo: true,
                isKey: isKey)
        }
        streams[index]?.audioMade += 1
        return Frame(
            made: audio, bytes: Int32(audioBytes(shape, stream.audioMade)), isVideo: false,
            isKey: false)
    }

    /// The parts of whole bytes add up: over time the audio has exactly its rate.
    private func audioBytes(_ shape: MediaShape, _ number: Int64) -> Int64 {
        func upTo(_ count: Int64) -> Int64 {
            count * Self.audioStep.nanoseconds / 1_000 * shape.audio / 1_000_000
        }
        return upTo(number + 1) - upTo(number)
    }

    /// Puts a frame in the encoder's queue as OBS does; see `World.encoderQueueMax`.
    private mutating func encode(_ index: Int, _ frame: Frame) {
        if frame.isKey { streams[index]?.isDropping = false }
        guard let stream = streams[index] else { return }
        if frame.isVideo && stream.isDropping {
            totals.droppedEncoder += 1
            return
        }
        streams[index]?.uplink.push(frame, at: frame.made)
        guard frame.isVideo, !frame.isKey, stream.uplink.count > 2 else { return }
        guard let span = streams[index]?.uplink.span, span >= encoderQueueMax else { return }
        let dropped = streams[index]?.uplink.drop { $0.isVideo && !$0.isKey } ?? 0
        totals.droppedEncoder += dropped
        streams[index]?.isDropping = true
    }

    private mutating func serveUplink(_ index: Int, until now: Instant) {
        while let (frame, at) = streams[index]?.uplink.next(until: now) {
            totals.ingress += Int64(frame.bytes)
            guard let direct = streams[index]?.players else { return }
            for player in direct { enqueue(player, frame, at: at) }
        }
    }

    // MARK: Players

    /// A connection begins to get the stream's media: first what came since the last key frame.
    mutating func beginPlayer(
        _ flow: Int32, feeder: Int32, stream: Int, buffer: Interval?, fromServer: Bool,
        rate: Int64, at now: Instant
    ) {
        guard streams[stream] != nil else { return }
        advance(stream, to: now)
        while players.count <= Int(flow) { players.append(nil) }
        var player = Player(
            queue: FrameQueue(rate: rate, at: now), fromServer: fromServer,
            playing: buffer == nil ? .no : .starting, target: buffer ?? .zero, since: now,
            stream: stream)
        for frame in sinceKeyFrame(stream) { player.queue.push(frame, at: now) }
        players[Int(flow)] = player
        if feeder >= 0, Int(feeder) < players.count, players[Int(feeder)] != nil, !fromServer {
            players[Int(feeder)]?.players.append(flow)
        } else {
            streams[stream]?.players.append(flow)
        }
    }

    /// The frames of the group of pictures that is under way.
    private func sinceKeyFrame(_ index: Int) -> [Frame] {
        guard let stream = streams[index], stream.videoMade > 0, !stream.isDropping else {
            return []
        }
        let shape = stream.shape
        let first = (stream.videoMade - 1) / stream.groupFrames * stream.groupFrames
        var frames: [Frame] = []
        for number in first..<stream.videoMade {
            let made = stream.epoch
                + Interval(nanoseconds: number * 1_000_000_000 / shape.framesPerSecond)
            frames.append(
                Frame(
                    made: made, bytes: Int32(number == first ? shape.keyFrame : shape.frame),
                    isVideo: true, isKey: number == first))
        }
        guard let start = frames.first?.made else { return [] }
        let audioFirst = ((start - stream.epoch).nanoseconds + Self.audioStep.nanoseconds - 1)
            / Self.audioStep.nanoseconds
        for number in audioFirst..<max(audioFirst, stream.audioMade) {
            frames.append(
                Frame(
                    made: stream.epoch + Self.audioStep * number,
                    bytes: Int32(audioBytes(shape, number)), isVideo: false, isKey: false))
        }
        // Both tracks in order of time; a key frame before what is made with it.
        frames.sort { ($0.made, $0.isVideo ? 0 : 1) < ($1.made, $1.isVideo ? 0 : 1) }
        return frames
    }

    /// A window opens on a session that already plays.
    mutating func resume(
        _ flow: Int32, isPlaying: Bool, isStalled: Bool, buffered: Interval, waiting: Interval,
        at now: Instant
    ) {
        guard Int(flow) < players.count, players[Int(flow)] != nil else { return }
        _ = players[Int(flow)]?.queue.drop { $0.made < now - waiting }
        guard players[Int(flow)]?.playing != .no else { return }
        players[Int(flow)]?.received = buffered
        players[Int(flow)]?.playing = isPlaying ? .playing : (isStalled ? .stalled : .starting)
    }

    mutating func setRate(_ flow: Int32, _ rate: Int64, at now: Instant) {
        guard Int(flow) < players.count, let player = players[Int(flow)],
            player.queue.rate != rate
        else { return }
        advance(player.stream, to: now)
        players[Int(flow)]?.queue.setRate(rate)
    }

    mutating func endPlayer(_ flow: Int32, at now: Instant) {
        guard Int(flow) < players.count, let player = players[Int(flow)] else { return }
        advance(player.stream, to: now)
        serve(flow, until: now)
        settle(flow, at: now)
        players[Int(flow)] = nil
        streams[player.stream]?.players.removeAll { $0 == flow }
        for index in players.indices { players[index]?.players.removeAll { $0 == flow } }
    }

    mutating func settleAll(at now: Instant) {
        for index in players.indices where players[index] != nil { settle(Int32(index), at: now) }
    }

    private mutating func enqueue(_ flow: Int32, _ frame: Frame, at now: Instant) {
        serve(flow, until: now)
        let index = Int(flow)
        players[index]?.queue.push(frame, at: now)
        guard frame.isVideo, let span = players[index]?.queue.span, span >= queueMax,
            let key = players[index]?.queue.newestKeyFrame
        else { return }
        totals.droppedQueue += players[index]?.queue.drop { $0.made < key } ?? 0
    }

    private mutating func serve(_ flow: Int32, until now: Instant) {
        let index = Int(flow)
        while let (frame, at) = players[index]?.queue.next(until: now) {
            arrived(index, frame, at)
        }
        guard let further = players[index]?.players, !further.isEmpty else { return }
        for next in further { serve(next, until: now) }
    }

    private mutating func arrived(_ index: Int, _ frame: Frame, _ at: Instant) {
        guard let player = players[index] else { return }
        totals.messagesOut += 1
        if player.fromServer { totals.messagesFromServer += 1 }
        if !player.fromServer {
            totals.relayed += Int64(frame.bytes)
        } else if player.playing == .no {
            totals.egressNodes += Int64(frame.bytes)
        } else {
            totals.egressViewers += Int64(frame.bytes)
        }
        for next in player.players { enqueue(next, frame, at: at) }
        guard player.playing != .no else { return }
        if frame.isVideo {
            totals.delay += Int128((at - frame.made).nanoseconds)
            totals.delivered += 1
        } else {
            play(index, at)
        }
    }

    /// One more audio frame is there to be shown.
    private mutating func play(_ index: Int, _ at: Instant) {
        settle(Int32(index), at: at)
        players[index]?.received += Self.audioStep
        guard let player = players[index], player.received - player.shown >= player.target else {
            return
        }
        switch player.playing {
        case .no, .playing: break
        case .starting, .stalled: players[index]?.playing = .playing
        }
    }

    /// Plays, or stands still, from the last moment looked at until `now`.
    private mutating func settle(_ flow: Int32, at now: Instant) {
        let index = Int(flow)
        guard let player = players[index] else { return }
        let elapsed = now - player.since
        guard elapsed > .zero else { return }
        players[index]?.since = now
        switch player.playing {
        case .no, .starting: break
        case .stalled: totals.stalled += elapsed
        case .playing:
            let left = player.received - player.shown
            let shown = min(elapsed, left)
            players[index]?.shown += shown
            totals.played += shown
            guard shown < elapsed else { return }
            totals.stalled += elapsed - shown
            totals.stalls += 1
            players[index]?.playing = .stalled
        }
    }
}
