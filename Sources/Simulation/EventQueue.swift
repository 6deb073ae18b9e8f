import Base

/// Pending events in a total order: by time, then by the order in which they were pushed.
///
/// An implicit four-ary heap of 128-bit keys: time, sequence, and the slot in which the event lies,
/// from high to low, so that a comparison is branch-free, two events never tie and only 16 bytes
/// move. The four children of an entry share one cache line. Taking out lets the hole sink to a
/// leaf before the last key is put there: that key came from a leaf and rarely rises far (Wegener,
/// "Bottom-up Heapsort", 1993). Pushing into the past is a bug and stops the run. Amortised cost
/// O(log₄ n), but for the least key: it lies before the heap, since what is pushed is most often
/// what comes next, an answer within the millisecond.
///
/// Beside the events lie timers: what is expected of a flow changes with every rate, and an event
/// for each expectation would outlive it by hours. A timer is moved instead; see `TimerQueue`.
struct EventQueue: ~Copyable {
    /// What one run may have pending; 500 friends need about 10,000.
    static let pendingMax = 4_000_000
    private static let slotBits: UInt128 = 24
    private static let sequenceBits: UInt128 = 40
    private static let lineBytes = 64
    /// Entry 0 lies at the end of a cache line, so that entries 1 ... 4, 5 ... 8 fill one each.
    private static let offset = 3

    private var memory: UnsafeMutableRawPointer
    private var keys: UnsafeMutablePointer<UInt128>
    private var events: UnsafeMutablePointer<Event>
    /// Slots that hold no event; as many as are free below `capacity`.
    private var free: UnsafeMutablePointer<Int32>
    private var capacity: Int
    /// The least of all keys, or `.max` where the least lies in the heap.
    private var front = UInt128.max
    /// How many keys lie in the heap.
    private var heaped = 0
    private var sequence: UInt128 = 0
    private var timers = TimerQueue()
    /// Invariant: no pending event is before it.
    private(set) var now: Instant
    /// How many events were taken out.
    private(set) var handled: Int64 = 0

    init(start: Instant) {
        check(start.nanoseconds >= 0, "a run before 1970")
        check(Self.pendingMax <= 1 << Self.slotBits, "slots that a key cannot hold")
        now = start
        capacity = 1_024
        (memory, keys) = Self.allocateKeys(capacity)
        events = .allocate(capacity: capacity)
        free = .allocate(capacity: capacity)
        for slot in 0..<capacity { free[slot] = Int32(slot) }
    }

    deinit {
        memory.deallocate()
        events.deallocate()
        free.deallocate()
    }

    /// The time of the next event, or nil when nothing is pending.
    var nextAt: Instant? {
        let next = min(firstKey, timers.first)
        return next == .max ? nil : Self.time(next)
    }

    var count: Int { heaped + (front == .max ? 0 : 1) }

    private var firstKey: UInt128 { front != .max || heaped == 0 ? front : keys[0] }

    private static func time(_ key: UInt128) -> Instant {
        Instant(nanoseconds: Int64(truncatingIfNeeded: key >> (slotBits + sequenceBits)))
    }

    private mutating func place(_ time: Instant) -> UInt128 {
        check(time >= now, "an event in the past")
        sequence += 1
        check(sequence >> Self.sequenceBits == 0, "more events than a run can order")
        return (UInt128(UInt64(time.nanoseconds)) << Self.sequenceBits | sequence) << Self.slotBits
    }

    /// Has the timer's event come at `time`, and not when it was expected before.
    mutating func expect(_ timer: Timer, at time: Instant) {
        timers.set(timer.number, place(time) | UInt128(UInt32(timer.number)))
    }

    /// When the timer's event is expected; `.distantFuture` for not at all.
    func expected(_ timer: Timer) -> Instant {
        timers.key(timer.number).map(Self.time) ?? .distantFuture
    }

    mutating func cancel(_ timer: Timer) { timers.remove(timer.number) }

