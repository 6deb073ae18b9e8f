import Base
import Cloud
import Results
import Scenarios

/// Runs a scenario in virtual time and rules on it.
public struct Runner: Sendable {
    public struct Options: Sendable {
        public var fidelity: Fidelity
        /// Whether failed verdicts are followed by a search for what would turn them round.
        public var findsRemedies: Bool
        public var traceHour: Int?
        /// Whether it is ruled at the low end of the costs as well; what differs there is told
        /// beside each verdict. That takes as long as the run, where it has to be run.
        public var comparesLowEnd = true

        public init(fidelity: Fidelity, findsRemedies: Bool, traceHour: Int?) {
            self.fidelity = fidelity
            self.findsRemedies = findsRemedies
            self.traceHour = traceHour
        }
    }

    public enum Fidelity: Sendable, Hashable {
        case fluid
        case frame
        /// Frames for a stretch of a fluid run, as offsets from its start, with real bytes; where
        /// `captures`, their packets are kept.
        case window(RunWindow, captures: Bool)
    }

    /// How far a run is, for whoever waits for it.
    public struct Progress: Sendable {
        public var stage: String
        public var now: Instant
        public var done: Interval
        public var duration: Interval
        public var events: Int64
        public var costSoFar: Fixed
    }

    public struct Outcome: Sendable {
        public var result: RunResult
        /// The inputs of the hour that was asked for, one a line.
        public var trace: [String]
        /// The window's packets, where they were asked for.
        public var capture: Capture?
    }

    /// A pcap file.
    public struct Capture: Sendable {
        public var bytes: [UInt8]
        /// Packets that came after the file was full.
        public var leftOut: Int64
    }

    /// How much simulated time passes between two reports of progress.
    private static let progressStep = Interval.hours(1)

    private let scenario: Scenario
    private let book: PriceBook
    private let options: Options

    /// Nil when there is no price book for the scenario's region.
    public init?(_ scenario: Scenario, _ options: Options) {
        guard let book = PriceBook.shipped(region: scenario.deployment.region) else { return nil }
        self.scenario = scenario
        self.book = book
        self.options = options
    }

    /// Runs to the end, or until `report` returns false; then the result is partial.
    public func run(_ report: (Progress) -> Bool) -> Outcome {
        var world = World(
            scenario, costEnd: .high, traceHour: options.traceHour, book: book)
        let isWhole = Self.drive(&world, scenario, options.fidelity, "high costs", report)
        var result = world.result(isWhole: isWhole, options.fidelity)
        var outcome = Outcome(
            result: result, trace: world.record.trace, capture: world.capture)
        guard isWhole else { return outcome }
        if options.comparesLowEnd {
            if let slack = world.slack {
                result.assumptions.append(slack)
            } else {
                compareLowEnd(&result, report)
            }
        }
        if options.findsRemedies {
            Remedies(scenario, book, result).find(into: &result, report)
        }
        outcome.result = result
        return outcome
    }

    /// Rules again with every cost at the low end of its range. A run by frames is not set against
    /// a fluid one, which may differ by itself: both ends are fluid then.
    private func compareLowEnd(_ result: inout RunResult, _ report: (Progress) -> Bool) {
        var high: [Verdict]? = result.verdicts
        if options.fidelity == .frame { high = fluidVerdicts(.high, report) }
        guard let high, let low = fluidVerdicts(.low, report) else {
            result.partial = "interrupted while ruling at the low end of the cost profiles"
            return
        }
        for index in result.verdicts.indices where low[index].status != high[index].status {
            result.verdicts[index].disagreement =
                "At the low end of the cost profiles the verdict is \(low[index].status.rawValue) "
                + "with \(low[index].value) \(low[index].value.counted(low[index].unit))."
        }
    }

    /// Nil when interrupted.
    private func fluidVerdicts(
        _ costEnd: CostProfile.End, _ report: (Progress) -> Bool
    ) -> [Verdict]? {
        var world = World(scenario, costEnd: costEnd, traceHour: nil, book: book)
        let stage = costEnd == .low ? "low costs" : "high costs, fluid"
        guard Self.drive(&world, scenario, .fluid, stage, report) else { return nil }
        return world.result(isWhole: true, .fluid).verdicts
    }

    static func drive(
        _ world: inout World, _ scenario: Scenario, _ fidelity: Fidelity, _ stage: String,
        _ report: (Progress) -> Bool
    ) -> Bool {
        let end = scenario.start + scenario.duration
        var at = scenario.start
        world.openFrames(fidelity)
        while at < end {
            at = min(end, at + progressStep)
            world.runWithWindow(fidelity, until: at)
            let goesOn = report(
                Progress(
                    stage: stage, now: at, done: at - scenario.start,
                    duration: scenario.duration, events: world.eventsHandled,
                    costSoFar: world.record.billedSoFar))
            guard goesOn else { return false }
        }
        return true
    }
}

extension World {
    /// What waits longer for CPU time may miss a deadline; the shortest that anybody has is the two
    /// seconds of a look at the dashboard.
    private static let waitShort = Interval.milliseconds(500)

    /// Why lower costs cannot rule otherwise; nil where they might.
    ///
    /// Costs act on a run by what is short of CPU time or memory, by the surplus that is billed,
    /// and by deadlines. Where none of that came about at the high end, it does not at the low one.
    fileprivate var slack: String? {
        let surplus = [host.credits, databaseMachine?.credits].contains { credits in
            credits.map { $0.surplusBillable > .zero } ?? false
        }
        guard !surplus, !fluid.capacities[Int(host.cpuCapacity)].wasOver, tally.oomKills == 0,
            tally.connectionsRefused == 0, cpuWaitMax <= Self.waitShort
        else { return nil }
        return "Both ends of the cost profiles rule the same: at the high end media always had the"
            + " CPU time it wanted, memory was never short, the database refused nobody,"
            + " no surplus was charged, and nothing"
            + " waited longer than \(cpuWaitMax.nanoseconds / 1_000_000) ms for CPU time; the low"
            + " end was not run."
    }

    /// The longest that anything waited for CPU time and spent it.
    var cpuWaitMax: Interval { max(host.waitMax, databaseMachine?.cpuWaitMax ?? .zero) }

    /// Ends the run and rules on it.
    mutating func result(isWhole: Bool, _ fidelity: Runner.Fidelity) -> RunResult {
        finish(fidelity)
        let bill = bill(until: queue.now)
        var result = RunResult(
            scenario: scenario, mode: fidelity == .frame ? .frame : .fluid,
            partial: isWhole ? nil : "interrupted at \(CivilTime(queue.now).textUTC)",
            simulated: queue.now - scenario.start, fingerprint: record.digest.hex,
            hours: record.hours, verdicts: verdicts(bill), gates: [], bill: bill,
            interventions: interventions, figures: figures(), series: record.series,
            events: record.entries, drawn: drawn(), assumptions: assumptions(),
            fidelity: windowReport, outages: record.outages)
        result.gates = scenario.gates.map {
            $0.ruling(series: result.series, figures: result.figures)
        }
        return result
    }
}
