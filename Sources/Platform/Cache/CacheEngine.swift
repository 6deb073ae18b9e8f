import Base
import RESP

/// The cache itself: databases of keys, their expiry, and what memory allows.
///
/// `CacheServer` carries out the commands of its clients on one; `CacheEngine+Typed` has operations
/// without a wire. Time is what it is told.
public struct CacheEngine: Sendable {
    /// Which keys go when memory is full, as `maxmemory-policy` names them.
    public enum Policy: String, Sendable, Hashable, CaseIterable {
        case noEviction = "noeviction"
        case allKeysLRU = "allkeys-lru"
        case allKeysRandom = "allkeys-random"
        case volatileLRU = "volatile-lru"
        case volatileRandom = "volatile-random"
        case volatileTTL = "volatile-ttl"

        /// Whether keys without an expiry may go.
        var isForAllKeys: Bool { self == .allKeysLRU || self == .allKeysRandom }
    }

    public struct Settings: Sendable, Hashable {
        /// Bytes; 0 for no limit.
        public var memoryMax = 0
        public var policy = Policy.noEviction
        /// How many keys are looked at to find one that may go.
        public var samples = 5
        /// The smallest spacing of allocations: 8 as Redis is released and managed services run it,
        /// 16 as Debian builds it.
        public var quantum = 8

        public init() {}
    }

    static let databasesMax = 16
    /// What Redis 7.0 has allocated when it has started (`used_memory_startup`).
    static let startupMemory = 875_952
    /// Housekeeping is done as often (`hz 10`).
    static let cycle = Interval.milliseconds(100)
    /// Cycles that are made up for after a long silence.
    private static let cyclesMax: Int64 = 10

    public internal(set) var settings: Settings
    /// Those below the highest that was selected.
    var databases: [Keyspace]
    private let layout: Layout
    var random: Random
    private var cycledAt: Instant
    var candidates: [Candidate] = []
    private(set) var evicted = 0
    /// Of all that is not keys: clients, their buffers.
    var otherMemory = 0
    private(set) var peakMemory = CacheEngine.startupMemory

    /// `random` also draws the secret of the hash tables, so on sockets it must be unguessable.
    public init(_ settings: Settings, random: Random, at now: Instant) {
        self.settings = settings
        self.random = random
        let hasher = SipHash(low: self.random.next(), high: self.random.next())
        layout = Layout(hasher: hasher, allocation: Allocation(quantum: settings.quantum))
        databases = []
        cycledAt = now
        _ = database(0)
        apply(settings)
    }

    mutating func apply(_ settings: Settings) {
        self.settings = settings
        // Ages belong to objects, so shared ones cannot be told apart by age.
        let isByAge = settings.policy == .allKeysLRU || settings.policy == .volatileLRU
        for index in databases.indices {
            databases[index].sharesIntegers = settings.memoryMax == 0 || !isByAge
        }
    }

    /// Makes databases up to this one.
    mutating func database(_ index: Int) -> Int {
        while databases.count <= index {
            var keyspace = Keyspace(layout: layout, random: Random(seed: random.next()))
            if let first = databases.first { keyspace.sharesIntegers = first.sharesIntegers }
            databases.append(keyspace)
        }
        return index
    }

    /// What Redis would report as `used_memory`.
    public var usedMemory: Int {
        var sum = Self.startupMemory + otherMemory
        for index in databases.indices { sum += databases[index].memory }
        return sum
    }

    /// Keys in all databases.
    public var count: Int { databases.reduce(0) { $0 + $1.count } }

    var counters: Keyspace.Counters {
        databases.reduce(into: Keyspace.Counters()) { sum, keyspace in
            sum.hits += keyspace.counters.hits
            sum.misses += keyspace.counters.misses
            sum.expired += keyspace.counters.expired
            sum.changes += keyspace.counters.changes
        }
    }

    mutating func resetCounters() {
        for index in databases.indices { databases[index].counters = .init() }
        evicted = 0
    }

    // MARK: Carrying out

    /// Called before each command: frees memory if there is too much. False if there still is.
    mutating func prepare(at now: Instant) -> Bool {
        let milliseconds = now.nanoseconds / 1_000_000
        for index in databases.indices { databases[index].now = milliseconds }
        guard settings.memoryMax > 0 else { return true }
        let used = usedMemory
        peakMemory = max(peakMemory, used)
        return used <= settings.memoryMax || makeRoom()
    }

    /// Carries out a command of one of the families that are about keys.
    mutating func run(
        _ command: Command, _ words: Words, _ database: Int, _ reply: inout ReplyWriter
    ) throws(CacheFault) {
        switch command {
        case .string(let command): try databases[database].run(command, words, &reply)
        case .key(let command): try databases[database].run(command, words, &reply)
        case .hash(let command): try databases[database].run(command, words, &reply)
        case .list(let command): try databases[database].run(command, words, &reply)
        case .set(let command): try databases[database].run(command, words, &reply)
        case .sortedSet(let command): try databases[database].run(command, words, &reply)
        case .connection, .transaction, .channel, .server: break
        }
    }

