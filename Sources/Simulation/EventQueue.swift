import Base

/// Pending events in a total order: by time, then by the order in which they were pushed.
///
/// A monotone queue, as a radix heap is (Ahuja, Mehlhorn, Orlin and Tarjan, "Faster Algorithms for
/// the Shortest Path Problem", 1990): times are numbers of six-bit digits, and an event lies in the
/// bucket of the highest digit in which its time differs from `base`. Pushing costs O(1), but for
/// what comes before all buckets, which is inserted in the front. As time comes to a bucket, it is
/// spread over lower ones until few lie in one of them; these are sorted into the front, from which
/// events are taken. So an event moves a few times in its life, however many are pending, and where
/// little is pending it moves once.
///
/// Pushing into the past is a bug and stops the run.
///
/// Beside the events lie timers: what is expected of a flow changes with every rate, and an event
/// for each expectation would outlive it by hours. A timer is moved instead; see `TimerQueue`.
struct EventQueue: ~Copyable {
    /// What one run may have pending; 500 friends need about 10,000.
    static let pendingMax = 4_000_000
    private static let slotBits: UInt128 = 24
    private static let sequenceBits: UInt128 = 40
    private static let digitBits = 6
    private static let digits = 1 << digitBits
    private static let levels = (64 + digitBits - 1) / digitBits
    /// So few are sorted as they lie, by insertion.
    private static let sortedMax = 8
    /// With more in front, inserting among them would cost more than spreading them again.
    private static let frontMax = 48
    private static let none: Int32 = -1

    /// By slot: what is pending, its key (time, sequence and slot, from high to low, so that no two
    /// tie), and the next slot of its bucket.
    private var events: UnsafeMutablePointer<Event>
    private var keys: UnsafeMutablePointer<UInt128>
    private var nexts: UnsafeMutablePointer<Int32>
    /// Slots that hold no event; as many as are free below `capacity`.
    private var free: UnsafeMutablePointer<Int32>
    private var capacity: Int
    /// How many events are pending; timers do not count.
    private(set) var count = 0
    /// The keys that come next, from last to first.
    private var front: UnsafeMutablePointer<UInt128>
    private var frontCount = 0
    /// The first slot of each bucket, by level and digit, and which are not empty.
    private let heads: UnsafeMutablePointer<Int32>
    private let filled: UnsafeMutablePointer<UInt64>
    private var filledLevels: UInt64 = 0
    /// Where the bucket that was taken last begins. No time in a bucket is before it, and those of
    /// a level share all higher digits with it.
    private var base: UInt64
    private var sequence: UInt128 = 0
    private var timers = TimerQueue()
    /// Invariant: no pending event is before it.
    private(set) var now: Instant
    /// How many events were taken out.
    private(set) var handled: Int64 = 0

    init(start: Instant) {
        check(start.nanoseconds >= 0, "a run before 1970")
        check(Self.pendingMax <= 1 << Self.slotBits, "slots that a key cannot hold")
        check(_isPOD(Event.self), "events that own memory, which slots do not keep")
        now = start
        base = UInt64(start.nanoseconds)
        capacity = 1_024
        keys = .allocate(capacity: capacity)
        nexts = .allocate(capacity: capacity)
        front = .allocate(capacity: capacity)
        events = .allocate(capacity: capacity)
        free = .allocate(capacity: capacity)
        for slot in 0..<capacity { free[slot] = Int32(slot) }
        heads = .allocate(capacity: Self.levels * Self.digits)
        heads.initialize(repeating: Self.none, count: Self.levels * Self.digits)
        filled = .allocate(capacity: Self.levels)
        filled.initialize(repeating: 0, count: Self.levels)
    }

    deinit {
        keys.deallocate()
        nexts.deallocate()
        front.deallocate()
        events.deallocate()
        free.deallocate()
        heads.deallocate()
        filled.deallocate()
    }

    /// The time of the next event, or nil when nothing is pending.
    var nextAt: Instant? {
        mutating get {
            if frontCount == 0 { fillFront() }
            let next = min(firstKey, timers.first)
            return next == .max ? nil : Self.time(next)
        }
    }

    @inline(__always)
    private var firstKey: UInt128 { frontCount > 0 ? front[frontCount - 1] : .max }

    @inline(__always)
    private static func time(_ key: UInt128) -> Instant {
        Instant(nanoseconds: Int64(truncatingIfNeeded: key >> (slotBits + sequenceBits)))
    }

