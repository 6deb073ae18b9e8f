import Base

/// The frontier as an SVG: a panel for each bit rate and relay share, friends across and hours up.
///
/// A cell has the bill of the cheapest deployment at which everything holds, and that deployment's
/// letter; a thick line is the border of what fits. It brings its colours for light and dark.
struct FrontierDrawing {
    let record: FrontierRecord

    private static let cell = (width: 56, height: 38)
    /// For the hours beside a panel.
    private static let margin = 40
    private static let gap = 24
    private static let columnsMax = 3
    private static let top = 74
    private static let titleWidth = 210

    private var panelWidth: Int {
        Self.margin + max(Self.titleWidth, record.friends.count * Self.cell.width)
    }
    private var panelHeight: Int { 46 + record.hours.count * Self.cell.height }
    private var columns: Int { min(Self.columnsMax, max(1, record.relays.count)) }
    private var panels: [(rate: Int, relay: Int)] {
        record.rates.flatMap { rate in record.relays.map { (rate, $0) } }
    }

    var svg: Markup {
        let rows = (panels.count + columns - 1) / columns
        let width = max(700, columns * (panelWidth + Self.gap))
        let height = Self.top + rows * (panelHeight + Self.gap) + record.chosen.count * 18 + 12
        return """
            <svg class="frontier" xmlns="http://www.w3.org/2000/svg" \
            viewBox="0 0 \(width) \(height)" width="\(width)" height="\(height)" role="img" \
            aria-label="\(record.headline)">
            <style>\(Markup(verbatim: Self.style))</style>
            <rect class="paper" width="\(width)" height="\(height)"/>
            <text class="head" x="0" y="20">What fits under \(record.budgetText) a month</text>
            \(legend)
            \(panels.enumerated().map { panel($0.element, at: $0.offset) })
            \(key(y: height - record.chosen.count * 18))
            </svg>

            """
    }

    private static let style = """

        .frontier {
          --fits: #bfe0ca; --dear: #f2e0ae; --none: #efc4bd; --word: #1f1e1b; --quiet: #56534c;
          --sheet: #fcfbf8; --edge: #1f1e1b; height: auto;
          max-width: max(100%, 40rem);  /* a telephone scrolls */
        }
        @media (prefers-color-scheme: dark) {
          .frontier {
            --fits: #24563c; --dear: #5d4c16; --none: #632c24; --word: #e7e4dc; --quiet: #b5b2a9;
            --sheet: #15171a; --edge: #e7e4dc;
          }
        }
        .frontier text { font: 12px system-ui, "DejaVu Sans", sans-serif; fill: var(--word); }
        .frontier .head { font-size: 17px; font-weight: 600; }
        .frontier .title { font-weight: 600; }
        .frontier .small { font-size: 11px; fill: var(--quiet); }
        .frontier .n { text-anchor: middle; }
        .frontier .e { text-anchor: end; }
        .frontier .paper { fill: var(--sheet); }
        .frontier .fits { fill: var(--fits); }
        .frontier .dear { fill: var(--dear); }
        .frontier .none { fill: var(--none); }
        .frontier .border {
          fill: none; stroke: var(--edge); stroke-width: 3; stroke-linecap: square;
        }

        """

    private var legend: Markup {
        var x = 0
        var parts: [Markup] = []
        for (kind, words) in [
            ("fits", "fits, and runs around the clock"), ("dear", "holds, but is dearer"),
            ("none", "no deployment holds"),
        ] {
            parts.append(
                """
                <rect class="\(kind)" x="\(x)" y="34" width="16" height="16"/>
                <text x="\(x + 22)" y="46">\(words)</text>
                """)
            x += 40 + words.count * 7
        }
        parts.append("<path class=\"border\" d=\"M\(x) 42h18\"/>")
        parts.append("<text x=\"\(x + 26)\" y=\"46\">the border</text>")
        return "\(parts)"
    }

