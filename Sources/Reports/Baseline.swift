import Base
import Results

/// What a shipped scenario is known to result in, and to cost in CPU time and memory: one small
/// file in the repository, `results/baseline/NAME/baseline.json`.
public struct Baseline: Sendable, Hashable, Codable {
    public static let schema = "streamr-sim/baseline/1"
    public static let fileName = "baseline.json"

    public var schema: String
    public var scenario: String
    public var seed: UInt64
    public var fingerprint: String
    public var verdicts: [Ruling]
    public var gates: [Ruling]
    public var total730h: String
    public var totalPeriod: String
    public var lines: [Amount]
    /// The figure `events`; null where the run counts none.
    @OrNull public var events: ExactNumber?
    public var cost: Cost

    public struct Ruling: Sendable, Hashable, Codable {
        public var id: String
        public var status: Status
    }

    public struct Amount: Sendable, Hashable, Codable {
        public var id: String
        public var amount730h: String
    }

    /// Of the whole command, as the operating system accounts for it.
    public struct Cost: Sendable, Hashable, Codable {
        public var cpuMilliseconds: Int64
        public var memoryPeakBytes: Int64
        /// CPU time of a fixed piece of work on the same machine at the same hour; positive.
        public var yardstickMilliseconds: Int64

        public init(cpuMilliseconds: Int64, memoryPeakBytes: Int64, yardstickMilliseconds: Int64) {
            self.cpuMilliseconds = cpuMilliseconds
            self.memoryPeakBytes = memoryPeakBytes
            self.yardstickMilliseconds = yardstickMilliseconds
        }

        /// How many yardsticks long the run was, in thousandths.
        public var cpuInYardsticks: Int64 {
            cpuMilliseconds * 1_000 / max(1, yardstickMilliseconds)
        }

        /// The CPU time as it would be where and when the yardstick takes what it took `other`.
        func cpuMilliseconds(asIn other: Cost) -> Int64 {
            let here = max(1, yardstickMilliseconds)
            return Int64(
                clamping: (Int128(cpuMilliseconds) * Int128(other.yardstickMilliseconds))
                    .dividedHalfEven(by: Int128(here)))
        }
    }

    public init(_ summary: Summary, _ bill: BillSheet, cost: Cost) {
        self.init(
            schema: Self.schema, scenario: summary.scenario, seed: summary.seed,
            fingerprint: summary.fingerprint,
            verdicts: summary.verdicts.map { Ruling(id: $0.id, status: $0.status) },
            gates: summary.gates.map { Ruling(id: $0.rule, status: $0.status) },
            total730h: bill.total730h, totalPeriod: bill.totalPeriod,
            lines: bill.lines.map { Amount(id: $0.id, amount730h: $0.amount730h) },
            events: summary.figures["events"].map(ExactNumber.init), cost: cost)
    }

    private init(
        schema: String, scenario: String, seed: UInt64, fingerprint: String, verdicts: [Ruling],
        gates: [Ruling], total730h: String, totalPeriod: String, lines: [Amount],
        events: ExactNumber?, cost: Cost
    ) {
        self.schema = schema
        self.scenario = scenario
        self.seed = seed
        self.fingerprint = fingerprint
        self.verdicts = verdicts
        self.gates = gates
        self.total730h = total730h
        self.totalPeriod = totalPeriod
        self.lines = lines
        self.events = events
        self.cost = cost
    }
}

/// How much more CPU time or memory a run may take than its baseline: it is too much only when
/// both bounds are passed, so that neither a short run's jitter nor a long run's drift hides.
public struct CostTolerance: Sendable, Hashable {
    public var relative: Share
    public var absolute: Int64

    /// In milliseconds.
    public static let cpu = CostTolerance(relative: .percent(75), absolute: 1_000)
    /// In bytes.
    public static let memory = CostTolerance(relative: .percent(20), absolute: 32 << 20)

    func isExceeded(by value: Int64, over baseline: Int64) -> Bool {
        let more = Int128(value) - Int128(baseline)
        return more > Int128(absolute)
            && more * 1_000_000 > Int128(baseline) * Int128(relative.millionths)
    }
}

