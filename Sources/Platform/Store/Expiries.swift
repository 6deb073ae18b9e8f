import Base

/// Keys in the order in which they expire. Most are added with the latest expiry so far.
struct Expiries<Key: Sendable>: Sendable {
    private var entries: [(at: Instant, key: Key)] = []
    private var head = 0

    var count: Int { entries.count - head }

    /// When the next one expires.
    var nextAt: Instant { head < entries.count ? entries[head].at : .distantFuture }

    mutating func add(_ key: Key, at: Instant) {
        var low = head
        var high = entries.count
        if let last = entries.last, last.at <= at { low = high }
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].at <= at { low = middle + 1 } else { high = middle }
        }
        entries.insert((at, key), at: low)
    }

    /// The next one whose time has come.
    mutating func next(at now: Instant) -> Key? {
        guard head < entries.count, entries[head].at <= now else { return nil }
        defer { head += 1 }
        if head >= 1_024 && head > entries.count / 2 {
            let key = entries[head].key
            entries.removeFirst(head)
            head = 0
            return key
        }
        return entries[head].key
    }
}
