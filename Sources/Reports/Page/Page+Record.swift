import Base
import Results

extension Page {
    static func charts(_ record: RunRecord) -> Markup {
        let charts = Chart.all(of: record.series)
        guard !charts.isEmpty, record.series.rows > 0 else { return "" }
        let summary = record.summary
        let bands: Markup =
            summary.outages.allSatisfy(\.isHome)
            ? "" : " <span class=\"bandkey\"></span> Shaded: something of the platform was away."
        let strips: Markup =
            summary.outages.contains(where: \.isHome)
            ? " <span class=\"bandkey home\"></span> Along the foot: a friend’s home was away." : ""
        return """
            <p class="note">Time is UTC. Lines are means, the tint around them reaches from the \
            least to the most; a sample is taken every \
            \(record.series.step.readable).\(bands)\(strips)</p>
            <div class="charts">
            \(charts.map { $0.markup(record.series, outages: summary.outages) })
            </div>
            """
    }

    static func fidelity(_ summary: Summary) -> Markup {
        guard let fidelity = summary.fidelity else { return "" }
        let length = (fidelity.until.instant - fidelity.from.instant).readable
        let rows = fidelity.rows.map { row -> [Markup] in
            let (fluid, frame) = (row.fluid.value, row.frame.value)
            let difference = Fixed.difference(fluid, frame)
            return [
                "\(row.name.spaced)", "\(Numbers.grouped(fluid))", "\(Numbers.grouped(frame))",
                "\(Numbers.grouped(difference))",
                "\(frame == .zero ? "–" : Numbers.percent(difference, of: frame.magnitude))",
            ]
        }
        return """
            <p>The same \(length) from \(fidelity.from.instant.readable) UTC, once as flows and \
            once with each of \(Numbers.grouped(fidelity.frames)) frames as an event: how far \
            the fluid result is off.</p>
            \(table(
                caption: "Differences are relative to the frames.",
                heads: [
                    Head("Figure"), Head("Fluid", number: true), Head("Frames", number: true),
                    Head("Difference", number: true), Head("Relative", number: true),
                ], rows: rows, kind: "cards"))
            """
    }

    static func grounds(_ summary: Summary) -> Markup {
        let assumptions: Markup = """
            <h3>Assumptions</h3>
            <ul class="assumptions">
            \(summary.assumptions.map { "<li>\($0)</li>" })
            </ul>
            """
        let drawn = table(
            caption: "What the seed decided, in the order of drawing.",
            heads: [Head("Name"), Head("Value")],
            rows: summary.drawn.map { ["\($0.name)", "\($0.value)"] }, kind: "plain")
        let figures = table(
            caption: "The unit is the end of the name.",
            heads: [Head("Figure"), Head("Value", number: true)],
            rows: summary.figures.list.map {
                ["<code>\($0.name)</code>", "\(Numbers.grouped($0.value, decimalsMax: 6))"]
            }, kind: "plain")
        return """
            \(summary.assumptions.isEmpty ? "" : assumptions)
            \(details("Drawn from the seed", summary.drawn.count, drawn))
            \(details("All figures", summary.figures.list.count, figures))
            """
    }

    static func details(_ title: String, _ count: Int, _ body: Markup) -> Markup {
        guard count > 0 else { return "" }
        return """
            <details><summary>\(title) <span class="unit">\(count)</span></summary>
            \(body)
            </details>
            """
    }

    static func events(_ record: RunRecord) -> Markup {
        guard !record.events.isEmpty else { return "" }
        let digest = EventDigest(record.events)
        let start = record.summary.start
        let rows = digest.shown.map { event -> [Markup] in
            [
                time(Moment(event.at), from: start), "\(event.kind)", "\(event.entity)",
                "\(event.detail)",
            ]
        }
        return """
            <p class="note">\(digest.sentence)</p>
            <form class="filter" id="filter" hidden role="search" aria-label="Filter the events">
            <label>Containing <input type="search" id="filter-text" autocomplete="off"></label>
            <label>Kind <select id="filter-kind"><option value="">all</option>
            \(digest.kinds.map { """
                <option value="\($0.name)">\($0.name) (\($0.shown == $0.count
                    ? "\($0.count)" : "\($0.shown) of \($0.count)"))</option>
                """ as Markup })
            </select></label>
            <output id="filter-count" aria-live="polite"></output>
            </form>
            <details class="log"><summary>\(digest.shown.count) events</summary>
            \(table(
                caption: "The log of state changes, times in UTC and simulated.",
                heads: [Head("When"), Head("Kind"), Head("Who"), Head("What")], rows: rows,
                kind: "plain events"))
            </details>
            """
    }

    static func reproduce(_ record: RunRecord) -> Markup {
        """
        <p>This command gives the same result, to the byte:</p>
        <pre><code>\(record.summary.reproduce)</code></pre>
        <p>Its fingerprint must be <code>\(record.summary.fingerprint)</code>. \
        <code>fingerprint.txt</code> holds its prefix after each of \
        \(Numbers.grouped(Int64(record.hours.count))) simulated hours: the first line that \
        differs names the hour.</p>
        """
    }
}

/// The events that fit the page: every event of the rare kinds, the first of the common ones.
///
/// A month has tens of thousands of ordinary joins and leaves; what a reader looks for is rare.
struct EventDigest {
    struct Kind {
        var name: String
        var count: Int
        var shown: Int
    }

    /// In order of the names.
    private(set) var kinds: [Kind]
    /// In order of the log.
    private(set) var shown: [LogEntry]
    private let total: Int

    /// About 250 kB of page.
    static let shownMax = 1_000

    init(_ events: [LogEntry], shownMax: Int = shownMax) {
        total = events.count
        var places = Lookup<String, Int>()
        kinds = []
        for event in events {
            if let place = places[event.kind] {
                kinds[place].count += 1
            } else {
                places[event.kind] = kinds.count
                kinds.append(Kind(name: event.kind, count: 1, shown: 0))
            }
        }
        kinds.sort { ($0.count, $0.name) < ($1.count, $1.name) }
        var left = shownMax
        for index in kinds.indices {
            // Rare kinds first: each may take an even part of what the rarer ones left.
            let part = left / (kinds.count - index)
            kinds[index].shown = min(kinds[index].count, part)
            left -= kinds[index].shown
        }
        var rest = Lookup<String, Int>()
        for kind in kinds { rest[kind.name] = kind.shown }
        shown = events.filter { event in
            guard let count = rest[event.kind], count > 0 else { return false }
            rest[event.kind] = count - 1
            return true
        }
        kinds.sort { $0.name < $1.name }
        check(shown.count <= shownMax)
    }

    var sentence: String {
        let (all, here) = (Numbers.grouped(Int64(total)), Numbers.grouped(Int64(shown.count)))
        guard shown.count < total else { return "All \(all) events of the run." }
        return "\(here) of \(all) events: all of the rare kinds and the first of the common ones. "
            + "The rest is in events.ndjson beside this page."
    }
}
