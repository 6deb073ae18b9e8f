/// What the command tells the shell: the first of these, in this order, that applies.
///
/// An internal error traps instead (Swift's own exit by signal), so that it is never mistaken
/// for a ruling.
public enum CommandExit: Int32, Sendable, Hashable, CaseIterable {
    /// The outcome could not be written to standard output; what goes to files is in place.
    case outputLost = 1
    case interrupted = 130
    case usage = 2
    case notDeterministic = 30
    case inconclusive = 3
    case serviceAndBudgetFailed = 12
    case serviceFailed = 10
    case budgetFailed = 11
    case gateOrComparisonFailed = 20
    case success = 0

    /// The one verdict that is about money; every other is about the service.
    public static let budgetVerdict = "cost-under-budget"

    /// Whether a run with this code came to its end and was ruled on, whatever the rulings.
    public var isRuled: Bool {
        switch self {
        case .outputLost, .interrupted, .usage, .notDeterministic: false
        case .inconclusive, .serviceAndBudgetFailed, .serviceFailed, .budgetFailed,
            .gateOrComparisonFailed, .success:
            true
        }
    }

    /// The code of a run that got far enough to be ruled on.
    public static func of(_ result: RunResult, interrupted: Bool) -> CommandExit {
        var outcome = Outcome()
        outcome.interrupted = interrupted
        for verdict in result.verdicts { outcome.add(verdict: verdict.id, verdict.status) }
        for ruling in result.gates { outcome.add(gate: ruling.status) }
        return outcome.exit
    }
}

/// What can happen to a command, gathered before the order of the exit codes decides.
public struct Outcome: Sendable, Hashable {
    public var interrupted = false
    /// A wrong command line or scenario file, or a folder that cannot be read.
    public var usage = false
    public var notDeterministic = false
    public var inconclusive = false
    public var serviceFailed = false
    public var budgetFailed = false
    public var gateOrComparisonFailed = false

    public init() {}

    public mutating func add(verdict id: String, _ status: Status) {
        switch status {
        case .pass: break
        case .inconclusive: inconclusive = true
        case .fail where id == CommandExit.budgetVerdict: budgetFailed = true
        case .fail: serviceFailed = true
        }
    }

    public mutating func add(gate status: Status) {
        switch status {
        case .pass: break
        case .inconclusive: inconclusive = true
        case .fail: gateOrComparisonFailed = true
        }
    }

    public var exit: CommandExit {
        if interrupted { return .interrupted }
        if usage { return .usage }
        if notDeterministic { return .notDeterministic }
        if inconclusive { return .inconclusive }
        if serviceFailed && budgetFailed { return .serviceAndBudgetFailed }
        if serviceFailed { return .serviceFailed }
        if budgetFailed { return .budgetFailed }
        if gateOrComparisonFailed { return .gateOrComparisonFailed }
        return .success
    }
}
