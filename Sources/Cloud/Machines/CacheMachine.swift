import Base

/// A Redis cache node such as an ElastiCache cache.t4g.micro.
///
/// What it holds is counted and evicted where the keys are (`CacheTables`), by `memoryMax` here.
/// Commands run one after another on one thread. Credits are *standard*: at zero balance the
/// thread gets the machine's baseline, a fifth of one vCPU.
/// Sources: Amazon ElastiCache for Redis User Guide, CacheNodes.SupportedTypes (standard mode),
/// ParameterGroups.Redis (maxmemory), redis-memory-management (25 % reserved).
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
