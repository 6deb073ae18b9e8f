import Base

/// What is asked of the cache. `CacheTables` executes it in memory; over sockets it becomes the
/// Redis commands that each case names.
public enum CacheCommand: Sendable {
    /// `PING`
    case ping
    /// `HSET stream:{id}:nodes {node} {json}`
    case putNode(NodeRow)
    /// `HGETALL stream:{id}:nodes`: `.nodes` by identifier.
    case nodes(StreamID)
    /// `HSET stream:{id}:viewers {viewer} {node or ""}` and `EXPIRE` by `viewersLifetime`.
    case putViewer(StreamID, viewer: UInt64, NodeID?)
    /// `HDEL stream:{id}:nodes` of entries whose last heartbeat was before then, in all streams
    /// (`SCAN`).
    case sweep(before: Instant)
    /// `INCR limit:{kind}:{address}:{window}` and, at one, `EXPIRE`: `.count`. The window is the
    /// whole multiple of `every` that `now` is in.
    case count(Limit, ClientAddress, every: Interval)
    /// `SET session:{id} {holder} EX`
    case putSession(SessionID, Credential, lifetime: Interval)
    /// `GETDEL session:{id}`: `.session`; a session is used once, then replaced.
    case takeSession(SessionID)

    /// What is counted against a limit.
    public enum Limit: UInt8, Sendable, Hashable, CaseIterable {
        case signIn, watch, page, change
    }

    public static let viewersLifetime = Interval.hours(1)
}

public enum CacheAnswer: Sendable, Hashable {
    case done
    case nodes([NodeRow])
    case count(Int64)
    /// Who the session belongs to; nil where there is none (any more).
    case session(Credential?)
    /// `OOM command not allowed when used memory > 'maxmemory'.`
    case outOfMemory
}

/// What comes back for a call, a transaction, a cache command or work.
public enum Answer: Sendable {
    case reply(Reply)
    case stored(StoreAnswer)
    case cached(CacheAnswer)
    case worked(WorkAnswer)
    /// Refused, timed out or reset; 502 and 504 from the front count as well.
    case failed(CloseReason)
}
