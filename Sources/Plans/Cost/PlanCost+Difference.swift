import Base
import Cloud

extension PlanCost {
    /// What one plan costs more or less than another, line by line: resources of one name are held
    /// against each other.
    public static func difference(from before: PlanCost, to after: PlanCost) -> String {
        var table = TextTable(rightAligned: [2, 3, 4])
        table.add(["resource", "line", "before", "after", "change"])
        let (old, new) = (before.amounts, after.amounts)
        let gone = old.filter { entry in !new.contains { $0.key == entry.key } }
        for entry in new + gone {
            let earlier = old.first { $0.key == entry.key }?.amount ?? .zero
            let later = new.first { $0.key == entry.key }?.amount ?? .zero
            guard earlier != later else { continue }
            let parts = entry.key.split(separator: "\t", omittingEmptySubsequences: false)
            table.add([
                short(String(parts[0])), String(parts[1]), earlier.cents, later.cents,
                signed(later - earlier),
            ])
        }
        let (a, b) = (before.bill.total730h, after.bill.total730h)
        table.add(["total", "", a.cents, b.cents, signed(b - a)])
        let head =
            "\(after.plan.region), \(after.bill.regime.name), prices \(after.book.id), a month of "
            + "\(after.book.monthHours) hours"
        return ([head, ""] + table.lines).joined(separator: "\n") + "\n"
    }

    private static func signed(_ amount: Ratio) -> String {
        amount > .zero ? "+" + amount.cents : amount.cents
    }

    /// The sums of each resource's lines of one kind, in the order of the bill.
    private var amounts: [(key: String, amount: Ratio)] {
        var amounts: [(key: String, amount: Ratio)] = []
        for (line, billed) in zip(lines, bill.lines) {
            let key = (line.resource.map(plan.name) ?? "") + "\t" + line.what
            if let at = amounts.firstIndex(where: { $0.key == key }) {
                amounts[at].amount += billed.amount730h
            } else {
                amounts.append((key, billed.amount730h))
            }
        }
        return amounts
    }
}
