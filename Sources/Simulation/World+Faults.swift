import Base
import Cloud
import Platform
import Results
import Scenarios

/// What a person's repair does to the world, besides what is said of it.
enum RepairKind: Sendable {
    case nothing
    case start(Service)
    case startAll
    case tellAddress
    case clearDisk
    case reopenAccount
}

/// Faults, what heals them, and what does not.
extension World {
    /// From a crash to a running process (Docker's restart delay and the program's own start).
    private static let containerStart: [ClosedRange<Interval>] = [
        .seconds(1) ... .seconds(3),  // rtmp
        .seconds(4) ... .seconds(9),  // coordinator
        .seconds(4) ... .seconds(9),  // worker
        .seconds(1) ... .seconds(2),  // front
        .seconds(2) ... .seconds(6),  // database
        .seconds(1) ... .seconds(2),  // cache
    ]
    /// A reboot of a small instance until Docker starts (assumption).
    private static let boot = Interval.seconds(40) ... .seconds(90)

    mutating func strike(_ fault: FaultKind) {
        switch fault {
        case .instanceReboot:
            guard isInstanceUp("reboot") else { return }
            instanceDown(cause: "instance reboot")
            comeUp(after: faultRandom.interval(Self.boot))
        case .instanceStopStart(let off):
            guard isInstanceUp("stopped") else { return }
            stopInstance(cause: "instance stopped and started")
            host.stoppedUntil = queue.now + off
            host.stoppedTime += off
            comeUp(after: off + faultRandom.interval(Self.boot))
        case .containerCrash(let container):
            let service = Service(container)
            guard host.services[service.index].process >= 0 else {
                log("fault", service.name, "is managed: no container to crash")
                return
            }
            log("fault", service.name, "container crashed")
            stop(service, cause: "container crashed", exits: true)
        case .homeOutage(let name, let length):
            guard let home = homes.firstIndex(where: { $0.name == name }) else { return }
            log("fault", name, "home outage")
            homeGoes(Int32(home), for: length, cause: "home outage")
        }
    }

    /// What befalls an instance that is down or going up already changes nothing.
    private mutating func isInstanceUp(_ fault: String) -> Bool {
        log("fault", "instance", host.isUp ? fault : "\(fault), but it is down already")
        return host.isUp
    }

    // MARK: Containers

    /// A service's process ends. `exits` is a crash that a restart policy sees.
    mutating func stop(_ service: Service, cause: String, exits: Bool) {
        let index = service.index
        guard host.services[index].isUp else { return }
        host.services[index].isUp = false
        host.services[index].epoch &+= 1
        noteDown(service, cause: cause)
        loseProcess(service)
        guard exits else { return }
        let inVain = countExit(service)
        let isHopeless = inVain >= Self.startsInVainMax
        if inVain == Self.startsInVainMax {
            needPerson(
                service.name,
                cause: "\(service.name) ends each time soon after it starts: \(cause)",
                action: "give it what it lacks: a larger instance, or less on this one",
                kind: .nothing)
        }
        switch scenario.deployment.containers.restart {
        case .always, .unlessStopped, .onFailure:
            let wait = faultRandom.interval(Self.containerStart[index]) + Self.backOff(inVain)
            queue.push(
                .restart(service, generation: host.services[index].epoch), at: queue.now + wait)
        case .no:
            host.services[index].needsPerson = true
            guard !isHopeless else { return }
            needPerson(
                service.name, cause: cause, action: "docker start \(service.name)",
                kind: .start(service))
        }
    }

    /// So many starts in vain, and nobody expects the next one to do.
    private static let startsInVainMax = 10

    /// How many lives of the service in a row, this one among them, were shorter than ten seconds.
    private mutating func countExit(_ service: Service) -> Int {
        let index = service.index
        let isShort = queue.now - host.services[index].startedAt < .seconds(10)
        host.services[index].exitsInRow = isShort ? host.services[index].exitsInRow + 1 : 0
        return host.services[index].exitsInRow
    }

