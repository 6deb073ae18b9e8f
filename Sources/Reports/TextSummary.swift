import Base
import Results

/// The summary for a terminal: headline, rulings, bill, interventions, where to look next.
///
/// At most `widthMax` columns where the words allow it. What comes from a scenario is stripped of
/// control characters, so that a name cannot steer the terminal.
public enum TextSummary {
    static let widthMax = 96

    /// `reportPath` is where `report.html` was written, nil where it was not.
    public static func render(_ record: RunRecord, color: Bool, reportPath: String?) -> String {
        let ink = Ink(color: color)
        let summary = record.summary
        let headline = Headline(record)
        var blocks = [
            title(summary),
            ink.paint(wrapped(headline.text, indent: 0), headline.status),
        ]
        if let plan = summary.plan { blocks.append(self.plan(plan)) }
        blocks.append(rulings(summary, ink))
        if !summary.gates.isEmpty { blocks.append(gates(summary, ink)) }
        blocks.append(bill(record))
        blocks.append(interventions(summary))
        blocks.append(ending(summary, reportPath))
        return blocks.joined(separator: "\n\n") + "\n"
    }

    private static func title(_ summary: Summary) -> String {
        let parts = [
            plain(summary.scenario), "\(summary.simulated.seconds.readable) simulated",
            "seed \(summary.seed)", summary.mode.rawValue,
        ]
        let line = parts.joined(separator: " · ")
        guard let partial = summary.partial else { return line }
        return line + "\nPARTIAL: " + plain(partial)
    }

    private static func rulings(_ summary: Summary, _ ink: Ink) -> String {
        var table = TextTable(
            heads: ["ruling", "criterion", "measured", "threshold", "samples"],
            right: [false, false, true, true, true])
        for verdict in summary.verdicts {
            let unit = plain(verdict.unit)
            table.rows.append([
                word(verdict.status), plain(verdict.criterion),
                Numbers.measured(verdict.value.value, unit),
                Numbers.measured(verdict.threshold.value, unit),
                Numbers.grouped(verdict.samples),
            ])
        }
        let lines = table.lines()
        var result = [lines[0]]
        for (verdict, line) in zip(summary.verdicts, lines.dropFirst()) {
            result.append(ink.paint(line, verdict.status))
            result.append(contentsOf: notes(verdict, start: summary.start.instant))
        }
        return result.joined(separator: "\n")
    }

    /// What stands under a ruling: everything of a failed one, of a passed one only a doubt.
    private static func notes(_ verdict: Summary.Verdict, start: Instant) -> [String] {
        var notes: [String] = []
        if verdict.status != .pass {
            notes.append(verdict.evidence)
            if let broken = verdict.firstBroken {
                let after = (broken.instant - start).simulatedText
                notes.append("first broken \(broken.instant.readable) UTC (\(after))")
            }
            if verdict.samples < verdict.samplesMin {
                notes.append("\(verdict.samplesMin) samples are the fewest that count")
            }
        }
        if let other = verdict.disagreement { notes.append("in doubt: \(other)") }
        if let remedy = verdict.remedy {
            let total = Money.text(remedy.total730h)
            notes.append(
                "remedy: \(remedy.change) → \(word(remedy.status)) at "
                    + "\(Numbers.measured(remedy.value.value, verdict.unit)), $\(total) a month "
                    + "(run \(ResultsFolder.remedyName(verdict.id)): "
                    + "\(remedy.fingerprint.prefix(12)))")
        }
        if let tried = verdict.remediesTried {
            notes.append(Summary.Verdict.searched(tried)[0])
            notes += tried.map {
                "- \($0.change) → \(Numbers.measured($0.value.value, verdict.unit)), "
                    + "$\(Money.text($0.total730h)) a month"
            }
        }
        return notes.map { wrapped(plain($0), indent: 4) }
    }

    private static func gates(_ summary: Summary, _ ink: Ink) -> String {
        var table = TextTable(
            heads: ["ruling", "gate", "measured", "samples"], right: [false, false, true, true])
        for gate in summary.gates {
            table.rows.append([
                word(gate.status), plain(gate.rule),
                gate.value.map { Numbers.grouped($0.value) } ?? "nothing",
                Numbers.grouped(gate.samples),
            ])
        }
        let lines = table.lines()
        return ([lines[0]] + zip(summary.gates, lines.dropFirst()).map { ink.paint($1, $0.status) })
            .joined(separator: "\n")
    }

