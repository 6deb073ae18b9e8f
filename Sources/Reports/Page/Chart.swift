import Base
import Results

/// One chart of the page: up to four columns of one unit over the whole run.
///
/// The drawing is an SVG that stretches to its frame; the labels are HTML over it, so that they
/// keep their size on a telephone. Coordinates are integers.
struct Chart {
    var title: String
    var unit: String
    var columns: [Series.Column]

    static let columnsMax = 4

    private static let width: Int64 = 7_200
    private static let height: Int64 = 2_000

    /// `outages` are drawn as shaded bands, homes' as strips along the foot. Empty where there is
    /// not a row to draw.
    func markup(_ series: Series, outages: [Summary.Outage]) -> Markup {
        let drawn = columns.compactMap { column in
            Envelope(column.values).map { (column: column, envelope: $0) }
        }
        guard !drawn.isEmpty else { return "" }
        let least = drawn.map(\.envelope.least).min() ?? .zero
        let most = drawn.map(\.envelope.most).max() ?? .zero
        let values = ValueAxis(least: least, most: most)
        let end = series.start + series.step * Int64(series.rows)
        let times = TimeAxis(from: series.start, until: end)
        let words = drawn.map { spoken($0.column, $0.envelope) }.joined(separator: "; ")
        return """
            <figure class="chart">
            <figcaption><h3>\(title) <span class="unit">\(unit)</span></h3>
            <ul class="legend">
            \(drawn.enumerated().map { legend($0.offset, $0.element.column, $0.element.envelope) })
            </ul></figcaption>
            <div class="plot" role="img" aria-label="\(title) in \(unit). \(words).">
            <svg viewBox="0 0 \(Self.width) \(Self.height)" preserveAspectRatio="none" \
            aria-hidden="true">
            \(outages.filter { !$0.isHome }.map { band($0, times) })
            \(strips(outages.filter(\.isHome), times))
            \(values.ticks.map { gridline($0, values) })
            \(drawn.enumerated().map { lines($0.offset, $0.element.envelope, values) })
            </svg>
            \(values.ticks.map { label($0, values) })
            \(times.ticks.enumerated().map { label($0.offset, $0.element, times) })
            </div>
            </figure>
            """
    }

    private func spoken(_ column: Series.Column, _ envelope: Envelope) -> String {
        "\(column.name): least \(Numbers.grouped(envelope.least)), "
            + "mean \(Numbers.grouped(envelope.mean)), most \(Numbers.grouped(envelope.most))"
    }

    private func legend(_ index: Int, _ column: Series.Column, _ envelope: Envelope) -> Markup {
        let last = column.values.last ?? .zero
        return """
            <li><i class="key s\(index)"></i>\(column.name.spaced) \
            <span>mean \(Numbers.grouped(envelope.mean, decimalsMax: 1)) · \
            most \(Numbers.grouped(envelope.most, decimalsMax: 1)) · \
            last \(Numbers.grouped(last, decimalsMax: 1))</span></li>
            """
    }

    private func band(_ outage: Summary.Outage, _ times: TimeAxis) -> Markup {
        let (from, until) = stretch(outage, times)
        return """
            <rect class="away" x="\(from)" y="0" width="\(until - from)" height="\(Self.height)"/>
            """
    }

    /// Homes' outages, along the foot: many and short, so those that touch are drawn as one.
    private func strips(_ outages: [Summary.Outage], _ times: TimeAxis) -> [Markup] {
        var strips: [(from: Int64, until: Int64)] = []
        for outage in outages {
            let (from, until) = stretch(outage, times)
            if let last = strips.last, from <= last.until {
                strips[strips.count - 1].until = max(last.until, until)
            } else {
                strips.append((from, until))
            }
        }
        let height = Self.height / 16
        return strips.map { strip in
            """
            <rect class="home" x="\(strip.from)" y="\(Self.height - height)" \
            width="\(strip.until - strip.from)" height="\(height)"/>
            """
        }
    }

    /// A short outage stays visible.
    private func stretch(
        _ outage: Summary.Outage, _ times: TimeAxis
    ) -> (from: Int64, until: Int64) {
        let from = times.offset(outage.from.instant, units: Self.width)
        let until = times.offset(outage.until?.instant ?? times.until, units: Self.width)
        return (from, max(until, from + 24))
    }

