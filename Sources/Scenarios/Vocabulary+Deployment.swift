import Base
import Cloud

/// The words of a scenario file for what is deployed. The defaults are the plan as meant, deployed
/// correctly: what it leaves open is set so that it can work.
extension Deployment: Formed {
    static var initial: Deployment {
        Deployment(
            region: "eu-west-1", instance: .initial, rtmp: .initial, database: .initial,
            cache: .initial, front: .initial, containers: .initial,
            rules: NetworkRule.meant(
                front: .initial, database: DatabasePlan.initial, cache: CachePlan.initial),
            secrets: 1, zones: 1, alarms: false)
    }

    mutating func visit(_ form: inout Form) {
        form.field(
            "region", &region, "AWS region; sets the prices.", .one(of: PriceBook.regions))
        form.object("instance", &instance, "The machine that carries the containers.")
        form.object("rtmp", &rtmp, "The RTMP server and its limits.")
        form.object("database", &database, "The database: managed, or a container.")
        form.object("cache", &cache, "The cache: managed, or a container.")
        form.object("front", &front, "What ends TLS for the dashboard and the API.")
        form.object("containers", &containers, "How the containers on the instance are run.")
        if form.mode == .reading {
            rules = NetworkRule.meant(front: front, database: database, cache: cache)
        }
        form.list(
            "rules", &rules, max: Limits.rules, initial: .initial,
            "What routes and security groups let through; all else times out. Without it: what "
                + "the chosen front, database and cache need, and 22, 1935 and 8081 from outside.")
        form.field(
            "secrets", &secrets, "Secrets kept in the secret store, each billed monthly.",
            .count(0...1_000))
        form.field(
            "zones", &zones, "Hosted DNS zones, each billed monthly.", .count(0...1_000))
        form.field("alarms", &alarms, "Whether alarms page a person.", .flag)
    }
}

extension InstancePlan: Formed {
    /// An elastic address, unlimited credits (the default of T3) and an 8 GiB root volume.
    ///
    /// Network burst: Andreas and Michael Wittig measured 3 minutes at 5.03 Gb/s on a t3.micro
    /// (cloudonaut.io, "EC2 network performance cheat sheet", 2018): 113 GB, a lower bound.
    static var initial: InstancePlan {
        InstancePlan(
            machine: .initial, credits: .unlimited, elasticAddress: true,
            rootVolume: VolumePlan(size: .gibibytes(8), type: .gp2), image: .amazonLinux2,
            networkBurst: ByteCount(bytes: 113_000_000_000), swap: ByteCount(bytes: 0))
    }

    mutating func visit(_ form: inout Form) {
        form.object("machine", &machine, "An AWS type by name, or a machine given by hand.")
        form.field("credits", &credits, "CPU credit mode of a burstable type.", .word)
        form.field(
            "elasticAddress", &elasticAddress,
            "Whether the public address survives stop and start.", .flag)
        form.object("rootVolume", &rootVolume, "The root disk.")
        form.field("image", &image, "The machine image.", .word)
        form.field(
            "networkBurst", &networkBurst,
            "Bytes that may be sent (and, apart, received) above the network baseline before it "
                + "binds. AWS publishes no figure: an assumption.",
            .bytes(ByteCount(bytes: 0)...ByteCount.gibibytes(1 << 20)))
        form.field(
            "swap", &swap, "Swap space on the root volume.",
            .bytes(ByteCount(bytes: 0)...ByteCount.gibibytes(1 << 10)))
    }
}

extension MachinePlan: Formed {
    static var initial: MachinePlan { .type("t3.micro") }

    private static var byHand: MachinePlan {
        .custom(
            cores: 1, coreShare: .whole, egress: .megabits(1_000), burst: .megabits(1_000),
            memory: .gibibytes(1))
    }

    /// The fields of a machine given by hand; a type is a word and has none.
    mutating func visit(_ form: inout Form) {
        guard case .custom(var cores, var coreShare, var egress, var burst, var memory) = self
        else { return }
        let rate = Rate.kilobits(1)...Rate.megabits(1_000_000)
        form.required("cores", &cores, example: 1, "Cores.", .count(1...1_024))
        form.field(
            "coreShare", &coreShare,
            "The part of each core that may be used. Cost profiles apply unscaled.",
            .share(Share(millionths: 1)...Share.whole))
        form.required(
            "egress", &egress, example: .megabits(1_000), "Network rate that always holds.",
            .rate(rate))
        if form.mode == .reading { burst = egress }
        form.field(
            "burst", &burst, "Network rate while the burst lasts; without it, as `egress`.",
            .rate(rate))
        form.required(
            "memory", &memory, example: .gibibytes(1), "Memory that programs see.",
            .bytes(ByteCount.mebibytes(64)...ByteCount.gibibytes(24 << 10)))
        if burst < egress {
            form.faults.add(
                form.path(of: "burst"), "at least the rate that always holds",
                found: Units.rate.text(burst.bitsPerSecond))
        }
        self = .custom(
            cores: cores, coreShare: coreShare, egress: egress, burst: burst, memory: memory)
    }