    private static func bill(_ record: RunRecord) -> String {
        let bill = record.bill
        var table = TextTable(
            heads: [
                "bill, \(plain(bill.region)), \(plain(bill.regime))", "quantity", "730 h", "period",
            ],
            right: [false, true, true, true])
        for line in bill.lines {
            table.rows.append([
                "\(plain(line.service)), \(plain(line.id))",
                "\(Numbers.grouped(line.quantity.value)) \(plain(line.unit))",
                Money.text(line.amount730h), Money.text(line.amountPeriod),
            ])
        }
        table.rows.append([
            "total in \(plain(bill.currency))", "", Money.text(bill.total730h),
            Money.text(bill.totalPeriod),
        ])
        return (table.lines() + beside(bill)).joined(separator: "\n")
    }

    /// What is shown beside the total and never in it.
    private static func beside(_ bill: BillSheet) -> [String] {
        var lines: [String] = []
        if let plan = bill.freePlan {
            let cause = plan.creditsRanOut ? "the credits are gone" : "the six months are over"
            lines.append("The account closes after \(plan.closesAfterDays) days: \(cause).")
        }
        if let percent = bill.taxPercent, let total = bill.total730hWithTax {
            lines.append("With \(percent) % value-added tax: \(Money.text(total)) a month.")
        }
        if let owed = bill.owedToNodes {
            lines.append("Owed to supporter nodes for the period: \(Money.text(owed)).")
        }
        return lines
    }

    private static func interventions(_ summary: Summary) -> String {
        guard !summary.interventions.isEmpty else {
            return "No moment needed a person: whatever broke came back by itself."
        }
        let count = summary.interventions.count
        let shown = summary.interventions.prefix(interventionsMax)
        var lines = ["\(count) moment\(count == 1 ? "" : "s") needed a person:"]
        for moment in shown {
            let after = (moment.at.instant - summary.start.instant).simulatedText
            let text =
                "\(moment.at.instant.readable) UTC (\(after))  \(moment.service): "
                + "\(moment.cause) → \(moment.action)"
            lines.append(wrapped(plain(text), indent: 2))
        }
        if count > shown.count { lines.append("  and \(count - shown.count) more in the report") }
        return lines.joined(separator: "\n")
    }

    /// Enough to see a pattern without losing the headline off the top of the screen.
    private static let interventionsMax = 8

    private static func ending(_ summary: Summary, _ reportPath: String?) -> String {
        var table = TextTable(heads: [], right: [false, false])
        if let reportPath { table.rows.append(["report", plain(reportPath)]) }
        table.rows.append(["fingerprint", summary.fingerprint])
        table.rows.append(["reproduce", plain(summary.reproduce)])
        return table.lines().joined(separator: "\n")
    }

    private static func word(_ status: Status) -> String {
        switch status {
        case .pass: "pass"
        case .fail: "FAIL"
        case .inconclusive: "inconclusive"
        }
    }

    /// Without control characters; a line break becomes a space.
    static func plain(_ text: String) -> String {
        let scalars = text.unicodeScalars.map { scalar -> Unicode.Scalar in
            scalar.properties.generalCategory == .control ? " " : scalar
        }
        return String(String.UnicodeScalarView(scalars))
    }

    /// Breaks between words; a word longer than the width keeps its own line.
    static func wrapped(_ text: String, indent: Int) -> String {
        let margin = String(repeating: " ", count: indent)
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty && indent + line.count + 1 + word.count > widthMax {
                lines.append(margin + line)
                line = ""
            }
            line += (line.isEmpty ? "" : " ") + word
        }
        lines.append(margin + line)
        return lines.joined(separator: "\n")
    }
}

/// ANSI colours, or none.
private struct Ink {
    var color: Bool

    func paint(_ text: String, _ status: Status) -> String {
        guard color else { return text }
        let code =
            switch status {
            case .pass: "32"
            case .fail: "31"
            case .inconclusive: "33"
            }
        return "\u{1B}[\(code)m\(text)\u{1B}[0m"
    }
}

/// Columns as wide as their widest cell, two spaces apart.
struct TextTable {
    var heads: [String]
    /// Which columns are set flush right.
    var right: [Bool]
    var rows: [[String]] = []

    init(heads: [String], right: [Bool]) {
        check(heads.isEmpty || heads.count == right.count, "a head for each column")
        self.heads = heads
        self.right = right
    }

    /// The heads' line first, if there are heads; no trailing spaces.
    func lines() -> [String] {
        let all = (heads.isEmpty ? [] : [heads]) + rows
        let widths = right.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        return all.map { row in
            let cells = row.indices.map { column in
                let space = String(repeating: " ", count: widths[column] - row[column].count)
                return right[column] ? space + row[column] : row[column] + space
            }
            return Self.trimmed(cells.joined(separator: "  "))
        }
    }

    private static func trimmed(_ line: String) -> String {
        var line = line[...]
        while line.last == " " { line.removeLast() }
        return String(line)
    }
}