    mutating func push(_ event: Event, at time: Instant) {
        if count == capacity { grow() }
        // As many slots are taken as there are keys, so the free ones begin there.
        let slot = free[count]
        events[Int(slot)] = event
        let key = place(time) | UInt128(UInt32(slot))
        if key < firstKey {
            if front != .max { heap(front) }
            front = key
        } else {
            heap(key)
        }
    }

    private mutating func heap(_ key: UInt128) {
        rise(key, from: heaped)
        heaped += 1
    }

    /// Takes out the next event and moves `now` to its time.
    mutating func pop() -> Event {
        let first = firstKey
        let next = min(first, timers.first)
        check(next != .max, "nothing pending")
        let time = Self.time(next)
        check(time >= now, "time ran backwards")
        now = time
        handled += 1
        let slot = Int(truncatingIfNeeded: next & (1 << Self.slotBits - 1))
        if next != first {
            timers.remove(Int32(slot))
            return .timer(Timer(number: Int32(slot)))
        }
        if front != .max {
            front = .max
        } else {
            heaped -= 1
            if heaped > 0 { rise(keys[heaped], from: sinkHole()) }
        }
        free[count] = Int32(slot)
        return events[slot]
    }

    /// Moves `now` on to a time up to which nothing is pending.
    mutating func advance(to time: Instant) {
        check(nextAt.map { $0 > time } ?? true, "an event that was passed over")
        now = max(now, time)
    }

    private func rise(_ key: UInt128, from place: Int) {
        var hole = place
        while hole > 0 {
            let parent = (hole - 1) >> 2
            guard key < keys[parent] else { break }
            keys[hole] = keys[parent]
            hole = parent
        }
        keys[hole] = key
    }

    /// Moves the hole at the top down to a leaf, always to the least child; returns where it ends.
    private func sinkHole() -> Int {
        var hole = 0
        while true {
            let child = hole << 2 + 1
            guard child + 3 < heaped else { return sinkLast(hole, child) }
            let (a, b, c, d) = (keys[child], keys[child + 1], keys[child + 2], keys[child + 3])
            let (ab, isB) = b < a ? (b, 1) : (a, 0)
            let (cd, isD) = d < c ? (d, 3) : (c, 2)
            let (least, step) = cd < ab ? (cd, isD) : (ab, isB)
            keys[hole] = least
            hole = child + step
        }
    }

    /// The last step, among fewer than four children.
    private func sinkLast(_ hole: Int, _ child: Int) -> Int {
        guard child < heaped else { return hole }
        var least = child
        for other in child + 1..<max(child + 1, heaped) where keys[other] < keys[least] {
            least = other
        }
        keys[hole] = keys[least]
        return least
    }

    private mutating func grow() {
        check(capacity < Self.pendingMax, "more than \(Self.pendingMax) events pending")
        let (largerMemory, largerKeys) = Self.allocateKeys(capacity * 2)
        largerKeys.moveInitialize(from: keys, count: heaped)
        let largerEvents = UnsafeMutablePointer<Event>.allocate(capacity: capacity * 2)
        largerEvents.moveInitialize(from: events, count: capacity)
        let largerFree = UnsafeMutablePointer<Int32>.allocate(capacity: capacity * 2)
        for slot in capacity..<capacity * 2 { largerFree[slot] = Int32(slot) }
        memory.deallocate()
        events.deallocate()
        free.deallocate()
        (memory, keys, events, free) = (largerMemory, largerKeys, largerEvents, largerFree)
        capacity *= 2
    }

    private static func allocateKeys(
        _ capacity: Int
    ) -> (UnsafeMutableRawPointer, UnsafeMutablePointer<UInt128>) {
        let size = MemoryLayout<UInt128>.stride
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: (capacity + offset) * size, alignment: lineBytes)
        let keys = memory.bindMemory(to: UInt128.self, capacity: capacity + offset) + offset
        return (memory, keys)
    }
}
