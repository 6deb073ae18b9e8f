import Base

/// The network bandwidth of an instance with a burst allowance, one bucket each way.
///
/// AWS: the bucket starts full, is earned while use is under the baseline, and separate buckets
/// serve in and out; nothing is earned while stopped; bursts are best effort and "typically 5 to 60
/// minutes". Its size is not published, so it is a parameter here and an assumption of the run.
/// Sources: Amazon EC2 User Guide, ec2-instance-network-bandwidth and general-purpose-instances.
public struct NetworkAllowance: Sendable, Hashable {
    /// Bytes a second toward the instance.
    public var inbound: Allowance
    /// Bytes a second from the instance.
    public var outbound: Allowance
    private var isStopped = false

    /// `bucket` bytes each way, full. An emptied bucket allows bursts again after
    /// one second's baseline: an assumption, AWS describes no threshold.
    public init(_ type: MachineType, bucket: Int64, at now: Instant) {
        self.init(
            baseline: type.networkBaseline, burst: type.networkBurst, bucket: bucket, at: now)
    }

    /// A machine given by hand.
    public init(baseline: Int64, burst: Int64, bucket: Int64, at now: Instant) {
        let each = Allowance(
            baseline: baseline, burst: burst, capacity: bucket, release: max(1, baseline),
            level: bucket, at: now)
        inbound = each
        outbound = each
    }

    /// The instance stops: nothing is used, and nothing earned until it starts.
    public mutating func stop(at now: Instant) {
        check(!isStopped, "stopped twice")
        inbound.setUse(0, at: now)
        outbound.setUse(0, at: now)
        isStopped = true
    }

    public mutating func start(at now: Instant) {
        check(isStopped, "started twice")
        inbound.skip(to: now)
        outbound.skip(to: now)
        isStopped = false
    }

    public mutating func advance(to now: Instant) {
        guard !isStopped else { return }
        inbound.advance(to: now)
        outbound.advance(to: now)
    }

    /// When either direction's allowed rate changes if the uses stay as they are.
    public func crossing() -> Instant? {
        isStopped ? nil : earliest(inbound.crossing(), outbound.crossing())
    }
}

/// The earlier of two instants that may never come.
func earliest(_ a: Instant?, _ b: Instant?) -> Instant? {
    guard let a else { return b }
    guard let b else { return a }
    return min(a, b)
}