/// One thing in which a run differs from its baseline.
public struct BaselineDifference: Sendable, Hashable {
    public var name: String
    public var before: String
    public var after: String
    /// False for what may move, such as less CPU time.
    public var isFailure: Bool
    /// Whether another run may well not show it.
    public var isCost: Bool
}

extension Baseline {
    /// What `measured` has otherwise than this baseline, in the order of the file's fields.
    public func differences(from measured: Baseline) -> [BaselineDifference] {
        var list = Differences()
        list.equal("scenario", scenario, measured.scenario)
        list.equal("seed", "\(seed)", "\(measured.seed)")
        list.equal("fingerprint", fingerprint, measured.fingerprint)
        list.equal("verdict", verdicts.map(\.pair), measured.verdicts.map(\.pair))
        list.equal("gate", gates.map(\.pair), measured.gates.map(\.pair))
        list.equal("bill.total730h", total730h, measured.total730h)
        list.equal("bill.totalPeriod", totalPeriod, measured.totalPeriod)
        list.equal("bill", lines.map(\.pair), measured.lines.map(\.pair))
        list.equal("events", events?.text, measured.events?.text)
        list.cost(
            "CPU time, ms", cost.cpuMilliseconds, measured.cost.cpuMilliseconds(asIn: cost), .cpu)
        list.cost(
            "peak memory, bytes", cost.memoryPeakBytes, measured.cost.memoryPeakBytes, .memory)
        return list.found
    }

    public func isFailed(by measured: Baseline) -> Bool {
        differences(from: measured).contains(where: \.isFailure)
    }

    /// Runs that must fail against this baseline, each with what is wrong with it.
    ///
    /// A gate that lets one of them pass measures nothing, and fails itself.
    public func canaries() -> [(wrong: String, measured: Baseline)] {
        func canary(_ wrong: String, _ spoil: (inout Baseline) -> Void) -> (String, Baseline) {
            var measured = self
            spoil(&measured)
            return (wrong, measured)
        }
        return [
            canary("fingerprint") { $0.fingerprint = String($0.fingerprint.reversed()) + "x" },
            canary("verdicts") { $0.verdicts.append(Ruling(id: "canary", status: .fail)) },
            canary("bill") { $0.total730h += "1" },
            canary("events") {
                $0.events = ExactNumber(Fixed(millionths: ($0.events?.value.millionths ?? 0) ^ 1))
            },
            canary("CPU time") {
                $0.cost.cpuMilliseconds = 2 * $0.cost.cpuMilliseconds + 2_000
            },
            canary("memory") { $0.cost.memoryPeakBytes = 2 * $0.cost.memoryPeakBytes + (64 << 20) },
        ]
    }
}

extension Baseline.Ruling {
    fileprivate var pair: (String, String) { (id, status.rawValue) }
}

extension Baseline.Amount {
    fileprivate var pair: (String, String) { (id, amount730h) }
}

extension ExactNumber {
    fileprivate var text: String { value.description }
}

private struct Differences {
    var found: [BaselineDifference] = []

    mutating func equal(_ name: String, _ before: String?, _ after: String?) {
        guard before != after else { return }
        found.append(
            BaselineDifference(
                name: name, before: before ?? "none", after: after ?? "none", isFailure: true,
                isCost: false))
    }

    mutating func equal(
        _ name: String, _ before: [(String, String)], _ after: [(String, String)]
    ) {
        for (id, value) in before {
            equal("\(name).\(id)", value, after.first { $0.0 == id }?.1)
        }
        for (id, value) in after where !before.contains(where: { $0.0 == id }) {
            equal("\(name).\(id)", nil, value)
        }
    }

    mutating func cost(
        _ name: String, _ before: Int64, _ after: Int64, _ tolerance: CostTolerance
    ) {
        let more = tolerance.isExceeded(by: after, over: before)
        let less = tolerance.isExceeded(by: before, over: after)
        guard more || less else { return }
        found.append(
            BaselineDifference(
                name: name, before: Numbers.grouped(before), after: Numbers.grouped(after),
                isFailure: more, isCost: true))
    }
}
