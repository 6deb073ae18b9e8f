import Base
import Results

/// The report of a load: one file that opens without a network, like that of a run.
enum LoadPage {
    static func render(_ result: LoadResult) -> String {
        Page.document(
            title: "\(result.heading.target): \(headline(result))", skip: "the rulings",
            header: header(result),
            sections: [
                Page.Section(id: "rulings", title: "Rulings", body: rulings(result)),
                Page.Section(
                    id: "predicted", title: "Predicted and measured", body: predicted(result)),
                Page.Section(id: "checks", title: "Checks", body: checks(result)),
                Page.Section(id: "delays", title: "Delays", body: delays(result)),
                Page.Section(id: "failures", title: "What went wrong", body: failures(result)),
                Page.Section(id: "time", title: "Over time", body: charts(result)),
                Page.Section(id: "counts", title: "Counted", body: table(result.counts)),
                Page.Section(
                    id: "generator", title: "The generator itself", body: generator(result)),
                Page.Section(id: "events", title: "Event log", body: events(result)),
            ],
            footer: "<footer><p>Measured on a real host by streamr-sim blast.</p></footer>")
    }

    static func headline(_ result: LoadResult) -> String {
        let failed = result.rulings.count { $0.status == .fail }
        return switch result.status {
        case .pass: "\(result.heading.target) held"
        case .fail where failed == 1: "\(result.heading.target) did not hold: 1 ruling failed"
        case .fail: "\(result.heading.target) did not hold: \(failed) rulings failed"
        case .inconclusive: "Nothing can be said of \(result.heading.target)"
        }
    }

    private static func header(_ result: LoadResult) -> Markup {
        let heading = result.heading
        let partial: Markup =
            result.partial.map {
                "<p class=\"partial\"><strong>Partial results.</strong> \($0)</p>"
            } ?? ""
        let doubts = result.doubts.joined(separator: "; ")
        let standfirst =
            doubts.isEmpty ? "Every packet went to \(heading.address)." : "\(doubts.sentence)."
        let rate = Fixed.ratio(Int128(heading.streamRate.bitsPerSecond), 1_000_000)
        return """
            <header class="\(result.status.rawValue)">
            <p class="kicker">streamr-sim <span aria-hidden="true">·</span> blast</p>
            <h1>\(headline(result)).</h1>
            \(partial)
            <p class="standfirst">\(standfirst)</p>
            <dl class="facts">
            \(Page.fact("Publishers", Numbers.grouped(heading.publishers)))
            \(Page.fact("Players", Numbers.grouped(heading.players)))
            \(Page.fact("A stream", "\(rate.text(decimalsMax: 2)) Mbit/s"))
            \(Page.fact("Length", result.length.readable))
            \(Page.fact("From", "\(result.start.wholeSecond.readable) UTC"))
            \(Page.fact("Went to", heading.address))
            </dl>
            </header>
            """
    }

    private static func rulings(_ result: LoadResult) -> Markup {
        Page.table(
            caption: "No threshold is passed while the figures cannot be believed.",
            heads: [Page.Head("Ruling"), Page.Head("Status"), Page.Head("Evidence")],
            rows: result.rulings.map {
                ["<code>\($0.id)</code>", Page.mark($0.status), "\($0.evidence)"]
            }, kind: "cards")
    }

    private static func checks(_ result: LoadResult) -> Markup {
        guard !result.checks.isEmpty else { return "" }
        return Page.table(
            caption: "What answers should have been; alone a threshold on checks rules on them.",
            heads: [
                Page.Head("Check"), Page.Head("Passed", number: true),
                Page.Head("Failed", number: true),
            ],
            rows: result.checks.map { check in
                [
                    "<code>\(check.name)</code>", "\(Numbers.grouped(check.passed))",
                    "\(Numbers.grouped(check.failed))",
                ]
            }, kind: "plain")
    }

    private static func predicted(_ result: LoadResult) -> Markup {
        guard let scenario = result.scenario else { return "" }
        let speed =
            scenario.speed == 1
            ? "at its own pace" : "\(Numbers.grouped(scenario.speed)) times as fast"
        return """
            <p class="note">\(scenario.length.readable) of \(scenario.name) from \
            \(scenario.from.simulatedText) on, seed \(scenario.seed), \(speed).</p>
            \(Page.table(
                caption: "What a simulation of the same people says, and what came.",
                heads: [
                    Page.Head("Figure"), Page.Head("Predicted", number: true),
                    Page.Head("Measured", number: true), Page.Head("Difference", number: true),
                    Page.Head("Of it", number: true),
                ],
                rows: scenario.pairs.map { name, predicted, measured in
                    [
                        "\(name.replacing("_", with: " "))",
                        predicted.map { "\(Numbers.grouped($0, decimalsMax: 2))" } ?? "–",
                        "\(Numbers.grouped(measured, decimalsMax: 2))",
                    ] + difference(predicted, measured)
                }, kind: "plain"))
            <p class="note">Not driven, or not as it is simulated:</p>
            <ul>\(scenario.omissions.map { "<li>\($0)</li>" as Markup })</ul>
            """
    }

