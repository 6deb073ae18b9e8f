import Base
import Cloud
import Scenarios

/// One combination of habits and deployment: a point of the sweep.
struct FrontierPoint: Hashable, Sendable {
    var friends: Int
    /// On every evening.
    var hours: Int
    /// Of video, in kbit/s.
    var rate: Int
    /// The part of the viewers that are sent to the friends' own nodes, in percent.
    var relay: Int
    var deployment: FrontierDeployment
    var machine: String
    var cache: CacheEngine
    var region: String

    /// `friends=5,hours=4,…`: names the point, and makes it again.
    var text: String {
        "friends=\(friends),hours=\(hours),rate=\(rate),relay=\(relay),"
            + "deployment=\(deployment.rawValue),machine=\(machine),cache=\(cache.rawValue),"
            + "region=\(region)"
    }

    init(
        friends: Int, hours: Int, rate: Int, relay: Int, deployment: FrontierDeployment,
        machine: String, cache: CacheEngine, region: String
    ) {
        self.friends = friends
        self.hours = hours
        self.rate = rate
        self.relay = relay
        self.deployment = deployment
        self.machine = machine
        self.cache = cache
        self.region = region
    }

    /// Nil for anything but the words of `text`, each once, within the limits.
    init?(text: String) {
        var words: [String: String] = [:]
        for part in text.split(separator: ",") {
            let halves = part.split(separator: "=", omittingEmptySubsequences: false)
            guard halves.count == 2, words[String(halves[0])] == nil else { return nil }
            words[String(halves[0])] = String(halves[1])
        }
        func number(_ name: String, _ range: ClosedRange<Int>) -> Int? {
            words[name].flatMap { Int($0) }.flatMap { range.contains($0) ? $0 : nil }
        }
        guard words.count == 8, let friends = number("friends", 1...200),
            let hours = number("hours", 1...23), let rate = number("rate", 100...50_000),
            let relay = number("relay", 0...100),
            let deployment = words["deployment"].flatMap({ FrontierDeployment(rawValue: $0) }),
            let machine = words["machine"], MachineType.named(machine) != nil,
            let cache = words["cache"].flatMap({ CacheEngine(rawValue: $0) }),
            let region = words["region"], PriceBook.regions.contains(region)
        else { return nil }
        self.init(
            friends: friends, hours: hours, rate: rate, relay: relay, deployment: deployment,
            machine: machine, cache: cache, region: region)
    }

    /// The scenario with these habits on this deployment; all else is the base's.
    func applied(to base: Scenario) -> Scenario {
        var scenario = base
        scenario.gates = []
        scenario.criteria.friends = friends
        scenario.criteria.concurrentStreams = friends
        if var streamer = scenario.streamers.first {
            streamer.count = friends
            streamer.media.video = .kilobits(Int64(rate))
            for index in streamer.schedule.indices {
                streamer.schedule[index].length = .hours(Int64(hours))
            }
            scenario.streamers = [streamer]
        }
        scenario.viewers = viewers(base.viewers)
        if var node = scenario.nodes.first {
            node.count = friends
            scenario.nodes = [node]
        }
        scenario.deployment = deployment.deployment(self, base.deployment)
        return scenario
    }

    /// Each group, cut into those who always play from the server and those who ask where to.
    private func viewers(_ groups: [ViewerGroup]) -> [ViewerGroup] {
        groups.flatMap { group -> [ViewerGroup] in
            let relayed = (group.count * relay + 50) / 100
            var parts: [ViewerGroup] = []
            for (count, source, suffix) in [
                (group.count - relayed, ViewerSource.server, ""),
                (relayed, ViewerSource.coordinator, "-relayed"),
            ] where count > 0 {
                var part = group
                (part.count, part.source, part.name) = (count, source, group.name + suffix)
                parts.append(part)
            }
            return parts
        }
    }
}

/// Where the parts run, each otherwise deployed soundly: restarts, bounded logs, an elastic
/// address, 20 GiB of storage, and no port open but those that people use.
enum FrontierDeployment: String, CaseIterable, Sendable {
    case managed
    /// As managed, but TLS ends on the instance: no load balancer.
    case managedWithoutBalancer = "managed-tls-on-instance"
    /// Everything on the instance.
    case containers

    func deployment(_ point: FrontierPoint, _ base: Deployment) -> Deployment {
        var it = base
        it.region = point.region
        it.instance.machine = .type(point.machine)
        it.instance.image = .amazonLinux2023
        it.instance.elasticAddress = true
        it.containers.restart = .unlessStopped
        it.containers.logDriver = .local
        it.containers.dockerEnabled = true
        it.zones = 1
        it.secrets = 1
        let storage = VolumePlan(size: .gibibytes(20), type: .gp3)
        it.database = .managed(
            instanceClass: "db.t4g.micro", storage: storage, multiAZ: false, backupDays: 7,
            engineVersion: 17)
        it.cache = .managed(nodeType: "cache.t4g.micro", engine: point.cache)
        it.front = .loadBalancer(zones: 2, healthPath: "/health")
        switch self {
        case .managed: break
        case .managedWithoutBalancer: it.front = .container
        case .containers:
            (it.front, it.database) = (.container, .container)
            it.cache = .container(memoryMax: .mebibytes(64))
            it.secrets = 0
            it.instance.swap = .gibibytes(2)
            it.instance.rootVolume = storage
        }
        it.rules = NetworkRule.meant(front: it.front, database: it.database, cache: it.cache)
            .filter { $0.from != .internet || [443, 1935].contains($0.port) }
        return it
    }
}