    /// What Docker waits besides before the next start: from 100 ms twice as long each time, a
    /// minute at most, until a life lasts ten seconds (Docker documentation, restart policies).
    private static func backOff(_ inVain: Int) -> Interval {
        inVain == 0 ? .zero : min(.milliseconds(Int64(100 << min(inVain, 10))), .minutes(1))
    }

    /// What dies with the process: its connections, its calls, its memory.
    private mutating func loseProcess(_ service: Service) {
        freeMemory(of: service)
        switch service {
        case .rtmp: resetLinks(of: .rtmp)
        case .coordinator:
            failFlights(at: .coordinator)
            emptyPool(of: service)
        case .worker:
            resetLinks(of: .worker)
            emptyPool(of: service)
        case .cache: cacheTables.flush()
        case .database: emptyPools()
        case .front: break
        }
        servicesChanged()
    }

    private mutating func freeMemory(of service: Service) {
        let process = host.services[service.index].process
        if process >= 0 { _ = host.memory.setResident(process, 0) }
    }

    private mutating func failFlights(at callee: ProgramRef) {
        for index in Int32(0)..<Int32(flights.count)
        where flights[index].isOpen && !flights[index].isAnswered
            && flights[index].callee == callee && flights[index].calleeEpoch > 0
        {
            settleFlight(index, .failed(.reset), at: queue.now + flights[index].wayBack)
        }
    }

    mutating func restarted(_ service: Service, _ generation: UInt32) {
        guard host.isUp, host.services[service.index].epoch == generation else { return }
        let cause = host.services[service.index].cause
        let isClosure = interventions.contains { $0.service == "account" && $0.cause == cause }
        start(
            service,
            healedBy: isClosure
                ? Self.upgrade
                : "restart policy \(scenario.deployment.containers.restart.rawValue)")
    }

    /// What ends the outages of a closed account.
    private static let upgrade = "a person, who upgraded the account"

    private mutating func start(_ service: Service, healedBy: String) {
        let index = service.index
        guard !host.services[index].isUp, canStart(service) else { return }
        host.services[index].isUp = true
        host.services[index].needsPerson = false
        host.services[index].busyUntil = queue.now
        host.services[index].startedAt = queue.now
        noteUp(service, healedBy: healedBy)
        if service == .database { connectDatabase() } else { fillPool(of: service) }
        servicesChanged()
        startProgram(service)
        weighMemory()
    }

    private func canStart(_ service: Service) -> Bool {
        guard host.services[service.index].process >= 0 else { return true }
        return host.isUp && !(record.diskWasFull && Self.needDisk.contains(service))
    }

    /// Those that stop when the root volume is full.
    static let needDisk: [Service] = [.coordinator, .worker, .database]

    mutating func startProgram(_ service: Service) {
        switch service {
        case .rtmp: deliver(.started, to: .rtmp, cost: .zero)
        case .coordinator: deliver(.started, to: .coordinator, cost: .zero)
        case .worker: deliver(.started, to: .worker, cost: .zero)
        case .front, .database, .cache: break
        }
    }

    // MARK: Instance

    private mutating func instanceDown(cause: String) {
        guard host.isUp else { return }
        host.isUp = false
        host.epoch &+= 1
        severLinks { $0.server.service != nil || $0.client.service != nil }
        for service in Service.allCases where host.services[service.index].process >= 0 {
            guard host.services[service.index].isUp else { continue }
            host.services[service.index].isUp = false
            host.services[service.index].epoch &+= 1
            noteDown(service, cause: cause)
            freeMemory(of: service)
            if service == .cache { cacheTables.flush() }
            emptyPool(of: service)
        }
        failFlights(at: .coordinator)
        host.credits.setUse(0, at: queue.now)
        host.network.inbound.setUse(0, at: queue.now)
        host.network.outbound.setUse(0, at: queue.now)
        refreshMachines()
    }

