import Base
import Results

extension Page {
    static func bill(_ record: RunRecord) -> Markup {
        let (bill, summary) = (record.bill, record.summary)
        let part = Numbers.percent(summary.simulated.value, of: monthSeconds, decimals: 2)
        return """
            \(meter(bill, budget: summary.budget))
            \(lines(bill, budget: summary.budget))
            <p class="note">Prices: <code>\(bill.priceBook)</code>, \(bill.region), \
            \(bill.regime), in \(bill.currency). A month is 730 hours at the run’s rates; the \
            period is the \(summary.simulated.seconds.readable) that were simulated, with \
            \(part) of what is free each month. Each figure is rounded once, from its exact \
            value.</p>
            \(beside(bill))
            \(sources(bill))
            \(egress(record))
            """
    }

    /// 730 hours.
    private static let monthSeconds = Fixed(730 * 3_600)

    /// The month's total as a bar, with the budget marked on it.
    private static func meter(_ bill: BillSheet, budget: String) -> Markup {
        let (total, limit) = (Money.value(bill.total730h), Money.value(budget))
        let scale = max(total, limit)
        guard scale > .zero else { return "" }
        let words =
            "$\(Money.text(bill.total730h)) a month against a budget of $\(Money.short(budget))"
        let over = Fixed.difference(total, limit)
        return """
            <div class="meter \(over > .zero ? "over" : "within")" role="img" \
            aria-label="\(words)">
            <div class="fill" style="width:\(percent(min(total, limit), scale))%"></div>
            <div class="excess" style="width:\(percent(over, scale))%"></div>
            <div class="budget" style="left:\(percent(limit, scale))%">\
            <span>budget $\(Money.short(budget))</span></div>
            <span class="spent">$\(Money.text(bill.total730h)) a month</span>
            </div>
            """
    }

    private static func lines(_ bill: BillSheet, budget: String) -> Markup {
        let heads = [
            Head("Line"), Head("Quantity", number: true), Head("Unit price", number: true),
            Head("730 h", number: true), Head("Period", number: true), Head("Share"),
        ]
        let total = Money.value(bill.total730h)
        let rows = bill.lines.map { line -> [Markup] in
            let amount = Money.value(line.amount730h)
            return [
                "\(line.service) <span class=\"unit\">\(line.id)</span>",
                "\(Numbers.grouped(line.quantity.value)) <span class=\"unit\">\(line.unit)</span>",
                "\(line.unitPrice)", "\(Money.text(line.amount730h))",
                "\(Money.text(line.amountPeriod))",
                """
                <span class="bar" style="width:\(percent(amount, total))%"></span>\
                <span class="share">\(Numbers.percent(amount, of: total))</span>
                """,
            ]
        }
        let over = Fixed.difference(total, Money.value(budget))
        let verdict =
            over > .zero
            ? "\(Numbers.grouped(digits: over.text(decimals: 2))) over"
            : "\(Numbers.grouped(digits: over.magnitude.text(decimals: 2))) left"
        let foot = [
            row(
                [
                    "<b>Total</b>", "", "", "<b>\(Money.text(bill.total730h))</b>",
                    "<b>\(Money.text(bill.totalPeriod))</b>", "",
                ], heads, kind: "total"),
            row(
                ["Budget", "", "", "\(Money.text(budget))", "", "\(verdict)"], heads,
                kind: "total"),
        ]
        return table(
            caption: "A month’s bill by line, in \(bill.currency).", heads: heads, rows: rows,
            kind: "cards bill", foot: foot)
    }

    /// What is shown beside the total and never in it.
    private static func beside(_ bill: BillSheet) -> Markup {
        var items: [Markup] = []
        if let plan = bill.freePlan {
            let cause = plan.creditsRanOut ? "the credits are gone" : "the six months are over"
            items.append(
                """
                <li><b>The account closes after \(plan.closesAfterDays) days</b>, on its day \
                \(plan.closesOnDay): \(cause).</li>
                """)
        }
        if let percent = bill.taxPercent, let total = bill.total730hWithTax {
            items.append(
                "<li>With \(percent) % value-added tax: $\(Money.text(total)) a month.</li>")
        }
        if let owed = bill.owedToNodes {
            items.append(
                "<li>Owed to supporter nodes for the period: $\(Money.text(owed)).</li>")
        }
        return items.isEmpty ? "" : "<ul class=\"assumptions\">\(items)</ul>"
    }

