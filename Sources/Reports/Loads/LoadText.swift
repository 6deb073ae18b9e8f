import Base
import Results

/// What a load came to, for a terminal: k6's summary is the model.
public enum LoadText {
    public static func render(_ result: LoadResult) -> String {
        var lines = ["\(LoadPage.headline(result))."]
        if let partial = result.partial { lines.append("Partial results: \(partial)") }
        lines += result.doubts.map { "Inconclusive: \($0)" }
        lines.append("")
        for ruling in result.rulings {
            lines.append("  \(sign(ruling.status)) \(ruling.id): \(ruling.evidence)")
        }
        lines += checks(result)
        lines += predicted(result)
        let spreads = result.spreads.filter { $0.count > 0 }
        if !spreads.isEmpty {
            lines.append("")
            lines += Columns.lines(
                [["ms", "samples", "min", "avg", "p50", "p90", "p95", "p99", "max"]]
                    + spreads.map(cells))
        }
        lines.append("")
        lines += Columns.lines(
            result.counts.filter { $0.value != .zero }.map {
                [$0.name, $0.unit == "bytes" ? Numbers.bytes($0.value) : Numbers.grouped($0.value)]
            })
        let generator = result.generator.map {
            "\($0.name) \($0.value.text(decimalsMax: 1))\($0.unit == "count" ? "" : " \($0.unit)")"
        }
        lines += ["", "generator: \(generator.joined(separator: ", "))"]
        return lines.joined(separator: "\n") + "\n"
    }

    private static func checks(_ result: LoadResult) -> [String] {
        guard !result.checks.isEmpty else { return [] }
        return ["", "  checks"]
            + result.checks.map { check in
                let made = check.passed + check.failed
                let status: Status =
                    made == 0 ? .inconclusive : check.failed == 0 ? .pass : .fail
                return "    \(sign(status)) \(check.name): \(Numbers.grouped(check.passed)) of "
                    + Numbers.grouped(made)
            }
    }

    private static func predicted(_ result: LoadResult) -> [String] {
        guard let scenario = result.scenario else { return [] }
        func text(_ value: Fixed?) -> String {
            value.map { Numbers.grouped($0, decimalsMax: 1) } ?? "–"
        }
        return [""]
            + Columns.lines(
                [[scenario.name, "predicted", "measured", "difference"]]
                    + scenario.pairs.map { name, predicted, measured in
                        [
                            name, text(predicted), text(measured),
                            text(predicted.map { Fixed.difference(measured, $0) }),
                        ]
                    })
    }

    private static func sign(_ status: Status) -> String {
        switch status {
        case .pass: "✓"
        case .fail: "✗"
        case .inconclusive: "?"
        }
    }

    private static func cells(_ spread: LoadSpread) -> [String] {
        [spread.name, Numbers.grouped(spread.count)]
            + [
                spread.least, spread.mean, spread.p50, spread.p90, spread.p95, spread.p99,
                spread.most,
            ].map { $0.text(decimals: $0 < Fixed(100) ? 2 : 0) }
    }
}

/// Words in columns: the first flush left, the others right.
enum Columns {
    static func lines(_ rows: [[String]]) -> [String] {
        guard let first = rows.first else { return [] }
        let widths = first.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = row.enumerated().map { column, cell in
                let space = String(repeating: " ", count: widths[column] - cell.count)
                return column == 0 ? cell + space : space + cell
            }
            return "  " + cells.joined(separator: "  ")
        }
    }
}
