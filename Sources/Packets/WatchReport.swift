import Base

/// What a watch counted of the capture as a whole.
public struct WatchFigures: Sendable, Hashable {
    public internal(set) var first: Instant?
    public internal(set) var last: Instant?
    public internal(set) var packets: Int64 = 0
    /// On the wire, with all headers.
    public internal(set) var bytes: Int64 = 0
    /// Packets that the kernel, or whoever made the capture, says that it lost.
    public internal(set) var dropped: Int64 = 0
    /// TCP packets in fragments, which are not put together.
    public internal(set) var fragments: Int64 = 0
    public internal(set) var otherPackets: Int64 = 0
    public internal(set) var malformed: Int64 = 0
    /// Segments of which only the beginning was captured.
    public internal(set) var cutShort: Int64 = 0
    public internal(set) var connections: Int64 = 0
    /// Open connections that had to make room for others.
    public internal(set) var evicted: Int64 = 0
    /// Times a connection had to forget what it held, for want of memory.
    public internal(set) var letGo: Int64 = 0
    /// Of connections that are no streams of media, or that there was no room to report.
    public internal(set) var restConnections: Int64 = 0
    public internal(set) var restBytes: Int64 = 0

    public init() {}

    mutating func add(rest: StreamReport) {
        restConnections += 1
        restBytes += rest.sent.payloadBytes + rest.received.payloadBytes
    }

    public var length: Interval {
        guard let first, let last else { return .zero }
        return last - first
    }
}

/// All that a watch found out: what is shown, written and compared.
public struct WatchReport: Sendable, Hashable {
    public var figures: WatchFigures
    public var streams: [StreamReport]
    public var start: Instant
    public var step: Interval
    public var rows: Int
}

/// One stream of media: a connection, and the side of it that sends.
public struct StreamReport: Sendable, Hashable {
    public enum Role: String, Sendable, Hashable {
        case publisher, player
        /// The capture has too little to tell which.
        case unknown
    }

    /// What the connection talks.
    public enum Talk: String, Sendable, Hashable {
        case rtmp, tls, http, other, unknown
    }

    public var number: Int
    public var client: Endpoint
    public var server: Endpoint
    public var talk: Talk
    public var role: Role
    public var app: String
    public var name: String
    public var statuses: [String]
    public var openedAt: Instant
    public var lastAt: Instant
    public var isClosed: Bool
    public var handshake: Interval?
    /// Of the direction in which the media go, and of the other.
    public var sent: FlowFigures
    public var received: FlowFigures
    public var media: MediaFigures
    /// Frames that were published and that the server did not pass on to this player; nil where
    /// the capture does not have both.
    public var droppedByServer: Int64?
    public var protocolErrors: Int64
    /// Of the direction in which the media go.
    public var unreadBytes: Int64
    private var series: StreamSeries

    init(_ connection: Connection, number: Int) {
        let side = connection.mediaSide
        let other: Side = side == .client ? .server : .client
        self.number = number
        client = connection.clientEnd
        server = connection.serverEnd
        talk =
            switch connection.trace.talk {
            case .unknown: .unknown
            case .rtmp: .rtmp
            case .tls: .tls
            case .http: .http
            case .other: .other
            }
        role =
            switch (connection.role, side) {
            case (.none, _) where connection[side].media.videoFrames == 0: .unknown
            case (.publisher, _), (.none, .client): .publisher
            case (.player, _), (.none, .server): .player
            }
        app = connection.app
        name = connection.name
        statuses = connection.statuses
        openedAt = connection.openedAt
        lastAt = connection.lastAt
        isClosed = connection.isClosed
        handshake = connection.roundTrip
        sent = connection[side].flow.figures
        received = connection[other].flow.figures
        media = connection[side].media
        series = connection[side].series
        droppedByServer = connection[side].position?.comparedDrops
        protocolErrors = connection.trace.errors
        unreadBytes = connection.trace.unreadBytes(of: side)
    }

    /// Whether it is worth a line of its own: it speaks RTMP.
    var isStream: Bool { talk == .rtmp }

    /// Its address as `app/name`, or what stands in for it.
    public var title: String {
        if name.isEmpty { return "stream \(number)" }
        return app.isEmpty ? name : "\(app)/\(name)"
    }

    public subscript(row: Int) -> SeriesRow { series[row] }

    /// Whether it has a series.
    public var hasSeries: Bool { !series.rows.isEmpty }

    mutating func fold() { series.fold() }
}