    private static func sources(_ bill: BillSheet) -> Markup {
        let rows = bill.lines.map { line -> [Markup] in
            ["<code>\(line.id)</code>", "\(line.confidence)", "\(line.source)"]
        }
        return details(
            "Where the prices come from", rows.count,
            table(
                caption: "Stated: read in the source. Derived: worked out from what was read. "
                    + "Remembered: not found in a source that could be read.",
                heads: [Head("Line"), Head("Price is"), Head("Source")], rows: rows,
                kind: "plain"))
    }

    /// A width in percent, never below zero.
    private static func percent(_ part: Fixed, _ whole: Fixed) -> String {
        let share = Fixed.part(part, of: whole, times: Fixed(100)) ?? .zero
        return max(share, .zero).text(decimalsMax: 2)
    }

    /// How much of the paid egress is media, and what the protocols add to it.
    private static func egress(_ record: RunRecord) -> Markup {
        let parts = EgressParts(record.summary.figures)
        guard let parts else { return "" }
        let rows = parts.rows.map { part -> [Markup] in
            [
                "\(part.name)", "\(Numbers.bytes(part.bytes))",
                "\(Numbers.percent(part.bytes, of: parts.media))",
            ]
        }
        let heads = [
            Head("Egress"), Head("Bytes", number: true), Head("Of the media", number: true),
        ]
        return """
            <h3>What the protocols add to the media</h3>
            <p>\(parts.sentence(record.bill))</p>
            \(table(
                caption: "Egress of the simulated period by part.", heads: heads, rows: rows,
                kind: "cards narrow",
                foot: [
                    row(
                        [
                            "<b>All egress</b>", "<b>\(Numbers.bytes(parts.total))</b>",
                            "<b>\(Numbers.percent(parts.total, of: parts.media))</b>",
                        ], heads, kind: "total")
                ]))
            """
    }
}

/// The parts of the bytes that left the platform, as the figures name them: `egress_bytes` is all
/// of it, `egress_media_bytes` the encoders' own bytes, `egress_overhead_NAME_bytes` what a layer
/// adds. What none of them names stands as "other".
struct EgressParts {
    var total: Fixed
    var media: Fixed
    var rows: [(name: String, bytes: Fixed)]

    /// Nil where the run has no such figures.
    init?(_ figures: Figures) {
        guard let total = figures["egress_bytes"], let media = figures["egress_media_bytes"],
            media > .zero
        else { return nil }
        self.total = total
        self.media = media
        rows = [("media", media)]
        let (prefix, suffix) = ("egress_overhead_", "_bytes")
        for figure in figures.list
        where figure.name.hasPrefix(prefix) && figure.name.hasSuffix(suffix) {
            let name = figure.name.dropFirst(prefix.count).dropLast(suffix.count)
            rows.append((String(name).spaced, figure.value))
        }
        let rest = Fixed.difference(total, .sum(rows.map(\.bytes)))
        if rest > .zero { rows.append(("other", rest)) }
    }

    func sentence(_ bill: BillSheet) -> String {
        let added = Fixed.difference(total, media)
        let lines = bill.lines.filter { $0.id.contains("egress") }
        let money = Fixed.sum(lines.map { Money.value($0.amount730h) })
        let share = Numbers.percent(added, of: media)
        guard money > .zero, let part = Fixed.part(added, of: total, times: money) else {
            return "\(share) comes on top of the media."
        }
        return "\(share) comes on top of the media: $\(part.text(decimals: 2)) of the "
            + "$\(money.text(decimals: 2)) that egress costs a month, in proportion."
    }
}
