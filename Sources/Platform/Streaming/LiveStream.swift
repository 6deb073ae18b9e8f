import Base
import Media
import RTMP

/// One stream: who publishes it, its recent past, who plays it.
struct LiveStream: Sendable {
    enum Source: Sendable, Hashable {
        case none
        /// The client at this index, by this message stream.
        case client(Int, MessageStreamID)
        case relay(Int)
    }

    let serial: UInt64
    let name: StreamName
    let createdAt: Instant
    var source = Source.none
    private(set) var log: StreamLog
    private(set) var headers = StreamHeaders()
    /// The beginnings of the first frames: what tells codecs that have no configuration.
    private(set) var firstVideo: MediaMessage?
    private(set) var firstAudio: MediaMessage?
    /// Nil while nobody plays over HLS: segments would be most of a stream's memory.
    private(set) var hls: HLSWindow?
    /// Players, by index.
    var players: [Int] = []
    /// Whether something waits for the next flush.
    var isDirty = false
    /// When the last audio or video came, or the publish began.
    private(set) var mediaAt: Instant
    private(set) var publishedAt: Instant?
    /// What the publisher called itself with, for the callback at its end.
    var query = ""

    private(set) var bytesReceived: UInt64 = 0
    var bytesSent: UInt64 = 0
    private(set) var frames: Int64 = 0
    var received = Meter()
    var sent = Meter()

    /// Added to the publisher's times, so that the stream's own never run backwards when another
    /// publisher takes it up; nil until the first frame.
    private var shift: Int64?
    private var lastTime: Int64?
    private var lastFrameAt: Instant?
    private var hasVideo = false
    private var videoTime: Int64 = 0

    /// A stream without video for this long, in its own milliseconds, may be begun anywhere.
    private static let videoSilenceMax: Int64 = 10_000

    init(serial: UInt64, name: StreamName, at now: Instant) {
        self.serial = serial
        self.name = name
        log = StreamLog(stream: serial)
        createdAt = now
        mediaAt = now
    }

    var isIdle: Bool { source == .none && players.isEmpty }

    /// Whether somebody may still fetch segments.
    var hasSegments: Bool { hls.map { !$0.segments.isEmpty } ?? false }

    mutating func begin(_ source: Source, query: String, at now: Instant) {
        check(self.source == .none, "two publishers on one stream")
        self.source = source
        self.query = query
        publishedAt = now
        mediaAt = now
        shift = nil
        headers = StreamHeaders()
        firstVideo = nil
        firstAudio = nil
        hasVideo = false
    }

    mutating func finish() {
        source = .none
        publishedAt = nil
        log.restart()
        hls?.discontinue()
    }

    /// Takes one message of the publisher in.
    mutating func append(_ original: MediaMessage, chunkSize: Int, at now: Instant) {
        var message = original
        let role = MediaRole(message)
        message.timestamp = time(of: message, role, at: now)
        bytesReceived += UInt64(message.payload.count)
        headers.note(message, role)
        note(message, role, at: now)
        hls?.append(message, isKey: role == .key, isHeader: role == .header)
        let mayBegin =
            hasVideo
            ? role == .key : message.kind == .audio && role == .other && log.open == nil
        log.append(
            EncodedMessage(message, chunkSize: chunkSize), headers: mayBegin ? headers : nil)
    }

    private mutating func note(_ message: MediaMessage, _ role: MediaRole, at now: Instant) {
        switch message.kind {
        case .video:
            hasVideo = true
            videoTime = message.timestamp.milliseconds
            if role != .header { frames += 1 }
            if firstVideo == nil { firstVideo = message.beginning }
            mediaAt = now
        case .audio:
            if message.timestamp.milliseconds - videoTime > Self.videoSilenceMax {
                hasVideo = false
            }
            if firstAudio == nil { firstAudio = message.beginning }
            mediaAt = now
        case .data:
            break
        }
    }

    private mutating func time(
        of message: MediaMessage, _ role: MediaRole, at now: Instant
    ) -> Timestamp {
        let own = message.timestamp.milliseconds
        if shift == nil, message.kind != .data, role != .header {
            // The wait between two publishers is part of the stream's time.
            let wait = (now - (lastFrameAt ?? now)).nanoseconds / 1_000_000
            shift = lastTime.map { $0 + max(wait, 1) - own } ?? 0
        }
        guard let shift else { return Timestamp(milliseconds: lastTime ?? own) }
        let time = max(own + shift, 0)
        if message.kind != .data {
            lastTime = max(lastTime ?? time, time)
            lastFrameAt = now
        }
        return Timestamp(milliseconds: time)
    }

    // MARK: HLS

    /// Cuts segments from here on, beginning with the last key frame.
    mutating func startHLS(_ options: HLSWindow.Options, chunkSize: Int) {
        guard hls == nil else { return }
        log.seal()
        var window = HLSWindow(options)
        let start = log.start(from: 0) ?? log.sealedEnd
        let known = start < log.sealedEnd ? log[start].headers : headers
        for message in known?.messages(at: .zero) ?? [] where message.kind != .data {
            window.append(message, isKey: false, isHeader: true)
        }
        for sequence in start..<log.sealedEnd {
            for message in log[sequence].messages(chunkSize: chunkSize) {
                let role = MediaRole(message)
                window.append(message, isKey: role == .key, isHeader: role == .header)
            }
        }
        hls = window
    }

    mutating func stopHLS() { hls = nil }

    // MARK: The log

    mutating func seal() { log.seal() }

    mutating func trim(before position: Int64, _ configuration: StreamConfiguration) {
        log.trim(
            before: position, keepsStart: configuration.cachesGOP && source != .none,
            bytesMax: Int64(max(configuration.cacheMax, configuration.queueBytesMax)))
    }

    mutating func flv(_ sequence: Int64, chunkSize: Int) -> SharedBytes {
        log[sequence].flv(chunkSize: chunkSize)
    }
}

extension MediaMessage {
    /// The message with no more of its payload than tells the codec.
    fileprivate var beginning: MediaMessage {
        MediaMessage(kind: kind, timestamp: timestamp, payload: Array(payload.prefix(8)))
    }
}
