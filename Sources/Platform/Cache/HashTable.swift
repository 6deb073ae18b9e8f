import Base
import RESP

/// A hash table of byte strings that grows and shrinks a bucket at a time, and can be scanned while
/// it does.
///
/// Entries stand densely, in the order they came until one is removed (the last takes its place),
/// so a random one is a random number. Buckets are chains of entries, a power of two of them, as
/// many as Redis' `dict` would have: it grows when there are as many entries as buckets, and
/// `shrink` may be called when fewer than a tenth are used.
struct HashTable<Value: Sendable>: Sendable {
    struct Entry: Sendable {
        var key: [UInt8]
        fileprivate var hash: UInt32
        fileprivate var next: Int32
        var value: Value
    }

    private static var chunkBits: Int { 10 }
    private static var chunkSize: Int { 1 << chunkBits }
    private static var none: Int32 { -1 }

    private(set) var count = 0
    /// All are full but the last, so growing moves little.
    private var chunks: [ContiguousArray<Entry>] = []
    private var heads: [Int32] = []
    /// The buckets that `heads` is moving to; empty when it is not.
    private var nextHeads: [Int32] = []
    /// Buckets of `heads` that have moved.
    private var moved = 0

    /// Allocated buckets, of both tables while one moves to the other.
    func bucketBytes(_ allocation: Allocation) -> Int {
        allocation.buckets(heads.count) + allocation.buckets(nextHeads.count)
    }

    var isMoving: Bool { !nextHeads.isEmpty }

    subscript(slot: Int) -> Entry {
        _read { yield chunks[slot >> Self.chunkBits][slot & (Self.chunkSize - 1)] }
        _modify { yield &chunks[slot >> Self.chunkBits][slot & (Self.chunkSize - 1)] }
    }

    // MARK: Finding

    func find(_ key: Word, hash: UInt32) -> Int? {
        guard count > 0 else { return nil }
        var slot = head(hash)
        while slot != Self.none {
            if matches(Int(slot), key, hash) { return Int(slot) }
            slot = self[Int(slot)].next
        }
        return nil
    }

    @inline(__always)
    private func matches(_ slot: Int, _ key: Word, _ hash: UInt32) -> Bool {
        guard self[slot].hash == hash, self[slot].key.count == key.count else { return false }
        return self[slot].key.withUnsafeBufferPointer { stored in
            key.withUnsafeBufferPointer { wanted in
                for place in 0..<stored.count where stored[place] != wanted[place] { return false }
                return true
            }
        }
    }

    private func head(_ hash: UInt32) -> Int32 {
        let bucket = Int(hash) & (heads.count - 1)
        if isMoving && bucket < moved { return nextHeads[Int(hash) & (nextHeads.count - 1)] }
        return heads[bucket]
    }

    private mutating func setHead(_ hash: UInt32, _ slot: Int32) {
        let bucket = Int(hash) & (heads.count - 1)
        if isMoving && bucket < moved {
            nextHeads[Int(hash) & (nextHeads.count - 1)] = slot
        } else {
            heads[bucket] = slot
        }
    }

    // MARK: Changing

    /// The key must not be there.
    @discardableResult
    mutating func insert(_ key: [UInt8], hash: UInt32, _ value: Value) -> Int {
        step()
        let grown = Buckets.grown(heads.count, for: count + 1)
        if grown != heads.count && !isMoving { resize(to: grown) }
        let slot = count
        if slot & (Self.chunkSize - 1) == 0 {
            chunks.append([])
            if chunks.count > 1 { chunks[chunks.count - 1].reserveCapacity(Self.chunkSize) }
        }
        let entry = Entry(key: key, hash: hash, next: head(hash), value: value)
        chunks[slot >> Self.chunkBits].append(entry)
        setHead(hash, Int32(slot))
        count += 1
        return slot
    }

    /// The last entry takes the place of the removed one.
    @discardableResult
    mutating func remove(_ slot: Int) -> Entry {
        step()
        let last = count - 1
        redirect(from: slot, to: self[slot].next)
        if slot != last { redirect(from: last, to: Int32(slot)) }
        count = last
        var entry = chunks[chunks.count - 1].removeLast()
        if chunks[chunks.count - 1].isEmpty { chunks.removeLast() }
        if slot != last { swap(&entry, &self[slot]) }
        return entry
    }

