import Base
import RESP

/// The keys of one database and what they hold.
///
/// Collections stand in pools and are known to their key by number, so that changing one moves
/// nothing. `memory` is what Redis would have allocated for all of it. Families of commands are
/// extensions in files of their own.
struct Keyspace: Sendable {
    enum Value: Sendable {
        case integer(Int64)
        case string([UInt8])
        case hash(Int32)
        case list(Int32)
        case set(Int32)
        case sortedSet(Int32)
    }

    struct Item: Sendable {
        var value: Value
        /// Milliseconds since 1970, if the item `expires`.
        var expiresAt: Int64 = 0
        /// In seconds; wraps after 136 years.
        var usedAt: UInt32
        /// The item's place in `expiring`; -1 without an expiry.
        var expiringIndex: Int32 = -1
        var expires: Bool { expiringIndex >= 0 }
        /// Room allocated for a string; -1 if it stands in one piece with its object.
        var room: Int32 = -1
    }

    /// `proto-max-bulk-len`.
    static let stringMax = 512 << 20
    /// Numbers below are objects that all keys share, unless eviction needs their ages.
    static let sharedIntegers: Int64 = 10_000

    struct Counters: Sendable {
        var hits = 0
        var misses = 0
        var expired = 0
        /// Changes, as `rdb_changes_since_last_save` counts them.
        var changes = 0
    }

    let layout: Layout
    var random: Random
    /// Told before each command.
    var now: Int64 = 0
    var sharesIntegers = true
    var counters = Counters()

    private(set) var table = HashTable<Item>()
    /// The slots of items that expire, in no order.
    private(set) var expiring: [Int32] = []
    /// Buckets of the table of expiries that Redis has beside that of keys.
    private var expiringBuckets = 0
    var hashes = Pool<HashValue>()
    var lists = Pool<ListValue>()
    var sets = Pool<SetValue>()
    var sortedSets = Pool<SortedSetValue>()
    /// Of keys and values, without the tables' buckets.
    private(set) var itemMemory = 0

    /// Clients that watch a key, and those whose key has changed since they were last asked for.
    private var watchers = HashTable<[Int32]>()
    var disturbed: [Int32] = []

    init(layout: Layout, random: Random) {
        self.layout = layout
        self.random = random
    }

    var count: Int { table.count }

    var memory: Int {
        guard table.count > 0 || itemMemory > 0 else { return 0 }
        return itemMemory + table.bucketBytes(layout.allocation)
            + layout.allocation.buckets(expiringBuckets)
    }

    private var usedAt: UInt32 { UInt32(truncatingIfNeeded: now / 1000) }

    // MARK: Finding

    /// The slot of a key; one that has expired is removed instead.
    mutating func find(_ key: Word, touches: Bool = true) -> Int? {
        table.step()
        guard let slot = table.find(key, hash: layout.hasher.hash(key)) else { return nil }
        guard !hasExpired(slot) else {
            removeExpired(slot)
            return nil
        }
        if touches { table[slot].value.usedAt = usedAt }
        return slot
    }

    /// The same for a command that reads, which is counted.
    mutating func findToRead(_ key: Word) -> Int? {
        guard let slot = find(key) else {
            counters.misses += 1
            return nil
        }
        counters.hits += 1
        return slot
    }

    func key(_ slot: Int) -> [UInt8] { table[slot].key }

    subscript(slot: Int) -> Item {
        get { table[slot].value }
    }

    func idleSeconds(_ slot: Int) -> Int { Int(usedAt &- table[slot].value.usedAt) }

    // MARK: Changing

    /// The key must not be there.
    @discardableResult
    mutating func add(_ key: Word, _ value: Value, room: Int32 = -1) -> Int {
        var item = Item(value: value, usedAt: usedAt)
        item.room = room
        itemMemory +=
            layout.allocation.entry + layout.allocation.string(key.count) + valueMemory(item)
        return table.insert([UInt8](key), hash: layout.hasher.hash(key), item)
    }

    mutating func remove(_ slot: Int) {
        clearExpiry(slot)
        let entry = table.remove(slot)
        itemMemory -=
            layout.allocation.entry + layout.allocation.string(entry.key.count)
            + valueMemory(entry.value)
        discard(entry.value.value)
        // The last item took its place.
        if slot < table.count, table[slot].value.expiringIndex >= 0 {
            expiring[Int(table[slot].value.expiringIndex)] = Int32(slot)
        }
    }

    mutating func removeExpired(_ slot: Int) {
        let key = table[slot].key
        remove(slot)
        counters.expired += 1
        changed(key[...], 0)
    }

    private mutating func discard(_ value: Value) {
        switch value {
        case .integer, .string: break
        case .hash(let index): _ = hashes.remove(index)
        case .list(let index): _ = lists.remove(index)
        case .set(let index): _ = sets.remove(index)
        case .sortedSet(let index): _ = sortedSets.remove(index)
        }
    }

