import ArgumentParser
import Base
import Cloud
import Foundation
import Plans
import Reports
import Results
import Scenarios
import Simulation

/// `streamr-sim run FILE`: simulate, rule, write the results folder, print the summary.
struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Simulates a scenario and rules on each of the plan's success criteria.",
        discussion: """
            The same scenario, seed and version give the same results to the byte. Progress goes \
            to standard error, the summary to standard output, everything else to the results \
            folder (results/NAME-SEED unless --out says otherwise). Ctrl-C keeps what there is, \
            marked partial.

            Exit codes, the first that applies: 1 standard output cannot be written (the results \
            are in place); 130 interrupted; 2 usage or scenario; 3 inconclusive; 12 a service \
            verdict and the budget failed; 10 a service verdict failed; 11 the budget failed; \
            20 a gate failed; 0.

            A scenario whose templates have errors ends with 10: the summary is that of the \
            corrected plan, and before it stands what is wrong and what becomes of the plan as its \
            errors are fixed one after the other.
            """)

    @Argument(help: ArgumentHelp("The scenario file.", valueName: "scenario.json"))
    var scenario: String

    @Option(help: ArgumentHelp("Where the results go, exactly.", valueName: "dir"))
    var out: String?

    @Option(help: "Replaces the scenario's seed.")
    var seed: UInt64?

    @Option(help: "Replaces the scenario's duration, in days.")
    var days: Int64?

    @Option(help: "fluid, or frame: every audio and video frame of the run is an event.")
    var fidelity = FidelityName.fluid

    @Option(
        help: ArgumentHelp(
            "Frames for a stretch of a fluid run: its start (14d03:20:00) and length (60s).",
            valueName: "start/length"))
    var window: String?

    @Option(
        help: ArgumentHelp(
            "Writes the window's packets to a pcap file: RTMP from its handshake on.",
            valueName: "file"))
    var capture: String?

    @Flag(
        inversion: .prefixedNo, help: "Search for the cheapest change that turns a failure round.")
    var remedies = true

    @Flag(help: "Print summary.json instead of the summary.")
    var json = false

    @Flag(help: "Print neither progress nor summary.")
    var quiet = false

    @Flag(inversion: .prefixedNo, help: "Colours on a terminal.")
    var color = true

    @Option(help: .hidden)
    var traceHour: Int?

    @Option(help: .hidden)
    var traceFile: String?

    enum FidelityName: String, ExpressibleByArgument, CaseIterable { case fluid, frame }

    func run() throws {
        // Whoever stops reading what is shown does not stop the run.
        signal(SIGPIPE, SIG_IGN)
        let (scenario, plan, stages) = try prepared()
        let options = Runner.Options(
            fidelity: try chosenFidelity(scenario), findsRemedies: remedies,
            traceHour: traceHour)
        guard let runner = Runner(scenario, options) else {
            throw Failure.usage(
                "no price book for region \(scenario.deployment.region); there are "
                    + PriceBook.regions.joined(separator: " and "))
        }
        let folder = out ?? "results/\(scenario.name)-\(scenario.seed)"
        do {
            try ResultsFolder.checkWritable(folder)
        } catch {
            throw Failure.usage(error.description)
        }
        let clock = HostClock()
        let interrupt = Interrupt()
        var meter = ProgressMeter(isQuiet: quiet)
        let outcome = runner.run { progress in
            meter.show(progress, elapsed: clock.wall)
            return !interrupt.isRaised
        }
        meter.finish()
        let result = outcome.result
        var record = RunRecord(result, reproduce: reproduce)
        if let plan, stages == nil {
            record.addNetwork(of: plan, running: scenario.deployment)
        } else if let plan {
            record.addNetwork(of: plan)
        }
        if let stages, result.partial == nil {
            note("what becomes of the plan as its errors are fixed one after the other …")
            record.summary.plan = stages.summary(scenario, last: result) { !interrupt.isRaised }
            if record.summary.plan == nil {
                record.summary.partial = "interrupted while the plan's errors were fixed in turn"
            }
        }
        do {
            try ResultsFolder.write(record, host: clock.facts, to: folder)
        } catch {
            throw Failure.usage(error.description)
        }
        try keep(outcome)
        try show(record, folder)
        let end = CommandExit.of(
            result, interrupted: record.summary.partial != nil, isPlanFaulty: stages != nil)
        if end != .success { throw ExitCode(end.rawValue) }
    }

    /// The scenario to run. A plan with errors is not run as it is: its stages say what becomes of
    /// it, and the scenario gets the corrected plan.
    private func prepared() throws -> (Scenario, Plan?, PlanStages?) {
        let file = try loadScenario(self.scenario)
        var scenario = file.scenario
        if let seed { scenario.seed = seed }
        if let days {
            guard (1...400).contains(days) else {
                throw Failure.usage("--days \(days): expected 1 to 400")
            }
            scenario.duration = .days(days)
        }
        guard let plan = file.plan, let stages = PlanStages(plan, scenario) else {
            return (scenario, file.plan, nil)
        }
        if let corrected = stages.stages.last?.deployment { scenario.deployment = corrected }
        return (scenario, plan, stages)
    }

    private func chosenFidelity(_ scenario: Scenario) throws -> Runner.Fidelity {
        guard let window else {
            guard capture == nil else {
                throw Failure.usage("--capture goes with --window: say which stretch")
            }
            return fidelity == .frame ? .frame : .fluid
        }
        guard fidelity == .fluid else {
            throw Failure.usage("--window is for a fluid run; a frame run has frames throughout")
        }
        guard let parsed = WindowArgument.parse(window) else {
            throw Failure.usage(
                "--window \(window): expected START/LENGTH, such as 14d03:20:00/60s")
        }
        guard parsed.until <= scenario.duration else {
            throw Failure.usage("--window \(window): ends after the run")
        }
        return .window(parsed, captures: capture != nil)
    }

    /// The command that gives these results again.
    private var reproduce: String {
        var words = ["streamr-sim", "run", scenario]
        if let seed { words += ["--seed", "\(seed)"] }
        if let days { words += ["--days", "\(days)"] }
        if fidelity == .frame { words += ["--fidelity", "frame"] }
        if let window { words += ["--window", window] }
        if !remedies { words.append("--no-remedies") }
        return ShellWords.text(words)
    }

    private func keep(_ outcome: Runner.Outcome) throws {
        if let traceFile {
            try write(Data((outcome.trace.joined(separator: "\n") + "\n").utf8), to: traceFile)
        }
        guard let capture else { return }
        guard let packets = outcome.capture else {
            return note("\(capture) not written: the run ended before its window did")
        }
        try write(Data(packets.bytes), to: capture)
        if packets.leftOut > 0 {
            note("\(capture) is full: \(packets.leftOut) later packets are not in it")
        }
    }

    private func note(_ message: String) {
        guard !quiet else { return }
        Terminal.tell(message + "\n")
    }

    private func write(_ data: Data, to path: String) throws {
        guard FileManager.default.createFile(atPath: path, contents: data) else {
            throw Failure.usage("cannot write \(path)")
        }
    }

    private func show(_ record: RunRecord, _ folder: String) throws {
        if json {
            try Terminal.show(ResultsFolder.text(record.summary))
        } else if !quiet {
            try Terminal.show(
                TextSummary.render(
                    record, color: color && Terminal.isColorful,
                    reportPath: "\(folder)/\(ResultsFolder.reportName)"))
        }
    }
}