    /// Whatever points to `slot` points to `target` instead.
    private mutating func redirect(from slot: Int, to target: Int32) {
        let hash = self[slot].hash
        var current = head(hash)
        if current == Int32(slot) { return setHead(hash, target) }
        while true {
            let next = self[Int(current)].next
            if next == Int32(slot) {
                self[Int(current)].next = target
                return
            }
            check(next != Self.none, "an entry that its bucket does not have")
            current = next
        }
    }

    // MARK: Moving

    private mutating func resize(to buckets: Int) {
        let empty = [Int32](repeating: Self.none, count: buckets)
        if heads.isEmpty {
            heads = empty
        } else {
            nextHeads = empty
            moved = 0
        }
    }

    /// Gives buckets back if fewer than a tenth are used.
    mutating func shrink() {
        let shrunk = Buckets.shrunk(heads.count, to: count)
        if shrunk != heads.count && !isMoving { resize(to: shrunk) }
    }

    /// Moves a bucket, if some are to be moved. Every change does, so a table has moved before it
    /// must grow again.
    mutating func step() {
        guard isMoving else { return }
        var passed = 0
        while moved < heads.count, heads[moved] == Self.none, passed < 10 {
            moved += 1
            passed += 1
        }
        if moved < heads.count {
            var slot = heads[moved]
            while slot != Self.none {
                let next = self[Int(slot)].next
                let bucket = Int(self[Int(slot)].hash) & (nextHeads.count - 1)
                self[Int(slot)].next = nextHeads[bucket]
                nextHeads[bucket] = slot
                slot = next
            }
            heads[moved] = Self.none
            moved += 1
        }
        guard moved >= heads.count else { return }
        heads = nextHeads
        nextHeads = []
        moved = 0
    }

    // MARK: Scanning

    /// Visits the entries of a bucket, and tells the cursor of the next; 0 at the end.
    ///
    /// The cursor counts with its bits reversed, so that the buckets that a bucket splits into, or
    /// merges with, are behind it together: an entry that is there all the time is visited at least
    /// once, whatever the table does between calls (Noordhuis' `dictScan`).
    func scan(_ cursor: UInt64, _ visit: (Int) -> Void) -> UInt64 {
        guard count > 0 else { return 0 }
        guard isMoving else {
            visitChain(heads, cursor, visit)
            return Self.following(cursor, mask: UInt64(heads.count - 1))
        }
        let (small, large) =
            heads.count <= nextHeads.count ? (heads, nextHeads) : (nextHeads, heads)
        let smallMask = UInt64(small.count - 1)
        let largeMask = UInt64(large.count - 1)
        visitChain(small, cursor, visit)
        var cursor = cursor
        repeat {
            visitChain(large, cursor, visit)
            cursor = Self.following(cursor, mask: largeMask)
        } while cursor & (smallMask ^ largeMask) != 0
        return cursor
    }

    private func visitChain(_ heads: [Int32], _ cursor: UInt64, _ visit: (Int) -> Void) {
        var slot = heads[Int(cursor & UInt64(heads.count - 1))]
        while slot != Self.none {
            visit(Int(slot))
            slot = self[Int(slot)].next
        }
    }

    private static func following(_ cursor: UInt64, mask: UInt64) -> UInt64 {
        reversed(reversed(cursor | ~mask) &+ 1)
    }

    private static func reversed(_ word: UInt64) -> UInt64 {
        var word = word.byteSwapped
        word = (word >> 4) & 0x0F0F_0F0F_0F0F_0F0F | (word & 0x0F0F_0F0F_0F0F_0F0F) << 4
        word = (word >> 2) & 0x3333_3333_3333_3333 | (word & 0x3333_3333_3333_3333) << 2
        return (word >> 1) & 0x5555_5555_5555_5555 | (word & 0x5555_5555_5555_5555) << 1
    }
}
