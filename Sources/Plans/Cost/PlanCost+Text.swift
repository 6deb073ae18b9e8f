import Base
import Cloud

extension PlanCost {
    /// By stack and resource, with what is not priced and the same under the other regimes.
    public func text(_ measured: Measured) -> String {
        var table = TextTable(rightAligned: [2, 4, 5])
        table.add(["stack", "resource", "quantity", "unit", "price", "730 h", "line"])
        for stack in plan.graph.templates.indices {
            let indices = self.indices(ofStack: stack)
            for index in indices { table.add(row(index, stack)) }
            table.add([plan.graph.templates[stack].name, "", "", "", "", total(indices).cents, ""])
        }
        for index in indices(ofStack: nil) { table.add(row(index, nil)) }
        table.add(["total", "", "", "", bill.currency, bill.total730h.cents, ""])
        let head =
            "\(plan.region), \(bill.regime.name), prices \(book.id), a month of "
            + "\(book.monthHours) hours, without tax"
        return ([head, ""] + table.lines + [""] + notes(measured)).joined(separator: "\n") + "\n"
    }

    private func row(_ index: Int, _ stack: Int?) -> [String] {
        let (line, billed) = (lines[index], bill.lines[index])
        return [
            stack.map { plan.graph.templates[$0].name } ?? "",
            line.resource.map { Self.short(plan.name($0)) } ?? "",
            (billed.quantity * (Ratio(book.monthHours) / bill.period.hours)).rounded(digits: 3),
            billed.unit.rawValue, billed.unitPrice.decimal, billed.amount730h.cents,
            line.what + (line.isFixed ? "" : " (used)"),
        ]
    }

    /// CDK names some resources by their whole path; JSON and CSV have all of it.
    static func short(_ name: String) -> String {
        name.count > nameMax ? name.prefix(nameMax - 1) + "…" : name
    }

    private static let nameMax = 36  // a table then fits a wide terminal

    private func notes(_ measured: Measured) -> [String] {
        var notes = ["Under each regime: " + regimes(measured) + "."]
        if let closing = bill.closing {
            notes.append("Free plan: the account closes after \(closing.days) days.")
        }
        if measured.items.isEmpty {
            notes.append(
                "What is used (internet egress above all, load balancer capacity, CPU surplus) is "
                    + "not in it: give --run or --usage.")
        }
        for missing in unpriced {
            notes.append(
                "Not priced: \(plan.graph.fullName(missing.resource)) (no price \(missing.price)).")
        }
        for omission in plan.omissions {
            notes.append(
                "Not priced: \(plan.graph.fullName(omission.resource)): \(omission.leavesOut).")
        }
        let weak = lines.indices.filter { bill.lines[$0].confidence == .remembered }
        if !weak.isEmpty {
            let names = weak.map { lines[$0].price }
            notes.append("Remembered prices: \(names.joined(separator: ", ")).")
        }
        return notes
    }

    private func regimes(_ measured: Measured) -> String {
        Regime.names.compactMap { name in
            Regime(name: name, creditsCents: Regime.creditsCentsAtSignUp).map { regime in
                let other = PlanCost(plan, measured, at: book, under: regime)
                return "\(name) \(other.bill.total730h.cents)"
            }
        }.joined(separator: ", ")
    }

    // MARK: JSON

    public var json: JSONTree {
        .object([
            .init("schema", .string("streamr-sim/plan-cost/1")),
            .init("region", .string(plan.region)),
            .init("regime", .string(bill.regime.name)),
            .init("currency", .string(bill.currency)),
            .init("priceBook", .string(book.id)),
            .init("total730h", .string(bill.total730h.cents)),
            .init(
                "stacks",
                .array(
                    plan.graph.templates.indices.map { stack in
                        let indices = self.indices(ofStack: stack)
                        return .object([
                            .init("name", .string(plan.graph.templates[stack].name)),
                            .init("total730h", .string(total(indices).cents)),
                            .init("lines", .array(indices.map { json($0) })),
                        ])
                    })),
            .init("other", .array(indices(ofStack: nil).map { json($0) })),
            .init(
                "unpriced",
                .array(
                    unpriced.map {
                        .object([
                            .init("resource", .string(plan.graph.fullName($0.resource))),
                            .init("price", .string($0.price)),
                        ])
                    }
                        + plan.omissions.map {
                            .object([
                                .init("resource", .string(plan.graph.fullName($0.resource))),
                                .init("leavesOut", .string($0.leavesOut)),
                            ])
                        })),
        ])
    }

    private func json(_ index: Int) -> JSONTree {
        let (line, billed) = (lines[index], bill.lines[index])
        return .object([
            .init("resource", line.resource.map { .string(plan.name($0)) } ?? .null),
            .init("line", .string(line.what)), .init("price", .string(line.price)),
            .init("isFixed", .bool(line.isFixed)),
            .init("quantity", .number(billed.quantity.decimal)),
            .init("unit", .string(billed.unit.rawValue)),
            .init("unitPrice", .string(billed.unitPrice.decimal)),
            .init("amount730h", .string(billed.amount730h.cents)),
            .init("effective", .string(price(index)?.effective ?? "")),
            .init("source", .string(billed.source)),
            .init("confidence", .string(billed.confidence.rawValue)),
        ])
    }

    // MARK: CSV

    public var csv: String {
        var rows = [
            [
                "stack", "resource", "line", "kind", "quantity", "unit", "unit_price",
                "amount_730h", "effective", "confidence", "source",
            ]
        ]
        for index in lines.indices {
            let (line, billed) = (lines[index], bill.lines[index])
            rows.append([
                line.resource.map {
                    plan.graph.templates[plan.graph.resources[$0].stack].name
                } ?? "", line.resource.map(plan.name) ?? "", line.what,
                line.isFixed ? "fixed" : "used", billed.quantity.decimal, billed.unit.rawValue,
                billed.unitPrice.decimal, billed.amount730h.cents, price(index)?.effective ?? "",
                billed.confidence.rawValue, billed.source,
            ])
        }
        return rows.map { $0.map(\.csvCell).joined(separator: ",") + "\n" }.joined()
    }
}

extension String {
    /// RFC 4180.
    fileprivate var csvCell: String {
        guard contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return self }
        return "\"" + split(by: "\"").joined(separator: "\"\"") + "\""
    }
}
