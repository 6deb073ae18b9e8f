import Base

/// What a load may not exceed. Nil is no ceiling: another host than loopback has all but `egress`,
/// which only a budget sets.
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

    /// Why a plan is not even begun; nil if it may.
    func refusal(of plan: LoadPlan) -> String? {
        let web = plan.calls.isEmpty ? 0 : plan.webConnections
        let all = plan.publishers + plan.playersOfAll + web + plan.looks
        if let connections, all > connections {
            return "\(all) connections are more than \(connections); --max-connections allows"
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
        return traffic(of: plan)
    }

    /// The same of what is known of its bytes: media both ways, and requests. Answers have lengths
    /// that only the target knows; they count as they come.
    private func traffic(of plan: LoadPlan) -> String? {
        guard rate != nil || bytes != nil || egress != nil else { return nil }
        let (stream, peak): (Int64, Int64)
        do throws(LoadRun.Refusal) {
            let tapes = try plan.tapes()
            stream = tapes.map(\.rate.bitsPerSecond).max() ?? 0
            peak = tapes.map(\.ratePeak.bitsPerSecond).max() ?? 0
        } catch {
            return error.description
        }
        let received = stream * Int64(plan.playersOfAll)
        let both = stream * Int64(plan.publishers) + received + plan.requestRate.bitsPerSecond
        let most = both + (peak - stream) * Int64(plan.publishers + plan.playersOfAll)
        func bytesOf(_ rate: Int64) -> Int64 {
            multiplyDivide(rate, plan.duration.nanoseconds, 8_000_000_000)
        }
        if let rate, most > rate.bitsPerSecond {
            return "\(most) bit/s are more than \(rate.bitsPerSecond) bit/s; --max-rate allows"
        }
        if let bytes, bytesOf(both) > bytes.bytes {
            return "about \(bytesOf(both)) bytes are more than \(bytes.bytes); --max-bytes allows"
        }
        if let egress, bytesOf(received) > egress.bytes {
            return "the target would send about \(bytesOf(received)) bytes, and the budget "
                + "pays for \(egress.bytes)"
        }
        return nil
    }

    /// What passed before the load is no more to be had; each shard has paid for itself.
    public mutating func pay(_ tally: FetchTally, shards: Int) {
        let (sent, received) = tally.sum
        func left(of ceiling: ByteCount?, without spent: Int) -> ByteCount? {
            ceiling.map { ByteCount(bytes: max(0, $0.bytes - Int64(spent * shards))) }
        }
        bytes = left(of: bytes, without: sent + received)
        egress = left(of: egress, without: received)
    }

    /// The ramp that is kept: slower than asked where the ceilings say so.
    public func ramp(_ asked: Interval, clients: Int) -> Interval {
        guard let clientsPerSecond else { return max(asked, rampMin) }
        let seconds = (clients + clientsPerSecond - 1) / clientsPerSecond
        return max(asked, rampMin, .seconds(Int64(seconds)))
    }
}
