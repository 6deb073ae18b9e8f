import Base
import Results

/// `frontier.html`: one file that opens without a network, like the report of a run.
struct FrontierPage {
    let record: FrontierRecord

    var text: String {
        Page.document(
            title: record.headline, skip: "the picture", header: header,
            sections: [
                Page.Section(id: "fits", title: "What fits", body: picture),
                Page.Section(id: "border", title: "The border", body: border),
                Page.Section(id: "places", title: "Where it may run", body: places),
                Page.Section(id: "habits", title: "The cheapest for given habits", body: habits),
                Page.Section(id: "reproduce", title: "The same again", body: reproduce),
            ],
            footer: """
                <footer><p>Simulated results: equal to the byte for the same scenario, seed and \
                version.</p></footer>
                """)
    }

    private var header: Markup {
        let fitting = record.entries.count(where: record.fits)
        let holding = record.entries.count(where: \.holds)
        return """
            <header class="\(fitting > 0 ? "pass" : "fail")">
            <p class="kicker">streamr-sim <span aria-hidden="true">·</span> plan frontier \
            <span aria-hidden="true">·</span> \(record.scenario)</p>
            <h1>\(record.headline)</h1>
            <ul class="standfirst">
            \(record.answers.map { "<li>\($0)</li>" })
            </ul>
            <dl class="facts">
            \(Page.fact("Points simulated", Numbers.grouped(Int64(record.entries.count))))
            \(Page.fact("Everything holds at", Numbers.grouped(Int64(holding))))
            \(Page.fact("Of those under budget", Numbers.grouped(Int64(fitting))))
            \(Page.fact("Each simulated for", "\(record.days) d"))
            \(Page.fact("Deployments", Numbers.grouped(Int64(allPlaces.count))))
            </dl>
            </header>
            """
    }

    private var picture: Markup {
        """
        <figure>
        <div class="scroll">\(FrontierDrawing(record: record).svg)</div>
        <figcaption>Across: friends who stream at the same time, each to the scenario’s viewers. \
        Up: hours every evening. In each cell: the month’s bill of the cheapest deployment at \
        which every criterion holds, and its letter.</figcaption>
        </figure>
        """
    }

    private var border: Markup {
        let heads =
            [Page.Head("kbit/s", number: true), Page.Head("Relayed", number: true)]
            + record.friends.map {
                Page.Head($0 == 1 ? "1 friend" : "\($0) friends", number: true)
            }
        let rows = record.rates.flatMap { rate in
            record.relays.map { relay -> [Markup] in
                ["\(Numbers.grouped(Int64(rate)))", "\(relay) %"]
                    + record.friends.map { count in
                        record.longest(friends: count, rate: rate, relay: relay).map {
                            """
                            <b>\($0.habit.hours) h</b> <span class="unit">\($0.dollars)</span>
                            """
                        } ?? "–"
                    }
            }
        }
        return Page.table(
            caption: "The most hours every evening that fit, and what they cost.", heads: heads,
            rows: rows, kind: "cards plain")
    }

    private var allPlaces: [FrontierPlace] {
        record.entries.map(\.place).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }

    /// Each place at the least habits of the sweep, which is what the place itself costs.
    private var places: Markup {
        let ranked = allPlaces.map { place -> (place: FrontierPlace, least: FrontierEntry?) in
            let least = record.entries.filter { $0.place == place && $0.holds }
                .min { $0.total < $1.total }
            return (place, least)
        }.enumerated().sorted { a, b in
            let (x, y) = (a.element.least?.total ?? .max, b.element.least?.total ?? .max)
            return (x, a.offset) < (y, b.offset)
        }.map(\.element)
        return Page.table(
            caption: """
                Each deployment with the least that was asked of it: what is left of \
                \(record.budgetText) is for traffic.
                """,
            heads: [
                Page.Head("Deployment"), Page.Head("At least", number: true), Page.Head("With"),
                Page.Head("Points that fit", number: true), Page.Head("That hold", number: true),
            ],
            rows: ranked.map { place, least in
                let mine = record.entries.filter { $0.place == place }
                let letter = record.letter(place)
                return [
                    "\(letter.isEmpty ? place.text : "\(letter) – \(place.text)")",
                    "\(least?.dollars ?? "nothing holds")",
                    least.map { "\($0.habit.text), \($0.habit.relay) % relayed" }
                        ?? "fails: \(Self.failures(mine))",
                    "\(mine.count(where: record.fits)) of \(mine.count)",
                    "\(mine.count(where: \.holds))",
                ]
            }, kind: "cards plain")
    }

    /// Every criterion that fails or is not ruled on at some point.
    private static func failures(_ entries: [FrontierEntry]) -> String {
        entries.flatMap { $0.failed + $0.open }
            .reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
            .joined(separator: ", ")
    }

    private var habits: Markup {
        let rows = record.friends.flatMap { count in
            record.hours.flatMap { hour in
                record.rates.compactMap { rate -> [Markup]? in
                    guard let best = record.best(friends: count, hours: hour, rate: rate) else {
                        return ["\(count)", "\(hour)", "\(rate)", "none holds", "", "", ""]
                    }
                    return [
                        "\(count)", "\(hour)", "\(Numbers.grouped(Int64(rate)))",
                        record.fits(best) ? "<b>\(best.dollars)</b>" : "\(best.dollars)",
                        "\(best.habit.relay) %", "\(record.letter(best.place))",
                        "<code>\(best.point)</code>",
                    ]
                }
            }
        }
        return """
            <p>Whatever part of the viewers is relayed; in bold what fits.</p>
            <details><summary>\(rows.count) habits</summary>
            \(Page.table(
                caption: "The cheapest deployment at which everything holds.",
                heads: [
                    Page.Head("Friends", number: true), Page.Head("Hours", number: true),
                    Page.Head("kbit/s", number: true), Page.Head("A month", number: true),
                    Page.Head("Relayed", number: true), Page.Head("Where"), Page.Head("Point"),
                ], rows: rows, kind: "plain"))
            </details>
            """
    }

    private var reproduce: Markup {
        """
        <p>The sweep:</p>
        <pre>\(record.command)</pre>
        <p>A point, with its bill and every ruling; <code>frontier.csv</code> has the command of \
        each:</p>
        <pre>\(record.pointCommand)\((record.entries.first(where: record.fits)
            ?? record.entries.first)?.point ?? "")</pre>
        """
    }
}

extension FrontierRecord {
    /// The page and the picture of it alone.
    public var files: [(name: String, text: String)] {
        [
            ("frontier.html", FrontierPage(record: self).text),
            ("frontier.svg", FrontierDrawing(record: self).svg.text), ("frontier.csv", csv),
        ]
    }
}