    /// Another value for a key that stays, with its expiry.
    mutating func replace(_ slot: Int, _ value: Value, room: Int32 = -1) {
        itemMemory -= valueMemory(table[slot].value)
        discard(table[slot].value.value)
        table[slot].value.value = value
        table[slot].value.room = room
        itemMemory += valueMemory(table[slot].value)
    }

    /// Takes the value out of a key and removes it, to stand under another.
    mutating func take(_ slot: Int) -> Item {
        let item = table[slot].value
        itemMemory -= valueMemory(item)
        table[slot].value.value = .integer(0)
        table[slot].value.room = -1
        itemMemory += valueMemory(table[slot].value)
        remove(slot)
        return item
    }

    mutating func removeAll() {
        let watched = watchers
        let disturbed = self.disturbed
        let kept = (random, now, sharesIntegers, counters)
        self = Keyspace(layout: layout, random: random)
        (random, now, sharesIntegers, counters) = kept
        watchers = watched
        self.disturbed = disturbed
    }

    // MARK: Memory

    func valueMemory(_ item: Item) -> Int {
        let allocation = layout.allocation
        switch item.value {
        case .integer(let integer):
            let isShared = sharesIntegers && (0..<Self.sharedIntegers).contains(integer)
            return isShared ? 0 : allocation.object
        case .string(let bytes):
            if item.room < 0 { return allocation.embedded(bytes.count) }
            return allocation.object + allocation.string(Int(item.room))
        case .hash(let index): return hashes[index].memory(allocation)
        case .list(let index): return lists[index].memory(allocation)
        case .set(let index): return sets[index].memory(allocation)
        case .sortedSet(let index): return sortedSets[index].memory(allocation)
        }
    }

    /// Adds what a collection has grown by.
    @inline(__always)
    mutating func account(_ growth: Int) { itemMemory += growth }

    /// In place of the millisecond that Redis takes in every cycle.
    private static let stepsMax = 10_000

    /// A little housekeeping: buckets move, and sparse tables shrink.
    mutating func tend() {
        table.shrink()
        for _ in 0..<Self.stepsMax where table.isMoving { table.step() }
        expiringBuckets = Buckets.shrunk(expiringBuckets, to: expiring.count)
    }

    // MARK: Expiry

    mutating func setExpiry(_ slot: Int, _ at: Int64) {
        table[slot].value.expiresAt = at
        guard table[slot].value.expiringIndex < 0 else { return }
        table[slot].value.expiringIndex = Int32(expiring.count)
        expiring.append(Int32(slot))
        itemMemory += layout.allocation.entry
        expiringBuckets = Buckets.grown(expiringBuckets, for: expiring.count)
    }

    mutating func clearExpiry(_ slot: Int) {
        let index = Int(table[slot].value.expiringIndex)
        guard index >= 0 else { return }
        table[slot].value.expiringIndex = -1
        itemMemory -= layout.allocation.entry
        let last = expiring.removeLast()
        guard index < expiring.count else { return }
        expiring[index] = last
        table[Int(last)].value.expiringIndex = Int32(index)
    }

    // MARK: Watching

    mutating func watch(_ key: Word, _ client: Int32) {
        let hash = layout.hasher.hash(key)
        if let slot = watchers.find(key, hash: hash) {
            if !watchers[slot].value.contains(client) { watchers[slot].value.append(client) }
        } else {
            watchers.insert([UInt8](key), hash: hash, [client])
        }
    }

    mutating func unwatch(_ key: Word, _ client: Int32) {
        guard let slot = watchers.find(key, hash: layout.hasher.hash(key)) else { return }
        watchers[slot].value.removeAll { $0 == client }
        if watchers[slot].value.isEmpty { watchers.remove(slot) }
    }

    /// To be called for every key that a command has changed.
    mutating func changed(_ key: Word, _ count: Int = 1) {
        counters.changes += count
        guard watchers.count > 0 else { return }
        if let slot = watchers.find(key, hash: layout.hasher.hash(key)) {
            disturbed += watchers[slot].value
        }
    }

    /// Before all keys go: those that are there and watched have changed.
    mutating func disturbAll() {
        for slot in 0..<watchers.count {
            let key = watchers[slot].key[...]
            if table.find(key, hash: layout.hasher.hash(key)) != nil {
                disturbed += watchers[slot].value
            }
        }
    }

    /// Whether the key is there but has expired.
    func hasExpired(_ key: Word) -> Bool {
        table.find(key, hash: layout.hasher.hash(key)).map { hasExpired($0) } ?? false
    }

    func hasExpired(_ slot: Int) -> Bool {
        table[slot].value.expires && table[slot].value.expiresAt <= now
    }

    func scan(_ cursor: UInt64, _ visit: (Int) -> Void) -> UInt64 { table.scan(cursor, visit) }
}
