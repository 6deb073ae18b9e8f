import Base

/// Load balancer capacity units (LCU), hour by hour.
///
/// In every clock hour the largest of four shares is billed: 25 new connections a second, 3,000
/// active connections in a minute, 1 GB an hour, 1,000 rule evaluations a second with the first ten
/// rules free. Shares are whole counts of `unitsPerLCUHour`, which all four limits divide, so
/// nothing is rounded, whether a gigabyte is decimal or binary.
/// Source: AWS, Elastic Load Balancing pricing, Application Load Balancer LCU details.
public struct CapacityMeter: Sendable, Hashable {
    /// Three thousand connections kept for one hour, in nanoseconds, times 2^14.
    public static let unitsPerLCUHour: Int128 = 10_800_000_000_000_000 << 14
    /// Rules evaluated without charge on each request.
    public static let rulesFree: Int64 = 10

    private static let newConnectionsHour: Int128 = 25 * 3_600
    private static let activeHour: Int128 = 3_000 * 3_600_000_000_000
    private static let evaluationsHour: Int128 = 1_000 * 3_600

    public enum Dimension: Int, Sendable, Hashable, CaseIterable {
        case newConnections, activeConnections, bytes, ruleEvaluations
    }

    /// Bytes in a gigabyte, as the price book has it: 10^9 or 2^30.
    public let gigabyte: Int64
    /// Rules charged on each request: those beyond the free ten.
    public let rulesCharged: Int64
    /// Connections open now.
    public private(set) var active: Int64 = 0
    public private(set) var bytesTotal: Int64 = 0
    public private(set) var connectionsTotal: Int64 = 0
    public private(set) var requestsTotal: Int64 = 0
    private var settled: Int128 = 0
    private var hoursLed: [Int64] = [0, 0, 0, 0]

    private var newConnections: Int64 = 0
    private var activeTime: Int128 = 0
    private var bytes: Int64 = 0
    private var evaluations: Int64 = 0
    private var hourEnd: Instant
    public private(set) var updatedAt: Instant

    public init(rules: Int64, gigabyte: Int64, at now: Instant) {
        check(rules >= 0 && now.nanoseconds >= 0, "a meter out of range")
        check(
            CapacityMeter.unitsPerLCUHour % Int128(gigabyte) == 0, "a gigabyte of \(gigabyte) bytes"
        )
        self.gigabyte = gigabyte
        rulesCharged = max(0, rules - CapacityMeter.rulesFree)
        updatedAt = now
        let hour = Interval.hours(1).nanoseconds
        hourEnd = Instant(nanoseconds: (now.nanoseconds / hour + 1) * hour)
    }

    public mutating func opened(at now: Instant) {
        advance(to: now)
        active += 1
        newConnections += 1
        connectionsTotal += 1
    }

    public mutating func closed(at now: Instant) {
        advance(to: now)
        check(active > 0, "closing a connection that is not open")
        active -= 1
    }

    /// Bytes processed, requests and responses together.
    public mutating func moved(_ count: Int64, at now: Instant) {
        check(count >= 0, "moving \(count) bytes")
        advance(to: now)
        bytes += count
        bytesTotal += count
    }

    public mutating func requested(at now: Instant) {
        advance(to: now)
        evaluations += rulesCharged
        requestsTotal += 1
    }

    public mutating func advance(to now: Instant) {
        check(now >= updatedAt, "time ran backwards")
        while hourEnd <= now {
            integrate(to: hourEnd)
            settleHour()
        }
        integrate(to: now)
    }

    /// LCU-hours so far with the running hour, in `unitsPerLCUHour`ths.
    public var units: Int128 { settled + (shares.max() ?? 0) }

    /// LCU-hours so far in millionths, rounded half to even: for a report.
    public var microLCUHours: Int64 {
        Int64((units * 1_000_000).dividedHalfEven(by: CapacityMeter.unitsPerLCUHour))
    }

    /// In how many finished hours (idle ones left out) this was the dimension billed.
    public func hoursLed(by dimension: Dimension) -> Int64 { hoursLed[dimension.rawValue] }

    private mutating func integrate(to now: Instant) {
        activeTime += Int128(active) &* Int128((now - updatedAt).nanoseconds)
        updatedAt = now
    }

    private mutating func settleHour() {
        let shares = self.shares
        var leader = 0
        for index in shares.indices where shares[index] > shares[leader] { leader = index }
        if shares[leader] > 0 { hoursLed[leader] += 1 }
        settled += shares[leader]
        newConnections = 0
        activeTime = 0
        bytes = 0
        evaluations = 0
        hourEnd += .hours(1)
    }

    /// This hour's four shares, in the order of `Dimension`.
    private var shares: [Int128] {
        let whole = CapacityMeter.unitsPerLCUHour
        return [
            Int128(newConnections) * (whole / CapacityMeter.newConnectionsHour),
            activeTime * (whole / CapacityMeter.activeHour),
            Int128(bytes) * (whole / Int128(gigabyte)),
            Int128(evaluations) * (whole / CapacityMeter.evaluationsHour),
        ]
    }
}
