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
        /// Whether it is ruled again with every cost at the low end of its range, which takes as
        /// long as the run; what is said to differ there is told beside each verdict.
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
        if options.comparesLowEnd { compareLowEnd(&result, report) }
        if options.findsRemedies {
            Remedies(scenario, book, result).find(into: &result, report)
        }
        outcome.result = result
        return outcome
    }

    /// Rules again with every cost at the low end of its range.
    private func compareLowEnd(_ result: inout RunResult, _ report: (Progress) -> Bool) {
        var world = World(scenario, costEnd: .low, traceHour: nil, book: book)
        guard Self.drive(&world, scenario, .fluid, "low costs", report) else {
            result.partial = "interrupted while ruling at the low end of the cost profiles"
            return
        }
        let low = world.result(isWhole: true, .fluid)
        for index in result.verdicts.indices {
            let other = low.verdicts[index]
            guard other.status != result.verdicts[index].status else { continue }
            result.verdicts[index].disagreement =
                "At the low end of the cost profiles the verdict is \(other.status.rawValue) "
                + "with \(other.value) \(other.unit)."
        }
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
