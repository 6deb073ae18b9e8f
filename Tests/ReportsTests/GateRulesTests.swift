import Base
import Results
import Scenarios
import Testing

@Suite("a gate")
struct GateRulesTests {
    /// One row a minute: 1, 2, … 20.
    private static let series = Series(
        start: Instant(nanoseconds: 0), step: .minutes(1),
        columns: [
            Series.Column(name: "cpu", unit: "%", values: (1...20).map { Fixed($0) }),
            Series.Column(name: "thirds", unit: "%", values: [1, 0, 0].map { Fixed($0) }),
            Series.Column(name: "silent", unit: "%", values: []),
            Series.Column(
                name: "huge", unit: "bytes", values: [.max, Fixed(1)]),
        ])

    private func ruling(
        _ metric: String, _ aggregate: GateAggregate, _ comparison: GateComparison,
        millionths: Int128, window: RunWindow? = nil
    ) -> GateRuling {
        Gate(
            metric: metric, aggregate: aggregate, comparison: comparison,
            value: Fixed(millionths: millionths),
            window: window
        ).ruling(series: Self.series, figures: [Figure("events", Fixed(12))])
    }

    @Test(
        "aggregates exactly, percentiles by nearest rank",
        arguments: [
            (GateAggregate.min, 1), (.max, 20), (.sum, 210), (.last, 20), (.p50, 10),
            (.p95, 19), (.p99, 20),
        ] as [(GateAggregate, Int64)])
    func aggregates(aggregate: GateAggregate, expected: Int64) {
        let ruling = ruling("cpu", aggregate, .equal, millionths: Int128(expected) * 1_000_000)
        #expect(ruling.value == Fixed(expected))
        #expect(ruling.status == .pass)
        #expect(ruling.samples == 20)
    }

    @Test("is compared before its value is rounded to be shown")
    func unroundedMean() {
        let ruling = ruling("thirds", .mean, .greater, millionths: 333_333)
        #expect(ruling.value == Fixed(millionths: 333_333))
        #expect(ruling.status == .pass)
        #expect(self.ruling("thirds", .mean, .equal, millionths: 333_333).status == .fail)
    }

    @Test(
        "knows the border of each operator",
        arguments: [
            (GateComparison.less, [true, false, false]), (.lessOrEqual, [true, true, false]),
            (.greater, [false, false, true]), (.greaterOrEqual, [false, true, true]),
            (.equal, [false, true, false]),
        ])
    func operators(comparison: GateComparison, expected: [Bool]) {
        let statuses = [20_000_001, 20_000_000, 19_999_999].map {
            ruling("cpu", .max, comparison, millionths: $0).status
        }
        #expect(statuses == expected.map { $0 ? .pass : .fail })
    }

    @Test("over a window sees the rows that end in it, and no row twice")
    func windows() {
        let first = RunWindow(from: .zero, until: .minutes(5))
        let second = RunWindow(from: .minutes(5), until: .minutes(20))
        let (a, b) = (
            ruling("cpu", .sum, .greater, millionths: 0, window: first),
            ruling("cpu", .sum, .greater, millionths: 0, window: second)
        )
        #expect(a.value == Fixed(15) && a.samples == 5)
        #expect(b.value == Fixed(195) && b.samples == 15)
    }

    @Test("without a sample is inconclusive, never passed")
    func noSamples() {
        let afterTheEnd = RunWindow(from: .hours(1), until: .hours(2))
        let rulings = [
            ruling("no-such-metric", .max, .less, millionths: .max),
            ruling("silent", .mean, .less, millionths: .max),
            ruling("cpu", .max, .less, millionths: .max, window: afterTheEnd),
            ruling("events", .last, .less, millionths: .max, window: afterTheEnd),
            ruling("events", .max, .less, millionths: .max),
        ]
        for ruling in rulings {
            #expect(ruling.status == .inconclusive)
            #expect(ruling.value == nil && ruling.samples == 0)
        }
    }

    @Test("rules on a figure of the summary")
    func figure() {
        #expect(ruling("events", .last, .equal, millionths: 12_000_000).status == .pass)
        #expect(ruling("events", .last, .less, millionths: 12_000_000).status == .fail)
    }

    @Test("does not overflow where the shown value would")
    func overflow() {
        let ruling = ruling("huge", .sum, .greater, millionths: Fixed.max.millionths)
        #expect(ruling.status == .pass)
        #expect(ruling.value == .max)
    }
}

@Suite("an exit code")
struct ExitCodeTests {
    /// The order, as the flags that set each code.
    private static let order: [(any WritableKeyPath<Outcome, Bool> & Sendable, Int32)] = [
        (\.interrupted, 130), (\.usage, 2), (\.notDeterministic, 30), (\.inconclusive, 3),
        (\.serviceFailed, 10), (\.budgetFailed, 11), (\.gateOrComparisonFailed, 20),
    ]

    @Test("is the first that applies, for every set of findings")
    func order() {
        for bits in 0..<(1 << Self.order.count) {
            var outcome = Outcome()
            var expected: Int32 = 0
            for (index, (flag, code)) in Self.order.enumerated().reversed()
            where bits >> index & 1 == 1 {
                outcome[keyPath: flag] = true
                expected = code == 10 && expected == 11 ? 12 : code
            }
            #expect(outcome.exit.rawValue == expected, "\(outcome)")
        }
    }

    @Test("tells the budget's verdict from a service's")
    func verdicts() {
        func code(_ rulings: [(String, Status)], gates: [Status] = []) -> CommandExit {
            var outcome = Outcome()
            for (id, status) in rulings { outcome.add(verdict: id, status) }
            for status in gates { outcome.add(gate: status) }
            return outcome.exit
        }
        let budget = "cost-under-budget"
        #expect(code([("unattended", .pass), (budget, .pass)], gates: [.pass]) == .success)
        #expect(code([("unattended", .fail), (budget, .pass)]) == .serviceFailed)
        #expect(code([("unattended", .pass), (budget, .fail)]) == .budgetFailed)
        #expect(code([("unattended", .fail), (budget, .fail)]) == .serviceAndBudgetFailed)
        #expect(code([(budget, .fail)], gates: [.inconclusive]) == .inconclusive)
        #expect(code([(budget, .pass)], gates: [.fail]) == .gateOrComparisonFailed)
    }
}
