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

    private(set) var totals = Totals()
    /// Carries the frames' bytes too, in a window.
    private(set) var wire: WirePlane?
    // Fields are read in place: a copy of a stream or player would share its queue, and the next
    // push would copy the queue.
    private var streams: [Stream]
    private var players: [Player] = []
    private let queueMax: Interval
    private let encoderQueueMax: Interval
    private static let audioStep = Interval(
        nanoseconds: MediaShape.audioSamplesPerFrame * 1_000_000_000 / MediaShape.audioSampleRate)

    init(
        shapes: [MediaShape], queueMax: Interval, encoderQueueMax: Interval, wire: WirePlane?,
        at now: Instant
    ) {
        self.wire = wire
        streams = shapes.map { Stream(shape: $0, epoch: now, rate: 1, at: now) }
        self.queueMax = queueMax
        self.encoderQueueMax = encoderQueueMax
    }

    var handled: Int64 { totals.frames + totals.messagesOut }

    // MARK: Streams

    /// A stream goes on the air, or a window opens on one: `epoch` is a key frame's moment.
    mutating func beginStream(
        _ index: Int, shape: MediaShape, epoch: Instant, rate: Int64, at now: Instant
    ) {
        var stream = Stream(shape: shape, epoch: epoch, rate: rate, at: now)
        stream.isOpen = true
        let past = (now - epoch).nanoseconds
        if past > 0 {
            stream.videoMade = (past * shape.framesPerSecond + 999_999_999) / 1_000_000_000
            stream.audioMade = past / Self.audioStep.nanoseconds + 1
        }
        stream.plan()
        streams[index] = stream
        wire?.beginStream(index, epoch: epoch, at: now)
    }

    mutating func endStream(_ index: Int, at now: Instant) {
        advance(index, to: now)
        totals.ingress += streams[index].uplink.sentOfHead
        streams[index].isOpen = false
        wire?.endStream(index)
    }

    mutating func setShape(_ index: Int, _ shape: MediaShape, at now: Instant) {
        guard streams[index].isOpen else { return }
        advance(index, to: now)
        streams[index].shape = shape
    }

    mutating func setUplink(_ index: Int, _ rate: Int64, at now: Instant) {
        guard streams[index].isOpen, streams[index].uplink.rate != rate else { return }
        advance(index, to: now)
        streams[index].uplink.setRate(rate)
    }

    /// Makes and moves every frame of the stream up to `now`.
    mutating func advance(_ index: Int, to now: Instant) {
        guard streams[index].isOpen else { return }
        while let frame = streams[index].nextFrame(until: now) {
            totals.frames += 1
            serveUplink(index, until: frame.made)
            encode(index, frame)
        }
        serveUplink(index, until: now)
        for place in streams[index].players.indices {
            serve(Int(streams[index].players[place]), until: now)
        }
    }

    mutating func advanceAll(to now: Instant) {
        for index in streams.indices { advance(index, to: now) }
    }

    /// Puts a frame in the encoder's queue as OBS does; see `World.encoderQueueMax`.
    private mutating func encode(_ index: Int, _ frame: Frame) {
        if frame.isKey { streams[index].isDropping = false }
        if frame.isVideo && streams[index].isDropping {
            totals.droppedEncoder += 1
            return
        }
        streams[index].uplink.push(frame, at: frame.made)
        guard frame.isVideo, streams[index].uplink.span >= encoderQueueMax else { return }
        totals.droppedEncoder += streams[index].uplink.dropPictures()
        streams[index].isDropping = !frame.isKey
    }

    private mutating func serveUplink(_ index: Int, until now: Instant) {
        while let (frame, at) = streams[index].uplink.next(until: now) {
            totals.ingress += Int64(frame.bytes)
            wire?.published(frame, index, at: at)
            for place in streams[index].players.indices {
                enqueue(Int(streams[index].players[place]), frame, at: at)
            }
        }
    }

    // MARK: Players

    /// A connection begins to get the stream's media: first what came since the last key frame.
    mutating func beginPlayer(
        _ flow: Int32, feeder: Int32, stream: Int, buffer: Interval?, fromServer: Bool,
        rate: Int64, at now: Instant
    ) {
        guard streams[stream].isOpen else { return }
        advance(stream, to: now)
        while players.count <= Int(flow) { players.append(Player(at: now)) }
        var player = Player(at: now)
        player.queue = FrameQueue(rate: rate, at: now)
        player.fromServer = fromServer
        player.playing = buffer == nil ? .no : .starting
        player.target = buffer ?? .zero
        player.stream = stream
        player.isOpen = true
        for frame in streams[stream].sinceKeyFrame() { player.queue.push(frame, at: now) }
        players[Int(flow)] = player
        if fromServer {
            streams[stream].players.append(flow)
        } else if Int(feeder) < players.count, players[Int(feeder)].isOpen {
            players[Int(feeder)].players.append(flow)
            players[Int(flow)].feeder = feeder
        }
        wire?.beginPlayer(
            Int(flow), stream: stream, epoch: streams[stream].epoch,
            node: fromServer ? nil : Int(feeder), at: now)
    }

    /// A window opens on a session that already plays.
    mutating func resume(
        _ flow: Int32, isPlaying: Bool, isStalled: Bool, buffered: Interval, waiting: Interval,
        at now: Instant
    ) {
        let index = Int(flow)
        guard index < players.count, players[index].isOpen else { return }
        _ = players[index].queue.drop(before: now - waiting)
        guard players[index].playing != .no else { return }
        players[index].received = buffered
        players[index].playing = isPlaying ? .playing : (isStalled ? .stalled : .starting)
    }

    mutating func setRate(_ flow: Int32, _ rate: Int64, at now: Instant) {
        let index = Int(flow)
        guard index < players.count, players[index].isOpen, players[index].queue.rate != rate
        else { return }
        advance(players[index].stream, to: now)
        players[index].queue.setRate(rate)
    }

    mutating func endPlayer(_ flow: Int32, at now: Instant) {
        let index = Int(flow)
        guard index < players.count, players[index].isOpen else { return }
        advance(players[index].stream, to: now)
        serve(index, until: now)
        settle(index, at: now)
        count(players[index].queue.sentOfHead, to: index)
        players[index].isOpen = false
        wire?.endPlayer(index)
        players[index].players.removeAll()
        streams[players[index].stream].players.removeAll { $0 == flow }
        let feeder = Int(players[index].feeder)
        if feeder >= 0 { players[feeder].players.removeAll { $0 == flow } }
    }

    /// Counts what is under way when frames end: parts of frames, and playing up to `now`.
    mutating func settleAll(at now: Instant) {
        for index in streams.indices where streams[index].isOpen {
            totals.ingress += streams[index].uplink.sentOfHead
        }
        for index in players.indices where players[index].isOpen {
            settle(index, at: now)
            count(players[index].queue.sentOfHead, to: index)
        }
    }

    private mutating func count(_ bytes: Int64, to index: Int) {
        if !players[index].fromServer {
            totals.relayed += bytes
        } else if players[index].playing != .no {
            totals.egressViewers += bytes
        } else {
            totals.egressNodes += bytes
        }
    }

    private mutating func enqueue(_ index: Int, _ frame: Frame, at now: Instant) {
        guard players[index].isOpen else { return }
        serve(index, until: now)
        players[index].queue.push(frame, at: now)
        guard frame.isVideo, players[index].queue.span >= queueMax,
            let key = players[index].queue.newestKeyFrame
        else { return }
        totals.droppedQueue += players[index].queue.drop(before: key)
    }

    private mutating func serve(_ index: Int, until now: Instant) {
        guard players[index].isOpen else { return }
        while let (frame, at) = players[index].queue.next(until: now) {
            arrived(index, frame, at)
        }
        for place in players[index].players.indices {
            serve(Int(players[index].players[place]), until: now)
        }
    }

    private mutating func arrived(_ index: Int, _ frame: Frame, _ at: Instant) {
        totals.messagesOut += 1
        let isWatched = players[index].playing != .no
        if players[index].fromServer { totals.messagesFromServer += 1 }
        count(Int64(frame.bytes), to: index)
        wire?.played(frame, index, at: at)
        for place in players[index].players.indices {
            enqueue(Int(players[index].players[place]), frame, at: at)
        }
        guard isWatched else { return }
        if frame.isVideo {
            totals.delay += Int128((at - frame.made).nanoseconds)
            totals.delivered += 1
        } else {
            play(index, at)
        }
    }

    /// One more audio frame is there to be shown.
    private mutating func play(_ index: Int, _ at: Instant) {
        settle(index, at: at)
        players[index].received += Self.audioStep
        guard players[index].received - players[index].shown >= players[index].target else {
            return
        }
        switch players[index].playing {
        case .no, .playing: break
        case .starting, .stalled: players[index].playing = .playing
        }
    }

    /// Plays, or stands still, from the last moment looked at until `now`.
    private mutating func settle(_ index: Int, at now: Instant) {
        let elapsed = now - players[index].since
        guard elapsed > .zero else { return }
        players[index].since = now
        switch players[index].playing {
        case .no, .starting: break
        case .stalled: totals.stalled += elapsed
        case .playing:
            let shown = min(elapsed, players[index].received - players[index].shown)
            players[index].shown += shown
            totals.played += shown
            guard shown < elapsed else { return }
            totals.stalled += elapsed - shown
            totals.stalls += 1
            players[index].playing = .stalled
        }
    }

    // MARK: One stream

    /// An encoder's output and its send queue.
    private struct Stream: Sendable {
        var shape: MediaShape
        var epoch: Instant
        var videoMade: Int64 = 0
        var audioMade: Int64 = 0
        var videoAt: Instant
        var audioAt: Instant
        var uplink: FrameQueue
        var isDropping = false
        var players: [Int32] = []
        var isOpen = false

        init(shape: MediaShape, epoch: Instant, rate: Int64, at now: Instant) {
            self.shape = shape
            self.epoch = epoch
            videoAt = epoch
            audioAt = epoch
            uplink = FrameQueue(rate: rate, at: now)
        }

        /// When the next frame of each track is made.
        mutating func plan() {
            videoAt = videoTime(videoMade)
            audioAt = epoch + FramePlane.audioStep * audioMade
        }

        private func videoTime(_ number: Int64) -> Instant {
            epoch + Interval(nanoseconds: number * 1_000_000_000 / shape.framesPerSecond)
        }

        mutating func nextFrame(until now: Instant) -> Frame? {
            guard min(videoAt, audioAt) < now else { return nil }
            defer { plan() }
            if videoAt <= audioAt {
                videoMade += 1
                return video(videoMade - 1)
            }
            audioMade += 1
            return audio(audioMade - 1)
        }

        private func video(_ number: Int64) -> Frame {
            let isKey = number % shape.framesPerGroup == 0
            return Frame(
                made: videoTime(number), bytes: UInt32(isKey ? shape.keyFrame : shape.frame),
                isVideo: true, isKey: isKey)
        }

        private func audio(_ number: Int64) -> Frame {
            let step = FramePlane.audioStep
            // The parts of whole bytes add up: over time the audio has exactly its rate.
            let upTo = (number + 1) * step.nanoseconds / 1_000 * shape.audio / 1_000_000
            let before = number * step.nanoseconds / 1_000 * shape.audio / 1_000_000
            return Frame(
                made: epoch + step * number, bytes: UInt32(upTo - before), isVideo: false,
                isKey: false)
        }

        /// The frames of the newest group of pictures whose key frame has left the encoder's
        /// queue, as far as they have.
        func sinceKeyFrame() -> [Frame] {
            guard videoMade > 0, !isDropping else { return [] }
            let limit = uplink.oldestMade ?? .distantFuture
            let group = shape.framesPerGroup
            var first = (videoMade - 1) / group * group
            if first >= group && videoTime(first) >= limit { first -= group }
            var frames = (first..<videoMade).map(video)
            let start = videoTime(first)
            var number = audioMade - 1
            while number >= 0 && epoch + FramePlane.audioStep * number >= start {
                frames.append(audio(number))
                number -= 1
            }
            // Both tracks in order of time; a key frame before what is made with it.
            frames.removeAll { $0.made >= limit }
            frames.sort { ($0.made, $0.isVideo ? 0 : 1) < ($1.made, $1.isVideo ? 0 : 1) }
            return frames
        }
    }

    /// One connection that plays, and the queue that the server keeps for it.
    private struct Player: Sendable {
        var queue: FrameQueue
        var fromServer = false
        var playing: Playing = .no
        var target: Interval = .zero
        /// Media time received and shown, of the audio track, which an encoder never thins.
        var received: Interval = .zero
        var shown: Interval = .zero
        var since: Instant
        var players: [Int32] = []
        var feeder: Int32 = noFlow
        var stream = 0
        var isOpen = false

        init(at now: Instant) {
            queue = FrameQueue(rate: 1, at: now)
            since = now
        }
    }
}
