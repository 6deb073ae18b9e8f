import Base
import Results

extension Comparison {
    /// For a terminal: every figure and amount, but of the rulings only those that changed.
    public var text: String {
        var blocks = [sides]
        for subject in Subject.allCases {
            let rows = rows.filter { $0.subject == subject }
            guard !rows.isEmpty else { continue }
            blocks.append(block(subject, rows))
        }
        blocks.append(ending)
        return blocks.joined(separator: "\n\n") + "\n"
    }

    private var sides: String {
        var table = TextTable(
            heads: ["", "scenario", "seed", "mode", "fingerprint"],
            right: [false, false, true, false, false])
        for (name, side) in [("A", before), ("B", after)] {
            table.rows.append([
                name, TextSummary.plain(side.scenario), "\(side.seed)", side.mode.rawValue,
                side.fingerprint,
            ])
        }
        return table.lines().joined(separator: "\n")
    }

    private func block(_ subject: Subject, _ rows: [Row]) -> String {
        switch subject {
        case .bill, .figures:
            return table(subject, rows)
        case .fingerprint, .verdicts, .gates:
            let changed = rows.filter { $0.before != $0.after }
            guard !changed.isEmpty else { return "\(subject.rawValue): unchanged" }
            return table(subject, changed)
        }
    }

    private func table(_ subject: Subject, _ rows: [Row]) -> String {
        var table = TextTable(
            heads: [subject.rawValue, "A", "B", "B − A", "relative", "allowed", ""],
            right: [false, true, true, true, true, false, false])
        let isNumber = subject == .bill || subject == .figures
        for row in rows {
            let shown = [row.before, row.after].map { text in
                guard let text else { return "–" }
                return isNumber ? Numbers.grouped(digits: text) : text
            }
            let base = row.before.flatMap { Fixed(decimal: $0) }?.magnitude
            let relative = row.difference.flatMap { difference in
                base.map { Numbers.percent(difference.value, of: $0, decimals: 3) }
            }
            table.rows.append([
                TextSummary.plain(row.name), shown[0], shown[1],
                row.difference.map { Numbers.grouped($0.value, decimalsMax: 6) } ?? "",
                relative ?? "", row.allowed, row.within ? "" : "OUTSIDE",
            ])
        }
        return table.lines().joined(separator: "\n")
    }

    private var ending: String {
        outside == 0
            ? "Within tolerance: all \(rows.count) rows."
            : "OUTSIDE tolerance: \(outside) of \(rows.count) rows."
    }
}