    /// Unlike after a reboot, the machine is another one afterwards.
    private mutating func stopInstance(cause: String) {
        guard host.isUp else { return }
        instanceDown(cause: cause)
        host.isStopped = true
        host.credits.stop(at: queue.now)
        host.network.stop(at: queue.now)
        balancer?.setUsed(0, false, at: queue.now)
        if !scenario.deployment.instance.elasticAddress { host.address += 1 }
        refreshMachines()
    }

    private mutating func comeUp(after wait: Interval) {
        queue.push(.instanceUp(generation: host.epoch), at: queue.now + wait)
    }

    mutating func instanceUp(_ generation: UInt32) {
        guard generation == host.epoch, !host.isUp else { return }
        if case .closed = account { return }
        host.isUp = true
        if host.isStopped {
            host.isStopped = false
            host.credits.start(at: queue.now)
            host.network.start(at: queue.now)
            useTarget()
        }
        log("instance-up", "instance", "")
        refreshMachines()
        let plan = scenario.deployment.containers
        let comesBack: Bool =
            switch plan.restart {
            case .always, .unlessStopped: plan.dockerEnabled
            case .no, .onFailure: false  // Docker restarts neither when its daemon starts
            }
        for service in Service.allCases where host.services[service.index].process >= 0 {
            guard comesBack else {
                host.services[service.index].needsPerson = true
                continue
            }
            let wait = faultRandom.interval(Self.containerStart[service.index])
            queue.push(
                .restart(service, generation: host.services[service.index].epoch),
                at: queue.now + wait)
        }
        if !comesBack {
            needPerson(
                "instance",
                cause: plan.dockerEnabled
                    ? "restart policy \(plan.restart.rawValue) does not survive a reboot"
                    : "docker.service is not enabled",
                action: "log in and run docker compose up -d", kind: .startAll)
        }
        if addressKnown != host.address {
            needPerson(
                "rtmp", cause: "the public address changed (no elastic address)",
                action: scenario.deployment.front == .container
                    ? "tell every friend the new addresses of RTMP and HTTPS"
                    : "tell every friend the new RTMP address", kind: .tellAddress)
        }
    }

    // MARK: Account

    /// A Free plan's account closes, and takes everything with it.
    mutating func closeAccount(_ cause: String) {
        account = .closed(at: queue.now)
        log("account-closed", "account", cause)
        stopInstance(cause: cause)
        for node in nodes.indices { closeAtBalancer(node) }
        for service in Service.allCases where host.services[service.index].isUp {
            host.services[service.index].isUp = false
            host.services[service.index].epoch &+= 1
            noteDown(service, cause: cause)
            loseProcess(service)
        }
        needPerson(
            "account", cause: cause,
            action: "upgrade to the Paid plan within 90 days, then start the instance",
            kind: .reopenAccount)
    }

    private mutating func reopenAccount() {
        guard case .closed(let at) = account else { return }
        record.closedTime += queue.now - at
        account = .paid
        for service in Service.allCases where host.services[service.index].process < 0 {
            start(service, healedBy: Self.upgrade)
        }
        comeUp(after: faultRandom.interval(Self.boot))
    }

    // MARK: People

    mutating func needPerson(_ service: String, cause: String, action: String, kind: RepairKind) {
        interventions.append(
            Intervention(at: queue.now, service: service, cause: cause, action: action))
        repairs.append(kind)
        log("intervention-needed", service, cause)
        guard let wait = scenario.repairAfter else { return }
        queue.push(.repair(intervention: Int32(repairs.count - 1)), at: queue.now + wait)
    }

    mutating func repair(_ index: Int) {
        log("repaired-by-person", interventions[index].service, interventions[index].action)
        switch repairs[index] {
        case .nothing: break
        case .start(let service): start(service, healedBy: "a person")
        case .startAll:
            for service in Service.allCases where host.services[service.index].process >= 0 {
                start(service, healedBy: "a person")
            }
        case .tellAddress: addressKnown = host.address
        case .reopenAccount: reopenAccount()
        case .clearDisk:
            for state in host.services where state.logFile >= 0 {
                host.disk.remove(state.logFile, nil, at: queue.now)
            }
            record.diskWasFull = false
            for service in Self.needDisk where host.services[service.index].process >= 0 {
                start(service, healedBy: "a person")
            }
        }
    }

