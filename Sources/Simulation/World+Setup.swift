import Base
import Cloud
import Platform
import Results
import Scenarios

extension World {
    /// A world at its scenario's start, with all that is planned already in the queue.
    ///
    /// `costEnd` is the end of the cost profiles' range that the machines are charged at.
    public init(_ scenario: Scenario, costEnd: CostProfile.End, traceHour: Int?, book: PriceBook) {
        let start = scenario.start
        let seed = scenario.seed
        self.scenario = scenario
        self.costEnd = costEnd
        self.book = book
        end = start + scenario.duration
        queue = EventQueue(start: start)
        effectsAt = start
        framesFrom = start
        scanRandom = Random(seed: seed, entity: "internet", purpose: "scans")
        visitRandom = scenario.visitRandom
        sessionRandom = Random(seed: seed, entity: "connections", purpose: "handshakes")
        faultRandom = Random(seed: seed, entity: "instance", purpose: "recovery")
        record = Recorder(
            start: start, seed: seed, step: Self.seriesStep, traceHour: traceHour)
        scannedPorts = scenario.deployment.scannedPorts
        zones = [TimeZoneRules.all[0]]
        proberDelay =
            scenario.homes.first { $0.name == scenario.dashboard.home }?.delay
            ?? .milliseconds(20)
        host = Host(scenario, costEnd, &fluid)

        let people = scenario.streamers.reduce(0) { $0 + $1.count }
        var keys: [UInt64] = []
        var keyRandom = Random(seed: seed, entity: "streams", purpose: "keys")
        for _ in 0..<people { keys.append(keyRandom.next()) }
        let nodeStreams = scenario.nodeStreams(of: people).map { StreamID(Int32($0)) }
        tables = Tables(
            trustRule: scenario.trustRule == .spotChecks ? .spotChecks : .verifiedReports)
        cacheTables = CacheTables(
            memoryMax: scenario.cacheMemory, evicts: !scenario.deployment.runsOnInstance(.cache))
        let pool = DatabasePool(size: scenario.deployment.containers.databasePool)
        pools = [pool, pool]
        coordinator = Coordinator()
        worker = Worker(random: Random(seed: seed, entity: "worker", purpose: "spot-checks"))
        rtmpServer = RTMPServer(
            RTMPServer.Configuration(
                connectionsMax: scenario.deployment.rtmp.connectionsMax, streams: people,
                asksCoordinator: scenario.deployment.rtmp.keyRequired))
        streamers = []
        nodes = []
        addStreamers(keys)
        addNodes(nodeStreams)
        register(keys)
        tally.friendsCompleted = [Bool](repeating: false, count: people)
        addServices()
        plan()
    }

    // MARK: People

    private mutating func addStreamers(_ keys: [UInt64]) {
        for group in scenario.streamers {
            let zone = TimeZoneRules.named(group.timeZone) ?? zones[0]
            for number in 1...max(1, group.count) where group.count > 0 {
                let index = streamers.count
                let name = "\(group.name)-\(number)"
                let sessions = scenario.sessions(of: group, named: name)
                let seed = scenario.seed
                let mean = MediaShape(group.media, video: group.media.video)
                let program = StreamerClient(
                    stream: StreamID(Int32(index)), key: keys[index],
                    sessions: sessions.map {
                        StreamerClient.Session(from: $0.from, until: $0.until)
                    },
                    random: Random(seed: seed, entity: name, purpose: "reconnects"))
                streamers.append(
                    StreamerSlot(
                        program: program, name: name, home: addHome(name, group.home),
                        sessions: sessions, zone: zone,
                        audienceRandom: scenario.audienceRandom(ofStreamer: name),
                        media: StreamMedia(
                            plan: group.media,
                            shape: mean, mean: mean,
                            epoch: scenario.start, onAirSince: scenario.start,
                            random: Random(seed: seed, entity: name, purpose: "bit-rate"))))
            }
        }
    }

    private mutating func addNodes(_ streams: [StreamID]) {
        var index = 0
        for group in scenario.nodes {
            for number in 1...max(1, group.count) where group.count > 0 {
                let name = "\(group.name)-\(number)"
                let program = NodeProgram(
                    node: NodeID(Int32(index)), stream: streams[index],
                    viewersMax: group.viewersMax, statsURL: "",
                    sourceBitrate: streamers[Int(streams[index].raw)].media.plan.video,
                    heartbeatAt: scenario.firstHeartbeat(ofNode: name))
                nodes.append(
                    NodeSlot(
                        program: program, name: name, home: addHome(name, group.home),
                        portForwarding: group.portForwarding, stream: streams[index].raw,
                        talkedAt: scenario.start - .hours(1)))
                index += 1
            }
        }
    }

