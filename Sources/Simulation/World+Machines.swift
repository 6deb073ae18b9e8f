import Base
import Cloud
import Platform
import Scenarios

/// CPU, credits, network allowance, memory and disk: what the work costs the machines.
extension World {
    // MARK: CPU

    /// Spends CPU time of a service's one thread; returns when it is done.
    mutating func spend(_ cost: Interval, on service: Service) -> Instant {
        let now = queue.now
        let begins = max(now, host.services[service.index].busyUntil)
        guard cost > .zero else { return begins }
        host.controlCPU += cost
        let wasHeld = host.credits.isHeld
        host.credits.charge(cost, at: now)
        if host.credits.isHeld != wasHeld {
            noteCredits()
            refreshMachines()
        }
        let speed = host.controlSpeed(mediaUse: fluid.capacities[Int(host.cpuCapacity)].use)
        let time =
            speed == 1_000_000_000
            ? cost.nanoseconds : multiplyDivideUp(cost.nanoseconds, 1_000_000_000, speed)
        let done = begins + Interval(nanoseconds: time)
        host.services[service.index].busyUntil = done
        host.waitMax = max(host.waitMax, done - now)
        return done
    }

    private mutating func noteCredits() {
        log(host.credits.isHeld ? "cpu-credits-gone" : "cpu-credits-back", "instance", "")
    }

    /// CPU nanoseconds a second that idle processes take.
    @inline(__always)
    var idleCPU: Int64 {
        var sum: Int64 = 0
        for state in host.services where state.isUp && state.process >= 0 {
            sum += state.costs.idle
        }
        return host.isUp ? sum : 0
    }

    /// What the media's thread may use of the instance now.
    @inline(__always)
    private var mediaCPU: Int64 {
        guard host.isUp, host.services[Service.rtmp.index].isUp else { return 0 }
        let machine = host.machine
        let allowed = host.credits.allowed - idleCPU
        return max(0, min(allowed, machine.vCPURate / max(1, machine.vCPUs)))
    }

    /// A service came or went, and what it takes idle with it.
    mutating func servicesChanged() {
        updateMachineUse()
        refreshMachines()
    }

    /// Tells the machines what the fluid uses now, and the fluid what they allow.
    mutating func updateMachineUse() {
        guard host.isUp else { return }
        let now = queue.now
        let cpu = fluid.capacities[Int(host.cpuCapacity)].use + idleCPU
        let inbound = fluid.capacities[Int(host.inCapacity)].use
        let outbound = fluid.capacities[Int(host.outCapacity)].use
        var changed = false
        if host.credits.use != cpu {
            let wasHeld = host.credits.isHeld
            host.credits.setUse(min(cpu, host.machine.vCPURate), at: now)
            if host.credits.isHeld != wasHeld { noteCredits() }
            changed = true
        }
        if host.network.inbound.use != inbound {
            host.network.inbound.setUse(inbound, at: now)
            changed = true
        }
        if host.network.outbound.use != outbound {
            host.network.outbound.setUse(outbound, at: now)
            changed = true
        }
        if changed { refreshMachines() }
    }

    /// Takes over what the machines allow at this moment, and schedules their next edge.
    mutating func refreshMachines() {
        let now = queue.now
        fluid.setLimit(host.cpuCapacity, mediaCPU)
        fluid.setLimit(host.inCapacity, host.isUp ? host.network.inbound.allowed : 0)
        fluid.setLimit(host.outCapacity, host.isUp ? host.network.outbound.allowed : 0)
        var next = Instant.distantFuture
        func consider(_ at: Instant?) {
            if let at, at > now, at < next { next = at }
        }
        consider(host.credits.crossing())
        consider(host.network.crossing())
        consider(host.disk.crossing())
        consider(databaseMachine?.crossing())
        guard next <= end, next != queue.expected(.machines) else { return }
        queue.expect(.machines, at: next)
    }

    mutating func machineEdge() {
        advanceMachines()
        refreshMachines()
    }

