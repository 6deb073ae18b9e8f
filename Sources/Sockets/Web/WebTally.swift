import NIOConcurrencyHelpers
import NIOCore

/// What a web port answered since it began.
final class WebTally: Sendable {
    struct Figures: Sendable {
        /// By the status' first digit, 1 to 5.
        var answers: [UInt64] = Array(repeating: 0, count: 6)
        var nanoseconds: UInt64 = 0
    }

    private let box = NIOLockedValueBox(Figures())

    var figures: Figures { box.withLockedValue { $0 } }

    func note(status: Int, took time: TimeAmount) {
        box.withLockedValue { figures in
            figures.answers[min(max(status / 100, 1), 5)] += 1
            figures.nanoseconds += UInt64(max(time.nanoseconds, 0))
        }
    }
}
