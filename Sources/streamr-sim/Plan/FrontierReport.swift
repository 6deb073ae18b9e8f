import Base
import Cloud
import Foundation

/// What a sweep says: the border of what fits under the budget, in words and as a picture.
struct FrontierReport {
    let points: [FrontierPoint]
    let outcomes: [Frontier.Outcome]
    let budgetCents: Int64
    /// Such as `streamr-sim plan frontier scenarios/five-friends.json`.
    let command: String

    private var budget: String { "$\(Ratio(Int128(budgetCents), over: 100).decimal)" }

    private var fitting: [(point: FrontierPoint, outcome: Frontier.Outcome)] {
        zip(points, outcomes).filter { $0.1.fits(budgetCents) }.map { ($0.0, $0.1) }
    }

    /// Points that differ in friends and hours only.
    private struct Panel: Hashable {
        var key: FrontierPoint

        init(_ point: FrontierPoint) {
            key = point
            (key.friends, key.hours) = (0, 0)
        }

        var title: String {
            "\(key.deployment.rawValue), \(key.machine), \(key.region), \(key.cache.rawValue)"
        }
        var subtitle: String { "\(key.rate) kbit/s, \(key.relay) % relayed" }
    }

    private var panels: [Panel] {
        points.map { Panel($0) }.reduce(into: []) { panels, panel in
            if !panels.contains(panel) { panels.append(panel) }
        }
    }

    // MARK: Words

