import Base

/// What the store gives out: rows and the figures of whole pages. Money is nano-dollars.

public struct UserRow: Sendable, Hashable {
    public var user: UserID
    public var name: String
    public var password: PasswordHash

    public init(user: UserID, name: String, password: PasswordHash) {
        self.user = user
        self.name = name
        self.password = password
    }
}

public struct KeyRow: Sendable, Hashable {
    public var key: KeyID
    public var user: UserID
    public var label: String
    public var scopes: Scopes
    public var isRevoked: Bool

    public init(key: KeyID, user: UserID, label: String, scopes: Scopes, isRevoked: Bool) {
        self.key = key
        self.user = user
        self.label = label
        self.scopes = scopes
        self.isRevoked = isRevoked
    }
}

public struct StreamRow: Sendable, Hashable {
    public var stream: StreamID
    public var owner: UserID
    public var title: String
    public var key: UInt64
    public var status: StreamStatus
    public var changedAt: Instant

    public init(
        stream: StreamID, owner: UserID, title: String, key: UInt64, status: StreamStatus,
        changedAt: Instant
    ) {
        self.stream = stream
        self.owner = owner
        self.title = title
        self.key = key
        self.status = status
        self.changedAt = changedAt
    }
}

public enum StreamStatus: UInt8, Sendable, Hashable, CaseIterable {
    case ready, testing, live, offline, stale, archived
}

/// A step of a stream's life cycle that the store carried out.
public struct StreamTransition: Sendable, Hashable {
    public var from: StreamStatus
    public var to: StreamStatus

    public init(from: StreamStatus, to: StreamStatus) {
        self.from = from
        self.to = to
    }
}

/// A node as the watch rule, the jobs and the pages see it.
public struct NodeRow: Sendable, Hashable {
    public var node: NodeID
    public var stream: StreamID
    public var name: String
    public var address: NodeAddress
    public var statsURL: String
    public var trust: Share
    public var capacity: Share
    public var viewers: Int32
    public var heartbeatAt: Instant
    public var isActive: Bool
    public var isFlagged: Bool

    public init(
        node: NodeID, stream: StreamID, name: String, address: NodeAddress, statsURL: String,
        trust: Share, capacity: Share, viewers: Int32, heartbeatAt: Instant, isActive: Bool,
        isFlagged: Bool
    ) {
        self.node = node
        self.stream = stream
        self.name = name
        self.address = address
        self.statsURL = statsURL
        self.trust = trust
        self.capacity = capacity
        self.viewers = viewers
        self.heartbeatAt = heartbeatAt
        self.isActive = isActive
        self.isFlagged = isFlagged
    }
}

/// The overview page: totals, and the first rows of each kind.
public struct Overview: Sendable, Hashable {
    public var streamsLive: Int32
    public var nodesActive: Int32
    /// Said by the active nodes.
    public var viewers: Int64
    /// Reported and verified, of all time that is still kept or summed up.
    public var bytesVerified: Int64
    public var paidNanodollars: Int64
    /// Live ones first, then by identifier; at most `rowsMax`. Keys are not shown.
    public var streams: [StreamRow]
    /// Active ones by identifier, at most `rowsMax`.
    public var nodes: [NodeRow]

    public init(
        streamsLive: Int32, nodesActive: Int32, viewers: Int64, bytesVerified: Int64,
        paidNanodollars: Int64, streams: [StreamRow], nodes: [NodeRow]
    ) {
        self.streamsLive = streamsLive
        self.nodesActive = nodesActive
        self.viewers = viewers
        self.bytesVerified = bytesVerified
        self.paidNanodollars = paidNanodollars
        self.streams = streams
        self.nodes = nodes
    }

    public static let rowsMax = 100
}

public struct LeaderRow: Sendable, Hashable {
    public var node: NodeID
    public var name: String
    public var bytesVerified: Int64
    public var earnedNanodollars: Int64
    public var trust: Share

