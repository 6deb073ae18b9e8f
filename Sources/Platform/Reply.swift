import Base

/// What a program's HTTP interface answers, typed; `Routes` makes a status and JSON of it, or a
/// page where the browser asked for one.
public enum Reply: Sendable, Hashable {
    /// 200 with nothing of note in the body.
    case ok
    case health(Health)
    /// 200 with where to watch.
    case watch(WatchPlace)
    /// 200 with a node's own figures.
    case stats(viewers: Int32)
    /// 4xx with `{"detail": "…"}`; to a callback, 200 with `{"code": 1}`.
    case refused(Refusal)
    /// 500 or 503: the store did not answer.
    case unavailable
    /// 200 or 201; the edge signs the tokens.
    case granted(Grant)
    case key(KeyRow)
    case keys([KeyRow])
    /// One that was created or changed, as its owner sees it.
    case stream(StreamRow)
    case streams([StreamRow])
    case nodes([NodeRow])
    indirect case overview(Overview)
    case leaderboard([LeaderRow])
    indirect case payouts([PayoutRow], totalNanodollars: Int64)
    indirect case node(NodeFigures)
    indirect case economics(Economics)
    indirect case streamer(StreamerFigures)
    indirect case watchPage(StreamRow, WatchPlace)
}

/// `GET /health`: 200 for the first two, 503 for the last. `degraded` is a cache that is down.
public enum Health: UInt8, Sendable, Hashable {
    case healthy, degraded, unhealthy
}

public enum WatchPlace: Sendable, Hashable {
    /// The RTMP server itself.
    case server
    case node(NodeID, NodeAddress)
}

/// Whom a pair of tokens is made out to.
public struct Grant: Sendable, Hashable {
    public enum Holder: Sendable, Hashable {
        case streamer(UserID, name: String)
        case node(NodeID, StreamID)
    }

    public var holder: Holder
    public var session: SessionID
    /// Whether the account is new: 201 rather than 200.
    public var isNew: Bool

    public init(_ holder: Holder, session: SessionID, isNew: Bool) {
        self.holder = holder
        self.session = session
        self.isNew = isNew
    }

    public static let accessLifetime = Interval.minutes(60)
    public static let sessionLifetime = Interval.days(30)
}

/// Why something was not done; each has one status and one sentence at the edge.
public enum Refusal: UInt8, Sendable, Hashable, CaseIterable {
    /// 401: no such account or wrong password (never said which), or no valid token or key.
    case notSignedIn
    /// 403: somebody else's, or the key lacks the scope.
    case notYours
    /// 403: the stream's key does not fit.
    case badKey
    /// 403: the stream's owner took the node's permission back.
    case notAuthorized
    /// 404
    case noStream, noNode, noUser, noKey
    /// 400: the life cycle has no such step.
    case badStep
    /// 409: a removed stream, or one that is on air and would be removed.
    case busy
    /// 409
    case nameTaken
    /// 400: an interval that ends before it begins, or is not of this day.
    case badInterval
    /// 429
    case tooOften
    /// 503: a bound on what is kept was reached.
    case full
}

extension Reply {
    /// Bytes of the HTTP response on the wire above TCP: status line, headers, TLS and body.
    /// The overview page carries its style inline and one row a stream and node.
    public var wireBytes: Int64 {
        switch self {
        case .ok: 240
        case .health: 300
        case .watch: 280
        case .stats: 200
        case .refused, .unavailable: 290
        case .granted: 760
        case .key, .stream: 400
        case .keys(let rows): 240 + 110 * Int64(rows.count)
        case .streams(let rows): 240 + 130 * Int64(rows.count)
        case .nodes(let rows): 240 + 230 * Int64(rows.count)
        case .overview(let overview):
            10_500 + 500 * Int64(overview.streams.count + overview.nodes.count)
        case .leaderboard(let rows): 240 + 110 * Int64(rows.count)
        case .payouts(let rows, _): 240 + 90 * Int64(rows.count)
        case .node, .economics, .streamer, .watchPage: 10_900
        }
    }
}
