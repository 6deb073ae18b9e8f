import Base

/// The CPU credits of a burstable machine (T3, T3a, T4g and the database and cache classes).
///
/// One credit is one vCPU at 100 % for one minute. Credits are earned continuously, are kept up to
/// 24 hours' worth, and are spent by all CPU time. CloudWatch's two figures are one signed level,
/// positive for `CPUCreditBalance` and negative for `CPUSurplusCreditBalance`, which makes its
/// update rule, adjusted = (balance - surplus) + (earned - used), a plain addition.
///
/// *Standard*: at zero the machine is held to its baseline. AWS lowers it "gradually"; here it is
/// at once, and bursts return when `release` credits are back (see `Allowance`).
/// *Unlimited*: never held. Surplus up to 24 hours' earnings is borrowed free if later earning
/// pays it back; what is spent beyond is charged at the end of the hour, and surplus still owed is
/// charged when the machine stops or is switched to standard. The hour is counted from launch.
///
/// Units: CPU time in nanoseconds of one vCPU, rates in such nanoseconds a second (one busy vCPU
/// is 1e9). AWS accounts by the millisecond, this by the nanosecond.
/// Sources: Amazon EC2 User Guide, burstable-credits-baseline-concepts,
/// burstable-performance-instances-unlimited-mode-concepts, -standard-mode-concepts and
/// -monitoring-cpu-credits.
public struct CPUCredits: Sendable, Hashable {
    public enum Mode: Sendable, Hashable { case standard, unlimited }

    /// CPU nanoseconds in one credit.
    public static let credit: Int64 = 60_000_000_000
    /// How long a stopped T3 or T4g machine keeps its credits.
    public static let keptStoppedMax = Interval.days(7)

    private enum Phase: Hashable { case running, stopped }

    /// CPU nanoseconds a second.
    public let vCPURate: Int64
    /// CPU nanoseconds a second earned: the baseline of the whole machine.
    public let baseline: Int64
    /// Most that can be accrued, and most surplus that can be borrowed free.
    public let capacity: Integral
    public let release: Integral

    public private(set) var mode: Mode
    private var phase: Phase = .running
    /// Invariant: level <= capacity, and in unlimited mode level >= -capacity.
    public private(set) var level: Integral
    public private(set) var use: Int64 = 0
    public private(set) var isHeld: Bool
    public private(set) var used: Integral = .zero
    public private(set) var heldTime: Interval = .zero
    /// CPU time charged as surplus and settled: what the bill takes.
    public private(set) var surplusCharged: Integral = .zero
    /// CPU time spent above the free surplus in the current hour, not yet charged.
    public private(set) var surplusPending: Integral = .zero
    /// The last instant accounted for; a stopped machine keeps the one it stopped at.
    public private(set) var updatedAt: Instant
    private var hourEnd: Instant

    /// A machine launched at `now`. T3 and T4g get no launch credits: `balance` is 0 unless the
    /// caller says otherwise, in credits.
    public init(_ type: MachineType, mode: Mode, balance: Int64, at now: Instant) {
        check(type.isBurstable, "\(type.name) has no CPU credits")
        check(balance >= 0 && balance <= type.creditsMax, "a balance out of range")
        vCPURate = type.vCPURate
        baseline = type.baselineRate
        capacity = Integral(type.creditsMax * CPUCredits.credit)
        // Assumption: a twelfth of an hour's earnings, CloudWatch's own step, ends a hold.
        release = Integral(type.creditsPerHour * CPUCredits.credit / 12)
        self.mode = mode
        level = Integral(balance * CPUCredits.credit)
        isHeld = mode == .standard && balance == 0
        updatedAt = now
        hourEnd = now + .hours(1)
    }

    /// CPU nanoseconds a second that may be used now.
    public var allowed: Int64 {
        switch phase {
        case .running: isHeld ? baseline : vCPURate
        case .stopped: 0
        }
    }

    /// Surplus charged so far with the current hour's share: the figure for a bill that ends now.
    public var surplusBillable: Integral { surplusCharged + surplusPending }

    /// `CPUCreditBalance` in millicredits, rounded down.
    public var balanceMillicredits: Int64 { max(level, .zero).whole / (CPUCredits.credit / 1_000) }

    /// `CPUSurplusCreditBalance` in millicredits, rounded down.
    public var surplusMillicredits: Int64 {
        max(.zero - level, .zero).whole / (CPUCredits.credit / 1_000)
    }

