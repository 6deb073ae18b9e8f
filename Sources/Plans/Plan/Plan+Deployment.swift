import Base
import Cloud

extension Plan {
    /// The deployment that the simulation runs, with what the templates do not say and was taken
    /// from `assumed` instead.
    public struct Derived: Sendable, Hashable {
        public var deployment: Deployment
        public var assumptions: [String]
    }

    /// Nil where no instance is there that could carry the containers.
    public func deployment(assuming assumed: Deployment) -> Derived? {
        guard let instance = platform else { return nil }
        var deriver = DeploymentDeriver(plan: self, instance: instance, result: assumed)
        deriver.derive()
        return Derived(deployment: deriver.result, assumptions: deriver.assumptions)
    }

    /// The instance that carries the RTMP server: the one that publishes its port, else the first.
    private var platform: Instance? {
        instances.first { instance in
            instance.boot.allContainers.contains { $0.ports.contains { $0.outside == 1935 } }
        } ?? instances.first
    }
}

private struct DeploymentDeriver {
    let plan: Plan
    let instance: Instance
    var result: Deployment
    var assumptions: [String] = []

    mutating func derive() {
        result.region = plan.region
        deriveInstance()
        deriveNotes()
        deriveDatabase()
        deriveCache()
        deriveContainers()
        result.front =
            balancer.map { balancer in
                .loadBalancer(
                    zones: max(2, min(6, balancer.subnets.count)), healthPath: healthPath(balancer))
            } ?? .container
        result.rules = rules
        result.secrets = plan.secrets.count
        result.zones = plan.zones.count
        result.alarms = plan.alarms.contains { $0.watchesStatus && $0.hasActions }
    }

    /// The one that sends to the instance, or one that would had it a listener for that.
    private var balancer: Balancer? {
        plan.fronts(of: instance.resource).first?.balancer
            ?? plan.balancers.first(where: \.isInternetFacing)
    }

    private func healthPath(_ balancer: Balancer) -> String {
        let forwarded = plan.listeners(of: balancer).flatMap(\.targetGroups).first
        let group = forwarded.flatMap { plan.targetGroup($0) } ?? plan.targetGroups.first
        return group?.healthPath ?? "/"
    }

    private mutating func assume(_ what: String) { assumptions.append(what) }

    // MARK: The instance

    private mutating func deriveInstance() {
        if MachineType.named(instance.type) != nil {
            result.instance.machine = .type(instance.type)
        } else {
            assume("instance type \(instance.type) has no model: \(name(result.instance.machine))")
        }
        result.instance.credits =
            instance.credits ?? (instance.type.hasPrefix("t2") ? .standard : .unlimited)
        result.instance.elasticAddress = plan.hasElasticAddress(instance)
        if let disk = instance.disks.first {
            if let type = VolumeType(rawValue: disk.type) {
                result.instance.rootVolume.type = type
            } else {
                assume("volume type \(disk.type) has no model")
            }
            result.instance.rootVolume.size = .gibibytes(Int64(disk.gibibytes))
            if disk.isDefaultSize { assume("the image's own root volume: 8 GiB") }
        }
        if let image = MachineImage(instance.image) {
            result.instance.image = image
        } else {
            assume("image \(instance.image) is not known: \(result.instance.image.rawValue)")
        }
        result.instance.swap = instance.boot.swap
    }

    private func name(_ machine: MachinePlan) -> String {
        switch machine {
        case .type(let name): name
        case .custom: "a machine given by hand"
        }
    }

    /// What `plan synth` keeps in the metadata.
    private mutating func deriveNotes() {
        let notes = instance.notes
        guard !notes.isAbsent else {
            assume(
                "how the RTMP server is configured, how much is logged and the network burst are "
                    + "not in templates")
            return
        }
        func number(_ name: String) -> Int64? { notes[name].string.flatMap { Int64($0) } }
        if let profile = notes["profile"].string { result.rtmp.profile = profile }
        if let most = notes["connectionsMax"].int { result.rtmp.connectionsMax = most }
        if let queue = number("queueNanoseconds") {
            result.rtmp.queue = Interval(nanoseconds: queue)
        }
        if let write = number("mergedWriteNanoseconds") {
            result.rtmp.mergedWrite = Interval(nanoseconds: write)
        }
        if let isRequired = notes["keyRequired"].bool { result.rtmp.keyRequired = isRequired }
        if let burst = number("networkBurstBytes") {
            result.instance.networkBurst = ByteCount(bytes: burst)
        }
        if let idle = number("logIdleBitsPerSecond") {
            result.containers.logIdle = Rate(bitsPerSecond: idle)
        }
        if let call = number("logPerCallBytes") {
            result.containers.logPerCall = ByteCount(bytes: call)
        }
        if let pool = notes["databasePool"].int { result.containers.databasePool = pool }
        if let images = number("imagesBytes") {
            result.containers.images = ByteCount(bytes: images)
        }
    }

