import Base

/// The closed set of things that are done to the store. `Tables` executes them in memory.
public enum Transaction: Sendable {
    case ping
    /// Writes the node's row: active, last heartbeat.
    case recordHeartbeat(Heartbeat)
    /// Appends an unverified row to the bandwidth ledger.
    case appendLedger(BandwidthReport)
    /// Checks the key and moves the stream to LIVE.
    case openStream(StreamID, key: UInt64)
    /// Moves the stream to OFFLINE.
    case endStream(StreamID)
    /// Moves streams that were OFFLINE for an hour to STALE; a bounded number at a time.
    case staleStreams
    /// The active nodes of a stream as the watch rule orders them, best first.
    case nodesForStream(StreamID)
    /// All active nodes, for the jobs.
    case activeNodes
    /// Counts for the overview page: one statement.
    case overview
    /// Nodes without a heartbeat for five minutes become inactive.
    case sweepInactive
    case recordProbe(NodeID, reachable: Bool)
    case recordSpotCheck(NodeID, passed: Bool)
    /// Reports with a passed spot check within their interval ± 5 min become verified.
    case verifyReports
    /// Recomputes every node's trust by the selected rule.
    case updateTrust
    /// Pays the verified bytes of one hour (hours since the epoch); the same hour never pays twice.
    case payHour(Int64)
    /// Rolls up ledger rows over 90 days, drops probes over 60 days.
    case retain
}

public enum StoreAnswer: Sendable {
    case done
    case stream(StreamTransition)
    case nodes([NodeRow])
    case overview(streamsLive: Int32, nodesActive: Int32)
    /// The nodes that a sweep or a trust update changed.
    case changed([NodeID])
    /// Nano-dollars paid for the hour; zero where it was already paid.
    case paid(nanodollars: Int64)
    case refused(Rejection)
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

public enum StreamStatus: UInt8, Sendable, Hashable, CaseIterable {
    case ready, testing, live, offline, stale, archived
}

/// A node as the watch rule sees it.
public struct NodeRow: Sendable, Hashable {
    public var node: NodeID
    public var stream: StreamID
    public var trust: Share
    public var capacity: Share
    public var viewers: Int32
    public var heartbeatAt: Instant
    public var flagged: Bool

    public init(
        node: NodeID, stream: StreamID, trust: Share, capacity: Share, viewers: Int32,
        heartbeatAt: Instant, flagged: Bool
    ) {
        self.node = node
        self.stream = stream
        self.trust = trust
        self.capacity = capacity
        self.viewers = viewers
        self.heartbeatAt = heartbeatAt
        self.flagged = flagged
    }
}

/// What is asked of the cache: `stream:{id}:nodes` and `stream:{id}:viewers`.
public enum CacheCommand: Sendable {
    case ping
    /// HSET of the node's entry.
    case putNode(NodeRow)
    /// HGETALL of a stream's nodes.
    case nodes(StreamID)
    /// Keeps the choice made for a viewer, with expiry.
    case putViewer(StreamID, NodeID?)
    /// HDEL of entries without a heartbeat for 90 s.
    case sweep(before: Instant)
}

public enum CacheAnswer: Sendable {
    case done
    case nodes([NodeRow])
    /// `OOM command not allowed when used memory > 'maxmemory'`
    case outOfMemory
}
