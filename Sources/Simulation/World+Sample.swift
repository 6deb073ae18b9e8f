import Base
import Cloud
import Platform
import Results
import Scenarios

extension World {
    /// The end of one step of the series.
    mutating func sample() {
        let now = queue.now
        writeDisks()
        weighMemory()
        advanceMachines()
        refreshMachines()
        record.row(row())
        record.pass(now)
        if account == .open, let cause = closingCause() { closeAccount(cause) }
        let next = now + Self.seriesStep
        if next <= end { queue.push(.sample, at: next) }
    }

    private mutating func row() -> [Fixed] {
        let egress = self.egress
        let ingress = host.network.inbound.used.whole + tally.ingressControl
        let cpu = host.credits.used.whole
        let step = Int128(Self.seriesStep.wholeSeconds)
        defer {
            record.egressBefore = egress
            record.ingressBefore = ingress
            record.cpuBefore = cpu
        }
        var live: Int64 = 0
        var players: Int64 = 0
        for slot in streamers where slot.media.flow != noFlow { live += 1 }
        for index in fluid.open where fluid.flow(index).player != .none { players += 1 }
        return [
            .ratio(Int128(max(0, egress - record.egressBefore)) * 8, step * 1_000_000),
            .ratio(Int128(ingress - record.ingressBefore) * 8, step * 1_000_000),
            .ratio(
                Int128(cpu - record.cpuBefore) * 100, step * Int128(host.machine.vCPURate)),
            .ratio(Int128(host.credits.balanceMillicredits), 1_000),
            .ratio(Int128(host.credits.surplusMillicredits), 1_000),
            .ratio(max(0, host.network.outbound.level.billionths), 1_000_000_000_000_000_000),
            .ratio(Int128(host.memory.used), 1 << 20),
            .ratio(max(0, host.disk.used.billionths), Int128(1_000_000_000) << 30),
            Fixed(players), Fixed(live),
            costSoFar(),
        ]
    }

    /// The bill of the part that has run, which is what "so far" costs.
    private mutating func costSoFar() -> Fixed {
        let hour = (queue.now - scenario.start).nanoseconds / Interval.hours(1).nanoseconds
        if hour != record.billedHour {
            record.billedHour = hour
            record.billedSoFar = Fixed(ratio: bill(until: queue.now).totalPeriod)
        }
        return record.billedSoFar
    }

    /// Why a Free plan's account closes now, as billed by the hour; the run begins with its first.
    private mutating func closingCause() -> String? {
        guard case .freePlan(let creditsCents) = regime else { return nil }
        if record.billedSoFar >= .ratio(Int128(creditsCents), 100) {
            return "the Free plan's credits are used up and the account closed"
        }
        let hours = (queue.now - scenario.start).wholeSeconds / 3_600
        return hours < Regime.freePlanHoursMax
            ? nil : "the Free plan's six months are over and the account closed"
    }

    // MARK: The bill

    /// The bill for what was used from the start until `now`, but for the time in which the account
    /// was closed.
    public mutating func bill(until now: Instant) -> Bill {
        guard case .closed(let at) = account else {
            return Bill(usage(until: now), at: book, under: regime)
        }
        return Bill(usage(until: at), at: book, under: regime)
    }

    private var regime: Regime {
        Regime(
            name: scenario.pricing.regime.rawValue,
            creditsCents: scenario.pricing.creditsCents) ?? .onDemand
    }

    /// Bytes sent to the internet.
    var egress: Int64 {
        host.network.outbound.used.whole + egressCorrection + tally.egressControl
            + tally.egressScans
    }

    private mutating func usage(until now: Instant) -> Usage {
        let open = now - scenario.start - record.closedTime
        let period = Interval.seconds(open.wholeSeconds)
        var usage = Usage(region: scenario.deployment.region, period: period)
        for item in items(period) where book.index(ofPrice: item.price) != nil { usage.add(item) }
        usage.taxPerMille = scenario.pricing.tax.map { $0.millionths / 1_000 }
        usage.owedToNodes = Ratio(Int128(tally.paidNanodollars), over: 1_000_000_000)
        return usage
    }

    /// What AWS sells of what the deployment has but the price book does not know.
    mutating func unpriced() -> [String] {
        items(.hours(1)).map(\.price).filter {
            book.index(ofPrice: $0) == nil && !($0.hasPrefix("ec2:") && host.isByHand)
        }
    }

    private mutating func items(_ period: Interval) -> [Usage.Item] {
        let deployment = scenario.deployment
        var items: [Usage.Item] = []
        func add(_ id: String, _ price: String, _ quantity: Usage.Quantity) {
            items.append(Usage.Item(id, price: price, quantity))
        }
        add(
            "instance", "ec2:\(host.machine.name)",
            .time(max(.zero, period - host.stopped(until: queue.now))))
        add(
            "root-volume", "ebs:\(deployment.instance.rootVolume.type.rawValue)",
            .storage(gigabytes: gigabytes(deployment.instance.rootVolume.size), period))
        let surplus = host.credits.surplusBillable.whole
        if surplus > 0 {
            let family = host.machine.name.hasPrefix("t4g") ? "t4g" : "t3"
            add("cpu-surplus", "ec2-surplus:\(family)", .time(Interval(nanoseconds: surplus)))
        }
        add("ipv4-instance", "ipv4:instance", .time(period))
        if case .loadBalancer(let zones, _) = deployment.front {
            add("ipv4-load-balancer", "ipv4:load-balancer", .time(period * Int64(zones)))
            add("load-balancer", "alb:hours", .time(period))
            let capacity = Ratio(
                Int128(balancer?.meter.microLCUHours ?? 0), over: 1_000_000)
            add("load-balancer-capacity", "alb:lcu", .units(capacity))
        }
        addManaged(period, add)
        if deployment.secrets > 0 {
            add("secret", "secret", .time(period * Int64(deployment.secrets)))
        }
        if deployment.zones > 0 {
            add("zone", "route53:zone", .time(period * Int64(deployment.zones)))
        }
        if case .loadBalancer = deployment.front {
            add("certificate", "acm:certificate", .time(period))
        }
        add("egress", "egress:internet", .bytes(egress))
        return items
    }

    private mutating func addManaged(
        _ period: Interval, _ add: (String, String, Usage.Quantity) -> Void
    ) {
        if case .managed(let name, let storage, let multiAZ, _, let version) =
            scenario.deployment.database
        {
            let copies: Int64 = multiAZ ? 2 : 1
            add("database", "rds:\(name)", .time(period * copies))
            add(
                "database-storage", "rds-storage:\(storage.type.rawValue)",
                .storage(gigabytes: gigabytes(storage.size) * copies, period))
            if Deployment.isExtendedSupport(postgres: version, at: scenario.start) {
                let vCPUs = databaseMachine?.plan.type.vCPUs ?? 0
                add(
                    "database-extended-support", "rds:extended-support",
                    .time(period * (vCPUs * copies)))
            }
            let surplus = databaseMachine?.credits.surplusBillable.whole ?? 0
            if surplus > 0 {
                add("database-surplus", "rds-surplus:t", .time(Interval(nanoseconds: surplus)))
            }
        }
        if case .managed(let name, let engine) = scenario.deployment.cache {
            add("cache", "elasticache:\(name):\(engine.rawValue)", .time(period))
        }
    }

    private func gigabytes(_ size: ByteCount) -> Int64 { size.bytes >> 30 }
}

extension Fixed {
    /// Rounded half to even at the sixth decimal.
    init(ratio: Ratio) { self = .ratio(ratio.numerator, ratio.denominator) }
}
