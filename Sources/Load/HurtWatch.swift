/// Whether a target is hurt: many of its clients and calls failed within a few seconds.
struct HurtWatch: Sendable {
    private var seconds: [(failures: Int64, answers: Int64)] = []

    private static let length = 10
    private static let failuresMin: Int64 = 5
    /// One in so many.
    private static let share: Int64 = 5

    /// Takes one second's failures and answers, and how many clients there are at its end.
    mutating func isHurt(failures: Int64, answers: Int64, clients: Int64) -> Bool {
        seconds.append((failures, answers))
        if seconds.count > Self.length { seconds.removeFirst() }
        let failed = seconds.reduce(0) { $0 + $1.failures }
        let whole = seconds.reduce(clients + failed) { $0 + $1.answers }
        return failed >= Self.failuresMin && failed * Self.share >= whole
    }
}
