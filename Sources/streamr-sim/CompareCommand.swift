import ArgumentParser
import Reports
import Results

/// `streamr-sim compare A B`: exit 0 when within tolerance, 20 when not, 2 when unreadable.
struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Compares the results of two runs, figure by figure and line by line.",
        discussion: """
            Runs of one mode must agree exactly. A fluid run may differ from one by frames by 1 % \
            in bytes and CPU, by 5 % in stall seconds and dropped frames, and by 15 % in the \
            number of stalls. Bills must agree to the cent.
            """)

    @Argument(help: ArgumentHelp("The results folder to compare with.", valueName: "A"))
    var before: String

    @Argument(help: ArgumentHelp("The results folder to be compared.", valueName: "B"))
    var after: String

    @Option(
        help: ArgumentHelp(
            """
            What may differ: a figure, bill.LINE, bill.total730h, verdict.ID, gate.RULE or \
            fingerprint (a * at the end stands for any rest), and by how much: 1%, 0.5 or any.
            """, valueName: "name=value"))
    var tolerance: [String] = []

    @Flag(help: "Print the comparison as JSON.")
    var json = false

    func run() throws {
        let tolerances = try tolerance.map { argument in
            guard let tolerance = Tolerance(argument: argument) else {
                throw Failure.usage(
                    "--tolerance \(argument): expected NAME=1%, NAME=0.5 or NAME=any")
            }
            return tolerance
        }
        let comparison: Comparison
        do {
            comparison = Comparison(
                before: try ResultsFolder.readRulings(before),
                after: try ResultsFolder.readRulings(after), tolerances: tolerances)
        } catch {
            throw Failure.usage(error.description)
        }
        print(json ? try ResultsFolder.text(comparison) : comparison.text, terminator: "")
        var outcome = Outcome()
        outcome.gateOrComparisonFailed = comparison.outside > 0
        try Failure.exit(outcome)
    }
}
