import Base
import Synchronization

/// What is left of a load's ceilings, which all its event loops spend as bytes pass.
///
/// The rate is that of a token bucket: over any time its mean is the ceiling, with one second's
/// worth more at once.
final class Allowance: Sendable {
    private struct Spent {
        var sent: Int64 = 0
        var received: Int64 = 0
        /// Until when the rate has paid for the bytes that passed.
        var paidUntil = Instant(nanoseconds: 0)
        /// Why no more may pass.
        var excess: String?
    }

    private let rate: Rate?
    private let bytes: Int64?
    private let egress: Int64?
    private let whose: String
    private let spent = Mutex(Spent())

    private static let burst = Interval.seconds(1)

    /// A shard may have its part of what the whole may. Nil where nothing bounds it.
    init?(_ ceilings: Ceilings, shards: Int) {
        guard ceilings.rate != nil || ceilings.bytes != nil || ceilings.egress != nil else {
            return nil
        }
        let shards = Int64(shards)
        rate = ceilings.rate.map { Rate(bitsPerSecond: max(1, $0.bitsPerSecond / shards)) }
        bytes = ceilings.bytes.map { $0.bytes / shards }
        egress = ceilings.egress.map { $0.bytes / shards }
        whose = shards > 1 ? ", this shard's part," : ""
    }

    var excess: String? { spent.withLock { $0.excess } }

    /// False once a ceiling is reached.
    func spend(sent: Int, received: Int, at now: Instant) -> Bool {
        spent.withLock { spent in
            spent.sent += Int64(sent)
            spent.received += Int64(received)
            if let rate {
                let cost = multiplyDivide(
                    Int64(sent + received) * 8, 1_000_000_000, rate.bitsPerSecond)
                spent.paidUntil = max(spent.paidUntil, now) + Interval(nanoseconds: cost)
            }
            if spent.excess == nil { spent.excess = excess(spent, at: now) }
            return spent.excess == nil
        }
    }

    private func excess(_ spent: Spent, at now: Instant) -> String? {
        if let bytes, spent.sent + spent.received > bytes {
            return "the ceiling of \(bytes) bytes\(whose) was reached"
        }
        if let egress, spent.received > egress {
            return "the budget\(whose) is spent: the target sent \(spent.received) bytes"
        }
        if let rate, spent.paidUntil - now > Self.burst {
            return "the ceiling of \(rate.bitsPerSecond) bit/s\(whose) was exceeded"
        }
        return nil
    }
}
