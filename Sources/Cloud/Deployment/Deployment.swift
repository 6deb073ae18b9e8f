import Base

/// What is deployed: the one value that the machines, reachability and the bill are read from.
public struct Deployment: Sendable, Hashable {
    public var region: String
    public var instance: InstancePlan
    public var rtmp: RTMPPlan
    public var database: DatabasePlan
    public var cache: CachePlan
    public var front: FrontPlan
    public var containers: ContainerPlan
    /// Whom the routes and security groups let through; everything else times out.
    public var rules: [NetworkRule]
    /// Secrets kept in the secret store, each billed monthly.
    public var secrets: Int
    /// Hosted DNS zones, each billed monthly.
    public var zones: Int
    /// Alarms that page a person; without one a dead service is found by its users.
    public var alarms: Bool

    public init(
        region: String, instance: InstancePlan, rtmp: RTMPPlan, database: DatabasePlan,
        cache: CachePlan, front: FrontPlan, containers: ContainerPlan, rules: [NetworkRule],
        secrets: Int, zones: Int, alarms: Bool
    ) {
        self.region = region
        self.instance = instance
        self.rtmp = rtmp
        self.database = database
        self.cache = cache
        self.front = front
        self.containers = containers
        self.rules = rules
        self.secrets = secrets
        self.zones = zones
        self.alarms = alarms
    }
}

/// The machine that carries the containers.
public struct InstancePlan: Sendable, Hashable {
    public var machine: MachinePlan
    public var credits: CreditMode
    /// An elastic address survives stop and start; an auto-assigned one does not.
    public var elasticAddress: Bool
    public var rootVolume: VolumePlan
    public var image: MachineImage
    /// Bytes that may be sent (and, apart, received) above the baseline before it binds.
    /// AWS publishes no figure: an assumption, named in every report.
    public var networkBurst: ByteCount
    /// Swap space on the root volume; cloud images come with none.
    public var swap: ByteCount

    public init(
        machine: MachinePlan, credits: CreditMode, elasticAddress: Bool, rootVolume: VolumePlan,
        image: MachineImage, networkBurst: ByteCount, swap: ByteCount
    ) {
        self.machine = machine
        self.credits = credits
        self.elasticAddress = elasticAddress
        self.rootVolume = rootVolume
        self.image = image
        self.networkBurst = networkBurst
        self.swap = swap
    }
}

/// A machine is an AWS type, or given by hand so that a test bench can be simulated too.
public enum MachinePlan: Sendable, Hashable {
    case type(String)
    /// `coreShare` is the part of each core that may be used; cost profiles apply unscaled.
    case custom(cores: Int, coreShare: Share, egress: Rate, burst: Rate, memory: ByteCount)
}

public enum CreditMode: String, Sendable, Hashable, CaseIterable {
    case standard, unlimited
}

public enum VolumeType: String, Sendable, Hashable, CaseIterable {
    case gp2, gp3
}

public struct VolumePlan: Sendable, Hashable {
    public var size: ByteCount
    public var type: VolumeType

    public init(size: ByteCount, type: VolumeType) {
        self.size = size
        self.type = type
    }
}

public enum MachineImage: String, Sendable, Hashable, CaseIterable {
    case amazonLinux2 = "amazon-linux-2"
    case amazonLinux2023 = "amazon-linux-2023"
}

/// The RTMP server and the limits it is configured with.
public struct RTMPPlan: Sendable, Hashable {
    /// The cost profile that its CPU and memory are charged from: `srs-5`, `nginx-rtmp`, ...
    public var profile: String
    public var connectionsMax: Int
    /// The longest queue kept for one player before it is dropped to a key frame.
    public var queue: Interval
    /// How long the server holds frames back to write several at once.
    public var mergedWrite: Interval
    /// Whether a publish needs the stream's key (checked by a callback to the coordinator).
    public var keyRequired: Bool

    public init(
        profile: String, connectionsMax: Int, queue: Interval, mergedWrite: Interval,
        keyRequired: Bool
    ) {
        self.profile = profile
        self.connectionsMax = connectionsMax
        self.queue = queue
        self.mergedWrite = mergedWrite
        self.keyRequired = keyRequired
    }
}

public enum DatabasePlan: Sendable, Hashable {
    /// `engineVersion` is the major version, for the end-of-support finding.
    case managed(
        instanceClass: String, storage: VolumePlan, multiAZ: Bool, backupDays: Int,
        engineVersion: Int)
    case container
}

public enum CachePlan: Sendable, Hashable {
    case managed(nodeType: String, engine: CacheEngine)
    case container(memoryMax: ByteCount)
}

public enum CacheEngine: String, Sendable, Hashable, CaseIterable {
    case redis, valkey
}

/// What ends TLS for the dashboard and the API.
public enum FrontPlan: Sendable, Hashable {
    case loadBalancer(zones: Int, healthPath: String)
    case container
}

/// How the containers on the instance are run.
public struct ContainerPlan: Sendable, Hashable {
    public var restart: RestartPolicy
    public var logDriver: LogDriver
    /// Whether `systemctl enable docker` was done: without it nothing comes back after a boot.
    public var dockerEnabled: Bool
    /// What all containers together write to their logs, besides a line for every call.
    public var logIdle: Rate
    /// Bytes of log for one call that the coordinator answers.
    public var logPerCall: ByteCount
    /// Bytes of images and layers on the root volume after the first boot.
    public var images: ByteCount
    /// Connections to the database that the coordinator and the worker each keep open.
    public var databasePool = ContainerPlan.databasePoolUsual

    /// SQLAlchemy's `pool_size` as it comes.
    public static let databasePoolUsual = 5

    public init(
        restart: RestartPolicy, logDriver: LogDriver, dockerEnabled: Bool, logIdle: Rate,
        logPerCall: ByteCount, images: ByteCount
    ) {
        self.restart = restart
        self.logDriver = logDriver
        self.dockerEnabled = dockerEnabled
        self.logIdle = logIdle
        self.logPerCall = logPerCall
        self.images = images
    }
}

/// Docker's restart policies; `no` is its default.
public enum RestartPolicy: String, Sendable, Hashable, CaseIterable {
    case no, onFailure = "on-failure", always, unlessStopped = "unless-stopped"
}

/// Docker's log drivers: `json-file` has no size limit by default, `local` keeps 5 × 20 MB.
public enum LogDriver: String, Sendable, Hashable, CaseIterable {
    case jsonFile = "json-file"
    case local
}

/// One direction of traffic that routes and security groups both allow.
public struct NetworkRule: Sendable, Hashable {
    public var from: NetworkPlace
    public var to: NetworkPlace
    public var port: Int

    public init(from: NetworkPlace, to: NetworkPlace, port: Int) {
        self.from = from
        self.to = to
        self.port = port
    }
}

public enum NetworkPlace: String, Sendable, Hashable, CaseIterable {
    case internet, instance
    case loadBalancer = "load-balancer"
    case database, cache
}

extension Deployment {
    /// Whether a connection from one place to another's port gets through.
    public func reaches(from: NetworkPlace, to: NetworkPlace, port: Int) -> Bool {
        rules.contains { $0.from == from && $0.to == to && $0.port == port }
    }
}
