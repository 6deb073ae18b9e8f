import Base

/// A bill or a price list as it is shown: columns for people, JSON for programs.
public struct Listing: Sendable, Hashable {
    public var text: String
    public var json: String
}

/// Prices a usage file. `regime`, one of `Regime.names`, overrides the file's; faults list
/// everything that is wrong with the file, by JSON path.
public func billReport(
    _ usageFile: [UInt8], regime: String? = nil
) -> Result<Listing, FileFaults> {
    UsageFile.read(usageFile).flatMap { file in
        var chosen = file.regime
        if let regime {
            guard let other = Regime(name: regime, creditsCents: file.creditsCents) else {
                var faults = FileFaults()
                faults.add(
                    "--regime", "one of " + Regime.names.joined(separator: ", "),
                    found: "\"\(regime)\"", hint: nearest(to: regime, in: Regime.names))
                return .failure(faults)
            }
            chosen = other
        }
        let bill = Bill(file.usage, at: file.book, under: chosen)
        return .success(Listing(text: bill.text, json: bill.json.text))
    }
}

extension UsageFile {
    fileprivate var creditsCents: Int64 {
        switch regime {
        case .freePlan(let creditsCents): creditsCents
        case .onDemand, .legacyFreeTier: Regime.creditsCentsAtSignUp
        }
    }
}

extension Bill {
    /// The table that `streamr-sim bill` prints.
    public var text: String {
        var table = TextTable(rightAligned: [2, 4, 5, 6])
        table.add(["line", "service", "quantity", "unit", "price", "730 h", "period"])
        for line in lines {
            table.add([
                line.id, line.service, line.quantity.decimal, line.unit.rawValue,
                line.unitPrice.decimal, line.amount730h.cents, line.amountPeriod.cents,
            ])
        }
        table.add(["total", "", "", "", currency, total730h.cents, totalPeriod.cents])
        let head =
            "\(region), \(regime.name), prices \(priceBook), period \(period.hours.decimal) h"
        return ([head, ""] + table.lines + [""] + notes).joined(separator: "\n") + "\n"
    }

    private var notes: [String] {
        var notes = ["Each figure is rounded once, from its exact value."]
        if let tax = taxPerMille, let total = total730hWithTax {
            let percent = Ratio(Int128(tax), over: 10).decimal
            notes.append("With \(percent) % value-added tax: \(total.cents) for 730 h.")
        }
        if let owed = owedToNodes {
            notes.append("Owed to nodes for the period, not in the total: \(owed.cents).")
        }
        if let closing {
            let cause = closing.creditsRanOut ? "the credits are gone" : "the six months are over"
            notes.append(
                "Free plan: after \(closing.days) days, on day \(closing.dayOfAccount), "
                    + "\(cause) and the account closes.")
        }
        let weak = lines.filter { $0.confidence == .remembered && $0.amount730h > .zero }
        if !weak.isEmpty {
            notes.append("Remembered prices: \(weak.map(\.id).joined(separator: ", ")).")
        }
        return notes
    }

    /// The contents of `bill.json`; money as decimal strings, quantities as numbers.
    public var json: JSONTree {
        var members: [JSONTree.Member] = [
            .init("currency", .string(currency)),
            .init("region", .string(region)),
            .init("regime", .string(regime.name)),
            .init("priceBook", .string(priceBook)),
            .init("periodHours", .number(period.hours.decimal)),
            .init("total730h", .string(total730h.cents)),
            .init("totalPeriod", .string(totalPeriod.cents)),
            .init("lines", .array(lines.map(\.json))),
        ]
        if let tax = taxPerMille, let total = total730hWithTax {
            members.append(.init("taxPercent", .string(Ratio(Int128(tax), over: 10).decimal)))
            members.append(.init("total730hWithTax", .string(total.cents)))
        }
        if let owed = owedToNodes { members.append(.init("owedToNodes", .string(owed.cents))) }
        if let closing { members.append(.init("freePlan", closing.json)) }
        return .object(members)
    }
}

extension Bill.Line {
    fileprivate var json: JSONTree {
        var members: [JSONTree.Member] = [
            .init("id", .string(id)),
            .init("service", .string(service)),
            .init("quantity", .number(quantity.decimal)),
            .init("unit", .string(unit.rawValue)),
            .init("unitPrice", .string(unitPrice.decimal)),
            .init("amount730h", .string(amount730h.cents)),
            .init("amountPeriod", .string(amountPeriod.cents)),
            .init("source", .string(source)),
            .init("confidence", .string(confidence.rawValue)),
        ]
        if portions.count > 1 {
            members.append(.init("portions730h", .array(portions.map(\.json))))
        }
        return .object(members)
    }
}

extension Bill.Portion {
    fileprivate var json: JSONTree {
        .object([
            .init("quantity", .number(quantity730h.decimal)),
            .init("unitPrice", .string(unitPrice.decimal)),
        ])
    }
}

extension Bill.Closing {
    fileprivate var json: JSONTree {
        .object([
            .init("closesAfterHours", .string(hours.rounded(digits: 2))),
            .init("closesAfterDays", .string(days)),
            .init("closesOnDay", .number(String(dayOfAccount))),
            .init("creditsRanOut", .bool(creditsRanOut)),
        ])
    }
}
