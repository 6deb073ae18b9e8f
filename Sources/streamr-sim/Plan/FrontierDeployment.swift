import Base
import Cloud
import Scenarios

/// Where the parts run, each otherwise deployed soundly: restarts, bounded logs, an elastic
/// address, 20 GiB of storage, and no port open but those that people use. There is no swap: how
/// slow paging is is not modelled, so memory has to do.
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
        it.instance.swap = .gibibytes(0)
        it.containers.restart = .unlessStopped
        it.containers.logDriver = .local
        it.containers.dockerEnabled = true
        it.zones = 1
        it.secrets = 1
        let storage = VolumePlan(size: .gibibytes(20), type: .gp3)
        it.database = .managed(
            instanceClass: "db.t4g.micro", storage: storage, multiAZ: false, backupDays: 7,
            engineVersion: 17)
        it.cache = .managed(nodeType: "cache.t4g.micro", engine: point.cache ?? .valkey)
        it.front = .loadBalancer(zones: 2, healthPath: "/health")
        switch self {
        case .managed: break
        case .managedWithoutBalancer: it.front = .container
        case .containers:
            (it.front, it.database) = (.container, .container)
            it.cache = .container(memoryMax: .mebibytes(64))
            it.secrets = 0
            it.instance.rootVolume = storage
        }
        it.rules = NetworkRule.meant(front: it.front, database: it.database, cache: it.cache)
            .filter { $0.from != .internet || [443, 1935].contains($0.port) }
        return it
    }
}