/// Words as a shell takes them apart again (POSIX.1, Shell Command Language, 2.2.2).
enum ShellWords {
    static func text(_ words: [String]) -> String {
        words.map(quoted).joined(separator: " ")
    }

    private static func quoted(_ word: String) -> String {
        let isPlain = word.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || "-._/:=+,@%".utf8.contains(byte)
        }
        guard word.isEmpty || !isPlain else { return word }
        return "'" + word.replacing("'", with: #"'\''"#) + "'"
    }
}

/// `14d03:20:00/60s`: days and a clock time after the run's start, and a length.
enum WindowArgument {
    static func parse(_ text: String) -> RunWindow? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let from = offset(parts[0]), let length = length(parts[1]),
            length > .zero
        else { return nil }
        return RunWindow(from: from, until: from + length)
    }

    static func offset(_ text: Substring) -> Interval? {
        var rest = text
        var days: Int64 = 0
        if let mark = rest.firstIndex(of: "d") {
            guard let count = Int64(rest[..<mark]), (0...400).contains(count) else { return nil }
            days = count
            rest = rest[rest.index(after: mark)...]
        }
        guard !rest.isEmpty else { return .days(days) }
        let clock = rest.split(separator: ":", omittingEmptySubsequences: false).map { Int64($0) }
        guard (2...3).contains(clock.count), let hours = clock[0], let minutes = clock[1],
            let seconds = clock.count == 3 ? clock[2] : 0,
            (0..<24).contains(hours), (0..<60).contains(minutes), (0..<60).contains(seconds)
        else { return nil }
        return .days(days) + .hours(hours) + .minutes(minutes) + .seconds(seconds)
    }

    private static func length(_ text: Substring) -> Interval? {
        let units: [(Character, Interval)] = [
            ("s", .seconds(1)), ("m", .minutes(1)), ("h", .hours(1)), ("d", .days(1)),
        ]
        guard let last = text.last, let unit = units.first(where: { $0.0 == last }),
            let count = Int64(text.dropLast()), (1...100_000).contains(count)
        else { return nil }
        return unit.1 * count
    }
}
