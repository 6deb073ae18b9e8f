import Base
import Cloud

/// What a plan costs in a month of 730 hours: what stands there for certain, and what is used of it
/// where that was measured or stated.
public struct PlanCost: Sendable {
    public var plan: Plan
    public var book: PriceBook
    public var lines: [Line]
    public var bill: Bill
    /// What is there and has no price in the book.
    public var unpriced: [Unpriced]

    /// One for each line of the bill, in its order.
    public struct Line: Sendable, Hashable {
        /// What it is for; nil where the plan has nothing that it could be for.
        public var resource: Int?
        public var what: String
        public var price: String
        /// Whether it is certain from the templates alone.
        public var isFixed: Bool
    }

    public struct Unpriced: Sendable, Hashable {
        public var resource: Int
        public var price: String
    }

    /// What of a plan is used, in a period: the lines that templates cannot know.
    public struct Measured: Sendable, Hashable {
        public var period: Interval
        public var items: [Usage.Item]

        public init(period: Interval, items: [Usage.Item]) {
            self.period = period
            self.items = items.filter { PlanCost.isUsage($0.price) }
        }

        public static let nothing = Measured(period: .hours(730), items: [])
    }

    /// `measured` is used under prices of `book`, whose region is the plan's.
    public init(_ plan: Plan, _ measured: Measured, at book: PriceBook, under regime: Regime) {
        var ledger = Ledger(plan: plan, book: book, period: measured.period)
        ledger.addMachines()
        ledger.addServices()
        for item in measured.items { ledger.addUsage(item) }
        self.plan = plan
        self.book = book
        lines = ledger.lines
        unpriced = ledger.unpriced
        bill = Bill(ledger.usage, at: book, under: regime)
    }

    /// Prices of what is used rather than there.
    static func isUsage(_ price: String) -> Bool {
        let families = [
            "egress:", "transfer:", "alb:lcu", "ec2-surplus:", "rds-surplus:", "rds:backup",
            "cloudwatch:logs", "cloudwatch:metric", "nat:data", "secret:calls",
        ]
        return families.contains { price.hasPrefix($0) }
    }

    /// Lines of a stack, or those of no resource where `stack` is nil.
    public func indices(ofStack stack: Int?) -> [Int] {
        lines.indices.filter { index in
            lines[index].resource.map { plan.graph.resources[$0].stack } == stack
        }
    }

    public func total(_ indices: [Int]) -> Ratio {
        indices.reduce(.zero) { $0 + bill.lines[$1].amount730h }
    }

    /// Where each price was read, and from when it holds.
    public func price(_ index: Int) -> PriceBook.Price? {
        book.index(ofPrice: lines[index].price).map { book.prices[$0] }
    }
}

/// Gathers the usage that a plan amounts to, and for which resource each item is.
private struct Ledger {
    let plan: Plan
    let book: PriceBook
    let period: Interval
    var usage: Usage
    var lines: [PlanCost.Line] = []
    var unpriced: [PlanCost.Unpriced] = []

    init(plan: Plan, book: PriceBook, period: Interval) {
        self.plan = plan
        self.book = book
        self.period = period
        usage = Usage(region: book.region, period: period)
    }

    private mutating func add(
        _ resource: Int, _ what: String, _ price: String, _ quantity: Usage.Quantity
    ) {
        guard book.index(ofPrice: price) != nil, lines.count < Usage.itemsMax else {
            unpriced.append(PlanCost.Unpriced(resource: resource, price: price))
            return
        }
        usage.add(Usage.Item("\(what)@\(plan.graph.fullName(resource))", price: price, quantity))
        lines.append(
            PlanCost.Line(resource: resource, what: what, price: price, isFixed: true))
    }

    mutating func addUsage(_ item: Usage.Item) {
        guard book.index(ofPrice: item.price) != nil, lines.count < Usage.itemsMax else { return }
        usage.add(Usage.Item("\(item.id)@used", price: item.price, item.quantity))
        lines.append(
            PlanCost.Line(
                resource: user(of: item.price), what: item.id, price: item.price, isFixed: false))
    }

    /// The resource that a usage is of: the first that can have it.
    private func user(of price: String) -> Int? {
        if price.hasPrefix("alb:") { return plan.balancers.first?.resource }
        if price.hasPrefix("rds") { return plan.databases.first?.resource }
        if price.hasPrefix("nat:") { return plan.natGateways.first?.resource }
        if price.hasPrefix("secret:") { return plan.secrets.first }
        if price.hasPrefix("cloudwatch:logs") { return plan.logGroups.first?.resource }
        return plan.instances.first?.resource
    }

    // MARK: What stands there

    mutating func addMachines() {
        for instance in plan.instances {
            add(instance.resource, "instance", "ec2:\(instance.type)", .time(period))
            for (index, disk) in instance.disks.enumerated() {
                addDisk(disk, instance.resource, index == 0 ? "root-volume" : "volume-\(index)")
            }
            if plan.hasPublicAddress(instance) {
                add(instance.resource, "public-address", "ipv4:instance", .time(period))
            }
        }
        for volume in plan.volumes { addDisk(volume.disk, volume.resource, "volume") }
        // An address that no instance holds is billed all the same, and never free.
        for address in plan.addresses where address.instance == nil {
            add(address.resource, "public-address", "ipv4:load-balancer", .time(period))
        }
        for gateway in plan.natGateways {
            add(gateway.resource, "nat-gateway", "nat:hours", .time(period))
        }
    }

    private mutating func addDisk(_ disk: Disk, _ resource: Int, _ what: String) {
        add(
            resource, what, "ebs:\(disk.type)",
            .storage(gigabytes: Int64(disk.gibibytes), period))
    }

    mutating func addServices() {
        for balancer in plan.balancers {
            let kind = balancer.kind == .application ? "alb" : "nlb"
            add(balancer.resource, "load-balancer", "\(kind):hours", .time(period))
            if balancer.isInternetFacing {
                add(
                    balancer.resource, "public-addresses", "ipv4:load-balancer",
                    .time(period * Int64(balancer.subnets.count)))
            }
        }
        for database in plan.databases { addDatabase(database) }
        for cache in plan.caches {
            add(
                cache.resource, "cache", "elasticache:\(cache.nodeType):\(cache.engine)",
                .time(period * Int64(cache.nodes)))
        }
        for secret in plan.secrets { add(secret, "secret", "secret", .time(period)) }
        for zone in plan.zones { add(zone, "zone", "route53:zone", .time(period)) }
        for certificate in plan.certificates {
            add(certificate.resource, "certificate", "acm:certificate", .time(period))
        }
        for alarm in plan.alarms {
            add(alarm.resource, "alarm", "cloudwatch:alarm", .time(period))
        }
    }

    private mutating func addDatabase(_ database: Database) {
        // A standby is a second machine with a second disk.
        let copies: Int64 = database.isMultiZone ? 2 : 1
        guard database.engine == "postgres" else {
            unpriced.append(
                PlanCost.Unpriced(
                    resource: database.resource,
                    price: "rds:\(database.instanceClass):\(database.engine)"))
            return
        }
        add(database.resource, "database", "rds:\(database.instanceClass)", .time(period * copies))
        add(
            database.resource, "database-storage", "rds-storage:\(database.storageType)",
            .storage(gigabytes: Int64(database.gibibytes) * copies, period))
        if let version = database.majorVersion, version <= 13,
            let type = MachineType.named(database.instanceClass)
        {
            add(
                database.resource, "extended-support", "rds:extended-support",
                .time(period * (copies * type.vCPUs)))
        }
    }
}