    /// Accounts, streams and nodes exist from the start, by the numbers of their slots.
    private mutating func register(_ keys: [UInt64]) {
        let start = scenario.start
        for index in streamers.indices {
            let name = streamers[index].name
            let owner = UserID(Int32(index))
            _ = tables.execute(.addUser(name: name, Work.hash(of: name)), at: start)
            let answer = tables.execute(
                .addStream(owner: owner, title: name, key: keys[index]), at: start)
            guard case .stream(let row) = answer, row.stream.raw == index else {
                return check(false, "the stream of \(name) was not added")
            }
        }
        for index in nodes.indices {
            let stream = nodes[index].stream
            let answer = tables.execute(
                .addNode(
                    StreamID(stream), key: keys[Int(stream)], name: nodes[index].name,
                    NodeAddress(host: "", rtmpPort: 1_935, httpPort: 8_080)), at: start)
            guard case .nodes(let rows) = answer, rows[0].node.raw == index else {
                return check(false, "the node \(nodes[index].name) was not added")
            }
        }
    }

    private mutating func addHome(_ name: String, _ kindName: String) -> Int32 {
        let kind = scenario.homes.firstIndex { $0.name == kindName } ?? 0
        let plan = scenario.homes[kind]
        homes.append(
            Home(
                name: name, kind: kind,
                uplinkCapacity: fluid.addCapacity(plan.uplinkBytes(evening: false)),
                downlinkCapacity: fluid.addCapacity(plan.downlinkBytes(evening: false)),
                awayUntil: scenario.start,
                random: Random(seed: scenario.seed, entity: name, purpose: "router")))
        return Int32(homes.count - 1)
    }

    // MARK: Services

    private mutating func addServices() {
        let start = scenario.start
        if case .loadBalancer = scenario.deployment.front {
            var balancer = LoadBalancer(
                healthCheck: .standard, idleTimeout: LoadBalancer.idleTimeoutDefault,
                rules: 1, gigabyte: book.transferGigabyte, at: start)
            _ = balancer.register(at: start)
            self.balancer = balancer
        }
        addDatabaseMachine()
        if case .managed(let name, _) = scenario.deployment.cache {
            cacheMachine = CacheMachine(
                MachineType.named(name) ?? .t3Micro,
                memoryMax: CacheMachine.memoryMax(of: name) ?? CacheMachine.memoryMaxMicro,
                balance: 0, at: start)
        }
        connectDatabase()
    }

    private mutating func addDatabaseMachine() {
        let start = scenario.start
        guard
            case .managed(let name, let storage, let multiAZ, let backupDays, _) =
                scenario.deployment.database
        else { return }
        let type = MachineType.named(name) ?? .t3Micro
        let shares = DatabaseMachine.systemShares
        var plan = DatabaseMachine.Plan.micro(
            storageGibibytes: storage.size.bytes >> 30,
            connectionsMax: DatabaseMachine.connectionsMax(
                memory: type.memory,
                systemShare: costEnd == .low ? shares.lowerBound : shares.upperBound))
        plan.type = type
        plan.mode = type.isBurstable ? .unlimited : .fixed
        plan.disk = storage.type == .gp2 ? .gp2 : .gp3
        // With a standby it is that one which is backed up.
        if backupDays == 0 || multiAZ { plan.backupOffset = nil }
        databaseMachine = DatabaseMachine(plan, balance: 0, at: start)
        let file = databaseMachine?.storage.add("database", cap: nil) ?? 0
        _ = databaseMachine?.storage.write(file, Self.databaseBytes, at: start)
        // Patches come "once every few months" (Amazon RDS User Guide): one in this month.
        if scenario.duration >= .days(28) { databaseMachine?.schedulePatch(at: start) }
    }

    // MARK: What is due

    private mutating func plan() {
        let start = scenario.start
        for service in [Service.rtmp, .coordinator, .worker] { startProgram(service) }
        for index in streamers.indices {
            deliver(.started, to: ProgramRef(kind: .streamer, index: Int32(index)), cost: .zero)
            if let first = streamers[index].sessions.first {
                queue.push(.audience(stream: Int32(index)), at: first.from)
            }
        }
        for index in nodes.indices {
            deliver(.started, to: ProgramRef(kind: .node, index: Int32(index)), cost: .zero)
        }
        for index in homes.indices {
            scheduleReboot(Int32(index))
        }
        beginEvenings()
        for index in scenario.faults.indices {
            queue.push(.fault(Int32(index)), at: start + scenario.faults[index].at)
        }
        if balancer != nil { queue.push(.healthCheck, at: start) }
        queue.push(.probe, at: start + DashboardUse.probeEvery)
        queue.push(.sample, at: start + Self.seriesStep)
        scheduleVisit()
        scheduleScan()
        refreshMachines()
        updateMachineUse()
        weighMemory()
    }
}

