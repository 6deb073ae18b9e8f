import Base
import Results

/// What counters and shares are ruled on. Adds up, so that it can be ruled on again.
struct LoadSums: Sendable, Hashable {
    struct Part: Sendable, Hashable {
        var part: Int64
        var whole: Int64
    }

    private var counters: [Int64]
    private var shares: [Part]

    /// A share's whole is named after it.
    private static let wholeSuffix = "_of"

    init(_ tally: Tally) {
        counters = Threshold.Counter.allCases.map { counter in
            switch counter {
            case .bytesSent: tally.bytesSent
            case .bytesReceived: tally.bytesReceived
            case .messagesSent: tally.messagesSent
            case .messagesHeldBack: tally.messagesHeldBack
            case .pictures: tally.pictures
            case .picturesOutOfOrder: tally.picturesOutOfOrder
            case .calls: tally.calls
            case .callsDropped: tally.callsDropped
            }
        }
        shares = Threshold.Share.allCases.map { share in
            switch share {
            case .errors:
                Part(
                    part: tally.failuresSum,
                    whole: tally.attempts + tally.attemptsAgain + tally.present)
            case .httpErrors:
                Part(part: tally.callFailuresSum + tally.callsUnanswered, whole: tally.calls)
            case .picturesLost:
                Part(part: tally.picturesLost, whole: tally.pictures + tally.picturesLost)
            case .checks:
                tally.checks.reduce(into: Part(part: 0, whole: 0)) { sum, check in
                    sum.part += check.passed
                    sum.whole += check.passed + check.failed
                }
            }
        }
    }

    /// Of all these results together.
    init(of results: [LoadResult]) {
        func sum(_ name: String) -> Int64 {
            results.reduce(0) { sum, result in
                let count = result.sums.first { $0.name == name }?.value ?? .zero
                return sum + Int64(clamping: count.millionths / 1_000_000)
            }
        }
        counters = Threshold.Counter.allCases.map { sum($0.rawValue) }
        shares = Threshold.Share.allCases.map {
            Part(part: sum($0.rawValue), whole: sum($0.rawValue + Self.wholeSuffix))
        }
    }

    /// As results keep them.
    var counts: [LoadCount] {
        func count(_ name: String, _ value: Int64) -> LoadCount {
            LoadCount(name: name, unit: "count", value: Fixed(value))
        }
        return zip(Threshold.Counter.allCases, counters).map { count($0.rawValue, $1) }
            + zip(Threshold.Share.allCases, shares).flatMap { share, sum in
                [
                    count(share.rawValue, sum.part),
                    count(share.rawValue + Self.wholeSuffix, sum.whole),
                ]
            }
    }

    subscript(counter: Threshold.Counter) -> Int64 {
        zip(Threshold.Counter.allCases, counters).first { $0.0 == counter }?.1 ?? 0
    }

    subscript(share: Threshold.Share) -> Part {
        zip(Threshold.Share.allCases, shares).first { $0.0 == share }?.1 ?? Part(part: 0, whole: 0)
    }
}
