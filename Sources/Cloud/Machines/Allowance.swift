import Base

/// A rate that may exceed its baseline while a bucket of tokens lasts.
///
/// Tokens are whatever the rate counts: bytes, disk operations, nanoseconds of CPU. The bucket is
/// earned at the baseline, spent by use, and never above its capacity; what would spill is lost.
/// While it holds something, `allowed` is the burst rate. At zero `allowed` drops to the baseline
/// and stays there until `release` tokens are back: without that gap a use one token a second
/// under the baseline would switch between the two rates every nanosecond. Lumps (`charge`) may
/// drive the level below zero; the debt is earned back first, so nothing is created or lost.
///
/// All of it is exact. Under constant rates the level moves along one straight line between calls,
/// so `advance` in one step or in many gives the same bits, and `crossing` is the first whole
/// nanosecond at which `allowed` changes.
public struct Allowance: Sendable, Hashable {
    /// Tokens a second, earned and always allowed.
    public let baseline: Int64
    /// Tokens a second, allowed while the bucket lasts; at least the baseline.
    public let burst: Int64
    public let capacity: Integral
    /// The level at which an emptied bucket allows bursts again; above zero.
    public let release: Integral

    /// Invariant: level <= capacity.
    public private(set) var level: Integral
    /// Tokens a second in use, as the caller last said.
    public private(set) var use: Int64 = 0
    /// True from the moment the bucket is empty until `release` is back in it.
    public private(set) var isHeld: Bool
    private var holdsWhenEmpty: Bool
    /// Everything ever used.
    public private(set) var used: Integral = .zero
    /// How long bursts have been refused.
    public private(set) var heldTime: Interval = .zero
    public private(set) var updatedAt: Instant

    /// `release` is cut down to the capacity. A bucket that can never empty is written with
    /// `burst == baseline`.
    public init(
        baseline: Int64, burst: Int64, capacity: Int64, release: Int64, level: Int64,
        at now: Instant
    ) {
        check(baseline >= 0 && burst >= baseline, "burst below baseline")
        check(capacity > 0 && release > 0, "a bucket without room")
        check(level <= capacity, "a bucket above its brim")
        self.baseline = baseline
        self.burst = burst
        self.capacity = Integral(capacity)
        self.release = Integral(min(release, capacity))
        self.level = Integral(level)
        holdsWhenEmpty = burst > baseline
        isHeld = holdsWhenEmpty && level <= 0
        updatedAt = now
    }

    /// A rate that is always there: no bucket, never held.
    public static func flat(_ rate: Int64, at now: Instant) -> Allowance {
        Allowance(baseline: rate, burst: rate, capacity: 1, release: 1, level: 1, at: now)
    }

    /// Tokens a second that may be used now.
    public var allowed: Int64 { isHeld ? baseline : burst }

    /// Hundredths of a percent of the bucket that are left; zero while in debt.
    public var levelBasisPoints: Int64 {
        Int64(max(0, level.billionths) * 10_000 / capacity.billionths)
    }

    public mutating func advance(to now: Instant) {
        check(now >= updatedAt, "time ran backwards")
        if now > updatedAt { step(now - updatedAt) }
    }

    /// The use from now on, in tokens a second.
    public mutating func setUse(_ rate: Int64, at now: Instant) {
        check(rate >= 0, "a negative use")
        advance(to: now)
        use = rate
    }

    /// Uses `tokens` at once.
    public mutating func charge(_ tokens: Int64, at now: Instant) {
        check(tokens >= 0, "a negative charge")
        advance(to: now)
        let lump = Integral(tokens)
        used += lump
        level -= lump
        if holdsWhenEmpty && level <= .zero { isHeld = true }
    }

    /// When `allowed` changes if the use stays as it is; nil for never.
    public func crossing() -> Instant? {
        guard holdsWhenEmpty else { return nil }
        let net = baseline - use
        if isHeld {
            guard net > 0 else { return nil }
            return updatedAt.adding((release - level).timeUp(at: net))
        }
        guard net < 0 else { return nil }
        return updatedAt.adding(level.timeUp(at: -net))
    }

    /// When the bucket is full again if the use stays as it is; nil for never or already.
    public func crossingFull() -> Instant? {
        guard baseline > use, level < capacity else { return nil }
        return updatedAt.adding((capacity - level).timeUp(at: baseline - use))
    }

    // MARK: For CPUCredits

    /// Whether an empty bucket holds use to the baseline, or only goes into debt.
    mutating func setHolding(_ holds: Bool) {
        holdsWhenEmpty = holds
        isHeld = holds && level <= .zero
    }

    /// Lifts the level to `floor` if it is below, and returns by how much.
    mutating func lift(to floor: Integral) -> Integral {
        guard level < floor else { return .zero }
        let lifted = floor - level
        level = floor
        return lifted
    }

    /// Time in which nothing is used, earned or held.
    mutating func skip(to now: Instant) {
        check(now >= updatedAt, "time ran backwards")
        check(use == 0, "use while stopped")
        updatedAt = now
    }

    /// Loses what is left.
    mutating func empty() {
        level = min(level, .zero)
        isHeld = holdsWhenEmpty
    }

    // The hold can change once at most while rates are constant; the division that finds when is
    // only paid then.
    private mutating func step(_ elapsed: Interval) {
        let after = min(level + .of(rate: baseline - use, over: elapsed), capacity)
        if isHeld {
            let isReleased = after >= release
            heldTime += isReleased ? timeToCrossing() : elapsed
            isHeld = !isReleased
        } else if holdsWhenEmpty && after <= .zero {
            heldTime += elapsed - timeToCrossing()
            isHeld = true
        }
        used += .of(rate: use, over: elapsed)
        level = after
        updatedAt += elapsed
    }

    private func timeToCrossing() -> Interval {
        guard let crossing = crossing() else { return .zero }
        return crossing - updatedAt
    }
}
