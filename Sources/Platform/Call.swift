import Base

/// A request to a program's HTTP interface, typed. `Routes`, at the edge, makes it of a path and
/// a JSON body. Secrets in it (`fresh…`) were drawn by the driver for this call.
///
/// Texts were checked against `Limits` by whoever made the call.
public enum Call: Sendable {
    /// `GET /health`
    case health
    /// `POST /nodes/heartbeat`
    case heartbeat(Heartbeat)
    /// `POST /api/v1/sessions/{stream}/bandwidth-report`
    case bandwidthReport(BandwidthReport)
    /// `GET /api/v1/watch/{stream}`
    case watch(StreamID, viewer: UInt64)
    /// `POST /api/v1/srs/on-publish`
    case onPublish(StreamID, key: UInt64)
    /// `POST /api/v1/srs/on-unpublish`
    case onUnpublish(StreamID)
    /// `POST /api/v1/srs/on-play`
    case onPlay(StreamID)
    /// `POST /api/v1/srs/on-stop`
    case onStop(StreamID)
    /// `GET /dashboard`, and the page `/`: streams, nodes and totals.
    case overview
    /// `GET stats_url` of a node.
    case stats
    indirect case account(AccountCall)
    indirect case stream(StreamCall)
    indirect case figures(FiguresCall)

    public enum Limits {
        public static let nameMax = 64
        public static let titleMax = 200
        public static let passwordMin = 8
        public static let passwordMax = 256
        public static let urlMax = 512
        public static let feedbackMax = 2_000
    }
}

/// Accounts, tokens and keys: `/api/v1/auth/…`, `/api/v1/keys`.
public enum AccountCall: Sendable {
    /// `POST /api/v1/auth/register-streamer`
    case registerStreamer(name: String, password: String, fresh: SessionID)
    /// `POST /api/v1/auth/login`
    case login(name: String, password: String, fresh: SessionID)
    /// `POST /api/v1/auth/register`: a node, by the stream's key. The same name for the same
    /// stream is the same node, which may have moved.
    case registerNode(StreamID, key: UInt64, name: String, NodeAddress, fresh: SessionID)
    /// `POST /api/v1/auth/refresh`, by the session that the refresh token names.
    case refresh(Credential, session: SessionID, fresh: SessionID)
    /// `POST /api/v1/auth/logout`
    case logout(session: SessionID)
    /// `POST /api/v1/keys`
    case createKey(label: String, Scopes, SecretDigest)
    /// `GET /api/v1/keys`
    case keys
    /// `DELETE /api/v1/keys/{id}`
    case revokeKey(KeyID)
    /// `POST /api/v1/feedback`
    case feedback(String)
}

/// A streamer's streams: `/streams`, `/api/v1/streams`.
public enum StreamCall: Sendable {
    /// `POST /streams`
    case create(title: String, freshKey: UInt64)
    /// `GET /streams?status=`; with `.live`, `GET /streams/live`.
    case list(StreamStatus?)
    /// `PATCH /streams/{id}/status`
    case move(StreamID, to: StreamStatus)
    /// `DELETE /streams/{id}`
    case remove(StreamID)
    /// `POST /api/v1/streams/{id}/regenerate-key`
    case replaceKey(StreamID, freshKey: UInt64)
    /// `POST /api/v1/streams/{id}/authorize-node`; not allowed takes it back.
    case authorize(StreamID, NodeID, allowed: Bool)
    /// `GET /api/v1/streams/{id}/peers`
    case peers(StreamID)
}

/// Figures and pages; each is one statement to the store.
public enum FiguresCall: Sendable {
    /// `GET /leaderboard`
    case leaderboard
    /// `GET /payouts?hours_back=`
    case payouts(hoursBack: Int64)
    /// `GET /nodes/{id}/earnings`, and the page `/dashboard/node/{id}`
    case node(NodeID)
    /// `GET /api/v1/economics/summary`, and the page `/money`
    case economics
    /// The page `/dashboard/streamer/{id}`. The keys are shown to their owner only.
    case streamer(UserID)
    /// The page `/watch/{id}`
    case watchPage(StreamID)
}

public struct Heartbeat: Sendable, Hashable {
    public var node: NodeID
    public var stream: StreamID
    /// How full the node is; nil leaves what was said before.
    public var capacity: Share?
    public var viewers: Int32?
    /// Where the node answers for itself; a stranger's word.
    public var statsURL: String

    public init(
        node: NodeID, stream: StreamID, capacity: Share?, viewers: Int32?, statsURL: String
    ) {
        self.node = node
        self.stream = stream
        self.capacity = capacity
        self.viewers = viewers
        self.statsURL = statsURL
    }
}

/// Bytes that a node relayed to viewers during an interval.
public struct BandwidthReport: Sendable, Hashable {
    public var node: NodeID
    public var stream: StreamID
    public var bytes: Int64
    public var from: Instant
    public var until: Instant
    public var sourceBitrate: Rate

    public init(
        node: NodeID, stream: StreamID, bytes: Int64, from: Instant, until: Instant,
        sourceBitrate: Rate
    ) {
        self.node = node
        self.stream = stream
        self.bytes = bytes
        self.from = from
        self.until = until
        self.sourceBitrate = sourceBitrate
    }
}

extension Call {
    /// Bytes of the HTTP request on the wire above TCP: a request line, the usual headers with a
    /// bearer token of 180 bytes where one is sent, TLS record overhead, and the JSON body.
    public var wireBytes: Int64 {
        switch self {
        case .health: 180
        case .heartbeat: 520
        case .bandwidthReport: 540
        case .watch: 620
        case .onPublish, .onUnpublish, .onPlay, .onStop: 560
        case .overview, .figures: 700
        case .stats: 240
        case .account, .stream: 390
        }
    }
}
