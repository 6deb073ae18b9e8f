import Base

/// A simulated point of a sweep: who did what where, and what came of it.
public struct FrontierEntry: Sendable, Hashable {
    public var habit: FrontierHabit
    public var place: FrontierPlace
    /// Dollars for 730 hours.
    public var total: Fixed
    /// Criteria that failed, the budget's apart.
    public var failed: [String]
    /// Criteria that were not ruled on, the budget's apart.
    public var open: [String]
    public var fingerprint: String
    /// Names the point on the command line.
    public var point: String

    public init(
        habit: FrontierHabit, place: FrontierPlace, total: Fixed, failed: [String],
        open: [String], fingerprint: String, point: String
    ) {
        self.habit = habit
        self.place = place
        self.total = total
        self.failed = failed
        self.open = open
        self.fingerprint = fingerprint
        self.point = point
    }

    /// Whether every criterion but the budget's is known to hold.
    public var holds: Bool { failed.isEmpty && open.isEmpty }

    /// `$24.10`; from a thousand on without cents.
    var dollars: String {
        "$" + Numbers.grouped(digits: total.text(decimals: total < Fixed(1_000) ? 2 : 0))
    }
}
