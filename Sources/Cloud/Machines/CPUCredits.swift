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
    /// `fixed` is for types without credits: full speed always, and only the CPU time is counted.
    public enum Mode: Sendable, Hashable { case standard, unlimited, fixed }

    /// CPU nanoseconds in one credit.
    public static let credit: Int64 = 60_000_000_000
    /// How long a stopped T3 or T4g machine keeps its credits.
    public static let keptStoppedMax = Interval.days(7)

    private enum Phase: Hashable { case running, stopped }

    public private(set) var mode: Mode
    private var phase: Phase = .running
    /// The credits as CPU nanoseconds; in unlimited mode it goes into debt and never holds.
    /// Invariant: in unlimited mode level >= -capacity.
    private var bucket: Allowance
    /// CPU time charged as surplus and settled: what the bill takes.
    public private(set) var surplusCharged: Integral = .zero
    /// CPU time spent above the free surplus in the current hour, not yet charged.
    public private(set) var surplusPending: Integral = .zero
    private var hourEnd: Instant

    /// A machine launched at `now`. T3 and T4g get no launch credits: `balance` is 0 unless the
    /// caller says otherwise, in credits.
    public init(_ type: MachineType, mode: Mode, balance: Int64, at now: Instant) {
        check(type.isBurstable == (mode != .fixed), "\(type.name) in mode \(mode)")
        check(balance >= 0 && balance <= type.creditsMax, "a balance out of range")
        switch mode {
        case .standard, .unlimited:
            // Assumption: a twelfth of an hour's earnings, CloudWatch's own step, ends a hold.
            bucket = Allowance(
                baseline: type.baselineRate, burst: type.vCPURate,
                capacity: type.creditsMax * CPUCredits.credit,
                release: type.creditsPerHour * CPUCredits.credit / 12,
                level: balance * CPUCredits.credit, at: now)
        case .fixed: bucket = .flat(type.vCPURate, at: now)
        }
        self.mode = mode
        hourEnd = now + .hours(1)
        bucket.setHolding(mode == .standard)
    }

    /// CPU nanoseconds a second that may be used now; 0 while stopped.
    public var allowed: Int64 {
        switch phase {
        case .running: bucket.allowed
        case .stopped: 0
        }
    }

    /// True while a standard machine is held to its baseline.
    public var isHeld: Bool { bucket.isHeld }
    /// How long it has been held in all.
    public var heldTime: Interval { bucket.heldTime }
    /// CPU nanoseconds a second earned: the baseline of the whole machine.
    public var baseline: Int64 { bucket.baseline }
    /// The constant use, in CPU nanoseconds a second.
    public var use: Int64 { bucket.use }
    /// All CPU time ever spent, in nanoseconds.
    public var used: Integral { bucket.used }
    /// Balance (positive) or surplus (negative), in CPU nanoseconds.
    public var level: Integral { bucket.level }
    /// The last instant accounted for; a stopped machine keeps the one it stopped at.
    public var updatedAt: Instant { bucket.updatedAt }

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
        // `start` counts the stopped days from `updatedAt`.
        guard phase == .running else { return }
        while hourEnd <= now { settleHour() }
        bucket.advance(to: now)
        liftDebt()
    }

    /// The CPU in use from now on, in CPU nanoseconds a second.
    public mutating func setUse(_ rate: Int64, at now: Instant) {
        check(rate >= 0 && rate <= bucket.burst, "a use of \(rate) ns/s")
        advance(to: now)
        check(phase == .running || rate == 0, "a stopped machine at work")
        if phase == .running { bucket.setUse(rate, at: now) }
    }

    /// Spends CPU time at once, beside the constant use.
    public mutating func charge(_ time: Interval, at now: Instant) {
        advance(to: now)
        check(phase == .running, "a stopped machine at work")
        bucket.charge(time.nanoseconds, at: now)
        liftDebt()
    }

    /// Outstanding surplus is charged, as AWS does on a switch to standard.
    public mutating func setMode(_ mode: Mode, at now: Instant) {
        advance(to: now)
        guard mode != self.mode else { return }
        check(mode != .fixed && self.mode != .fixed, "credits on a machine without them")
        if mode == .standard { chargeSurplus() }
        self.mode = mode
        bucket.setHolding(mode == .standard)
        liftDebt()
    }

    /// Stopped or terminated: surplus is charged, nothing more is earned.
    public mutating func stop(at now: Instant) {
        check(phase == .running, "stopped twice")
        setUse(0, at: now)
        chargeSurplus()
        phase = .stopped
    }

    /// Started again; credits are gone after seven stopped days.
    public mutating func start(at now: Instant) {
        check(phase == .stopped, "started twice")
        if now - updatedAt > CPUCredits.keptStoppedMax { bucket.empty() }
        bucket.skip(to: now)
        phase = .running
        hourEnd = now + .hours(1)
    }

    /// When `allowed` changes if the use stays as it is; nil for never, always so in unlimited.
    public func crossing() -> Instant? { phase == .running ? bucket.crossing() : nil }

    /// When the balance reaches zero and surplus (or the hold) begins; nil for never.
    public func crossingZero() -> Instant? {
        guard phase == .running, level > .zero, use > baseline else { return nil }
        return updatedAt.adding(level.timeUp(at: use - baseline))
    }

    /// When the free surplus is used up and every further second is charged; nil for never.
    public func crossingCharge() -> Instant? {
        guard phase == .running, mode == .unlimited, use > baseline else { return nil }
        return updatedAt.adding((level + bucket.capacity).timeUp(at: use - baseline))
    }

    /// When the balance is full if the use stays as it is; nil for never or already.
    public func crossingFull() -> Instant? { phase == .running ? bucket.crossingFull() : nil }

    private mutating func settleHour() {
        bucket.advance(to: hourEnd)
        liftDebt()
        surplusCharged += surplusPending
        surplusPending = .zero
        hourEnd += .hours(1)
    }

    private mutating func liftDebt() {
        guard mode == .unlimited else { return }
        surplusPending += bucket.lift(to: .zero - bucket.capacity)
    }

    private mutating func chargeSurplus() {
        surplusCharged += surplusPending
        surplusPending = .zero
        guard mode == .unlimited else { return }
        surplusCharged += bucket.lift(to: .zero)
    }
}