    // MARK: Database and cache

    private mutating func deriveDatabase() {
        guard let database = plan.databases.first else {
            result.database = .container
            if !hasContainer("postgres") {
                assume("no database is in the templates: a container on the instance")
            }
            return
        }
        if MachineType.named(database.instanceClass) == nil {
            assume("database class \(database.instanceClass) has no model")
            return
        }
        let type = VolumeType(rawValue: database.storageType)
        if type == nil { assume("database storage \(database.storageType) has no model: gp3") }
        if database.majorVersion == nil { assume("no engine version is given: PostgreSQL 15") }
        let sizes = 1...Int(DatabaseMachine.storageGibibytesMax)
        let gibibytes = min(max(database.gibibytes, sizes.lowerBound), sizes.upperBound)
        if gibibytes != database.gibibytes {
            assume(
                "database storage of \(database.gibibytes) GiB is not modelled: \(gibibytes) GiB")
        }
        result.database = .managed(
            instanceClass: database.instanceClass,
            storage: VolumePlan(size: .gibibytes(Int64(gibibytes)), type: type ?? .gp3),
            multiAZ: database.isMultiZone, backupDays: database.backupDays,
            engineVersion: database.majorVersion ?? 15)
    }

    private mutating func deriveCache() {
        if let cache = plan.caches.first {
            guard CacheMachine.memoryMax(of: cache.nodeType) != nil,
                let engine = CacheEngine(rawValue: cache.engine)
            else {
                assume("cache \(cache.nodeType), \(cache.engine) has no model")
                return
            }
            if cache.nodes > 1 { assume("one of the cache's \(cache.nodes) nodes is simulated") }
            result.cache = .managed(nodeType: cache.nodeType, engine: engine)
            return
        }
        let container = instance.boot.allContainers.first { container in
            ["valkey", "redis"].contains { container.image.contains($0) }
        }
        let words = container?.command.split(separator: " ").map(String.init) ?? []
        let at = words.firstIndex { $0 == "--maxmemory" }.map { $0 + 1 }
        let limit = at.flatMap { $0 < words.count ? Container.size(words[$0]) : nil }
        result.cache = .container(memoryMax: limit ?? .mebibytes(64))
        if limit == nil { assume("the cache's memory limit is not given: 64 MiB") }
    }

    private func hasContainer(_ image: String) -> Bool {
        instance.boot.allContainers.contains { $0.image.contains(image) }
    }

    // MARK: Containers and rules

    private mutating func deriveContainers() {
        let boot = instance.boot
        result.containers.dockerEnabled = boot.enablesDocker ?? false
        guard !boot.allContainers.isEmpty else {
            result.containers.restart = .no
            result.containers.logDriver = boot.logsAreBounded ? .local : .jsonFile
            assume(
                "how containers are run is not known: Docker's defaults, no restart, logs "
                    + "without end"
            )
            return
        }
        // The one that comes back least decides.
        let order: [RestartPolicy] = [.no, .onFailure, .unlessStopped, .always]
        result.containers.restart =
            order.first { policy in boot.allContainers.contains { $0.restart == policy } } ?? .no
        let isBounded = boot.logsAreBounded || boot.allContainers.allSatisfy(\.logsAreBounded)
        result.containers.logDriver = isBounded ? .local : .jsonFile
    }

    /// What routes, groups and listeners let through, of the ways that the platform uses.
    private var rules: [NetworkRule] {
        let reach = Reachability(plan)
        let matrix = ReachMatrix(plan)
        return Deployment.ways.flatMap { way -> [NetworkRule] in
            guard let from = place(way.from), let to = service(way.to) else { return [] }
            var ports = matrix.columns.filter { $0.service == to }.map(\.port)
            if way.to == .loadBalancer, let balancer {
                let listening = plan.listeners(of: balancer).map(\.port)
                ports.removeAll { !listening.contains($0) }
            }
            return ports.filter { reach.answer(from: from, to: .service(to), port: $0).isOpen }
                .map { NetworkRule(from: way.from, to: way.to, port: $0) }
        }
    }

    private func place(_ place: NetworkPlace) -> Reachability.Place? {
        place == .internet ? .internet : service(place).map { .service($0) }
    }

    private func service(_ place: NetworkPlace) -> Int? {
        switch place {
        case .internet: nil
        case .instance: instance.resource
        case .loadBalancer: balancer?.resource
        case .database: plan.databases.first?.resource
        case .cache: plan.caches.first?.resource
        }
    }
}
