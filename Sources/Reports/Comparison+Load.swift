import Base
import Results

extension Comparison {
    /// Why a run and a load, or two loads, cannot be subtracted.
    public struct Mismatch: Error, Sendable, Hashable, CustomStringConvertible {
        public var description: String

        public init(description: String) { self.description = description }
    }

    /// A simulated run and the load that drove the same part of the same scenario.
    ///
    /// Compared are the figures that both have. A load may differ from what was predicted by
    /// anything but what a tolerance says.
    public init(
        before: Summary, after: LoadSummary, tolerances: [Tolerance]
    ) throws(Mismatch) {
        let load = try Self.scenario(of: after)
        guard load.name == before.scenario, load.seed == before.seed else {
            throw Mismatch(
                description: "\(before.scenario) of seed \(before.seed) was simulated, "
                    + "\(load.name) of seed \(load.seed) was driven")
        }
        let (from, length) = (load.fromSeconds.seconds, load.lengthSeconds.seconds)
        guard from == .zero, before.simulated.seconds == length else {
            throw Mismatch(
                description: "\(before.simulated.seconds.readable) were simulated, "
                    + "\(length.readable) from \(from.readable) on were driven; the load's own "
                    + "summary has what is predicted of that part")
        }
        let side = Side(
            scenario: before.scenario, seed: before.seed, mode: before.mode,
            fingerprint: before.fingerprint)
        self.init(side, before.figures.list, Side(load), load.measured, tolerances)
    }

    /// Two loads by one part of one scenario.
    public init(
        before: LoadSummary, after: LoadSummary, tolerances: [Tolerance]
    ) throws(Mismatch) {
        let (first, second) = (try Self.scenario(of: before), try Self.scenario(of: after))
        guard first.name == second.name, first.seed == second.seed,
            first.fromSeconds == second.fromSeconds, first.lengthSeconds == second.lengthSeconds
        else { throw Mismatch(description: "the loads drove different parts of scenarios") }
        self.init(Side(first), first.measured, Side(second), second.measured, tolerances)
    }

    private static func scenario(
        of load: LoadSummary
    ) throws(Mismatch) -> LoadSummary.Scenario {
        guard let scenario = load.scenario else {
            throw Mismatch(description: "the load of \(load.target) drove no scenario")
        }
        return scenario
    }

    private init(
        _ before: Side, _ first: [Figure], _ after: Side, _ second: [Figure],
        _ tolerances: [Tolerance]
    ) {
        schema = Self.schema
        self.before = before
        self.after = after
        rows = first.compactMap { figure in
            second.first { $0.name == figure.name }.map { measured in
                Self.row(figure, measured, tolerances.last { $0.covers(figure.name) })
            }
        }
    }

    private static func row(_ before: Figure, _ after: Figure, _ tolerance: Tolerance?) -> Row {
        let allowed = tolerance?.allowed ?? .any
        return Row(
            subject: .figures, name: before.name, before: before.value.description,
            after: after.value.description,
            difference: ExactNumber(.difference(after.value, before.value)),
            allowed: allowed.description,
            within: allowed.holds(after.value, reference: before.value))
    }
}

extension Comparison.Side {
    fileprivate init(_ load: LoadSummary.Scenario) {
        self.init(scenario: load.name, seed: load.seed, mode: .live, fingerprint: "")
    }
}
