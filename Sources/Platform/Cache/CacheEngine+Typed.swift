import Base
import RESP

/// The platform's own use of the cache without a wire between: the same keys, the same memory, the
/// same refusals.
///
/// Keys and values are bytes because that is what memory is counted by. A caller that keeps the
/// bytes of its keys saves making them again.
extension CacheEngine {
    /// HSET. Refused when memory is full or the key holds something else.
    public mutating func setField(
        _ key: [UInt8], _ field: [UInt8], _ value: [UInt8], at now: Instant
    ) throws(CacheFault) {
        guard prepare(at: now) else { throw .outOfMemory }
        let layout = databases[0].layout
        let index = try databases[0].hashToChange(key[...])
        databases[0].editHash(index) { $0.set(field[...], value, layout) }
        databases[0].changed(key[...])
    }

    /// HGET.
    public mutating func field(
        _ key: [UInt8], _ field: [UInt8], at now: Instant
    ) throws(CacheFault) -> [UInt8]? {
        _ = prepare(at: now)
        guard let index = try databases[0].hash(key[...]) else { return nil }
        return databases[0].hashes[index].get(field[...], databases[0].layout)
    }

    /// HGETALL, in the order of insertion unless fields went.
    public mutating func fields(
        _ key: [UInt8], at now: Instant, _ visit: (_ field: [UInt8], _ value: [UInt8]) -> Void
    ) throws(CacheFault) {
        _ = prepare(at: now)
        guard let index = try databases[0].hash(key[...]) else { return }
        for place in 0..<databases[0].hashes[index].count {
            let (field, value) = databases[0].hashes[index].element(place)
            visit(field, value)
        }
    }

    /// HLEN.
    public mutating func fieldCount(_ key: [UInt8], at now: Instant) throws(CacheFault) -> Int {
        _ = prepare(at: now)
        return try databases[0].hash(key[...]).map { databases[0].hashes[$0].count } ?? 0
    }

    /// HDEL; whether the field was there.
    @discardableResult
    public mutating func removeField(
        _ key: [UInt8], _ field: [UInt8], at now: Instant
    ) throws(CacheFault) -> Bool {
        _ = prepare(at: now)
        let layout = databases[0].layout
        guard let index = try databases[0].hash(key[...]),
            databases[0].editHash(index, { $0.remove(field[...], layout) })
        else { return false }
        databases[0].removeIfEmpty(key[...])
        databases[0].changed(key[...])
        return true
    }

    /// INCR, and EXPIRE with the first: how many there were in this span.
    public mutating func count(
        _ key: [UInt8], within span: Interval, at now: Instant
    ) throws(CacheFault) -> Int64 {
        guard prepare(at: now) else { throw .outOfMemory }
        let count = try databases[0].increment(key[...], by: 1)
        if count == 1 { expire(key, after: span) }
        return count
    }

    /// SET with PX, or without an expiry.
    public mutating func set(
        _ key: [UInt8], _ value: [UInt8], expiresAfter span: Interval?, at now: Instant
    ) throws(CacheFault) {
        guard prepare(at: now) else { throw .outOfMemory }
        databases[0].put(key[...], value[...])
        if let span { expire(key, after: span) }
    }

    private mutating func expire(_ key: [UInt8], after span: Interval) {
        guard let slot = databases[0].find(key[...]) else { return }
        let at = databases[0].now + max(span.nanoseconds / 1_000_000, 1)
        databases[0].setExpiry(slot, at)
    }

    /// GET.
    public mutating func value(_ key: [UInt8], at now: Instant) throws(CacheFault) -> [UInt8]? {
        _ = prepare(at: now)
        return try databases[0].string(key[...])
    }

    /// DEL; whether the key was there.
    @discardableResult
    public mutating func remove(_ key: [UInt8], at now: Instant) -> Bool {
        _ = prepare(at: now)
        guard let slot = databases[0].find(key[...]) else { return false }
        databases[0].remove(slot)
        databases[0].changed(key[...])
        return true
    }

    /// FLUSHALL, or a restart: everything is gone.
    public mutating func flush() { removeAll() }
}