    private func gridline(_ tick: Fixed, _ axis: ValueAxis) -> Markup {
        let y = Self.height - axis.height(tick, units: Self.height)
        return "<path class=\"grid\" d=\"M0 \(y)H\(Self.width)\"/>"
    }

    private func lines(_ index: Int, _ envelope: Envelope, _ axis: ValueAxis) -> Markup {
        func y(_ value: Fixed) -> Int64 {
            Self.height - axis.height(value, units: Self.height)
        }
        let count = Int64(envelope.buckets.count)
        func x(_ index: Int) -> Int64 { Self.width * (2 * Int64(index) + 1) / (2 * count) }
        let upper = envelope.buckets.enumerated().map { (x($0.offset), y($0.element.most)) }
        let lower = envelope.buckets.enumerated().map { (x($0.offset), y($0.element.least)) }
        let middle = envelope.buckets.enumerated().map { (x($0.offset), y($0.element.mean)) }
        return """
            <path class="range s\(index)" d="\(path(upper + lower.reversed()))Z"/>
            <path class="line s\(index)" d="\(path(middle))"/>
            """
    }

    /// A move and relative lines: the shortest text for points that lie close together.
    private func path(_ points: [(Int64, Int64)]) -> Markup {
        guard let first = points.first else { return "" }
        var text = "M\(first.0) \(first.1)l"
        var (previous, isFirst) = (first, true)
        for point in points.dropFirst() {
            let (dx, dy) = (point.0 - previous.0, point.1 - previous.1)
            text += "\(isFirst ? "" : " ")\(dx)\(dy < 0 ? "" : " ")\(dy)"
            (previous, isFirst) = (point, false)
        }
        return Markup(verbatim: points.count > 1 ? text : text + "1 0")
    }

    private func label(_ tick: Fixed, _ axis: ValueAxis) -> Markup {
        let percent = Fixed.ratio(Int128(axis.height(tick, units: 10_000)), 100)
        return """
            <span class="y" style="bottom:\(percent.text(decimalsMax: 2))%" aria-hidden="true">\
            \(Numbers.grouped(tick, decimalsMax: 6))</span>
            """
    }

    private func label(_ index: Int, _ tick: TimeAxis.Tick, _ axis: TimeAxis) -> Markup {
        let percent = Fixed.ratio(Int128(axis.offset(tick.at, units: 10_000)), 100)
        let kind = index % 2 == 0 ? "x" : "x minor"
        return """
            <span class="\(kind)" style="left:\(percent.text(decimalsMax: 2))%" \
            aria-hidden="true">\(tick.label)</span>
            """
    }
}

extension Chart {
    /// The charts of a series: columns of one topic and unit together, in a fixed order of topics.
    static func all(of series: Series) -> [Chart] {
        var charts: [Chart] = []
        for topic in Topic.allCases {
            let columns = series.columns.filter { Topic(of: $0) == topic }
            for column in columns {
                let fits = charts.firstIndex {
                    $0.title == topic.rawValue && $0.unit == column.unit
                        && $0.columns.count < columnsMax
                }
                if let fits {
                    charts[fits].columns.append(column)
                } else {
                    charts.append(
                        Chart(title: topic.rawValue, unit: column.unit, columns: [column]))
                }
            }
        }
        return charts
    }
}

/// What a column is about, told from its name and unit.
private enum Topic: String, CaseIterable {
    case traffic = "Traffic"
    case cpu = "CPU"
    case credits = "Credits"
    case memory = "Memory"
    case disk = "Disk"
    case audience = "Audience"
    case money = "Money"
    case other = "Other"

    init(of column: Series.Column) {
        func named(_ words: String...) -> Bool { words.contains { column.name.contains($0) } }
        self =
            if column.unit == "USD" || named("cost", "bill") { .money } else if named("credit") {
                .credits
            } else if named("cpu") { .cpu } else if named("memory") {
                .memory
            } else if named("disk", "storage", "volume") {
                .disk
            } else if named("viewer", "stream", "publish", "session", "node") {
                .audience
            } else if named("rate") || column.unit == "Mbit/s" { .traffic } else { .other }
    }
}

extension String {
    /// `egress_rate` for people: `egress rate`.
    var spaced: String { replacing("_", with: " ") }
}
