import Base
import RTMP

/// What the server knows of one connection that was made to it.
struct Client: Sendable {
    enum Phase: Sendable, Hashable { case open, closing }

    /// What a client asked for and a hook decides on.
    enum Question: Sendable {
        case connect(ConnectRequest)
        case publish(PublishRequest)
        case play(PlayRequest)
        case watch
    }

    /// One of the things a connection does; RTMP allows several.
    struct Use: Sendable {
        var messageStream: MessageStreamID
        var role: Role
    }

    enum Role: Sendable, Hashable {
        /// Of the stream at this index.
        case publisher(Int)
        /// As the player at this index.
        case player(Int)
    }

    let id: ConnectionID
    let serial: UInt64
    let peer: Peer
    /// Index of the peer's address.
    let address: Int
    let openedAt: Instant
    /// Nil for HTTP-FLV.
    var session: ServerSession?
    var phase = Phase.open
    /// Since the driver said that it has as much to send as it may.
    var stalledAt: Instant?

    var app = ""
    var query = ""
    var tcURL = ""
    var pageURL = ""
    /// What is played or was asked for last, for HTTP-FLV and the report.
    var name = ""
    var nameQuery = ""
    var uses: [Use] = []
    var question: Question?
    /// Invariant: not nil only while `question` is not.
    var hook: HookID?
    var wasAdmitted = false
    /// What a stream will be called in reports that the client may begin; hooks were told.
    var streamID: UInt64?

    var bytesReceived: UInt64 = 0
    var bytesSent: UInt64 = 0
    var received = Meter()
    var sent = Meter()

    init(
        id: ConnectionID, serial: UInt64, peer: Peer, address: Int, session: ServerSession?,
        at now: Instant
    ) {
        self.id = id
        self.serial = serial
        self.peer = peer
        self.address = address
        self.session = session
        openedAt = now
    }

    func hook(_ kind: Hook.Kind, stream: String, query: String, streamID: UInt64?) -> Hook {
        Hook(
            kind: kind, client: serial, address: peer.address, app: app, tcURL: tcURL,
            pageURL: pageURL, stream: stream, query: query.isEmpty ? self.query : query,
            streamID: streamID, bytesSent: bytesSent, bytesReceived: bytesReceived)
    }
}

/// Somebody who plays a stream: a position in its log.
struct Player: Sendable {
    enum Phase: Sendable, Hashable {
        /// For a batch to begin with, at or after `cursor`.
        case waiting
        /// `cursor` is the next batch to be sent.
        case playing
    }

    enum Format: Sendable, Hashable { case rtmp, flv }

    let client: Int
    let stream: Int
    let messageStream: MessageStreamID
    let format: Format
    var phase = Phase.waiting
    var cursor: Int64
    var hasBegun = false
    var isPaused = false
    var wantsAudio = true
    var wantsVideo = true
    /// The stream's messages up to where this player is.
    var seen = MediaCounts()
    var dropped = MediaCounts()

    /// The shared bytes are for the first message stream and hold everything.
    var needsOwnBytes: Bool {
        format == .rtmp && (messageStream != .first || !wantsAudio || !wantsVideo)
    }

    func wants(_ kind: MediaMessage.Kind) -> Bool {
        switch kind {
        case .audio: wantsAudio
        case .video: wantsVideo
        case .data: true
        }
    }
}

/// Messages by kind.
public struct MediaCounts: Sendable, Hashable {
    public var audio: Int64 = 0
    public var video: Int64 = 0
    public var data: Int64 = 0

    public init() {}

    public var all: Int64 { audio + video + data }

    mutating func count(_ kind: MediaMessage.Kind) {
        switch kind {
        case .audio: audio += 1
        case .video: video += 1
        case .data: data += 1
        }
    }

    static func - (a: MediaCounts, b: MediaCounts) -> MediaCounts {
        var difference = a
        difference.audio -= b.audio
        difference.video -= b.video
        difference.data -= b.data
        return difference
    }

    static func += (a: inout MediaCounts, b: MediaCounts) {
        a.audio += b.audio
        a.video += b.video
        a.data += b.data
    }
}

/// The rate of a counter over its last half to whole minute.
struct Meter: Sendable {
    private var older: (at: Instant, bytes: UInt64)?
    private var newer: (at: Instant, bytes: UInt64)?
    private static let window = Interval.seconds(30)

    /// Call now and then, a few times a window.
    mutating func note(_ bytes: UInt64, at now: Instant) {
        guard let newer else {
            older = (now, bytes)
            self.newer = older
            return
        }
        guard now >= newer.at + Self.window else { return }
        older = newer
        self.newer = (now, bytes)
    }

    func rate(_ bytes: UInt64, at now: Instant) -> Rate {
        guard let older, now > older.at, bytes >= older.bytes else {
            return Rate(bitsPerSecond: 0)
        }
        let count = Int64(bytes - older.bytes) * 8
        return Rate(
            bitsPerSecond: multiplyDivide(count, 1_000_000_000, (now - older.at).nanoseconds))
    }
}
