import Base
import Cloud
import Results
import Scenarios

extension Summary {
    /// `reproduce` is the command line that leads to this result again, for any host.
    public init(_ result: RunResult, reproduce: String) {
        self.init(
            schema: RunResult.schema,
            scenario: result.scenario.name,
            description: result.scenario.summary,
            seed: result.scenario.seed,
            mode: result.mode,
            partial: result.partial,
            start: Moment(result.scenario.start),
            simulated: ExactNumber(seconds: result.simulated),
            planned: ExactNumber(seconds: result.scenario.duration),
            fingerprint: result.fingerprint,
            region: result.scenario.deployment.region,
            regime: result.scenario.pricing.regime.rawValue,
            budget: Fixed.ratio(Int128(result.scenario.pricing.budgetCents), 100).text(decimals: 2),
            plan: nil,
            reach: nil,
            verdicts: result.verdicts.map(Verdict.init),
            gates: result.gates.map(Gate.init),
            interventions: result.interventions.map(Intervention.init),
            outages: result.outages.map(Outage.init),
            figures: Figures(result.figures),
            assumptions: result.assumptions,
            drawn: result.drawn.map { Drawn(name: $0.name, value: $0.value) },
            fidelity: result.fidelity.map(Fidelity.init),
            series: SeriesHeading(result.series),
            reproduce: reproduce)
    }
}

extension ExactNumber {
    /// Rounded half to even at the microsecond.
    init(seconds interval: Interval) {
        self.init(Fixed.ratio(Int128(interval.nanoseconds), 1_000_000_000))
    }

    /// Held at the ends of what an interval can say.
    var seconds: Interval {
        Interval(nanoseconds: Int64(clamping: value.millionths * 1_000))
    }
}

extension Summary.SeriesHeading {
    init(_ series: Series) {
        step = ExactNumber(seconds: series.step)
        rows = series.rows
        columns = series.columns.map { Column(name: $0.name, unit: $0.unit) }
    }
}

extension Series {
    /// Every column has as many.
    var rows: Int { columns.first?.values.count ?? 0 }
}

extension Summary.Verdict {
    init(_ verdict: Results.Verdict) {
        self.init(
            id: verdict.id,
            criterion: verdict.criterion,
            status: verdict.status,
            value: ExactNumber(verdict.value),
            threshold: ExactNumber(verdict.threshold),
            unit: verdict.unit,
            samples: verdict.samples,
            samplesMin: verdict.samplesMin,
            firstBroken: verdict.firstBroken.map(Moment.init),
            evidence: verdict.evidence,
            remedy: verdict.remedy.map(Summary.Remedy.init),
            disagreement: verdict.disagreement,
            remediesTried: verdict.tried?.map(Summary.Remedy.init))
    }

    /// A search that found nothing, in words.
    static func searched(_ tried: [Summary.Remedy]) -> [String] {
        guard !tried.isEmpty else { return ["no remedy: no change is known that was worth a run"] }
        return ["no remedy: of \(tried.count) tried, none turns it"] + tried.map(\.change)
    }
}

extension Summary.Remedy {
    init(_ remedy: Results.Remedy) {
        self.init(
            change: remedy.change,
            status: remedy.status,
            value: ExactNumber(remedy.value),
            fingerprint: remedy.fingerprint,
            total730h: remedy.total730h)
    }
}

extension Summary.Gate {
    init(_ ruling: GateRuling) {
        self.init(
            metric: ruling.gate.metric,
            aggregate: ruling.gate.aggregate.rawValue,
            comparison: ruling.gate.comparison.rawValue,
            threshold: ExactNumber(ruling.gate.value),
            window: ruling.gate.window.map {
                Summary.Window(
                    from: ExactNumber(seconds: $0.from), until: ExactNumber(seconds: $0.until))
            },
            status: ruling.status,
            value: ruling.value.map(ExactNumber.init),
            samples: ruling.samples)
    }

    /// As a scenario would put it: `p95(cpu) < 80`.
    var rule: String {
        let span = window.map {
            " from \($0.from.seconds.simulatedText) to \($0.until.seconds.simulatedText)"
        }
        return "\(aggregate)(\(metric)) \(comparison) \(threshold.value)\(span ?? "")"
    }
}

extension Summary.Intervention {
    init(_ intervention: Results.Intervention) {
        self.init(
            at: Moment(intervention.at),
            service: intervention.service,
            cause: intervention.cause,
            action: intervention.action)
    }
}

extension Summary.Outage {
    init(_ outage: Results.Outage) {
        self.init(
            service: outage.service,
            isHome: outage.isHome,
            from: Moment(outage.from),
            until: outage.until.map(Moment.init),
            cause: outage.cause,
            healedBy: outage.healedBy)
    }
}

extension Summary.Fidelity {
    init(_ report: FidelityReport) {
        self.init(
            from: Moment(report.from),
            until: Moment(report.until),
            frames: report.frames,
            rows: report.rows.map {
                Row(name: $0.name, fluid: ExactNumber($0.fluid), frame: ExactNumber($0.frame))
            })
    }
}