    public mutating func advance(to now: Instant) {
        check(now >= updatedAt, "time ran backwards")
        if now > updatedAt { step(to: now) }
    }

    /// The CPU in use from now on, in CPU nanoseconds a second.
    public mutating func setUse(_ rate: Int64, at now: Instant) {
        check(rate >= 0 && rate <= vCPURate, "a use of \(rate) ns/s")
        advance(to: now)
        check(phase == .running || rate == 0, "a stopped machine at work")
        use = rate
    }

    /// Spends CPU time at once, beside the constant use.
    public mutating func charge(_ time: Interval, at now: Instant) {
        check(time >= .zero, "a negative charge")
        advance(to: now)
        let lump = Integral(time.nanoseconds)
        used += lump
        level -= lump
        settleLevel()
    }

    /// Outstanding surplus is charged, as AWS does on a switch to standard.
    public mutating func setMode(_ mode: Mode, at now: Instant) {
        advance(to: now)
        switch mode {
        case .standard:
            chargeSurplus()
            isHeld = level <= .zero
        case .unlimited: isHeld = false
        }
        self.mode = mode
        settleLevel()
    }

    /// Stopped or terminated: surplus is charged, nothing more is earned.
    public mutating func stop(at now: Instant) {
        advance(to: now)
        check(phase == .running, "stopped twice")
        chargeSurplus()
        use = 0
        phase = .stopped
    }

    /// Started again; credits are gone after seven stopped days.
    public mutating func start(at now: Instant) {
        check(phase == .stopped, "started twice")
        check(now >= updatedAt, "time ran backwards")
        if now - updatedAt > CPUCredits.keptStoppedMax { level = min(level, .zero) }
        phase = .running
        updatedAt = now
        hourEnd = now + .hours(1)
        isHeld = mode == .standard && level <= .zero
    }

    /// When `allowed` changes if the use stays as it is; nil for never, always so in unlimited.
    public func crossing() -> Instant? {
        guard mode == .standard, phase == .running else { return nil }
        let net = baseline - use
        if isHeld {
            guard net > 0 else { return nil }
            return updatedAt.adding((release - level).timeUp(at: net))
        }
        guard net < 0 else { return nil }
        return updatedAt.adding(level.timeUp(at: -net))
    }

    /// When the balance reaches zero and surplus (or the hold) begins; nil for never.
    public func crossingZero() -> Instant? {
        guard phase == .running, level > .zero, use > baseline else { return nil }
        return updatedAt.adding(level.timeUp(at: use - baseline))
    }

    /// When the free surplus is used up and every further second is charged; nil for never.
    public func crossingCharge() -> Instant? {
        guard phase == .running, mode == .unlimited, use > baseline else { return nil }
        return updatedAt.adding((level + capacity).timeUp(at: use - baseline))
    }

    /// When the balance is full if the use stays as it is; nil for never or already.
    public func crossingFull() -> Instant? {
        guard phase == .running, use < baseline, level < capacity else { return nil }
        return updatedAt.adding((capacity - level).timeUp(at: baseline - use))
    }

    private mutating func step(to now: Instant) {
        // `start` counts the stopped days from `updatedAt`.
        guard phase == .running else { return }
        while hourEnd <= now {
            integrate(hourEnd - updatedAt)
            surplusCharged += surplusPending
            surplusPending = .zero
            hourEnd += .hours(1)
        }
        integrate(now - updatedAt)
    }

    private mutating func integrate(_ elapsed: Interval) {
        if isHeld { heldTime += heldPart(of: elapsed) }
        used += .of(rate: use, over: elapsed)
        level = min(level + .of(rate: baseline - use, over: elapsed), capacity)
        updatedAt += elapsed
        settleLevel()
    }

    private func heldPart(of elapsed: Interval) -> Interval {
        guard let released = crossing() else { return elapsed }
        return min(elapsed, released - updatedAt)
    }

    private mutating func settleLevel() {
        switch mode {
        case .standard:
            if level <= .zero { isHeld = true } else if level >= release { isHeld = false }
        case .unlimited:
            let floor = .zero - capacity
            guard level < floor else { return }
            surplusPending += floor - level
            level = floor
        }
    }

    private mutating func chargeSurplus() {
        surplusCharged += surplusPending
        surplusPending = .zero
        guard mode == .unlimited, level < .zero else { return }
        surplusCharged -= level
        level = .zero
    }
}
