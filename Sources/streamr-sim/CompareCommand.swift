import ArgumentParser
import Cloud
import Foundation
import Plans
import Reports
import Results

/// `streamr-sim compare A B`: exit 0 when within tolerance, 20 when not, 2 when unreadable.
struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Compares two runs, figure by figure, or the bills of two plans, line by line.",
        discussion: """
            Runs of one mode must agree exactly. A fluid run may differ from one by frames by 1 % \
            in bytes and CPU, by 5 % in stall seconds and dropped frames, and by 15 % in the \
            number of stalls. Bills must agree to the cent.

            A may be a run and B the load that drove the same part of the scenario (blast \
            --scenario): what both measure is subtracted, and may differ by anything but what \
            --tolerance says. Two loads likewise.

            A and B may both be templates, or folders of them, of two plans for one region: then \
            what is fixed of their bills is compared (plan cost --than has all options).
            """)

    @Argument(help: ArgumentHelp("The results folder or plan to compare with.", valueName: "A"))
    var before: String

    @Argument(help: ArgumentHelp("The results folder or plan to be compared.", valueName: "B"))
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
        if let a = templates(before), let b = templates(after) { return try compare(a, b) }
        let comparison: Comparison
        do throws(ResultsFolder.Failure) {
            comparison = try compared(tolerances)
        } catch {
            throw Failure.usage(error.description)
        }
        try refuseIdle(tolerances, comparison)
        print(json ? try ResultsFolder.text(comparison) : comparison.text, terminator: "")
        var outcome = Outcome()
        outcome.gateOrComparisonFailed = comparison.outside > 0
        try Failure.exit(outcome)
    }

    /// A tolerance that no row has to do with is a slip of the pen.
    private func refuseIdle(_ tolerances: [Tolerance], _ comparison: Comparison) throws {
        let names = comparison.rows.map(\.name)
        guard let idle = tolerances.first(where: { !names.contains(where: $0.covers) }) else {
            return
        }
        let near = nearest(to: idle.name, in: names).map { ", perhaps \($0)" } ?? ""
        throw Failure.usage("--tolerance \(idle.name): nothing compared has that name\(near)")
    }

    private func compared(
        _ tolerances: [Tolerance]
    ) throws(ResultsFolder.Failure) -> Comparison {
        guard let load = try LoadRecord.summary(after) else {
            return Comparison(
                before: try ResultsFolder.readRulings(before),
                after: try ResultsFolder.readRulings(after), tolerances: tolerances)
        }
        do throws(Comparison.Mismatch) {
            if let first = try? LoadRecord.summary(before) {
                return try Comparison(before: first, after: load, tolerances: tolerances)
            }
            guard let run = try? ResultsFolder.readRulings(before) else {
                throw Comparison.Mismatch(description: "no results folder")
            }
            return try Comparison(before: run.0, after: load, tolerances: tolerances)
        } catch {
            throw .cannotRead(path: "\(before) with \(after)", reason: error.description)
        }
    }

    /// The templates at a path; nil where there are none, or a run's results.
    private func templates(_ path: String) -> [String]? {
        let kinds = [".json", ".yaml", ".yml"]
        func isTemplate(_ name: String) -> Bool { kinds.contains { name.hasSuffix($0) } }
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else {
            return isTemplate(path) ? [path] : nil
        }
        guard !names.contains(ResultsFolder.summaryName) else { return nil }
        let found = names.filter(isTemplate).sorted().map { "\(path)/\($0)" }
        return found.isEmpty ? nil : found
    }

    private func compare(_ before: [String], _ after: [String]) throws {
        guard tolerance.isEmpty, !json else {
            throw Failure.usage("--tolerance and --json are for runs, not for plans")
        }
        let plans = try [before, after].map { try PlanOptions.parse($0).plan() }
        guard let book = PriceBook.shipped(region: plans[0].region) else {
            throw Failure.usage("no price book for \(plans[0].region)")
        }
        let costs = plans.map { PlanCost($0, .nothing, at: book, under: .onDemand) }
        print(PlanCost.difference(from: costs[0], to: costs[1]), terminator: "")
        var outcome = Outcome()
        outcome.gateOrComparisonFailed = costs[0].bill.total730h != costs[1].bill.total730h
        try Failure.exit(outcome)
    }
}
