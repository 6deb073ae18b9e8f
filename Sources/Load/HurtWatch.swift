/// Whether a target is hurt: within a few seconds many of its clients and calls failed, or it took
/// little of what publishers had for it, players stood still, or it no longer greets who comes.
struct HurtWatch: Sendable {
    struct Second: Sendable {
        var failures: Int64 = 0
        var answers: Int64 = 0
        /// At its end.
        var clients: Int64 = 0
        var messagesSent: Int64 = 0
        var messagesHeldBack: Int64 = 0
        /// At its end, and those of them that stand still for longer than is nobody's failure.
        var players: Int64 = 0
        var playersStuck: Int64 = 0
        /// From outside, and those of them that were not answered.
        var looks: Int64 = 0
        var looksMissed: Int64 = 0
    }

    private var seconds: [Second] = []

    private static let length = 10
    private static let failuresMin: Int64 = 5
    private static let heldBackMin: Int64 = 100
    /// So many seconds in a row.
    private static let stuckLength = 5
    private static let looksMissedMin: Int64 = 2
    /// One in so many.
    private static let share: Int64 = 5

    /// Takes the next second; says what hurts.
    mutating func take(_ second: Second) -> String? {
        seconds.append(second)
        if seconds.count > Self.length { seconds.removeFirst() }
        func sum(_ part: KeyPath<Second, Int64>) -> Int64 {
            seconds.reduce(0) { $0 + $1[keyPath: part] }
        }
        let failed = sum(\.failures)
        if failed >= Self.failuresMin,
            failed * Self.share >= second.clients + failed + sum(\.answers)
        {
            return "too many of its clients failed"
        }
        let heldBack = sum(\.messagesHeldBack)
        if heldBack >= Self.heldBackMin, heldBack * Self.share >= heldBack + sum(\.messagesSent) {
            return "it takes too little of what publishers send"
        }
        if sum(\.looksMissed) >= Self.looksMissedMin, sum(\.looks) == sum(\.looksMissed) {
            return "it greets nobody who comes"
        }
        let last = seconds.suffix(Self.stuckLength)
        let areStuck = last.allSatisfy {
            $0.playersStuck > 0 && $0.playersStuck * Self.share >= $0.players
        }
        return last.count == Self.stuckLength && areStuck ? "its players stand still" : nil
    }
}
