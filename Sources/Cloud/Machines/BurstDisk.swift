import Base

/// How fast a volume can be read and written: the volume's own limits under the instance's.
///
/// Four allowances, each a token bucket: the volume's operations and throughput, and the
/// instance's operations and throughput over all its volumes. The slowest rules.
///
/// *gp2*: 3 operations a second per GiB (at least 100, at most 16,000), bursting to 3,000 from a
/// bucket of 5.4 million operations that starts full. *gp3*: 3,000 a second and 125 MiB/s, flat.
/// *Instance*: the maximum for 30 minutes "at least once every 24 hours", then the baseline. AWS
/// does not say how it is earned back; here the bucket holds 30 minutes of (maximum - baseline) and
/// is earned while use is under the baseline.
/// Sources: Amazon EC2 User Guide, ebs-volume-types/general-purpose and ebs-optimized.
public struct BurstDisk: Sendable, Hashable {
    public enum Kind: Sendable, Hashable { case gp2, gp3 }

    /// Operations in a gp2 bucket.
    public static let gp2Bucket: Int64 = 5_400_000
    public static let gp2Burst: Int64 = 3_000
    /// How long an instance may use its maximum.
    public static let instanceBurst = Interval.minutes(30)

    public var volumeOperations: Allowance
    /// Bytes a second.
    public var volumeThroughput: Allowance
    public var instanceOperations: Allowance
    /// Bytes a second.
    public var instanceThroughput: Allowance

    public init(_ kind: Kind, gibibytes: Int64, on type: MachineType, at now: Instant) {
        check(gibibytes > 0, "a volume of \(gibibytes) GiB")
        switch kind {
        case .gp2:
            volumeOperations = BurstDisk.gp2Operations(gibibytes: gibibytes, at: now)
            // 128 MiB/s up to 170 GiB, 250 above (with burst credits below 334 GiB).
            volumeThroughput = .flat((gibibytes <= 170 ? 128 : 250) << 20, at: now)
        case .gp3:
            volumeOperations = .flat(3_000, at: now)
            volumeThroughput = .flat(125 << 20, at: now)
        }
        instanceOperations = BurstDisk.instance(
            baseline: type.diskBaseline.operations, burst: type.diskBurst.operations, at: now)
        instanceThroughput = BurstDisk.instance(
            baseline: type.diskBaseline.throughput, burst: type.diskBurst.throughput, at: now)
    }

    /// Operations a second that may be done now.
    public var operationsAllowed: Int64 {
        min(volumeOperations.allowed, instanceOperations.allowed)
    }

    /// Bytes a second that may be moved now.
    public var throughputAllowed: Int64 {
        min(volumeThroughput.allowed, instanceThroughput.allowed)
    }

    public mutating func advance(to now: Instant) {
        volumeOperations.advance(to: now)
        volumeThroughput.advance(to: now)
        instanceOperations.advance(to: now)
        instanceThroughput.advance(to: now)
    }

    /// Constant use from now on.
    public mutating func setUse(operations: Int64, bytes: Int64, at now: Instant) {
        volumeOperations.setUse(operations, at: now)
        instanceOperations.setUse(operations, at: now)
        volumeThroughput.setUse(bytes, at: now)
        instanceThroughput.setUse(bytes, at: now)
    }

    /// Does this at once and tells how long it takes at the rates allowed before it.
    public mutating func charge(operations: Int64, bytes: Int64, at now: Instant) -> Interval {
        advance(to: now)
        let time = max(
            multiplyDivideUp(operations, 1_000_000_000, operationsAllowed),
            multiplyDivideUp(bytes, 1_000_000_000, throughputAllowed))
        volumeOperations.charge(operations, at: now)
        instanceOperations.charge(operations, at: now)
        volumeThroughput.charge(bytes, at: now)
        instanceThroughput.charge(bytes, at: now)
        return Interval(nanoseconds: time)
    }

    /// When an allowed rate changes if the use stays as it is.
    public func crossing() -> Instant? {
        earliest(
            earliest(volumeOperations.crossing(), volumeThroughput.crossing()),
            earliest(instanceOperations.crossing(), instanceThroughput.crossing()))
    }

    private static func gp2Operations(gibibytes: Int64, at now: Instant) -> Allowance {
        let baseline = min(16_000, max(100, 3 * gibibytes))
        guard baseline < gp2Burst else { return .flat(baseline, at: now) }
        return Allowance(
            baseline: baseline, burst: gp2Burst, capacity: gp2Bucket, release: baseline,
            level: gp2Bucket, at: now)
    }

    private static func instance(baseline: Int64, burst: Int64, at now: Instant) -> Allowance {
        guard burst > baseline else { return .flat(baseline, at: now) }
        let bucket = (burst - baseline) * instanceBurst.wholeSeconds
        return Allowance(
            baseline: baseline, burst: burst, capacity: bucket, release: baseline, level: bucket,
            at: now)
    }
}