    static var typeNames: [String] { MachineType.all.map(\.name) }

    static func read(
        _ tree: JSONTree, at path: String, over initial: MachinePlan?, _ faults: inout FileFaults
    ) -> MachinePlan {
        if case .object(let members) = tree {
            var form = Form(.reading, path: path, given: members, faults: faults)
            var machine = byHand
            machine.visit(&form)
            form.finish()
            faults = form.faults
            return machine
        }
        let types = Leaf<String>.one(of: typeNames)
        do throws(Mismatch) {
            return .type(try types.read(tree))
        } catch {
            faults.add(
                path, "a machine given by hand, or \(types.expected)", found: error.found,
                hint: error.hint)
            return initial ?? Self.initial
        }
    }

    var written: JSONTree {
        switch self {
        case .type(let name): return .string(name)
        case .custom:
            var form = Form(.writing, path: "$", given: [], faults: FileFaults())
            var machine = self
            machine.visit(&form)
            return .object(form.members)
        }
    }

    static func described(over initial: MachinePlan?) -> [JSONTree.Member] {
        var form = Form(.describing, path: "$", given: [], faults: FileFaults())
        var machine = byHand
        machine.visit(&form)
        form.finish()
        return [
            JSONTree.Member(
                "anyOf",
                .array([
                    .object(Leaf<String>.one(of: typeNames).schema),
                    .object(objectSchema(form.members, required: form.required)),
                ]))
        ]
    }
}

extension VolumePlan: Formed {
    static var initial: VolumePlan { VolumePlan(size: .gibibytes(8), type: .gp2) }

    mutating func visit(_ form: inout Form) {
        form.field("size", &size, "Size of the volume.", .bytes(Limits.volume))
        form.field("type", &type, "EBS volume type.", .word)
    }
}

extension RTMPPlan: Formed {
    /// The cost profiles of RTMP servers.
    static let profiles = ["srs", "srs-low-latency", "nginx-rtmp", "streamr-sim"]

    /// SRS 5's own defaults: max_connections 1000, queue_length 30, mw_latency 350
    /// (trunk/conf/full.conf of ossrs/srs).
    static var initial: RTMPPlan {
        RTMPPlan(
            profile: "srs", connectionsMax: 1_000, queue: .seconds(30),
            mergedWrite: .milliseconds(350), keyRequired: true)
    }

    mutating func visit(_ form: inout Form) {
        form.field(
            "profile", &profile, "What its CPU and memory are charged from.",
            .one(of: Self.profiles))
        form.field(
            "connectionsMax", &connectionsMax, "Connections beyond this are refused.",
            .count(1...1_000_000))
        form.field(
            "queue", &queue,
            "The longest queue kept for one player before it is dropped to a key frame.",
            .time(Interval.milliseconds(100)...Interval.minutes(5)))
        form.field(
            "mergedWrite", &mergedWrite,
            "How long the server holds frames back to write several at once: half of it is added "
                + "to the delay of a run by frames. What it saves is in the profile.",
            .time(Interval.zero...Interval.seconds(5)))
        form.field(
            "keyRequired", &keyRequired, "Whether a publish needs the stream's key.", .flag)
    }
}

extension DatabasePlan: Varied {
    static var isWordEnough: Bool { true }
    /// Sizes, engine and backups (kept for 7 days) as in the plan's own template.
    static var variants: [DatabasePlan] {
        [
            .managed(
                instanceClass: "db.t3.micro",
                storage: VolumePlan(size: .gibibytes(100), type: .gp2), multiAZ: false,
                backupDays: 7, engineVersion: 15),
            .container,
        ]
    }

    var kindWord: String {
        switch self {
        case .managed: "managed"
        case .container: "container"
        }
    }

    mutating func visit(_ form: inout Form) {
        switch self {
        case .managed(
            var instanceClass, var storage, var multiAZ, var backupDays, var engineVersion):
            form.field(
                "instanceClass", &instanceClass, "RDS instance class.",
                .one(of: MachinePlan.typeNames.map { "db.\($0)" }))
            form.object(
                "storage", &storage,
                "Database storage, at most 399 GiB: above, RDS stripes volumes, which is not "
                    + "modelled.")
            let most = ByteCount.gibibytes(DatabaseMachine.storageGibibytesMax)
            if storage.size > most {
                form.faults.add(
                    "\(form.path(of: "storage")).size",
                    "at most \(Units.bytes.text(most.bytes)), above which RDS stripes volumes",
                    found: "\"\(Units.bytes.text(storage.size.bytes))\"")
            }
            form.field("multiAZ", &multiAZ, "Whether a standby runs in a second zone.", .flag)
            form.field("backupDays", &backupDays, "Days that backups are kept.", .count(0...35))
            form.field(
                "engineVersion", &engineVersion, "PostgreSQL major version.", .count(11...18))
            self = .managed(
                instanceClass: instanceClass, storage: storage, multiAZ: multiAZ,
                backupDays: backupDays, engineVersion: engineVersion)
        case .container:
            break
        }
    }
}

