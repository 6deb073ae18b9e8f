import ArgumentParser
import Cloud
import Foundation
import Plans
import Results

/// `streamr-sim plan check TEMPLATE...`: exit 0 when nothing of weight was found, 10 for an error.
struct PlanCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Says what is wrong with a plan, why that matters, and what to write instead.",
        discussion: """
            Exit codes: 0 nothing of weight, 10 a finding of the severity error (or of --fail-on), \
            2 unreadable. Ends of support are ruled on at the day of the price book, so that the \
            same templates give the same findings; --date asks about another day. Rules have \
            stable identifiers: --suppress takes a file of those that are accepted, each with its \
            reason ({"suppress": [{"rule": "ssh-open", "resource": "Stack/Id", "reason": "..."}]}).
            """)

    @OptionGroup var options: PlanOptions

    @Option(help: "text, json, sarif or junit.")
    var format = Format.text

    @Flag(help: "As --format json.")
    var json = false

    @Option(help: "The day that ends of support are ruled on at, such as 2026-11-22.")
    var date: String?

    @Option(help: "The account: paid, or free-plan, which refuses some requests.")
    var account = Question.Account.paid

    @Option(help: ArgumentHelp("Findings that are accepted.", valueName: "file"))
    var suppress: String?

    @Option(help: "The least severity that ends with code 10: error, warning or note.")
    var failOn = Rule.Severity.error

    enum Format: String, ExpressibleByArgument, CaseIterable { case text, json, sarif, junit }

    func run() throws {
        let plan = try options.plan()
        let question = Question(date: date ?? plan.pricesDate(), account: account)
        guard question.date.isDate else {
            throw Failure.usage("--date \(question.date): expected a day such as 2026-11-22")
        }
        let findings = Findings(plan, question, suppressions: try suppressions())
        switch json ? .json : format {
        case .text: print(findings.text(question), terminator: "")
        case .json: print(findings.json(question).text, terminator: "")
        case .sarif: print(findings.sarif.text, terminator: "")
        case .junit: print(findings.junit, terminator: "")
        }
        let weights = Rule.Severity.allCases
        let failing = weights.prefix { $0 != failOn } + [failOn]
        if failing.contains(where: { findings.count($0) > 0 }) {
            throw ExitCode(CommandExit.serviceFailed.rawValue)
        }
    }

    private func suppressions() throws -> [Suppression] {
        guard let suppress else { return [] }
        do throws(SourceFault) {
            switch Suppression.read(try readFile(suppress)) {
            case .success(let suppressions): return suppressions
            case .failure(let faults): throw SourceFault(line: 1, message: faults.description)
            }
        } catch {
            throw Failure.usage("\(suppress): \(error.message)")
        }
    }
}

extension Question.Account: ExpressibleByArgument {}
extension Rule.Severity: ExpressibleByArgument {}

extension Plan {
    /// The day of the region's price book, or of the first one where the region has none.
    func pricesDate() -> String {
        let book = PriceBook.shipped(region: region) ?? PriceBook.shipped(region: "eu-west-1")
        return book?.date ?? ""
    }
}

extension String {
    /// Whether it is an ISO 8601 date, as far as comparing needs.
    var isDate: Bool {
        let parts = split(separator: "-", omittingEmptySubsequences: false)
        return parts.map(\.count) == [4, 2, 2] && parts.allSatisfy { Int($0) != nil }
    }
}
