import Base
import Results

extension Page {
    static func verdicts(_ summary: Summary) -> Markup {
        guard !summary.verdicts.isEmpty else { return "<p>The run came to no ruling.</p>" }
        return table(
            caption: "One ruling for each success criterion of the plan.",
            heads: [
                Head("Ruling"), Head("Criterion"), Head("Measured", number: true),
                Head("Threshold", number: true), Head("Samples", number: true),
                Head("First broken"),
            ],
            rows: summary.verdicts.map { cells($0, start: summary.start) }, kind: "cards rulings")
    }

    private static func cells(_ verdict: Summary.Verdict, start: Moment) -> [Markup] {
        let few = verdict.samples < verdict.samplesMin
        return [
            mark(verdict.status),
            criterion(verdict),
            "\(Numbers.grouped(verdict.value.value)) <span class=\"unit\">\(verdict.unit)</span>",
            """
            \(Numbers.grouped(verdict.threshold.value)) \
            <span class="unit">\(verdict.unit)</span>
            """,
            few
                ? """
                \(Numbers.grouped(verdict.samples)) \
                <span class="unit">of \(Numbers.grouped(verdict.samplesMin)) needed</span>
                """
                : "\(Numbers.grouped(verdict.samples))",
            verdict.firstBroken.map { time($0, from: start) }
                ?? (verdict.status == .fail
                    ? "<span class=\"unit\">not within the run</span>"
                    : "<span class=\"unit\">never</span>"),
        ]
    }

    /// The criterion in the plan's words, then what the ruling rests on and what would turn it.
    private static func criterion(_ verdict: Summary.Verdict) -> Markup {
        var parts: [Markup] = [
            "<strong>\(verdict.criterion)</strong>", "<p>\(verdict.evidence)</p>",
        ]
        if let other = verdict.disagreement {
            parts.append("<p class=\"doubt\"><b>In doubt.</b> \(other)</p>")
        }
        if let remedy = verdict.remedy {
            parts.append(
                """
                <p class="remedy"><b>Cheapest change.</b> \(remedy.change) \
                <span class="outcome">With only that: \(mark(remedy.status)) at \
                \(Numbers.grouped(remedy.value.value)) \(verdict.unit), \
                $\(Money.text(remedy.total730h)) a month, \
                fingerprint <code>\(String(remedy.fingerprint.prefix(12)))</code>; the scenario is \
                <code>\(ResultsFolder.remedyName(verdict.id))</code></span></p>
                """)
        }
        return "\(parts)"
    }

    static func gates(_ summary: Summary) -> Markup {
        guard !summary.gates.isEmpty else { return "" }
        return table(
            caption: "Conditions that the scenario itself sets.",
            heads: [
                Head("Ruling"), Head("Gate"), Head("Measured", number: true),
                Head("Samples", number: true),
            ],
            rows: summary.gates.map { gate in
                [
                    mark(gate.status), "<code>\(gate.rule)</code>",
                    gate.value.map { "\(Numbers.grouped($0.value))" } ?? "nothing",
                    "\(Numbers.grouped(gate.samples))",
                ]
            }, kind: "cards")
    }

    static func people(_ summary: Summary) -> Markup {
        var parts: [Markup] = []
        if summary.interventions.isEmpty {
            parts.append("<p>Never: whatever broke came back by itself.</p>")
        } else {
            parts.append(
                table(
                    caption: "Moments after which only a person could have brought it back.",
                    heads: [Head("When, UTC"), Head("What"), Head("Cause"), Head("What to do")],
                    rows: summary.interventions.map {
                        [
                            time($0.at, from: summary.start), "<b>\($0.service)</b>",
                            "\($0.cause)", "\($0.action)",
                        ]
                    }, kind: "cards"))
        }
        if !summary.outages.isEmpty { parts.append(outages(summary)) }
        return "\(parts)"
    }

    private static func outages(_ summary: Summary) -> Markup {
        table(
            caption: "Every outage, and what ended it.",
            heads: [
                Head("Away from, UTC"), Head("For", number: true), Head("What"), Head("Cause"),
                Head("Healed by"),
            ],
            rows: summary.outages.map { outage in
                let length = outage.until.map { ($0.instant - outage.from.instant).readable }
                return [
                    time(outage.from, from: summary.start), "\(length ?? "the rest of the run")",
                    "<b>\(outage.service)</b>", "\(outage.cause)",
                    outage.healedBy.map { "\($0)" } ?? "<span class=\"mark fail\">nothing</span>",
                ]
            }, kind: "cards")
    }
}
