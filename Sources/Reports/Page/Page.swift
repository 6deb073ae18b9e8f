import Base
import Results

/// `report.html`: one file that opens without a network, on paper, on a telephone, read aloud.
///
/// A pure function of the record. Its content security policy forbids every request, so even a
/// mistake here could not fetch anything.
enum Page {
    static func render(_ record: RunRecord) -> String {
        document(
            title: "\(record.summary.scenario): \(Headline(record).text)", skip: "the rulings",
            header: header(record), sections: sections(record), footer: footer(record.summary))
    }

    /// A whole page; `skip` is what its first section is about.
    static func document(
        title: String, skip: String, header: Markup, sections: [Section], footer: Markup
    ) -> String {
        let sections = sections.filter { $0.body != "" }
        let page: Markup = """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <meta http-equiv="Content-Security-Policy" \
            content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
            img-src data:">
            <title>\(title)</title>
            <style>\(Markup(verbatim: stylesheet))</style>
            </head>
            <body>
            <a class="skip" href="#\(sections.first?.id ?? "")">Skip to \(skip)</a>
            \(header)
            <nav aria-label="Contents"><ol>
            \(sections.map { "<li><a href=\"#\($0.id)\">\($0.title)</a></li>" })
            </ol></nav>
            <main>
            \(sections.map(\.markup))
            </main>
            \(footer)
            <script>\(Markup(verbatim: script))</script>
            </body>
            </html>

            """
        return page.text
    }

    /// A part of the page; one without a body is left out.
    struct Section {
        var id: String
        var title: String
        var body: Markup

        var markup: Markup {
            """
            <section id="\(id)" aria-labelledby="\(id)-title">
            <h2 id="\(id)-title">\(title)</h2>
            \(body)
            </section>
            """
        }
    }

    private static func sections(_ record: RunRecord) -> [Section] {
        let summary = record.summary
        return [
            Section(id: "plan", title: "The plan as written", body: plan(summary)),
            Section(
                id: "verdicts",
                title: summary.plan == nil ? "Rulings" : "Rulings on the corrected plan",
                body: verdicts(summary)),
            Section(id: "gates", title: "Gates", body: gates(summary)),
            Section(id: "bill", title: "The bill", body: bill(record)),
            Section(
                id: "network",
                title: summary.plan == nil ? "Who reaches what" : "Who reaches what, as written",
                body: network(record)),
            Section(id: "interventions", title: "When a person was needed", body: people(summary)),
            Section(id: "time", title: "Over time", body: charts(record)),
            Section(
                id: "week", title: "A week of load", body: HeatMap(record.series)?.markup ?? ""),
            Section(id: "fidelity", title: "Fluid against frames", body: fidelity(summary)),
            Section(id: "grounds", title: "What this rests on", body: grounds(summary)),
            Section(id: "events", title: "Event log", body: events(record)),
            Section(id: "reproduce", title: "The same again", body: reproduce(record)),
        ]
    }

    private static func header(_ record: RunRecord) -> Markup {
        let summary = record.summary
        let headline = Headline(record)
        let gated: Markup =
            summary.gates.isEmpty ? "" : fact("Gates", tally(summary.gates.map(\.status)))
        let partial: Markup =
            summary.partial.map {
                "<p class=\"partial\"><strong>Partial results.</strong> \($0)</p>"
            } ?? ""
        return """
            <header class="\(headline.status.rawValue)">
            <p class="kicker">streamr-sim <span aria-hidden="true">·</span> \(summary.scenario)</p>
            <h1>\(headline.text)</h1>
            \(partial)
            <p class="standfirst">\(summary.description)</p>
            <dl class="facts">
            \(fact("Criteria", tally(summary.verdicts.map(\.status))))
            \(gated)
            \(fact("A month of 730 h", "$\(Money.text(record.bill.total730h))"))
            \(fact("Needed a person", times(summary.interventions.count)))
            \(fact("Simulated", "\(summary.simulated.seconds.readable), \(summary.mode.rawValue)"))
            \(fact("From", "\(summary.start.instant.readable) UTC"))
            \(fact("Seed", "\(summary.seed)"))
            </dl>
            </header>
            """
    }

    static func fact(_ name: String, _ value: String) -> Markup {
        "<div><dt>\(name)</dt><dd>\(value)</dd></div>"
    }

    private static func tally(_ statuses: [Status]) -> String {
        [Status.pass, .fail, .inconclusive]
            .map { status in (statuses.count { $0 == status }, status.rawValue) }
            .filter { $0.0 > 0 }
            .map { "\($0.0) \($0.1)" }
            .joined(separator: ", ")
    }

    private static func times(_ count: Int) -> String {
        switch count {
        case 0: "never"
        case 1: "once"
        case 2: "twice"
        case _: "\(count) times"
        }
    }

    private static func footer(_ summary: Summary) -> Markup {
        """
        <footer><p>Simulated results: equal to the byte for the same scenario, seed and version. \
        Fingerprint <code>\(summary.fingerprint)</code>.</p></footer>
        """
    }

    // The pieces that several sections share.

    /// Told by a sign and a word, never by colour alone.
    static func mark(_ status: Status) -> Markup {
        let sign =
            switch status {
            case .pass: "✓"
            case .fail: "✕"
            case .inconclusive: "?"
            }
        return """
            <span class="mark \(status.rawValue)"><span aria-hidden="true">\(sign)</span> \
            \(status.rawValue)</span>
            """
    }

    /// An instant in UTC and as simulated time.
    static func time(_ moment: Moment, from start: Moment) -> Markup {
        let civil = CivilTime(moment.instant)
        return """
            <time datetime="\(moment.text)"><span>\(civil.dateText)</span> \
            <span>\(civil.timeText)</span></time> \
            <span class="after">\((moment.instant - start.instant).simulatedText)</span>
            """
    }

    /// A table whose rows stand as cards on a narrow screen, each cell with its head beside it.
    /// The roles are spelled out because `display: block` would take them away.
    static func table(
        caption: String, heads: [Head], rows: [[Markup]], kind: String, foot: [Markup] = []
    ) -> Markup {
        let end: Markup =
            foot.isEmpty ? "" : "<tfoot role=\"rowgroup\">\n\(foot)\n</tfoot>"
        return """
            <div class="scroll"><table class="\(kind)" role="table">
            <caption>\(caption)</caption>
            <thead role="rowgroup"><tr role="row">
            \(heads.map { "<th role=\"columnheader\" scope=\"col\"\($0.align)>\($0.text)</th>" })
            </tr></thead>
            <tbody role="rowgroup">
            \(rows.map { row($0, heads) })
            </tbody>
            \(end)
            </table></div>
            """
    }

    static func row(_ cells: [Markup], _ heads: [Head], kind: String = "") -> Markup {
        check(cells.count == heads.count, "a cell for each head")
        let kind: Markup = kind.isEmpty ? "" : " class=\"\(kind)\""
        return """
            <tr role="row"\(kind)>
            \(zip(heads, cells).map {
                "<td role=\"cell\" data-head=\"\($0.text)\"\($0.align)>\($1)</td>"
            })
            </tr>
            """
    }

    struct Head {
        var text: String
        /// Numbers are set flush right.
        var isNumber: Bool

        init(_ text: String, number: Bool = false) {
            self.text = text
            isNumber = number
        }

        var align: Markup { isNumber ? " class=\"n\"" : "" }
    }
}
