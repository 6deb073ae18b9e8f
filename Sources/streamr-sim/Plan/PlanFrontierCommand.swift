import ArgumentParser
import Base
import Cloud
import Foundation
import Reports
import Results
import Scenarios
import Simulation
import Synchronization

/// `streamr-sim plan frontier SCENARIO`: what fits under a budget.
struct PlanFrontierCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "frontier",
        abstract: "Sweeps habits and deployments and shows the border of what fits a budget.",
        discussion: """
            Every point is simulated as the scenario is, with other numbers: on all cores, the \
            same every time, ruled on at the high end of costs. Outcomes are kept in --out as they \
            are found, so a sweep that was interrupted, or gets more points, goes on where it was. \
            Lists are given with commas; what differs in nothing is simulated once. --point \
            simulates one point alone and rules on it as `run` does, with its exit codes.

            Writes frontier.html, frontier.svg and frontier.csv, which has a command for each \
            point. Exit codes: 0 swept, whatever fits; 130 interrupted; 2 usage or scenario.
            """)

    @Argument(help: ArgumentHelp("The scenario to vary.", valueName: "scenario.json"))
    var scenario: String

    @Option(help: "Dollars a month.")
    var budget: Int64 = 30

    @Option(help: "Friends who stream at the same time.")
    var friends = "1,2,3,5,8"

    @Option(help: "Hours on every evening.")
    var hours = "1,2,4,6"

    @Option(help: "Video in kbit/s.")
    var rate = "1500,2500,4000"

    @Option(
        help: """
            Viewers sent to the friends' own nodes, in percent; each stream's viewers are \
            split to the nearest whole one.
            """)
    var relay = "0,33,67,100"

    @Option(
        help: ArgumentHelp(
            "\(FrontierDeployment.allCases.map(\.rawValue).joined(separator: ", ")).",
            valueName: "names"))
    var deployment = "managed,managed-tls-on-instance,containers"

    @Option(help: "Instance types.")
    var machine = "t3.micro"

    @Option(help: "redis, valkey: of a managed cache.")
    var cache = "valkey"

    @Option(help: "Regions with a price book.")
    var region = "eu-west-1"

    @Option(help: "Days to simulate for each point.")
    var days: Int64 = 30

    @Option(help: ArgumentHelp("Where outcomes and reports go.", valueName: "dir"))
    var out = "results/frontier"

    @Option(help: ArgumentHelp("Only this point, as the sweep prints it.", valueName: "point"))
    var point: String?

    static let pointsMax = 20_000
    static let budgetMax: Int64 = 1_000_000

    func run() throws {
        var base = try loadScenario(scenario).scenario
        guard (1...400).contains(days) else { throw Failure.usage("--days \(days): 1 to 400") }
        guard (1...Self.budgetMax).contains(budget) else {
            throw Failure.usage("--budget \(budget): 1 to \(Self.budgetMax)")
        }
        guard !base.streamers.isEmpty, base.streamers.allSatisfy({ !$0.schedule.isEmpty }) else {
            throw Failure.usage("\(scenario) has nobody who streams on a schedule")
        }
        base.duration = .days(days)
        base.pricing.budgetCents = budget * 100
        if let point { return try rule(point, base) }
        try sweep(base)
    }

    private func sweep(_ base: Scenario) throws {
        let points = try self.points()
        do {
            try FileManager.default.createDirectory(
                atPath: out, withIntermediateDirectories: true)
        } catch {
            throw Failure.usage("\(out): \(error.localizedDescription)")
        }
        let interrupt = Interrupt()
        let frontier = Frontier(base: base, points: points, file: "\(out)/\(fileName(base))")
        let meter = Mutex(FrontierMeter(total: points.count))
        let simulated = Mutex(0)
        let outcomes = try frontier.outcomes(
            { before, found in
                meter.withLock { $0.show(before: before, found: found) }
                simulated.withLock { $0 = found }
            }, goesOn: { !interrupt.isRaised })
        meter.withLock { $0.finish(found: simulated.withLock { $0 }) }
        guard let outcomes else {
            Terminal.tell("interrupted: what was found is kept; the same command goes on\n")
            throw ExitCode(CommandExit.interrupted.rawValue)
        }
        let record = FrontierRecord(
            scenario: base.name, budget: Fixed(budget), days: days, wanted: wanted(base),
            entries: zip(points, outcomes).map { FrontierEntry($0, $1) }, command: command,
            pointCommand: "\(start) --point ")
        for file in record.files { try writeFile(file.text, to: "\(out)/\(file.name)") }
        print(record.text + "\nThe picture is in \(out)/frontier.html")
    }

    /// What the scenario asks for by itself.
    private func wanted(_ base: Scenario) -> FrontierHabit {
        let streamer = base.streamers[0]
        return FrontierHabit(
            friends: streamer.count,
            hours: Int(streamer.schedule[0].length.nanoseconds / Interval.hours(1).nanoseconds),
            rate: Int(streamer.media.video.bitsPerSecond / 1_000), relay: 0)
    }

    private var start: String {
        "streamr-sim plan frontier \(scenario) --budget \(budget) --days \(days)"
    }

    private var command: String {
        start
            + " --friends \(friends) --hours \(hours) --rate \(rate) --relay \(relay)"
            + " --deployment \(deployment) --machine \(machine) --cache \(cache) --region \(region)"
    }

    /// Outcomes of another scenario, or of another build, are not this sweep's; another budget's
    /// are.
    private func fileName(_ base: Scenario) -> String {
        var base = base
        base.pricing.budgetCents = 0
        var digest = Digest()
        digest.combine(base.tree.text)
        digest.combine(StreamrSim.version)
        let file = Bundle.main.executablePath.flatMap {
            try? FileManager.default.attributesOfItem(atPath: $0)
        }
        let built = file?[.modificationDate] as? Date
        digest.combine(Int64(built?.timeIntervalSince1970 ?? 0))
        return "points-\(digest.hex.prefix(12)).ndjson"
    }

    private func rule(_ text: String, _ base: Scenario) throws {
        let point: FrontierPoint
        do throws(FrontierPoint.Fault) {
            point = try FrontierPoint(text: text)
        } catch {
            throw Failure.usage("--point \(text): \(error.text)")
        }
        let options = Runner.Options(fidelity: .fluid, findsRemedies: false, traceHour: nil)
        guard let runner = Runner(point.applied(to: base), options) else {
            throw Failure.usage("no price book for region \(point.region)")
        }
        let interrupt = Interrupt()
        let result = runner.run { _ in !interrupt.isRaised }.result
        let record = RunRecord(result, reproduce: "\(start) --point \(text)")
        print(
            TextSummary.render(record, color: Terminal.isColorful, reportPath: nil), terminator: "")
        let end = CommandExit.of(result, interrupted: result.partial != nil)
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
        var seen: Set<FrontierPoint> = []
        return try texts.compactMap { text in
            do throws(FrontierPoint.Fault) {
                let point = try FrontierPoint(text: text)
                return seen.insert(point).inserted ? point : nil
            } catch {
                throw Failure.usage(error.text)
            }
        }
    }
}