extension Host {
    init(_ scenario: Scenario, _ costEnd: CostProfile.End, _ fluid: inout Fluid) {
        let start = scenario.start
        let plan = scenario.deployment.instance
        switch plan.machine {
        case .type(let name):
            isByHand = false
            machine = MachineType.named(name) ?? .t3Micro
        case .custom(let cores, let share, let egress, let burst, let memory):
            isByHand = true
            machine = MachineType(
                name: "by hand", cores: Int64(cores), coreShare: share.millionths,
                memory: memory.bytes, networkBaseline: egress.bytesPerSecond,
                networkBurst: max(egress, burst).bytesPerSecond,
                disk: MachineType.t3Micro.diskBaseline)
        }
        let mode: CPUCredits.Mode =
            machine.isBurstable
            ? (plan.credits == .standard ? .standard : .unlimited) : .fixed
        credits = CPUCredits(machine, mode: mode, balance: 0, at: start)
        network = NetworkAllowance(machine, bucket: max(1, plan.networkBurst.bytes), at: start)
        memory = Memory(visible: machine.memoryVisible, swap: plan.swap.bytes)
        disk = Volume(capacity: plan.rootVolume.size.bytes, at: start)
        diskSpeed = BurstDisk(
            plan.rootVolume.type == .gp2 ? .gp2 : .gp3,
            gibibytes: max(1, plan.rootVolume.size.bytes >> 30), on: machine, at: start)
        diskFreeAt = start
        stoppedUntil = start
        cpuCapacity = fluid.addCapacity(machine.vCPURate / max(1, machine.vCPUs), isCPU: true)
        inCapacity = fluid.addCapacity(network.inbound.allowed)
        outCapacity = fluid.addCapacity(network.outbound.allowed)
        let isByHand = isByHand
        services = Service.allCases.map {
            State(busyUntil: start, costs: $0.costs(scenario, costEnd, isByHand: isByHand))
        }
        let system = memory.add("system", adjustment: -1_000)
        _ = memory.setResident(system, Host.systemMemory)
        addDisk(scenario, at: start)
        addContainers(scenario, at: start)
    }

    private mutating func addDisk(_ scenario: Scenario, at start: Instant) {
        let system = disk.add("system", cap: nil)
        _ = disk.write(system, Host.systemDisk, at: start)
        let images = disk.add("images", cap: nil)
        _ = disk.write(images, scenario.deployment.containers.images.bytes, at: start)
        if scenario.deployment.instance.swap.bytes > 0 {
            let swap = disk.add("swap", cap: nil)
            _ = disk.write(swap, scenario.deployment.instance.swap.bytes, at: start)
        }
        if scenario.deployment.runsOnInstance(.database) {
            databaseFile = disk.add("database", cap: nil)
            _ = disk.write(databaseFile, World.databaseBytes, at: start)
        }
    }

    private mutating func addContainers(_ scenario: Scenario, at start: Instant) {
        let plan = scenario.deployment.containers
        for service in Service.allCases where scenario.deployment.runsOnInstance(service) {
            services[service.index].process = memory.add(service.name, adjustment: 0)
            let file = disk.add(
                "log of \(service.name)",
                cap: plan.logDriver == .local ? Volume.localLogMax : nil)
            services[service.index].logFile = file
            if service == .coordinator {
                disk.setGrowth(file, plan.logIdle.bytesPerSecond, at: start)
            }
        }
    }
}

extension Service {
    /// What the service's software costs on this machine, at one end of its profile's range.
    func costs(_ scenario: Scenario, _ end: CostProfile.End, isByHand: Bool) -> Costs {
        let name = self == .rtmp ? scenario.deployment.rtmp.profile : profileName
        guard let profile = CostProfile.named(name) else {
            check(false, "no cost profile \(name)")
            return Costs()
        }
        return (isByHand ? profile : profile.onT3).at(end)
    }
}

extension Deployment {
    /// Whether the service is a container on the instance.
    func runsOnInstance(_ service: Service) -> Bool {
        switch service {
        case .rtmp, .coordinator, .worker: true
        case .front: front == .container
        case .database: database == .container
        case .cache:
            switch cache {
            case .managed: false
            case .container: true
            }
        }
    }
}

extension Scenario {
    var cacheMemory: Int64 {
        switch deployment.cache {
        case .managed(let name, _):
            (CacheMachine.memoryMax(of: name) ?? CacheMachine.memoryMaxMicro) / 100
                * (100 - CacheMachine.reservedPercent)
        case .container(let memoryMax): memoryMax.bytes
        }
    }
}

extension EveningSlowdown {
    /// Whether a local time lies in the evening, also where that crosses midnight.
    func holds(at local: CivilTime) -> Bool {
        let minutes = local.hour * 60 + local.minute
        return from.minutes <= until.minutes
            ? (from.minutes..<until.minutes).contains(minutes)
            : minutes >= from.minutes || minutes < until.minutes
    }
}
