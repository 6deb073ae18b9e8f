import Base
import Results

/// A week of load: the mean of one column for each hour of each weekday, in UTC.
struct HeatMap {
    private var column: Series.Column
    /// `weekday × 24 + hour`; nil where the run never was.
    private var means: [Fixed?]

    private static let weekdays = [
        "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
    ]
    private static let levels: Int64 = 8

    /// Of the rate that leaves the platform, else of the first rate, else of the first column.
    init?(_ series: Series) {
        let chosen =
            series.columns.first { $0.name == "egress_rate" }
            ?? series.columns.first { $0.unit == "Mbit/s" } ?? series.columns.first
        guard let chosen, !chosen.values.isEmpty else { return nil }
        column = chosen
        var sums = [Int128](repeating: 0, count: 168)
        var counts = [Int128](repeating: 0, count: 168)
        for (row, value) in chosen.values.enumerated() {
            let began = CivilTime(series.start + series.step * Int64(row))
            let cell = began.weekday * 24 + began.hour
            sums[cell] += value.millionths
            counts[cell] += 1
        }
        means = sums.indices.map {
            counts[$0] == 0 ? nil : Fixed.ratio(sums[$0], counts[$0] * 1_000_000)
        }
    }

    var markup: Markup {
        let most = means.compactMap { $0 }.max() ?? .zero
        return """
            <figure class="week">
            <div class="plot" role="img" aria-label="\(spoken(most))">
            <svg viewBox="0 0 240 70" preserveAspectRatio="none">
            \(means.indices.map { cell($0, most) })
            </svg>
            \((0..<7).map(weekday))
            \((0..<8).map(hour))
            </div>
            <figcaption>\(spoken(most)) A fuller colour is more.</figcaption>
            </figure>
            """
    }

    private func spoken(_ most: Fixed) -> String {
        let busiest = means.firstIndex { $0 == most } ?? 0
        return "Mean \(column.name.spaced) by hour of the week, UTC. Busiest: "
            + "\(Self.name(busiest)), \(Numbers.grouped(most, decimalsMax: 1)) \(column.unit)."
    }

    private static func name(_ cell: Int) -> String {
        let hour = cell % 24
        return "\(weekdays[cell / 24]) \(hour):00–\(hour + 1):00"
    }

    private func cell(_ index: Int, _ most: Fixed) -> Markup {
        let (x, y) = (index % 24 * 10, index / 24 * 10)
        let at: Markup = "x=\"\(x)\" y=\"\(y)\" width=\"10\" height=\"10\""
        guard let mean = means[index] else { return "<rect class=\"none\" \(at)/>" }
        let positive = max(mean.millionths, 0)
        let level =
            most.millionths > 0
            ? Int64(
                (positive * Int128(Self.levels - 1)).dividedHalfEven(by: Int128(most.millionths)))
            : 0
        let value = "\(Numbers.grouped(mean, decimalsMax: 1)) \(column.unit)"
        return """
            <rect class="h\(level)" \(at)><title>\(Self.name(index)): \(value)</title></rect>
            """
    }

    private func weekday(_ index: Int) -> Markup {
        let percent = Fixed.ratio(Int128(index * 2 + 1) * 100, 14).text(decimalsMax: 2)
        return """
            <span class="d" style="top:\(percent)%" aria-hidden="true">\
            \(String(Self.weekdays[index].prefix(3)))</span>
            """
    }

    private func hour(_ index: Int) -> Markup {
        let percent = Fixed.ratio(Int128(index) * 100, 8).text(decimalsMax: 2)
        let kind = index % 2 == 0 ? "x" : "x minor"
        return """
            <span class="\(kind)" style="left:\(percent)%" aria-hidden="true">\
            \(index * 3):00</span>
            """
    }
}
