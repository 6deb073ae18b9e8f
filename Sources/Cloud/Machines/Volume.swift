import Base

/// The bytes on a disk, who put them there, and when it will be full.
///
/// Consumers are named ("images", "srs log", "database") and hold lumps and a growth rate. One may
/// be capped: Docker's `local` log driver keeps 5 files of 20 MB by default, its `json-file` driver
/// has no limit. A full disk stays full until something is removed; growth that did not
/// fit is counted as refused, by consumer.
/// Sources: Docker documentation, logging/configure and logging/drivers/local.
public struct Volume: Sendable {
    /// Docker's `local` driver: 5 files of 20 MB.
    public static let localLogMax: Int64 = 100_000_000
    public static let consumersMax = 64

    public struct Consumer: Sendable {
        public let name: String
        /// Bytes it never exceeds (it drops its oldest); nil for no limit.
        public let cap: Int64?
        /// Invariant: used <= cap.
        public fileprivate(set) var used: Integral
        /// Bytes a second.
        public fileprivate(set) var growth: Int64 = 0
        /// What it wanted to write and could not, the disk being full.
        public fileprivate(set) var refused: Integral = .zero

        fileprivate var room: Integral? { cap.map { Integral($0) - used } }
        fileprivate var isGrowing: Bool { growth > 0 && (room.map { $0 > .zero } ?? true) }
    }

    /// Bytes.
    public let capacity: Int64
    public private(set) var consumers: [Consumer] = []
    /// Invariant: the sum over the consumers, at most the capacity.
    public private(set) var used: Integral = .zero
    public private(set) var updatedAt: Instant

    public init(capacity: Int64, at now: Instant) {
        check(capacity > 0, "a volume without room")
        self.capacity = capacity
        updatedAt = now
    }

    public var isFull: Bool { used >= Integral(capacity) }

    /// Adds a consumer and returns its index, by which it is named from then on.
    public mutating func add(_ name: String, cap: Int64?) -> Int {
        check(consumers.count < Volume.consumersMax, "too many consumers")
        check(cap.map { $0 > 0 } ?? true, "a consumer that may hold nothing")
        consumers.append(Consumer(name: name, cap: cap, used: .zero))
        return consumers.count - 1
    }

    public mutating func setGrowth(_ consumer: Int, _ rate: Int64, at now: Instant) {
        check(rate >= 0, "shrinking by rate")
        advance(to: now)
        consumers[consumer].growth = rate
    }

    /// Writes bytes at once; false when they did not all fit.
    public mutating func write(_ consumer: Int, _ bytes: Int64, at now: Instant) -> Bool {
        check(bytes >= 0, "writing \(bytes) bytes")
        advance(to: now)
        let refusedBefore = consumers[consumer].refused
        take(consumer, Integral(bytes))
        return consumers[consumer].refused == refusedBefore
    }

    /// Removes up to `bytes` (nil: all) that a consumer holds.
    public mutating func remove(_ consumer: Int, _ bytes: Int64?, at now: Instant) {
        advance(to: now)
        let held = consumers[consumer].used
        let gone = bytes.map { min(Integral($0), held) } ?? held
        consumers[consumer].used -= gone
        used -= gone
    }

    public mutating func advance(to now: Instant) {
        check(now >= updatedAt, "time ran backwards")
        while updatedAt < now {
            let next = min(stepEnd() ?? now, now)
            grow(for: next - updatedAt)
            updatedAt = next
        }
    }

    /// When the disk is full if everything goes on as it does; nil for never or already.
    public func crossingFull() -> Instant? {
        var ahead = self
        while !ahead.isFull {
            guard let next = ahead.crossing() else { return nil }
            ahead.advance(to: next)
        }
        return ahead.updatedAt > updatedAt ? ahead.updatedAt : nil
    }

    /// When a consumer reaches its cap or the disk is full, whichever is first.
    public func crossing() -> Instant? {
        guard !isFull else { return nil }
        var first: Instant?
        var growth: Int64 = 0
        for consumer in consumers where consumer.isGrowing {
            growth += consumer.growth
            guard let room = consumer.room else { continue }
            first = earliest(first, updatedAt.adding(room.timeUp(at: consumer.growth)))
        }
        guard growth > 0 else { return first }
        return earliest(first, updatedAt.adding((Integral(capacity) - used).timeUp(at: growth)))
    }

    // The nanosecond in which something fills up is a step of its own: consumers take from it in
    // their order, and however time is cut into calls the outcome is the same.
    private func stepEnd() -> Instant? {
        guard let crossing = crossing() else { return nil }
        let before = crossing - Interval(nanoseconds: 1)
        return before > updatedAt ? before : crossing
    }

    private mutating func grow(for elapsed: Interval) {
        for index in consumers.indices where consumers[index].growth > 0 {
            take(index, .of(rate: consumers[index].growth, over: elapsed))
        }
    }

    private mutating func take(_ index: Int, _ wanted: Integral) {
        if let room = consumers[index].room, room <= .zero { return }
        let free = Integral(capacity) - used
        let fits = consumers[index].room.map { min($0, wanted) } ?? wanted
        if fits > free { consumers[index].refused += wanted - free }
        let taken = min(fits, free)
        consumers[index].used += taken
        used += taken
        check(used <= Integral(capacity), "a disk past its end")
    }
}
