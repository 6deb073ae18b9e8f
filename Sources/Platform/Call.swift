import Base

/// A request to a program's HTTP interface, typed; `Routes` will turn JSON into it at the edge.
public enum Call: Sendable {
    /// `GET /health`
    case health
    /// `POST /nodes/heartbeat`
    case heartbeat(Heartbeat)
    /// `POST /api/v1/sessions/{stream}/bandwidth-report`
    case bandwidthReport(BandwidthReport)
    /// `GET /api/v1/watch/{stream}`
    case watch(StreamID)
    /// `POST /api/v1/srs/on-publish`
    case onPublish(StreamID, key: UInt64)
    /// `POST /api/v1/srs/on-unpublish`
    case onUnpublish(StreamID)
    /// `POST /api/v1/srs/on-play`
    case onPlay(StreamID)
    /// `POST /api/v1/srs/on-stop`
    case onStop(StreamID)
    /// `GET /`: the live overview page.
    case dashboard
    /// `GET stats_url` of a node.
    case stats
}

public struct Heartbeat: Sendable, Hashable {
    public var node: NodeID
    public var stream: StreamID
    public var capacity: Share
    public var viewers: Int32

    public init(node: NodeID, stream: StreamID, capacity: Share, viewers: Int32) {
        self.node = node
        self.stream = stream
        self.capacity = capacity
        self.viewers = viewers
    }
}

/// Bytes that a node relayed to viewers during an interval.
public struct BandwidthReport: Sendable, Hashable {
    public var node: NodeID
    public var stream: StreamID
    public var bytes: Int64
    public var from: Instant
    public var until: Instant

    public init(node: NodeID, stream: StreamID, bytes: Int64, from: Instant, until: Instant) {
        self.node = node
        self.stream = stream
        self.bytes = bytes
        self.from = from
        self.until = until
    }
}

public enum Reply: Sendable, Hashable {
    /// 200 with nothing of note in the body.
    case ok
    case health(Health)
    /// 200 with where to watch: a node, or the RTMP server (nil).
    case watch(NodeID?)
    /// 200 with the overview page.
    case page(streams: Int32, nodes: Int32)
    /// 200 with a node's own figures.
    case stats(viewers: Int32)
    /// `{"code":1}` to a callback, or 4xx to a caller.
    case refused(Rejection)
    /// 404
    case notFound
    /// 500 or 503: the store did not answer.
    case unavailable
}

/// `GET /health`: 200 for the first two, 503 for the last.
public enum Health: UInt8, Sendable, Hashable {
    case healthy, degraded, unhealthy
}

/// What comes back for a call, a transaction or a cache command.
public enum Answer: Sendable {
    case reply(Reply)
    case stored(StoreAnswer)
    case cached(CacheAnswer)
    /// Refused, timed out or reset; 502 and 504 from the front count as well.
    case failed(CloseReason)
}

extension Call {
    /// Bytes of the HTTP request on the wire above TCP: a request line, the usual headers with a
    /// bearer token of 400 bytes where one is sent, TLS record overhead, and the JSON body.
    public var wireBytes: Int64 {
        switch self {
        case .health: 180
        case .heartbeat: 880
        case .bandwidthReport: 900
        case .watch: 620
        case .onPublish, .onUnpublish, .onPlay, .onStop: 560
        case .dashboard: 700
        case .stats: 240
        }
    }
}

extension Reply {
    /// Bytes of the HTTP response on the wire above TCP: status line, headers, TLS and body.
    /// The overview page carries its style inline and one row a stream and node.
    public var wireBytes: Int64 {
        switch self {
        case .ok: 320
        case .health: 420
        case .watch: 480
        case .page(let streams, let nodes): 14_000 + 400 * (Int64(streams) + Int64(nodes))
        case .stats: 600
        case .refused, .notFound, .unavailable: 340
        }
    }
}