    var text: String {
        var lines = ["For \(budget) a month you get, with everything up around the clock:", ""]
        var any = false
        for panel in panels {
            let best = friends.compactMap { count in
                fitting.filter { Panel($0.point) == panel && $0.point.friends == count }
                    .max { $0.point.hours < $1.point.hours }
            }
            guard !best.isEmpty else { continue }
            any = true
            lines.append("  \(panel.title); \(panel.subtitle)")
            for (point, outcome) in best {
                let people =
                    point.friends == 1 ? "1 friend streams" : "\(point.friends) friends stream"
                lines.append(
                    "    \(people) \(point.hours) h every evening: $\(outcome.total730h)")
            }
        }
        if !any { lines.append("  nothing of what was asked about") }
        lines += ["", "Cheapest deployment for each habit", ""] + cheapest
        if let example = fitting.first {
            lines += ["", "Each point can be made again, such as the first of these:"]
            lines.append("  \(command) --point \(example.point.text)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private var friends: [Int] { distinct(points.map(\.friends)) }

    private func distinct(_ values: [Int]) -> [Int] {
        values.sorted().reduce(into: []) { if $0.last != $1 { $0.append($1) } }
    }

    /// For each number of friends, hours and rate: the least that holds, whatever it costs.
    private var cheapest: [String] {
        let whole = zip(points, outcomes).filter { $0.1.failed.isEmpty && !$0.1.isInconclusive }
        var lines: [String] = []
        for count in friends {
            for hours in distinct(points.map(\.hours)) {
                for rate in distinct(points.map(\.rate)) {
                    let same = whole.filter {
                        $0.0.friends == count && $0.0.hours == hours && $0.0.rate == rate
                    }
                    guard let best = same.min(by: { $0.1.cents < $1.1.cents }) else { continue }
                    let point = best.0
                    lines.append(
                        "  \(count) × \(hours) h at \(rate) kbit/s: $\(best.1.total730h) with "
                            + "\(point.deployment.rawValue) on \(point.machine), \(point.relay) % "
                            + "relayed")
                }
            }
        }
        return lines
    }

    var csv: String {
        var text =
            "friends,hours,rate_kbits,relay_percent,deployment,machine,cache,region,total_730h,"
            + "fits,failed,fingerprint\n"
        for (point, outcome) in zip(points, outcomes) {
            text +=
                "\(point.friends),\(point.hours),\(point.rate),\(point.relay),"
                + "\(point.deployment.rawValue),\(point.machine),\(point.cache.rawValue),"
                + "\(point.region),\(outcome.total730h),\(outcome.fits(budgetCents)),"
                + "\(outcome.failed.joined(separator: " ")),\(outcome.fingerprint)\n"
        }
        return text
    }

    // MARK: The picture

    private static let cellWidth = 58
    private static let cellHeight = 34
    private static let gap = 34
    private static let columnsMax = 4

    /// A panel for each deployment, rate and relay share: friends across, hours up, the bill in
    /// each cell; the border of what fits is where the colour changes.
    var svg: String {
        let panels = self.panels
        let hours = distinct(points.map(\.hours))
        let width = friends.count * Self.cellWidth + 60
        let height = hours.count * Self.cellHeight + 84
        let columns = max(1, min(Self.columnsMax, panels.count))
        let rows = (panels.count + columns - 1) / columns
        let totalWidth = max(760, columns * (width + Self.gap) + Self.gap)
        let totalHeight = rows * (height + Self.gap) + 110
        var body = ""
        for (index, panel) in panels.enumerated() {
            let x = Self.gap + index % columns * (width + Self.gap)
            let y = 80 + index / columns * (height + Self.gap)
            body += draw(panel, hours, x: x, y: y)
        }
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(totalWidth) \(totalHeight)" \
            width="\(totalWidth)" height="\(totalHeight)" role="img">
            <style>
            text { font: 12px sans-serif; fill: #24292f; }
            .title { font-weight: 600; font-size: 13px; }
            .head { font-weight: 600; font-size: 18px; }
            .fits { fill: #bfe3cb; } .over { fill: #f6e3b4; } .fails { fill: #efc1bb; }
            .unknown { fill: #e4e7eb; }
            </style>
            <rect width="\(totalWidth)" height="\(totalHeight)" fill="#ffffff"/>
            <text class="head" x="\(Self.gap)" y="34">What fits under \(budget) a month</text>
            <text x="\(Self.gap)" y="56">Dollars a month by friends (across) and hours every \
            evening (up). Green fits and runs around the clock; yellow is dearer; red fails a \
            criterion.</text>
            \(body)</svg>

            """
    }

    private func draw(_ panel: Panel, _ hours: [Int], x: Int, y: Int) -> String {
        var text = "<text class=\"title\" x=\"\(x)\" y=\"\(y + 14)\">\(panel.title)</text>\n"
        text += "<text x=\"\(x)\" y=\"\(y + 32)\">\(panel.subtitle)</text>\n"
        let bottom = y + 44 + hours.count * Self.cellHeight
        for (row, hour) in hours.enumerated() {
            let top = bottom - (row + 1) * Self.cellHeight
            text += "<text x=\"\(x)\" y=\"\(top + 22)\">\(hour) h</text>\n"
            for (column, count) in friends.enumerated() {
                let outcome = zip(points, outcomes).first {
                    Panel($0.0) == panel && $0.0.friends == count && $0.0.hours == hour
                }?.1
                let left = x + 40 + column * Self.cellWidth
                text += cell(outcome, x: left, y: top)
            }
        }
        for (column, count) in friends.enumerated() {
            let left = x + 40 + column * Self.cellWidth + Self.cellWidth / 2 - 6
            text += "<text x=\"\(left)\" y=\"\(bottom + 18)\">\(count)</text>\n"
        }
        return text
    }

    private func cell(_ outcome: Frontier.Outcome?, x: Int, y: Int) -> String {
        guard let outcome else { return "" }
        let style =
            outcome.isInconclusive
            ? "unknown"
            : outcome.failed.isEmpty ? outcome.fits(budgetCents) ? "fits" : "over" : "fails"
        let dollars = (outcome.cents + 50) / 100
        return """
            <rect class="\(style)" x="\(x)" y="\(y)" width="\(Self.cellWidth - 2)" \
            height="\(Self.cellHeight - 2)"><title>\(outcome.point): $\(outcome.total730h) \
            \(outcome.failed.joined(separator: " "))</title></rect>
            <text x="\(x + 10)" y="\(y + 21)">\(dollars)</text>

            """
    }
}
