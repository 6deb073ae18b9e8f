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
            measured(verdict.value.value, verdict.unit),
            measured(verdict.threshold.value, verdict.unit),
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

    private static func measured(_ value: Fixed, _ unit: String) -> Markup {
        """
        \(Numbers.grouped(value)) <span class="unit">\(Numbers.unit(unit, of: value))</span>
        """
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
                \(Numbers.measured(remedy.value.value, verdict.unit)), \
                $\(Money.text(remedy.total730h)) a month, \
                fingerprint <code>\(String(remedy.fingerprint.prefix(12)))</code>; the scenario is \
                <code>\(ResultsFolder.remedyName(verdict.id))</code></span></p>
                """)
        }
        if let tried = verdict.remediesTried { parts.append(searched(tried, verdict.unit)) }
        return "\(parts)"
    }

    private static func searched(_ tried: [Summary.Remedy], _ unit: String) -> Markup {
        guard !tried.isEmpty else {
            return """
                <p class="remedy"><b>No remedy found.</b> No change is known that was worth a \
                run.</p>
                """
        }
        let rows: [Markup] = tried.map {
            """
            <br>\($0.change) <span class="outcome">\(mark($0.status)) at \
            \(Numbers.measured($0.value.value, unit)), $\(Money.text($0.total730h)) a month</span>
            """
        }
        return """
            <p class="remedy"><b>No remedy found.</b> Of \(tried.count) tried, none turns it: \
            \(rows)</p>
            """
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
        parts += [services(summary), homes(summary)]
        return "\(parts)"
    }

    private static let outageHeads = [
        Head("Away from, UTC"), Head("For", number: true), Head("What"), Head("Cause"),
        Head("Healed by"),
    ]

    private static func services(_ summary: Summary) -> Markup {
        let outages = summary.outages.filter { !$0.isHome }
        guard !outages.isEmpty else { return "" }
        return table(
            caption: "Every outage of the platform, and what ended it.", heads: outageHeads,
            rows: outages.map { outage in
                let length = outage.until.map { ($0.instant - outage.from.instant).readable }
                return [
                    time(outage.from, from: summary.start), "\(length ?? "the rest of the run")",
                    "<b>\(outage.service)</b>", "\(outage.cause)", healer(outage),
                ]
            }, kind: "cards")
    }

    private static func healer(_ outage: Summary.Outage) -> Markup {
        outage.healedBy.map { "\($0)" } ?? "<span class=\"mark fail\">nothing</span>"
    }

    /// More are in summary.json.
    private static let homesMax = 100

    /// Homes go away often: what has one home and one cause is one row.
    private static func homes(_ summary: Summary) -> Markup {
        var places = Lookup<String, Int>()
        var groups: [[Summary.Outage]] = []
        for outage in summary.outages where outage.isHome {
            let name = "\(outage.service) \(outage.cause)"
            if let place = places[name] {
                groups[place].append(outage)
            } else {
                places[name] = groups.count
                groups.append([outage])
            }
        }
        guard !groups.isEmpty else { return "" }
        let end = summary.start.instant + summary.simulated.seconds
        let rows = groups.prefix(homesMax).map { group -> [Markup] in
            let length = group.reduce(Interval.zero) {
                $0 + (($1.until?.instant ?? end) - $1.from.instant)
            }
            let count = group.count == 1 ? "" : ", \(group.count) times"
            return [
                time(group[0].from, from: summary.start), "\(length.readable)",
                "the home of <b>\(group[0].service)</b>", "\(group[0].cause)\(count)",
                healer(group[group.count - 1]),
            ]
        }
        let left = groups.count - rows.count
        let more = left > 0 ? " \(left) more are in summary.json." : ""
        return table(
            caption: """
                Friends’ homes that were away, which is no outage of the platform: the first time, \
                and how long in all.\(more)
                """, heads: outageHeads, rows: rows, kind: "cards")
    }
}