    @inline(__always)
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
        check(count < Self.pendingMax, "more than \(Self.pendingMax) events pending")
        if count == capacity { grow() }
        // As many slots are taken as there are events, so the free ones begin there.
        let slot = free[count]
        count += 1
        events[Int(slot)] = event
        let key = place(time) | UInt128(UInt32(slot))
        if frontCount > 0 && key < front[0] {
            insert(key)
            if frontCount > Self.frontMax { thinFront() }
        } else {
            put(key)
        }
    }

    /// Takes out the next event and moves `now` to its time.
    mutating func pop() -> Event {
        if frontCount == 0 { fillFront() }
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
        frontCount -= 1
        count -= 1
        free[count] = Int32(slot)
        return events[slot]
    }

    /// Moves `now` on to a time up to which nothing is pending.
    mutating func advance(to time: Instant) {
        check(nextAt.map { $0 > time } ?? true, "an event that was passed over")
        now = max(now, time)
    }

    // MARK: Buckets

    @inline(__always)
    private mutating func put(_ key: UInt128) {
        let time = UInt64(truncatingIfNeeded: key >> (Self.slotBits + Self.sequenceBits))
        let slot = Int32(truncatingIfNeeded: key & (1 << Self.slotBits - 1))
        let level = (63 - (time ^ base | 1).leadingZeroBitCount) / Self.digitBits
        let shifted = time &>> UInt64(level * Self.digitBits)
        let digit = Int(truncatingIfNeeded: shifted) & (Self.digits - 1)
        keys[Int(slot)] = key
        nexts[Int(slot)] = heads[level * Self.digits + digit]
        heads[level * Self.digits + digit] = slot
        filled[level] |= 1 << UInt64(digit)
        filledLevels |= 1 << UInt64(level)
    }

    /// Moves the least bucket to the empty front, spread first for as long as it holds many.
    private mutating func fillFront() {
        while filledLevels != 0 {
            let level = filledLevels.trailingZeroBitCount
            let digit = filled[level].trailingZeroBitCount
            filled[level] &= filled[level] - 1
            if filled[level] == 0 { filledLevels &= filledLevels - 1 }
            let shift = UInt64(level * Self.digitBits)
            // Swift's shifts are 0 where all 64 bits are moved out.
            let higher = shift + UInt64(Self.digitBits)
            base = (base >> higher) << higher | UInt64(digit) << shift
            let head = heads[level * Self.digits + digit]
            heads[level * Self.digits + digit] = Self.none
            var slot = head
            while slot != Self.none && frontCount < Self.sortedMax {
                insert(keys[Int(slot)])
                slot = nexts[Int(slot)]
            }
            if slot == Self.none { return }
            frontCount = 0
            if level == 0 { return sortInstant(head) }
            slot = head
            while slot != Self.none {
                let next = nexts[Int(slot)]
                put(keys[Int(slot)])
                slot = next
            }
        }
    }

    /// Moves the many events of one instant to the front.
    private mutating func sortInstant(_ head: Int32) {
        var slot = head
        while slot != Self.none {
            front[frontCount] = keys[Int(slot)]
            frontCount += 1
            slot = nexts[Int(slot)]
        }
        var run = UnsafeMutableBufferPointer(start: front, count: frontCount)
        run.sort(by: >)
    }

    // MARK: Front

    @inline(__always)
    private mutating func insert(_ key: UInt128) {
        var hole = frontCount
        while hole > 0 && front[hole - 1] < key {
            front[hole] = front[hole - 1]
            hole -= 1
        }
        front[hole] = key
        frontCount += 1
    }

    /// Puts the later half of the front into buckets again, down to one that is not before `base`.
    private mutating func thinFront() {
        let base = Instant(nanoseconds: Int64(base))
        var taken = 0
        while taken < frontCount / 2, Self.time(front[taken + 1]) >= base {
            put(front[taken])
            taken += 1
        }
        frontCount -= taken
        front.update(from: front + taken, count: frontCount)
    }

    private mutating func grow() {
        let larger = capacity * 2
        Self.enlarge(&keys, from: capacity, to: larger)
        Self.enlarge(&nexts, from: capacity, to: larger)
        Self.enlarge(&front, from: capacity, to: larger)
        Self.enlarge(&events, from: capacity, to: larger)
        Self.enlarge(&free, from: capacity, to: larger)
        for slot in capacity..<larger { free[slot] = Int32(slot) }
        capacity = larger
    }

    private static func enlarge<Value>(
        _ memory: inout UnsafeMutablePointer<Value>, from: Int, to: Int
    ) {
        let larger = UnsafeMutablePointer<Value>.allocate(capacity: to)
        larger.moveInitialize(from: memory, count: from)
        memory.deallocate()
        memory = larger
    }
}
