import Base
import Cloud

extension Checker {
    mutating func checkMoney() {
        for instance in plan.instances { checkCredits(instance) }
        for database in plan.databases {
            checkStorage(database)
            checkExtendedSupport(database)
        }
        checkAddresses()
        for gateway in plan.natGateways {
            add(
                .natGateway, gateway.resource, [],
                "billed for every hour and gigabyte (about $35 a month each in eu-west-1): more "
                    + "than the plan's whole budget", fix: "natGateways: 0 with public subnets")
        }
    }

    private mutating func checkCredits(_ instance: Instance) {
        guard let type = MachineType.named(instance.type), type.isBurstable else { return }
        // Amazon EC2 User Guide: T2 alone begins in standard mode.
        let isDefault = instance.credits == nil
        guard instance.credits == .unlimited || isDefault && !instance.type.hasPrefix("t2") else {
            return
        }
        // All vCPUs above the baseline, at $0.05 a vCPU-hour: the most that can be charged.
        let share = Ratio(Int128(type.vCPURate - type.baselineRate), over: 1_000_000_000)
        let price = PriceBook.shipped(region: plan.region).flatMap { book in
            let family = instance.type.hasPrefix("t4g") ? "t4g" : "t3"
            return book.index(ofPrice: "ec2-surplus:\(family)").map {
                book.prices[$0].tiers[0].price
            }
        }
        let most = price.map { ($0 * share * Ratio(730)).cents }
        add(
            .unlimitedCredits, instance.resource, ["CreditSpecification"],
            "unlimited \(isDefault ? "is the default" : "is asked for"): a runaway process is "
                + "billed\(most.map { " up to $\($0) a month more" } ?? "")",
            fix: "CreditSpecification: CPUCredits: standard, and see in a run whether that holds",
            edits: [
                fixer.set(
                    instance.resource, ["CreditSpecification"],
                    .object([.init("CPUCredits", .string("standard"))]))
            ])
    }

    private mutating func checkStorage(_ database: Database) {
        guard database.gibibytes >= 100 else { return }
        let price = PriceBook.shipped(region: plan.region).flatMap { book in
            book.index(ofPrice: "rds-storage:\(database.storageType)").map {
                book.prices[$0].tiers[0].price
            }
        }
        let amount = price.map {
            ": $" + (Ratio(Int64(database.gibibytes)) * $0).cents + " a month"
        }
        add(
            .storageDefault, database.resource, ["AllocatedStorage"],
            "\(database.gibibytes) GiB, what CDK takes where nothing is said\(amount ?? ""), for a "
                + "few hundred megabytes of data",
            fix: "AllocatedStorage: 20, the least that RDS takes",
            edits: [fixer.set(database.resource, ["AllocatedStorage"], .string("20"))])
    }

    private mutating func checkExtendedSupport(_ database: Database) {
        guard database.engine == "postgres", let version = database.majorVersion, version <= 13
        else { return }
        add(
            .extendedSupport, database.resource, ["EngineVersion"],
            "PostgreSQL \(version) is past RDS's standard support: Extended Support is charged for "
                + "each vCPU-hour, $146 a month for two vCPUs", fix: "PostgreSQL 17 or newer")
    }

    private mutating func checkAddresses() {
        let instances = plan.instances.filter { plan.hasPublicAddress($0) }.map(\.resource)
        let balancers = plan.balancers.filter(\.isInternetFacing)
        let others = plan.addresses.count { $0.instance == nil }
        let count = instances.count + others + balancers.reduce(0) { $0 + $1.subnets.count }
        guard count > 1, let first = instances.first ?? balancers.first?.resource else { return }
        let monthly = (Ratio(Int128(count), over: 200) * Ratio(730)).cents
        add(
            .publicAddresses, first, [],
            "\(count) public IPv4 addresses are billed, one for each instance, NAT gateway and "
                + "zone of a load balancer: $\(monthly) a month",
            fix: "TLS on the instance instead of a load balancer needs one")
    }
}