extension CachePlan: Varied {
    static var isWordEnough: Bool { true }
    static var variants: [CachePlan] {
        [
            .managed(nodeType: "cache.t4g.micro", engine: .redis),
            .container(memoryMax: .mebibytes(64)),
        ]
    }

    var kindWord: String {
        switch self {
        case .managed: "managed"
        case .container: "container"
        }
    }

    mutating func visit(_ form: inout Form) {
        switch self {
        case .managed(var nodeType, var engine):
            form.field(
                "nodeType", &nodeType, "ElastiCache node type.",
                .one(of: CacheMachine.nodeTypes))
            form.field("engine", &engine, "Cache engine.", .word)
            self = .managed(nodeType: nodeType, engine: engine)
        case .container(var memoryMax):
            form.field(
                "memoryMax", &memoryMax, "The engine's maxmemory.",
                .bytes(ByteCount.mebibytes(1)...ByteCount.gibibytes(1 << 10)))
            self = .container(memoryMax: memoryMax)
        }
    }
}

extension FrontPlan: Varied {
    static var isWordEnough: Bool { true }
    static var variants: [FrontPlan] {
        [.loadBalancer(zones: 2, healthPath: "/health"), .container]
    }

    var kindWord: String {
        switch self {
        case .loadBalancer: "load-balancer"
        case .container: "container"
        }
    }

    mutating func visit(_ form: inout Form) {
        switch self {
        case .loadBalancer(var zones, var healthPath):
            form.field(
                "zones", &zones, "Zones it stands in, each with a public address.", .count(2...6))
            form.field("healthPath", &healthPath, "What its health check asks for.", .urlPath)
            self = .loadBalancer(zones: zones, healthPath: healthPath)
        case .container:
            break
        }
    }
}

extension ContainerPlan: Formed {
    /// `unless-stopped` because a platform meant to run unattended needs a restart policy;
    /// `json-file` because that is Docker's default. The sizes of logs and images are assumptions.
    static var initial: ContainerPlan {
        ContainerPlan(
            restart: .unlessStopped, logDriver: .jsonFile, dockerEnabled: true,
            logIdle: .kilobits(2), logPerCall: ByteCount(bytes: 250), images: .gibibytes(2))
    }

    mutating func visit(_ form: inout Form) {
        form.field("restart", &restart, "Docker's restart policy.", .word)
        form.field(
            "logDriver", &logDriver,
            "Docker's log driver: json-file has no size limit, local keeps 5 × 20 MB.", .word)
        form.field(
            "dockerEnabled", &dockerEnabled, "Whether Docker starts when the machine does.", .flag)
        form.field(
            "logIdle", &logIdle, "What all containers together write to their logs when idle.",
            .rate(Rate(bitsPerSecond: 0)...Rate.megabits(1_000)))
        form.field(
            "logPerCall", &logPerCall, "Log for one call that the coordinator answers.",
            .bytes(ByteCount(bytes: 0)...ByteCount.mebibytes(1)))
        form.field(
            "images", &images, "Images and layers on the root volume after the first boot.",
            .bytes(ByteCount(bytes: 0)...Limits.volume.upperBound))
        form.field(
            "databasePool", &databasePool,
            "Connections to the database that the coordinator and the worker each keep open. What "
                + "its max_connections leaves no room for is refused, and fails what it was for.",
            .count(1...1_000))
    }
}

extension NetworkRule: Formed {
    static var initial: NetworkRule { NetworkRule(from: .internet, to: .instance, port: 1935) }

    /// What the platform needs to work, and the two ports that the plan opens besides.
    public static func meant(
        front: FrontPlan, database: DatabasePlan, cache: CachePlan
    ) -> [NetworkRule] {
        var rules = [22, 1935, 8081].map { NetworkRule(from: .internet, to: .instance, port: $0) }
        switch front {
        case .loadBalancer:
            rules.append(NetworkRule(from: .internet, to: .loadBalancer, port: 443))
            rules.append(NetworkRule(from: .loadBalancer, to: .instance, port: 8000))
        case .container:
            rules.append(NetworkRule(from: .internet, to: .instance, port: 443))
        }
        if case .managed = database {
            rules.append(NetworkRule(from: .instance, to: .database, port: 5432))
        }
        if case .managed = cache {
            rules.append(NetworkRule(from: .instance, to: .cache, port: 6379))
        }
        return rules
    }

    mutating func visit(_ form: inout Form) {
        form.required("from", &from, example: .internet, "Where connections start.", .word)
        form.required("to", &to, example: .instance, "Where they go.", .word)
        form.required("port", &port, example: 1935, "TCP port.", .count(1...65_535))
    }
}