    mutating func advanceMachines() {
        let now = queue.now
        let wasHeld = host.credits.isHeld
        let wasShaped = host.network.outbound.isHeld
        host.credits.advance(to: now)
        host.network.advance(to: now)
        host.disk.advance(to: now)
        if host.credits.isHeld != wasHeld { noteCredits() }
        if host.network.outbound.isHeld != wasShaped {
            let isHeld = host.network.outbound.isHeld
            log(
                isHeld ? "network-shaped" : "network-burst-back", "instance",
                isHeld ? "held to the baseline" : "")
        }
        advanceDatabase()
        if host.disk.isFull { diskFilled() }
    }

    private mutating func advanceDatabase() {
        guard databaseMachine != nil else { return }
        databaseMachine?.advance(to: queue.now)
        cacheMachine?.credits.advance(to: queue.now)
        if case .closed = account { return }
        let isUp = databaseMachine?.isAvailable ?? true
        guard isUp != databaseWasUp else { return }
        databaseWasUp = isUp
        let index = Service.database.index
        if isUp {
            host.services[index].isUp = true
            connectDatabase()
            noteUp(.database, healedBy: "the managed database, after its maintenance")
        } else {
            host.services[index].isUp = false
            emptyPools()
            noteDown(.database, cause: "maintenance restart")
        }
    }

    // MARK: Disk of the database

    /// An empty PostgreSQL with its write-ahead log, and what one writing transaction leaves
    /// behind on average: rows and index entries, less what vacuuming frees (assumptions).
    static let databaseBytes: Int64 = 200_000_000
    private static let databaseGrowth: Int64 = 100
    /// What a writing transaction waits for: a page (PostgreSQL's `BLCKSZ`).
    static let databasePage: Int64 = 8_192

    /// A page of the database's container goes to the root volume, behind what waits there.
    mutating func writePage(after ready: Instant) -> Instant {
        let start = max(ready, host.diskFreeAt)
        let time = host.diskSpeed.charge(operations: 1, bytes: Self.databasePage, at: queue.now)
        host.diskFreeAt = start + time
        return host.diskFreeAt
    }

    /// Rows that were written since the last sample.
    private mutating func growDatabase() {
        let bytes = (tally.writes - record.writesBefore) * Self.databaseGrowth
        record.writesBefore = tally.writes
        if host.databaseFile >= 0 {
            _ = host.disk.write(host.databaseFile, bytes, at: queue.now)
        } else {
            _ = databaseMachine?.storage.write(0, bytes, at: queue.now)
        }
    }

    // MARK: Memory

    /// Sets what each process holds now; the kernel may have to kill one.
    mutating func weighMemory() {
        guard host.isUp else { return }
        flightsWeighedAt = flights.used + Self.flightsWeighed
        for service in Service.allCases { weigh(service) }
    }

    /// The same for those whose connections come and go between two samples.
    mutating func weighSessions() {
        sessionsChanged = false
        check(players >= 0, "more players left than came")
        check(publishers >= 0, "more publishers left than came")
        guard host.isUp else { return }
        flightsWeighedAt = flights.used + Self.flightsWeighed
        for service in [Service.rtmp, .coordinator, .worker, .front] { weigh(service) }
    }

    private mutating func weigh(_ service: Service) {
        let process = host.services[service.index].process
        guard process >= 0 else { return }
        let resident = host.services[service.index].isUp ? residentMemory(service) : 0
        if let victim = host.memory.setResident(process, resident) { killed(victim) }
    }

    private mutating func residentMemory(_ service: Service) -> Int64 {
        let costs = host.services[service.index].costs
        switch service {
        case .rtmp:
            // A session is a connection that became one; those of a server that just died are gone.
            let others = max(0, Int64(rtmpServer.connections) - players - publishers)
            return costs.memory(connections: others, players: players, publishers: publishers)
        case .coordinator:
            // Each call comes by a connection of its own; one besides is the cache's.
            return costs.memory(connections: pools[0].open + coordinator.callsUnderWay + 1)
        case .worker:
            return costs.memory(connections: pools[1].open + worker.connectionsOpen + 1)
        case .database: return costs.memory(connections: pools[0].open + pools[1].open)
        // The coordinator's and the worker's.
        case .cache: return costs.memory(connections: 2) + cacheTables.used
        // Each call under way is one to the caller and one to the coordinator.
        case .front: return costs.memory(connections: 2 * coordinator.callsUnderWay)
        }
    }

