import Base
import Cloud

extension PlanCost.Measured {
    /// What a run of this plan used: the lines of its `bill.json` that templates cannot know.
    public static func read(
        bill bytes: [UInt8], of plan: Plan
    ) throws(SourceFault) -> PlanCost.Measured {
        let root = try SourceNode.read(bytes)
        guard let hours = root["periodHours"]?.scalar.flatMap({ Ratio(decimal: $0) }),
            hours > .zero, case .array(let lines)? = root["lines"]?.content
        else { throw SourceFault(line: root.line, message: "expected a run's bill.json") }
        var items: [Usage.Item] = []
        for line in lines {
            guard let id = line["id"]?.scalar, let price = price(ofLine: id, plan),
                let quantity = line["quantity"]?.scalar.flatMap({ Ratio(decimal: $0) })
            else { continue }
            items.append(Usage.Item(id, price: price, .units(quantity)))
        }
        let seconds = (hours * Ratio(3_600)).floor
        guard seconds > 0, seconds <= Int128(UsageFile.periodHoursMax) * 3_600 else {
            throw SourceFault(line: root.line, message: "expected a period of at most ten years")
        }
        return PlanCost.Measured(period: .seconds(Int64(seconds)), items: items)
    }

    /// What a usage file states.
    public static func read(usage bytes: [UInt8]) -> Result<PlanCost.Measured, FileFaults> {
        UsageFile.read(bytes).map {
            PlanCost.Measured(period: $0.usage.period, items: $0.usage.items)
        }
    }

    /// The prices that a run's bill lines are charged at.
    private static func price(ofLine id: String, _ plan: Plan) -> String? {
        let isGraviton = plan.instances.first?.type.hasPrefix("t4g") == true
        return switch id {
        case "egress": "egress:internet"
        case "load-balancer-capacity": "alb:lcu"
        case "cpu-surplus": isGraviton ? "ec2-surplus:t4g" : "ec2-surplus:t3"
        case "database-surplus": "rds-surplus:t"
        case _: nil
        }
    }

    private func monthly(_ price: String, at book: PriceBook) -> Ratio? {
        guard let index = book.index(ofPrice: price) else { return nil }
        let items = items.filter { $0.price == price }
        guard !items.isEmpty else { return nil }
        let units = items.map { $0.quantity.units(of: book.prices[index].unit, in: book) }
        return units.reduce(.zero, +) * (Ratio(book.monthHours) / period.hours)
    }

    /// An Infracost usage file for the same templates: a month's usage by logical id.
    /// Source of the names: infracost-usage-example.yml of infracost/infracost.
    public func infracost(_ plan: Plan, at book: PriceBook) -> String {
        var text = "version: 0.1\nresource_usage:\n"
        func add(_ id: String, _ entries: [(name: String, value: Ratio?)]) {
            let known = entries.filter { $0.value != nil }
            guard !known.isEmpty else { return }
            text += "  \(id):\n"
            for entry in known {
                text += "    \(entry.name): \(entry.value?.rounded(digits: 3) ?? "")\n"
            }
        }
        if let instance = plan.instances.first {
            let surplus =
                monthly("ec2-surplus:t3", at: book) ?? monthly("ec2-surplus:t4g", at: book)
            // Infracost multiplies the credit hours by the vCPUs.
            let type = MachineType.named(instance.type)
            let vCPUs = Ratio(type?.vCPUs ?? 1)
            add(
                plan.name(instance.resource),
                [
                    ("monthly_cpu_credit_hrs", surplus.map { $0 / vCPUs }),
                    ("vcpu_count", surplus.map { _ in vCPUs }),
                ])
        }
        if let balancer = plan.balancers.first {
            // One capacity unit processes a gigabyte an hour; traffic is what uses it here.
            add(
                plan.name(balancer.resource),
                [("processed_bytes_gb", monthly("alb:lcu", at: book))])
        }
        if let database = plan.databases.first {
            let type = MachineType.named(database.instanceClass)
            add(
                plan.name(database.resource),
                [
                    (
                        "monthly_cpu_credit_hrs",
                        monthly("rds-surplus:t", at: book).map { $0 / Ratio(type?.vCPUs ?? 1) }
                    ),
                    ("additional_backup_storage_gb", monthly("rds:backup", at: book)),
                ])
        }
        if let egress = monthly("egress:internet", at: book) {
            text += "  aws_data_transfer.internet:\n    region: \(plan.region)\n"
            text += "    monthly_outbound_internet_gb: \(egress.rounded(digits: 3))\n"
        }
        return text
    }
}