    private func key(y: Int) -> Markup {
        let lines = record.chosen.enumerated().map { index, place -> Markup in
            "<text class=\"small\" x=\"0\" y=\"\(y + index * 18)\">\(record.letter(place)) – "
                + "\(place.text)</text>"
        }
        return "\(lines)"
    }

    private func panel(_ panel: (rate: Int, relay: Int), at index: Int) -> Markup {
        let x = index % columns * (panelWidth + Self.gap)
        let y = Self.top + index / columns * (panelHeight + Self.gap)
        let left = x + Self.margin
        let bottom = y + 22 + record.hours.count * Self.cell.height
        let relayed = panel.relay == 0 ? "nobody relayed" : "\(panel.relay) % relayed"
        let labels = record.friends.enumerated().map { column, count -> Markup in
            let middle = left + column * Self.cell.width + Self.cell.width / 2
            let who = column == 0 ? (count == 1 ? "1 friend" : "\(count) friends") : "\(count)"
            return "<text class=\"small n\" x=\"\(middle)\" y=\"\(bottom + 15)\">\(who)</text>"
        }
        return """
            <text class="title" x="\(left)" y="\(y + 12)">\(Numbers.grouped(Int64(panel.rate))) \
            kbit/s, \(relayed)</text>
            \(record.hours.indices.map { row(panel, $0, left: left, bottom: bottom) })
            \(labels)
            <path class="border" d="\(border(panel, left: left, bottom: bottom))"/>
            """
    }

    private func habit(_ panel: (rate: Int, relay: Int), _ row: Int, _ column: Int) -> FrontierHabit
    {
        FrontierHabit(
            friends: record.friends[column], hours: record.hours[row], rate: panel.rate,
            relay: panel.relay)
    }

    private func fits(_ panel: (rate: Int, relay: Int), _ row: Int, _ column: Int) -> Bool {
        record.best(habit(panel, row, column)).map(record.fits) ?? false
    }

    private func row(_ panel: (rate: Int, relay: Int), _ row: Int, left: Int, bottom: Int) -> Markup
    {
        let y = bottom - (row + 1) * Self.cell.height
        let cells = record.friends.indices.map { column -> Markup in
            let habit = habit(panel, row, column)
            let (x, best) = (left + column * Self.cell.width, record.best(habit))
            let kind = best.map { record.fits($0) ? "fits" : "dear" } ?? "none"
            let middle = x + Self.cell.width / 2
            let told = best.map { "\($0.dollars), \($0.place.text)" } ?? "nothing holds"
            return """
                <rect class="\(kind)" x="\(x + 1)" y="\(y + 1)" width="\(Self.cell.width - 2)" \
                height="\(Self.cell.height - 2)"><title>\(habit.text), \
                \(FrontierRecord.condition(habit.relay)): \(told)</title></rect>
                <text class="n" x="\(middle)" y="\(y + 17)">\(best?.dollars ?? "–")</text>
                <text class="small n" x="\(middle)" y="\(y + 31)">\
                \(best.map { record.letter($0.place) } ?? "")</text>
                """
        }
        return """
            <text class="small e" x="\(left - 6)" y="\(y + 23)">\(record.hours[row]) h</text>
            \(cells)
            """
    }

    /// Every edge between a cell that fits and one that does not.
    private func border(_ panel: (rate: Int, relay: Int), left: Int, bottom: Int) -> Markup {
        let (width, height) = (Self.cell.width, Self.cell.height)
        var path = "M0 0"
        for row in record.hours.indices {
            for column in record.friends.indices {
                let here = fits(panel, row, column)
                let (x, y) = (left + (column + 1) * width, bottom - (row + 1) * height)
                if column + 1 < record.friends.count, fits(panel, row, column + 1) != here {
                    path += "M\(x) \(y)v\(height)"
                }
                if row + 1 < record.hours.count, fits(panel, row + 1, column) != here {
                    path += "M\(x - width) \(y)h\(width)"
                }
            }
        }
        return Markup(verbatim: path)
    }
}