    private static func difference(_ predicted: Fixed?, _ measured: Fixed) -> [Markup] {
        guard let predicted else { return ["–", "–"] }
        let difference = Fixed.difference(measured, predicted)
        let share = Numbers.percent(difference, of: predicted.magnitude, decimals: 2)
        return ["\(Numbers.grouped(difference, decimalsMax: 2))", "\(share)"]
    }

    private static func delays(_ result: LoadResult) -> Markup {
        let warmUp = result.heading.warmUp
        let since = warmUp > .zero ? " The first \(warmUp.readable) are left out." : ""
        return Page.table(
            caption: "In milliseconds, to three digits.\(since)",
            heads: [Page.Head("Delay"), Page.Head("Samples", number: true)]
                + ["Least", "Mean", "p50", "p90", "p95", "p99", "Most"].map {
                    Page.Head($0, number: true)
                },
            rows: result.spreads.filter { $0.count > 0 }.map { spread in
                [
                    "\(spread.name.replacing("_", with: " ")) <small>\(spread.meaning)</small>",
                    "\(Numbers.grouped(spread.count))",
                ]
                    + [
                        spread.least, spread.mean, spread.p50, spread.p90, spread.p95, spread.p99,
                        spread.most,
                    ].map { "\(Numbers.grouped($0, decimalsMax: $0 < Fixed(10) ? 2 : 0))" }
            }, kind: "cards")
    }

    private static func failures(_ result: LoadResult) -> Markup {
        guard !result.failures.isEmpty else { return "" }
        return table(result.failures)
    }

    private static func generator(_ result: LoadResult) -> Markup {
        let doubts: Markup =
            result.doubts.isEmpty ? "" : "<ul>\(result.doubts.map { "<li>\($0)</li>" })</ul>"
        return "\(table(result.generator))\n\(doubts)"
    }

    private static func table(_ counts: [LoadCount]) -> Markup {
        Page.table(
            caption: "Over the whole load.",
            heads: [
                Page.Head("What"), Page.Head("How much", number: true), Page.Head("Unit"),
            ],
            rows: counts.map { count in
                [
                    "\(count.name.replacing("_", with: " "))",
                    "\(Numbers.grouped(count.value, decimalsMax: 2))", "\(count.unit)",
                ]
            }, kind: "plain")
    }

    /// Which columns stand in one picture.
    private static let pictures: [(title: String, names: [String])] = [
        ("Clients", ["publishers", "players"]), ("Media", ["sent", "received"]),
        ("Delivery delay", ["delay_p50", "delay_p95", "delay_p99"]), ("Jitter", ["jitter_p95"]),
        ("Calls answered", ["calls"]),
        ("Delay of calls", ["call_p50", "call_p99", "call_raw_p99"]),
        ("The target from outside", ["target_answer", "target_health"]),
        ("Trouble", ["failures", "stalls", "pictures_lost", "held_back", "looks_missed"]),
        ("The generator's delays", ["send_lateness_p99", "loop_lag_p99"]),
        ("The generator's CPU time", ["generator_cpu"]),
        ("In a connection's buffers", ["unread", "unsent"]),
    ]

    private static func charts(_ result: LoadResult) -> Markup {
        guard result.series.rows > 0 else { return "" }
        let charts = pictures.compactMap { title, names -> Chart? in
            let columns = names.compactMap { name in
                result.series.columns.first { $0.name == name }
            }
            let isEmpty = columns.allSatisfy { $0.values.allSatisfy { $0 == .zero } }
            guard !isEmpty else { return nil }
            return Chart(title: title, unit: columns.first?.unit ?? "", columns: columns)
        }
        return """
            <p class="note">Time is UTC, a sample every second; a second in which nothing was \
            measured counts as zero. What was zero throughout is not drawn.</p>
            <div class="charts">
            \(charts.map { $0.markup(result.series, outages: []) })
            </div>
            """
    }

    private static func events(_ result: LoadResult) -> Markup {
        Page.table(
            caption: "The first of each kind of trouble, by time since the start.",
            heads: [
                Page.Head("After"), Page.Head("What"), Page.Head("Whom"), Page.Head("Detail"),
            ],
            rows: result.events.prefix(eventsMax).map { event in
                let after = ExactNumber(seconds: event.at - result.start).value
                return [
                    "\(after.text(decimals: 1)) s", "\(event.kind)", "\(event.entity)",
                    "\(event.detail)",
                ]
            }, kind: "plain")
    }

    private static let eventsMax = 200
}

extension String {
    /// As a sentence begins.
    fileprivate var sentence: String { prefix(1).uppercased() + dropFirst() }
}

extension Instant {
    fileprivate var wholeSecond: Instant {
        Instant(nanoseconds: nanoseconds - nanoseconds % 1_000_000_000)
    }
}
