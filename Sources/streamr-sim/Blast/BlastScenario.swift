import ArgumentParser
import Base
import Cloud
import Load
import Results
import Scenarios
import Simulation

/// Flags that make a load of a part of a scenario.
struct BlastScenario: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Drives a scenario: its friends publish and its viewers come as they do in its "
                + "simulation, instead of --publishers and --players.",
            valueName: "scenario.json"))
    var scenario: String?

    @Option(
        help: ArgumentHelp(
            "How many times as fast its schedule goes, 1 to 100000; media do not.",
            valueName: "times"))
    var speed: Int64 = 1

    @Option(
        help: ArgumentHelp(
            "Where in the scenario it begins; --duration, in its time, says how long it goes.",
            valueName: "14d03:20"))
    var from: String?

    @Option(help: "Replaces the scenario's seed.")
    var seed: UInt64?

    @Flag(
        inversion: .prefixedNo,
        help: "Simulate the same part first, to set what it predicts beside what is measured.")
    var predict = true

    private static let longest = Interval.hours(4)

    /// Nil without a scenario.
    func stretch(duration: String?) throws -> ScenarioStretch? {
        guard let path = scenario else {
            guard speed == 1, from == nil, seed == nil else {
                throw Failure.usage("--speed, --from and --seed are of a --scenario")
            }
            return nil
        }
        var scenario = try loadScenario(path).scenario
        if let seed { scenario.seed = seed }
        let start = try start
        var length = max(.zero, scenario.duration - start)
        if let duration {
            guard let asked = Interval(brief: duration) else {
                throw Failure.usage("--duration \(duration): expected a time such as 90s or 24h")
            }
            length = asked
        }
        guard let stretch = ScenarioStretch(scenario, from: start, length: length, speed: speed)
        else {
            throw Failure.usage(
                "--speed 1 to 100000, and --from and --duration within the scenario's "
                    + "\(scenario.duration.wholeSeconds / 3_600) h")
        }
        guard stretch.duration >= .seconds(1), stretch.duration <= Self.longest else {
            throw Failure.usage(
                "this takes \(stretch.duration.wholeSeconds) s: a load takes 1 s to 4 h; "
                    + "--speed and --duration change it")
        }
        return stretch
    }

    private var start: Interval {
        get throws {
            guard let from else { return .zero }
            guard let start = WindowArgument.offset(from.filter { $0 != " " }[...]) else {
                throw Failure.usage("--from \(from): expected such as 14d03:20")
            }
            return start
        }
    }

    /// What a simulation says of the part: what it counts until the part's end without what it
    /// counts until its beginning.
    func prediction(
        of stretch: ScenarioStretch, isStopped: @escaping () -> Bool
    ) throws -> [Figure] {
        let end = try figures(stretch.scenario, stretch.from + stretch.length, isStopped)
        guard stretch.from > .zero else { return end }
        let before = try figures(stretch.scenario, stretch.from, isStopped)
        return end.compactMap { figure in
            // What is the most of a run says nothing of a part of it.
            guard !figure.name.contains("_max"),
                let sooner = before.first(where: { $0.name == figure.name })
            else { return nil }
            let left = figure.value.millionths - sooner.value.millionths
            return Figure(figure.name, Fixed(millionths: left))
        }
    }

    private func figures(
        _ scenario: Scenario, _ length: Interval, _ isStopped: () -> Bool
    ) throws -> [Figure] {
        var scenario = scenario
        scenario.duration = length
        var options = Runner.Options(fidelity: .fluid, findsRemedies: false, traceHour: nil)
        options.comparesLowEnd = false
        guard let runner = Runner(scenario, options) else {
            throw Failure.usage("no price book for region \(scenario.deployment.region)")
        }
        return runner.run { _ in !isStopped() }.result.figures
    }
}
