/// Whether a target is hurt: many of its clients failed within a few seconds.
struct HurtWatch: Sendable {
    private var seconds: [Int64] = []

    private static let length = 10
    private static let failuresMin: Int64 = 5
    /// One in so many clients.
    private static let share: Int64 = 5

    /// Takes one second's failures and how many clients there are at its end.
    mutating func isHurt(failures: Int64, clients: Int64) -> Bool {
        seconds.append(failures)
        if seconds.count > Self.length { seconds.removeFirst() }
        let sum = seconds.reduce(0, +)
        return sum >= Self.failuresMin && sum * Self.share >= clients + sum
    }
}