    public init(
        node: NodeID, name: String, bytesVerified: Int64, earnedNanodollars: Int64, trust: Share
    ) {
        self.node = node
        self.name = name
        self.bytesVerified = bytesVerified
        self.earnedNanodollars = earnedNanodollars
        self.trust = trust
    }

    public static let rowsMax = 50
}

/// One node's pay for one hour (hours since the epoch).
public struct PayoutRow: Sendable, Hashable {
    public var hour: Int64
    public var node: NodeID
    public var bytes: Int64
    public var nanodollars: Int64

    public init(hour: Int64, node: NodeID, bytes: Int64, nanodollars: Int64) {
        self.hour = hour
        self.node = node
        self.bytes = bytes
        self.nanodollars = nanodollars
    }

    public static let rowsMax = 1_000
}

public struct ProbeRow: Sendable, Hashable {
    public var at: Instant
    public var isReachable: Bool
    public var viewers: Int32

    public init(at: Instant, isReachable: Bool, viewers: Int32) {
        self.at = at
        self.isReachable = isReachable
        self.viewers = viewers
    }
}

/// What one node did and earned.
public struct NodeFigures: Sendable, Hashable {
    public var row: NodeRow
    public var bytesReported: Int64
    public var bytesVerified: Int64
    public var earnedNanodollars: Int64
    public var checks: Int64
    public var checksPassed: Int64
    /// The newest `probesMax`, newest first.
    public var probes: [ProbeRow]
    /// The newest `payoutsMax`, newest first.
    public var payouts: [PayoutRow]

    public init(
        row: NodeRow, bytesReported: Int64, bytesVerified: Int64, earnedNanodollars: Int64,
        checks: Int64, checksPassed: Int64, probes: [ProbeRow], payouts: [PayoutRow]
    ) {
        self.row = row
        self.bytesReported = bytesReported
        self.bytesVerified = bytesVerified
        self.earnedNanodollars = earnedNanodollars
        self.checks = checks
        self.checksPassed = checksPassed
        self.probes = probes
        self.payouts = payouts
    }

    public static let probesMax = 20
    public static let payoutsMax = 24
}

/// The ledger of one node in one month that retention has summed up.
public struct MonthRow: Sendable, Hashable {
    /// `year * 12 + month - 1`
    public var month: Int32
    public var bytesReported: Int64
    public var bytesVerified: Int64

    public init(month: Int32, bytesReported: Int64, bytesVerified: Int64) {
        self.month = month
        self.bytesReported = bytesReported
        self.bytesVerified = bytesVerified
    }
}

/// What the platform owes and has paid, over all nodes.
public struct Economics: Sendable, Hashable {
    public var bytesReported: Int64
    public var bytesVerified: Int64
    public var paidNanodollars: Int64
    public var nodesPaid: Int32
    /// Summed over nodes, newest first, at most `monthsMax`.
    public var months: [MonthRow]
    /// The newest payouts, newest first, at most `NodeFigures.payoutsMax`.
    public var payouts: [PayoutRow]

    public init(
        bytesReported: Int64, bytesVerified: Int64, paidNanodollars: Int64, nodesPaid: Int32,
        months: [MonthRow], payouts: [PayoutRow]
    ) {
        self.bytesReported = bytesReported
        self.bytesVerified = bytesVerified
        self.paidNanodollars = paidNanodollars
        self.nodesPaid = nodesPaid
        self.months = months
        self.payouts = payouts
    }

    public static let monthsMax = 24
}

public struct StreamerFigures: Sendable, Hashable {
    public var user: UserID
    public var name: String
    /// Not the archived ones; by identifier; at most `Overview.rowsMax`.
    public var streams: [StreamRow]
    /// Of those streams, active or not; at most `Overview.rowsMax`.
    public var nodes: [NodeRow]

    public init(user: UserID, name: String, streams: [StreamRow], nodes: [NodeRow]) {
        self.user = user
        self.name = name
        self.streams = streams
        self.nodes = nodes
    }
}
