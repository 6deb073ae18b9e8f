import Base

/// An Application Load Balancer: who may be routed to, and what it is billed for.
///
/// Each target is checked every `interval`. A new target is healthy after one passed check and
/// otherwise unhealthy; a healthy one turns after `unhealthyThreshold` failures in a row, an
/// unhealthy one after `healthyThreshold` passes in a row. When no target is healthy all are
/// routed to (fail-open), so a lone dead target shows as 502 or 504 and never as 503, which is for
/// a group
/// without targets. The driver makes the call that a check is and reports how it went.
/// Sources: Elastic Load Balancing, Application Load Balancers guide,
/// target-group-health-checks and application-load-balancers (idle timeout).
public struct LoadBalancer: Sendable {
    /// The settings of a target group; the defaults are AWS's.
    public struct HealthCheck: Sendable, Hashable {
        public var interval: Interval
        public var timeout: Interval
        public var healthyThreshold: Int
        public var unhealthyThreshold: Int

        public init(
            interval: Interval, timeout: Interval, healthyThreshold: Int, unhealthyThreshold: Int
        ) {
            check(timeout < interval, "a check that overlaps the next")
            check(healthyThreshold > 0 && unhealthyThreshold > 0, "a threshold of nothing")
            self.interval = interval
            self.timeout = timeout
            self.healthyThreshold = healthyThreshold
            self.unhealthyThreshold = unhealthyThreshold
        }

        public static let standard = HealthCheck(
            interval: .seconds(30), timeout: .seconds(5), healthyThreshold: 5,
            unhealthyThreshold: 2)
    }

    public enum Health: Sendable, Hashable { case initial, healthy, unhealthy }

    /// One target; one that is not used keeps its index.
    public struct Target: Sendable, Hashable {
        public fileprivate(set) var health: Health
        public fileprivate(set) var isUsed: Bool
        /// Checks in a row that speak against `health`.
        public fileprivate(set) var streak: Int
        public fileprivate(set) var checkAt: Instant
    }

    public static let idleTimeoutDefault = Interval.seconds(60)
    public static let targetsMax = 1_000

    public let healthCheck: HealthCheck
    public let idleTimeout: Interval
    public private(set) var targets: [Target] = []
    public var meter: CapacityMeter
    private var turn = 0

    /// `rules` are those of the listener, the default rule left out: the first ten cost nothing.
    /// `gigabyte` is the price book's, in bytes.
    public init(
        healthCheck: HealthCheck, idleTimeout: Interval, rules: Int64, gigabyte: Int64,
        at now: Instant
    ) {
        check(
            (.seconds(1) ... .seconds(4_000)).contains(idleTimeout), "an idle timeout out of range")
        self.healthCheck = healthCheck
        self.idleTimeout = idleTimeout
        meter = CapacityMeter(rules: rules, gigabyte: gigabyte, at: now)
    }

    /// Adds a target, checked for the first time at once; returns its index.
    public mutating func register(at now: Instant) -> Int {
        check(targets.count < LoadBalancer.targetsMax, "too many targets")
        targets.append(Target(health: .initial, isUsed: true, streak: 0, checkAt: now))
        return targets.count - 1
    }

    /// A target out of use, such as a stopped instance, is neither checked nor routed to; one that
    /// comes back is a new one.
    public mutating func setUsed(_ target: Int, _ isUsed: Bool, at now: Instant) {
        guard targets[target].isUsed != isUsed else { return }
        targets[target].isUsed = isUsed
        turn(target, to: .initial)
        targets[target].checkAt = now
    }

    /// When the next check is due; nil without targets.
    public func crossing() -> Instant? {
        var next: Instant?
        for target in targets where target.isUsed { next = earliest(next, target.checkAt) }
        return next
    }

    /// The first target whose check is due at `now`, if any: the driver calls it and reports with
    /// `checked` within the timeout. Its next check is one interval after this one was due.
    public mutating func startCheck(at now: Instant) -> Int? {
        for index in targets.indices where targets[index].isUsed {
            guard targets[index].checkAt <= now else { continue }
            targets[index].checkAt += healthCheck.interval
            return index
        }
        return nil
    }

    /// A check ended. Returns true when the target's health changed.
    public mutating func checked(_ index: Int, passed: Bool) -> Bool {
        guard targets[index].isUsed else { return false }
        let before = targets[index].health
        switch before {
        case .initial: turn(index, to: passed ? .healthy : .unhealthy)
        case .healthy: count(index, against: !passed, limit: healthCheck.unhealthyThreshold)
        case .unhealthy: count(index, against: passed, limit: healthCheck.healthyThreshold)
        }
        return targets[index].health != before
    }

    private func mayRoute(to index: Int) -> Bool {
        guard targets[index].isUsed else { return false }
        return targets[index].health == .healthy || isFailOpen
    }

    /// True when no target is healthy and therefore all are used.
    public var isFailOpen: Bool { !targets.contains { $0.isUsed && $0.health == .healthy } }

    /// The target of the next request, round robin; nil (a 503) without targets.
    public mutating func route() -> Int? {
        guard !targets.isEmpty else { return nil }
        for step in 1...targets.count {
            let index = (turn + step) % targets.count
            guard mayRoute(to: index) else { continue }
            turn = index
            return index
        }
        return nil
    }

    private mutating func count(_ index: Int, against: Bool, limit: Int) {
        guard against else {
            targets[index].streak = 0
            return
        }
        targets[index].streak += 1
        guard targets[index].streak >= limit else { return }
        switch targets[index].health {
        case .healthy: turn(index, to: .unhealthy)
        case .initial, .unhealthy: turn(index, to: .healthy)
        }
    }

    private mutating func turn(_ index: Int, to health: Health) {
        targets[index].health = health
        targets[index].streak = 0
    }
}