    mutating func removeAll() {
        for index in databases.indices {
            databases[index].disturbAll()
            databases[index].removeAll()
        }
    }

    // MARK: Housekeeping

    /// Removes expired keys that nobody asks for, and tidies tables: as many cycles as are due.
    public mutating func advance(to now: Instant) {
        let due = (now - cycledAt).nanoseconds / Self.cycle.nanoseconds
        guard due > 0 else { return }
        cycledAt = now
        peakMemory = max(peakMemory, usedMemory)
        for index in databases.indices {
            databases[index].now = now.nanoseconds / 1_000_000
            for _ in 0..<min(due, Self.cyclesMax) {
                databases[index].removeExpired()
                databases[index].tend()
            }
        }
    }

    // MARK: Eviction

    /// A key that might go: the higher the score, the sooner.
    struct Candidate: Sendable {
        var score: Int64
        var database: Int
        var key: [UInt8]
    }

    /// As many are remembered (EVPOOL_SIZE): sampling twice is better than sampling once.
    private static let candidatesMax = 16
    /// Keys that go for one command at most.
    private static let evictionsMax = 100_000

    private mutating func makeRoom() -> Bool {
        guard settings.policy != .noEviction else { return false }
        for _ in 0..<Self.evictionsMax {
            guard let (database, slot) = nextToGo() else { return false }
            let key = databases[database].key(slot)
            databases[database].remove(slot)
            databases[database].changed(key[...])
            evicted += 1
            if usedMemory <= settings.memoryMax { return true }
        }
        return false
    }

    private mutating func nextToGo() -> (database: Int, slot: Int)? {
        switch settings.policy {
        case .noEviction: return nil
        case .allKeysRandom, .volatileRandom: return randomToGo()
        case .allKeysLRU, .volatileLRU, .volatileTTL: break
        }
        for index in databases.indices { gather(index) }
        while let candidate = candidates.popLast() {
            let index = candidate.database
            if let slot = databases[index].evictable(candidate.key[...], settings.policy) {
                return (index, slot)
            }
        }
        return nil
    }

    private mutating func randomToGo() -> (database: Int, slot: Int)? {
        for index in databases.indices {
            if let slot = databases[index].sample(settings.policy) { return (index, slot) }
        }
        return nil
    }

    /// Looks at a few keys of a database and keeps the best candidates, the best last.
    private mutating func gather(_ index: Int) {
        for _ in 0..<settings.samples {
            guard let slot = databases[index].sample(settings.policy) else { return }
            let key = databases[index].key(slot)
            let score =
                settings.policy == .volatileTTL
                ? -databases[index][slot].expiresAt : Int64(databases[index].idleSeconds(slot))
            if candidates.contains(where: { $0.database == index && $0.key == key }) { continue }
            if candidates.count == Self.candidatesMax {
                guard score > candidates[0].score else { continue }
                candidates.removeFirst()
            }
            let place = candidates.firstIndex { $0.score > score } ?? candidates.count
            candidates.insert(Candidate(score: score, database: index, key: key), at: place)
        }
    }
}

extension Keyspace {
    /// A random key that the policy lets go.
    mutating func sample(_ policy: CacheEngine.Policy) -> Int? {
        if policy.isForAllKeys {
            return count > 0 ? Int(random.below(UInt64(count))) : nil
        }
        guard !expiring.isEmpty else { return nil }
        return Int(expiring[Int(random.below(UInt64(expiring.count)))])
    }

    /// The slot of a key that the policy still lets go.
    func evictable(_ key: Word, _ policy: CacheEngine.Policy) -> Int? {
        guard let slot = table.find(key, hash: layout.hasher.hash(key)) else { return nil }
        return policy.isForAllKeys || self[slot].expires ? slot : nil
    }

    /// One cycle of expiry: samples of keys that expire, again while more than a tenth had.
    mutating func removeExpired() {
        for _ in 0..<Self.samplesMax {
            let looked = min(Self.samplesEach, expiring.count)
            var removed = 0
            for _ in 0..<looked where !expiring.isEmpty {
                let slot = Int(expiring[Int(random.below(UInt64(expiring.count)))])
                guard hasExpired(slot) else { continue }
                removeExpired(slot)
                removed += 1
            }
            guard removed * 10 > looked else { return }
        }
    }

    /// ACTIVE_EXPIRE_CYCLE_KEYS_PER_LOOP.
    private static let samplesEach = 20
    /// In place of the quarter of the time that Redis takes at most.
    private static let samplesMax = 200
}