    mutating func noteDown(_ service: Service, cause: String) {
        host.services[service.index].downSince = queue.now
        host.services[service.index].cause = cause
        record.outageBegan(queue.now, service.name, isHome: false, cause)
        log("service-down", service.name, cause)
    }

    mutating func noteUp(_ service: Service, healedBy: String) {
        if let since = host.services[service.index].downSince {
            host.services[service.index].downTime += queue.now - since
        }
        host.services[service.index].downSince = nil
        record.outageEnded(queue.now, service.name, healedBy)
        log("service-up", service.name, "healed by \(healedBy)")
    }

    // MARK: Homes

    mutating func stepHome(_ index: Int32, _ step: HomeStep) {
        let home = homes[Int(index)]
        let kind = scenario.homes[home.kind]
        switch step {
        case .goes:
            homeGoes(index, for: kind.rebootLength, cause: "router reboot")
            scheduleReboot(index)
        case .returns:
            guard queue.now >= home.awayUntil else { return }
            homes[Int(index)].isUp = true
            record.outageEnded(queue.now, home.name, "itself")
            setHomeRates(index)
            if kind.addressChanges, let node = nodes.firstIndex(where: { $0.home == index }) {
                nodes[node].isAddressKnown = false
            }
            log("home-back", home.name, kind.addressChanges ? "with another address" : "")
        case .eveningBegins, .eveningEnds:
            homes[Int(index)].isEvening = step == .eveningBegins
            setHomeRates(index)
            scheduleEvening(index)
        }
    }

    private mutating func homeGoes(_ index: Int32, for length: Interval, cause: String) {
        let until = queue.now + length
        homes[Int(index)].awayUntil = max(homes[Int(index)].awayUntil, until)
        queue.push(.home(index, .returns), at: until)
        guard homes[Int(index)].isUp else { return }
        homes[Int(index)].isUp = false
        homes[Int(index)].outages += 1
        record.outageBegan(queue.now, homes[Int(index)].name, isHome: true, cause)
        log("home-away", homes[Int(index)].name, "for \(length.wholeSeconds) s")
        setHomeRates(index)
        let streamer = streamers.firstIndex { $0.home == index }
        let node = nodes.firstIndex { $0.home == index }
        let away = [
            streamer.map { ProgramRef(kind: .streamer, index: Int32($0)) },
            node.map { ProgramRef(kind: .node, index: Int32($0)) },
        ]
        severLinks { link in away.contains(link.client) || away.contains(link.server) }
        if let node {
            closeAtBalancer(node)
            nodes[node].talkedAt = queue.now - .hours(1)
        }
    }

    mutating func setHomeRates(_ index: Int32) {
        let home = homes[Int(index)]
        let kind = scenario.homes[home.kind]
        let up = home.isUp ? kind.uplinkBytes(evening: home.isEvening) : 0
        let down = home.isUp ? kind.downlinkBytes(evening: home.isEvening) : 0
        fluid.setLimit(home.uplinkCapacity, up)
        fluid.setLimit(home.downlinkCapacity, down)
        for streamer in streamers.indices
        where streamers[streamer].home == index && streamers[streamer].media.flow != noFlow {
            let ceiling = kind.pathCeiling(line: max(1, up))
            fluid.change(streamers[streamer].media.flow, at: queue.now) { $0.ceiling = ceiling }
            watchKeyFrames(streamer)
        }
    }

    mutating func scheduleReboot(_ index: Int32) {
        guard let every = scenario.homes[homes[Int(index)].kind].rebootEvery else { return }
        let at = queue.now + homes[Int(index)].random.exponential(mean: every)
        guard at < end else { return }
        queue.push(.home(index, .goes), at: at)
    }
}

extension Service {
    init(_ container: Container) {
        self =
            switch container {
            case .rtmp: .rtmp
            case .coordinator: .coordinator
            case .worker: .worker
            case .front: .front
            case .database: .database
            case .cache: .cache
            }
    }
}
