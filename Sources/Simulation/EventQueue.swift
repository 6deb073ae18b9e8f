import Base

/// Pending events in a total order: by time, then by the order in which they were pushed.
///
/// An implicit four-ary heap over one flat array. The key is one 128-bit number, time above
/// sequence, so a comparison is branch-free and two events never tie. Pushing into the past is a
/// bug and stops the run. Amortised cost O(log₄ n).
struct EventQueue: ~Copyable {
    /// What one run may have pending; 500 friends need about 10,000.
    static let pendingMax = 4_000_000

    private struct Entry {
        var key: UInt128
        var event: Event
    }

    private var entries: UnsafeMutablePointer<Entry>
    private var capacity: Int
    private(set) var count = 0
    private var sequence: UInt64 = 0
    /// Invariant: no pending event is before it.
    private(set) var now: Instant
    /// How many events were taken out.
    private(set) var handled: Int64 = 0

    init(start: Instant) {
        check(start.nanoseconds >= 0, "a run before 1970")
        now = start
        capacity = 1_024
        entries = .allocate(capacity: capacity)
    }

    deinit { entries.deallocate() }

    /// The time of the next event, or nil when nothing is pending.
    var nextAt: Instant? {
        count == 0 ? nil : Instant(nanoseconds: Int64(entries[0].key >> 64))
    }

    mutating func push(_ event: Event, at time: Instant) {
        check(time >= now, "an event in the past")
        if count == capacity { grow() }
        sequence += 1
        let key = UInt128(UInt64(time.nanoseconds)) << 64 | UInt128(sequence)
        var hole = count
        count += 1
        while hole > 0 {
            let parent = (hole - 1) >> 2
            guard key < entries[parent].key else { break }
            entries[hole] = entries[parent]
            hole = parent
        }
        entries[hole] = Entry(key: key, event: event)
    }

    /// Takes out the next event and moves `now` to its time.
    mutating func pop() -> Event {
        check(count > 0, "nothing pending")
        let first = entries[0]
        let time = Instant(nanoseconds: Int64(first.key >> 64))
        check(time >= now, "time ran backwards")
        now = time
        handled += 1
        count -= 1
        if count > 0 { sink(entries[count]) }
        return first.event
    }

    private func sink(_ moved: Entry) {
        var hole = 0
        while true {
            let child = hole << 2 + 1
            guard child < count else { break }
            var least = child
            var leastKey = entries[child].key
            for other in child + 1..<max(child + 1, min(child + 4, count)) {
                let key = entries[other].key
                let isLess = key < leastKey
                least = isLess ? other : least
                leastKey = isLess ? key : leastKey
            }
            guard leastKey < moved.key else { break }
            entries[hole] = entries[least]
            hole = least
        }
        entries[hole] = moved
    }

    private mutating func grow() {
        check(capacity < Self.pendingMax, "more than \(Self.pendingMax) events pending")
        let larger = UnsafeMutablePointer<Entry>.allocate(capacity: capacity * 2)
        larger.moveInitialize(from: entries, count: count)
        entries.deallocate()
        entries = larger
        capacity *= 2
    }
}
