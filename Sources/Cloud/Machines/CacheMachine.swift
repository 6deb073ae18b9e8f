import Base

/// What became of a write to a cache.
public enum CacheWrite: Sendable, Hashable {
    /// Stored, after the caller has evicted least recently used keys with a TTL of at least
    /// `evicting` bytes and reported them with `remove`.
    case stored(evicting: Int64)
    /// Over its memory with no key left that has a TTL: Redis answers `-OOM command not allowed`.
    case outOfMemory
}

/// A Redis cache node such as an ElastiCache cache.t4g.micro.
///
/// Memory is counted by the caller's key sizes, in two sums: keys with a time to live, which
/// `volatile-lru` may evict, and keys without, which it never evicts. As in Redis, room is made
/// before a write, so one write may pass the limit and the next pays for it.
/// Commands run one after another on one thread. Credits are *standard*: at zero balance the
/// thread gets the machine's baseline, a fifth of one vCPU.
/// Sources: Amazon ElastiCache for Redis User Guide, CacheNodes.SupportedTypes (standard mode),
/// ParameterGroups.Redis (maxmemory, volatile-lru), redis-memory-management (25 % reserved);
/// redis/redis, src/server.c `processCommand` and src/evict.c `performEvictions`.
public struct CacheMachine: Sendable {
    /// `maxmemory` of a cache.t4g.micro, in bytes.
    public static let memoryMaxMicro: Int64 = 536_870_912
    /// The node types that have a model, with their `maxmemory` in bytes.
    private static let memoryMaxima: [(nodeType: String, bytes: Int64)] = [
        ("cache.t3.micro", memoryMaxMicro), ("cache.t3.small", 1_471_026_299),
        ("cache.t3.medium", 3_317_862_236), ("cache.t4g.micro", memoryMaxMicro),
        ("cache.t4g.small", 1_471_026_299), ("cache.t4g.medium", 3_317_862_236),
    ]
    public static let reservedPercent: Int64 = 25

    /// Bytes for data.
    public let memoryMax: Int64
    public var credits: CPUCredits
    /// Bytes in keys with a time to live.
    public private(set) var bytesExpiring: Int64 = 0
    /// Bytes in keys without one.
    public private(set) var bytesLasting: Int64 = 0
    public private(set) var writesRefused: Int64 = 0
    public private(set) var bytesEvicted: Int64 = 0
    private var threadFreeAt: Instant

    /// ElastiCache's types of the families that are known.
    public static var nodeTypes: [String] { memoryMaxima.map(\.nodeType) }

    /// `maxmemory` of a node type; nil where it has no model.
    public static func memoryMax(of nodeType: String) -> Int64? {
        memoryMaxima.first { $0.nodeType == nodeType }?.bytes
    }

    /// `memoryMax` is the parameter group's `maxmemory`; a quarter of it is reserved.
    public init(_ type: MachineType, memoryMax: Int64, balance: Int64, at now: Instant) {
        self.memoryMax =
            memoryMax - memoryMax / 100 * CacheMachine.reservedPercent
            - memoryMax % 100 * CacheMachine.reservedPercent / 100
        credits = CPUCredits(
            type, mode: type.isBurstable ? .standard : .fixed, balance: balance, at: now)
        threadFreeAt = now
    }

    public var used: Int64 { bytesExpiring + bytesLasting }

    /// Asks to add `bytes` (key, value and overhead).
    public mutating func write(_ bytes: Int64, expires: Bool) -> CacheWrite {
        check(bytes >= 0, "writing \(bytes) bytes")
        let over = max(0, used - memoryMax)
        guard over <= bytesExpiring else {
            writesRefused += 1
            return .outOfMemory
        }
        bytesEvicted += over
        if expires { bytesExpiring += bytes } else { bytesLasting += bytes }
        return .stored(evicting: over)
    }

    /// A key is gone: deleted, expired or evicted.
    public mutating func remove(_ bytes: Int64, expires: Bool) {
        if expires { bytesExpiring -= bytes } else { bytesLasting -= bytes }
        check(bytesExpiring >= 0, "more removed than was written with a TTL")
        check(bytesLasting >= 0, "more removed than was written without a TTL")
    }

    /// A node replaced or restarted: everything is lost.
    public mutating func clear(at now: Instant) {
        bytesExpiring = 0
        bytesLasting = 0
        threadFreeAt = now
    }

    /// Runs a command of this much CPU time; how long until its answer is ready. Callers present
    /// commands in order of time.
    public mutating func run(cpu: Interval, at now: Instant) -> Interval {
        credits.advance(to: now)
        let speed = min(1_000_000_000, credits.allowed)
        check(speed > 0, "a command on a stopped cache")
        credits.charge(cpu, at: now)
        let time = multiplyDivideUp(cpu.nanoseconds, 1_000_000_000, speed)
        threadFreeAt = max(now, threadFreeAt) + Interval(nanoseconds: time)
        return threadFreeAt - now
    }
}
