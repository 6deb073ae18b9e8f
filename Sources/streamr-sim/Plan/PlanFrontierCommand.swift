import ArgumentParser
import Base
import Cloud
import Foundation
import Reports
import Results
import Scenarios
import Simulation

/// `streamr-sim plan frontier SCENARIO`: what fits under a budget.
struct PlanFrontierCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "frontier",
        abstract: "Sweeps habits and deployments and shows the border of what fits a budget.",
        discussion: """
            Every point is simulated as the scenario is, with other numbers: on all cores, the \
            same every time. Outcomes are kept in --out as they are found, so an interrupted sweep \
            goes on where it was. Lists are given with commas. --point simulates one point \
            alone and rules on it as `run` does.
            """)

    @Argument(help: ArgumentHelp("The scenario to vary.", valueName: "scenario.json"))
    var scenario: String

    @Option(help: "Dollars a month.")
    var budget = 30

    @Option(help: "Friends who stream at the same time.")
    var friends = "1,2,3,5,8"

    @Option(help: "Hours on every evening.")
    var hours = "1,2,3,4,6"

    @Option(help: "Video in kbit/s.")
    var rate = "1500,2500,4000"

    @Option(help: "Viewers sent to the friends' own nodes, in percent.")
    var relay = "0,100"

    @Option(
        help: ArgumentHelp(
            "\(FrontierDeployment.allCases.map(\.rawValue).joined(separator: ", ")).",
            valueName: "names"))
    var deployment = "managed,managed-tls-on-instance,containers"

    @Option(help: "Instance types.")
    var machine = "t3.micro"

    @Option(help: "redis, valkey.")
    var cache = "valkey"

    @Option(help: "Regions with a price book.")
    var region = "eu-west-1"

    @Option(help: "Days to simulate for each point.")
    var days: Int64 = 30

    @Option(
        help: ArgumentHelp("Where outcomes, frontier.svg and frontier.csv go.", valueName: "dir"))
    var out = "results/frontier"

    @Option(help: ArgumentHelp("Only this point, as the sweep prints it.", valueName: "point"))
    var point: String?

    static let pointsMax = 20_000

    func run() throws {
        var base = try loadScenario(scenario).scenario
        guard (1...400).contains(days) else { throw Failure.usage("--days \(days): 1 to 400") }
        base.duration = .days(days)
        base.pricing.budgetCents = Int64(budget) * 100
        if let point { return try rule(point, base) }
        let points = try self.points()
        try? FileManager.default.createDirectory(
            atPath: out, withIntermediateDirectories: true)
        let interrupt = Interrupt()
        let frontier = Frontier(base: base, points: points, file: "\(out)/\(fileName(base))")
        let total = points.count
        let outcomes = frontier.outcomes { done in
            FileHandle.standardError.write(Data("\r\(done) of \(total) points".utf8))
            return !interrupt.isRaised
        }
        FileHandle.standardError.write(Data("\n".utf8))
        guard let outcomes else { throw ExitCode(CommandExit.interrupted.rawValue) }
        let report = FrontierReport(
            points: points, outcomes: outcomes, budgetCents: base.pricing.budgetCents,
            command: "streamr-sim plan frontier \(scenario) --budget \(budget) --days \(days)")
        try writeFile(report.svg, to: "\(out)/frontier.svg")
        try writeFile(report.csv, to: "\(out)/frontier.csv")
        print(report.text + "\nThe picture is \(out)/frontier.svg", terminator: "\n")
    }

    /// Outcomes of another scenario, or of an older version of this one, are not this sweep's.
    private func fileName(_ base: Scenario) -> String {
        var digest = Digest()
        digest.combine(base.tree.text)
        digest.combine(StreamrSim.version)
        return "points-\(digest.hex.prefix(12)).ndjson"
    }

    private func rule(_ text: String, _ base: Scenario) throws {
        guard let point = FrontierPoint(text: text) else {
            throw Failure.usage("--point \(text): expected a point as the sweep prints it")
        }
        let options = Runner.Options(fidelity: .fluid, findsRemedies: false, traceHour: nil)
        guard let runner = Runner(point.applied(to: base), options) else {
            throw Failure.usage("no price book for region \(point.region)")
        }
        let result = runner.run { _ in true }.result
        let record = RunRecord(
            result, reproduce: "streamr-sim plan frontier \(scenario) --point \(text)")
        print(
            TextSummary.render(record, color: Terminal.isColorful, reportPath: nil), terminator: "")
        let end = CommandExit.of(result, interrupted: false)
        if end != .success { throw ExitCode(end.rawValue) }
    }

    // MARK: The grid

    private func points() throws -> [FrontierPoint] {
        var texts = [""]
        for (name, values) in [
            ("region", region), ("deployment", deployment), ("machine", machine), ("cache", cache),
            ("rate", rate), ("relay", relay), ("friends", friends), ("hours", hours),
        ] {
            let choices = values.split(separator: ",").map(String.init)
            texts = texts.flatMap { text in
                choices.map { text + (text.isEmpty ? "" : ",") + "\(name)=\($0)" }
            }
            guard !choices.isEmpty, texts.count <= Self.pointsMax else {
                throw Failure.usage("at most \(Self.pointsMax) points, and one of each list")
            }
        }
        return try texts.map { text in
            guard let point = FrontierPoint(text: text) else {
                throw Failure.usage("\(text): one of these values is not possible")
            }
            return point
        }
    }
}
