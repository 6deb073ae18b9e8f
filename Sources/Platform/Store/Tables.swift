import Base

/// The store in memory: it executes every `Transaction`, and is what the SQL stores are held to.
///
/// Rows are indexed by their identifiers, which begin at zero; nothing is ever deleted, only
/// archived, revoked or summed up. The bandwidth ledger is kept by node and day, and what is due
/// by node and hour, which gives the same answers as one row a report: retention cuts at days,
/// pay at hours, and a node's reports come in order and never overlap.
public struct Tables: Sendable {
    public enum TrustRule: Sendable, Hashable { case spotChecks, verifiedReports }

    struct User: Sendable {
        var row: UserRow
        /// By identifier, as streams and keys are added.
        var streams: [StreamID] = []
        var keys: [KeyID] = []
    }

    struct Stream: Sendable {
        var row: StreamRow
        /// By identifier.
        var nodes: [NodeID] = []
    }

    struct Node: Sendable {
        var row: NodeRow
        var isAuthorized = true
    }

    struct NodeName: Sendable, Hashable {
        var stream: StreamID
        var name: [UInt8]
    }

    struct Lease: Sendable {
        var holder: UInt64
        var until: Instant
    }

    public static let usersMax = 1_000_000
    /// Of one user, archived ones among them.
    public static let streamsMax = 1_000
    /// Of one user, revoked ones among them.
    public static let keysMax = 1_000
    public static let nodesMax = 10_000
    public static let feedbackMax = 10_000

    public let trustRule: TrustRule
    var users: [User] = []
    /// By the bytes of their names: SQL knows no canonical equivalence.
    var usersByName = Lookup<[UInt8], UserID>()
    var keys: [KeyRow] = []
    var keysBySecret = Lookup<SecretDigest, KeyID>()
    /// Only counted: nothing in the platform reads what people wrote.
    var feedbackCount = 0
    var streams: [Stream] = []
    var nodes: [Node] = []
    var nodesByName = Lookup<NodeName, NodeID>()
    /// What each node did and earned, beside its row: a heartbeat does not touch it.
    var accounts: [NodeAccount] = []
    /// Reports that wait to be verified.
    var waiting: [WaitingReport] = []
    /// The newest hour that was paid; no hour up to it is paid again.
    var hourPaid = Int64.min
    /// By hour, then by node; the newest `PayoutRow.rowsMax` or more of them.
    var payouts: [PayoutRow] = []
    /// What retention has summed up over all nodes, ascending.
    var months: [MonthRow] = []
    var leases = [Lease?](repeating: nil, count: Job.allCases.count)

    public init(trustRule: TrustRule) { self.trustRule = trustRule }

    public mutating func execute(_ transaction: Transaction, at now: Instant) -> StoreAnswer {
        switch transaction {
        case .ping: .done
        case .addUser(let name, let password): addUser(name, password)
        case .findUser(let name): findUser(name)
        case .addKey(let user, let label, let scopes, let digest):
            addKey(user, label, scopes, digest)
        case .findKey(let digest): findKey(digest)
        case .keys(let user): keys(of: user)
        case .revokeKey(let key, let user): revokeKey(key, by: user)
        case .addFeedback: addFeedback()

        case .addStream(let owner, let title, let key): addStream(owner, title, key, now)
        case .streams(let status): streams(status)
        case .findStream(let stream): findStream(stream)
        case .moveStream(let stream, let status, let user):
            moveStream(stream, to: status, by: user, now)
        case .removeStream(let stream, let user): removeStream(stream, by: user, now)
        case .replaceKey(let stream, let user, let key): replaceKey(stream, by: user, key)
        case .openStream(let stream, let key): openStream(stream, key, now)
        case .endStream(let stream): endStream(stream, now)
        case .staleStreams: staleStreams(now)

        case .addNode(let stream, let key, let name, let address):
            addNode(stream, key, name, address)
        case .authorizeNode(let stream, let node, let allowed, let user):
            authorizeNode(stream, node, allowed, by: user)
        case .recordHeartbeat(let beat): recordHeartbeat(beat, now)
        case .nodesForStream(let stream): nodesForStream(stream)
        case .peers(let stream): peers(stream)
        case .activeNodes: .nodes(nodes.lazy.map(\.row).filter(\.isActive))
        case .sweepInactive: sweepInactive(now)
        case .recordProbe(let node, let isReachable, let viewers):
            recordProbe(node, ProbeRow(at: now, isReachable: isReachable, viewers: viewers))
        case .recordSpotCheck(let node, let passed): recordSpotCheck(node, passed, now)

        case .appendLedger(let report): appendLedger(report, now)
        case .verifyReports: verifyReports(now)
        case .updateTrust: updateTrust(now)
        case .payHour(let hour): payHour(hour, now)
        case .retain: retain(now)

        case .overview: overview()
        case .leaderboard: leaderboard()
        case .payouts(let since): payouts(since: since)
        case .nodeFigures(let node): figures(of: node)
        case .economics: economics()
        case .streamerFigures(let user): figures(of: user)

        case .claim(let job, let holder, let until): claim(job, by: holder, until: until, now)
        }
    }

    private mutating func claim(
        _ job: Job, by holder: UInt64, until: Instant, _ now: Instant
    ) -> StoreAnswer {
        let index = Int(job.rawValue)
        if let lease = leases[index], lease.holder != holder, lease.until > now {
            return .claimed(false)
        }
        leases[index] = Lease(holder: holder, until: until)
        return .claimed(true)
    }
}
