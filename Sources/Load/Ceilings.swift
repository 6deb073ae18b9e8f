import Base

/// What a load may not exceed. Nil is no ceiling, which only loopback has.
public struct Ceilings: Sendable, Hashable {
    public var connections: Int?
    public var duration: Interval?
    /// Both ways together.
    public var rate: Rate?
    /// HTTP calls a second.
    public var calls: Int?
    /// Both ways together.
    public var bytes: ByteCount?
    /// Of what the target sends, which is what its owner pays for.
    public var egress: ByteCount?
    /// The fewest seconds over which clients come, and how many may come in each.
    public var rampMin: Interval
    public var clientsPerSecond: Int?
    /// Whether the load ends once many clients fail.
    public var stopsWhenHurt: Bool

    /// This machine's own affair.
    public static let none = Ceilings(
        connections: nil, duration: nil, rate: nil, calls: nil, bytes: nil, egress: nil,
        rampMin: .zero,
        clientsPerSecond: nil, stopsWhenHurt: false)

    /// About what a group of friends does to its own small host.
    public static let remote = Ceilings(
        connections: 50, duration: .minutes(5), rate: .megabits(100), calls: 20,
        bytes: ByteCount(bytes: 2_000_000_000), egress: nil, rampMin: .seconds(10),
        clientsPerSecond: 5, stopsWhenHurt: true)

    /// A second may have this many times the rate on average: key frames come together.
    private static let burst: Int64 = 2

    /// Why a plan is not even begun; nil if it may.
    func refusal(of plan: LoadPlan) -> String? {
        let web = plan.calls.isEmpty ? 0 : plan.webConnections
        let clients = plan.publishers + plan.playersOfAll + web
        if let connections, clients > connections {
            return "\(clients) connections are more than \(connections); --max-connections allows"
        }
        if let duration, plan.duration > duration {
            return "\(plan.duration.wholeSeconds) s are longer than \(duration.wholeSeconds) s; "
                + "--max-duration allows"
        }
        if let calls, plan.callRate > Fixed(calls) {
            return "\(plan.callRate) calls a second are more than \(calls); --max-calls allows"
        }
        if let left = plan.callersRate, left <= .zero, plan.hasCallers {
            return "\(plan.callRate) calls a second leave none to callers; --max-calls allows"
        }
        if let rate, plan.rate > rate {
            return "\(plan.rate.bitsPerSecond) bit/s are more than \(rate.bitsPerSecond) bit/s; "
                + "--max-rate allows"
        }
        let seconds = plan.duration.wholeSeconds
        if let bytes, total(plan.rate, seconds) > bytes.bytes {
            return "about \(total(plan.rate, seconds)) bytes are more than \(bytes.bytes); "
                + "--max-bytes allows"
        }
        let received = Rate(
            bitsPerSecond: plan.streamRate.bitsPerSecond * Int64(plan.playersOfAll))
        if let egress, total(received, seconds) > egress.bytes {
            return "the target would send about \(total(received, seconds)) bytes, and the budget "
                + "pays for \(egress.bytes)"
        }
        return nil
    }

    private func total(_ rate: Rate, _ seconds: Int64) -> Int64 {
        multiplyDivide(rate.bitsPerSecond, seconds, 8)
    }

    /// Why a load must end at once; nil if it may go on. `second` are the bytes of the last.
    /// A shard may have its part of what the whole may.
    func excess(sent: Int64, received: Int64, second: Int64, shards: Int) -> String? {
        let shards = Int64(shards)
        let whose = shards > 1 ? ", this shard's part," : ""
        if let bytes, sent + received > bytes.bytes / shards {
            return "the ceiling of \(bytes.bytes / shards) bytes\(whose) was reached"
        }
        if let egress, received > egress.bytes / shards {
            return "the budget\(whose) is spent: the target sent \(received) bytes"
        }
        if let rate, second * 8 > rate.bitsPerSecond / shards * Self.burst {
            return "the ceiling of \(rate.bitsPerSecond / shards) bit/s\(whose) was exceeded"
        }
        return nil
    }

    /// The ramp that is kept: slower than asked where the ceilings say so.
    public func ramp(_ asked: Interval, clients: Int) -> Interval {
        guard let clientsPerSecond else { return max(asked, rampMin) }
        let seconds = (clients + clientsPerSecond - 1) / clientsPerSecond
        return max(asked, rampMin, .seconds(Int64(seconds)))
    }
}
