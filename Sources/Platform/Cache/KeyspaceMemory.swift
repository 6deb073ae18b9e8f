/// What keys take of a cache's memory, counted as `Keyspace` counts it, without the keys.
///
/// Tables that grow or shrink are counted as if they had moved at once: for that short time the
/// real ones have both.
struct KeyspaceMemory: Sendable {
    let allocation: Allocation
    private var keys = 0
    private var buckets = 0
    private var expiring = 0
    private var expiringBuckets = 0
    /// Of keys and values, without the tables' buckets.
    private var items = 0
    private var tables = 0

    init(_ allocation: Allocation) { self.allocation = allocation }

    /// As `CacheEngine.usedMemory`, without clients.
    var used: Int { CacheEngine.startupMemory + (keys == 0 ? 0 : items + tables) }

    /// A key of so many bytes, and what its value takes.
    mutating func add(_ key: Int, _ value: Int) {
        keys += 1
        items += allocation.entry + allocation.string(key) + value
        buckets = Buckets.grown(buckets, for: keys)
        countTables()
    }

    mutating func remove(_ key: Int, _ value: Int) {
        keys -= 1
        items -= allocation.entry + allocation.string(key) + value
    }

    /// A key gets an expiry that had none.
    mutating func addExpiry() {
        expiring += 1
        items += allocation.entry
        expiringBuckets = Buckets.grown(expiringBuckets, for: expiring)
        countTables()
    }

    mutating func removeExpiry() {
        expiring -= 1
        items -= allocation.entry
    }

    /// A value takes more, or less.
    mutating func change(by growth: Int) { items += growth }

    /// Housekeeping: sparse tables shrink.
    mutating func tend() {
        buckets = Buckets.shrunk(buckets, to: keys)
        expiringBuckets = Buckets.shrunk(expiringBuckets, to: expiring)
        countTables()
    }

    private mutating func countTables() {
        tables = allocation.buckets(buckets) + allocation.buckets(expiringBuckets)
    }
}