    private mutating func killed(_ process: Int) {
        guard
            let service = Service.allCases.first(where: {
                host.services[$0.index].process == process
            })
        else { return }
        tally.oomKills += 1
        log("out-of-memory", service.name, "killed by the kernel")
        stop(service, cause: "killed by the out-of-memory killer", exits: true)
    }

    // MARK: Disk

    /// Writes what was logged and stored since the last sample.
    mutating func writeDisks() {
        growDatabase()
        for index in host.services.indices where host.services[index].logFile >= 0 {
            let bytes = host.services[index].logged
            guard bytes > 0 else { continue }
            host.services[index].logged = 0
            _ = host.disk.write(host.services[index].logFile, bytes, at: queue.now)
        }
    }

    private mutating func diskFilled() {
        guard !record.diskWasFull else { return }
        record.diskWasFull = true
        log("disk-full", "instance", "no space left on the root volume")
        for service in Self.needDisk {
            guard host.services[service.index].process >= 0 else { continue }
            stop(service, cause: "root volume full", exits: false)
            host.services[service.index].needsPerson = true
        }
        needPerson(
            "instance", cause: "the root volume is full",
            action: "log in, truncate the container logs and set max-size", kind: .clearDisk)
    }

    // MARK: Load balancer

    mutating func healthCheck() {
        guard balancer?.startCheck(at: queue.now) != nil else { return }
        tally.healthChecks += 1
        let isUp =
            host.isUp && host.services[Service.coordinator.index].isUp
            && scenario.deployment.reaches(from: .loadBalancer, to: .instance, port: 8_000)
        if isUp {
            let index = newFlight(.health, CallID(Self.healthCheckID), by: .prober)
            flights[index].callee = .coordinator
            flights[index].wayBack = Self.zoneDelay
            queue.push(
                .arrive(flight: index, generation: flights[index].generation),
                at: queue.now + Self.zoneDelay)
        } else {
            checkedHealth(passed: false)
        }
        if let next = balancer?.crossing(), next <= end {
            queue.push(.healthCheck, at: max(next, queue.now))
        }
    }

    /// The stopped instance is back, and a target again.
    mutating func useTarget() {
        balancer?.setUsed(0, true, at: queue.now)
        if balancer != nil { queue.push(.healthCheck, at: queue.now) }
    }

    static let healthCheckID = UInt64.max

    /// What the health check got: in time, and with 200?
    mutating func answeredHealth(_ answer: Answer, asked: Instant) {
        var passed = false
        if case .reply(.health(let health)) = answer, let balancer {
            passed =
                health != .unhealthy && scenario.deployment.hasHealthPath
                && queue.now - asked <= balancer.healthCheck.timeout
        }
        checkedHealth(passed: passed)
    }

    private mutating func checkedHealth(passed: Bool) {
        if !passed { tally.healthChecksFailed += 1 }
        guard let changed = balancer?.checked(0, passed: passed), changed else { return }
        let isHealthy = balancer?.targets[0].health == .healthy
        log(
            isHealthy ? "target-healthy" : "target-unhealthy", "load-balancer",
            isHealthy ? "" : "fails open: requests are still passed on")
    }
}

extension Deployment {
    /// Whether the coordinator knows the path that is asked for; it answers others with 404.
    fileprivate var hasHealthPath: Bool {
        switch front {
        case .loadBalancer(_, let path):
            ["/health", "/", "/dashboard", "/leaderboard", "/payouts", "/streams", "/streams/live"]
                .contains(path)
        case .container: true
        }
    }
}
