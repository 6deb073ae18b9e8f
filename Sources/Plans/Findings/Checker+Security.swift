import Base
import Cloud

extension Checker {
    mutating func checkSecurity() {
        for instance in plan.instances {
            for group in instance.groups.compactMap({ plan.group($0) }) {
                for rule in group.ingress where rule.isOpenToAll { checkOpen(rule, instance) }
            }
            checkMetadata(instance)
            checkDisks(instance)
        }
        for database in plan.databases where !database.isEncrypted {
            unencrypted(database.resource, "StorageEncrypted", "the database's storage")
        }
        for cache in plan.caches where !cache.isEncryptedInTransit {
            add(
                .storageUnencrypted, cache.resource, ["TransitEncryptionEnabled"],
                "what the coordinator and the cache say to each other is not encrypted",
                fix: "a replication group with TransitEncryptionEnabled: true")
        }
        let guarded = plan.firewalls.flatMap {
            plan.graph.resources[$0].properties["ResourceArn"].resources
        }
        for balancer in plan.balancers
        where balancer.kind == .application && balancer.isInternetFacing
            && !guarded.contains(balancer.resource)
        {
            add(
                .noFirewall, balancer.resource, [],
                "nothing limits how often anyone may try passwords or ask for pages",
                fix: "a WAF with a rate rule ($6 a month and more), or limits in the coordinator")
        }
    }

    private mutating func checkOpen(_ rule: SecurityRule, _ instance: Instance) {
        if rule.admitsTCP(22) {
            add(
                .sshOpen, rule,
                "SSH is open to every address: it is tried all day, and one leaked key is enough",
                fix: "take the rule out and use Session Manager, or allow one address",
                edits: rule.ports == 22...22 ? [fixer.remove(rule)] : [])
        }
        for port in [1985, 8000, 5432, 6379] where rule.admitsTCP(port) {
            add(
                .apiOpen, rule,
                "port \(port) (\(Self.inner(port))) is open to every address: it asks nobody who "
                    + "they are", fix: "allow only the security group that needs it",
                edits: rule.ports == port...port ? [fixer.remove(rule)] : [])
        }
        if rule.admitsTCP(1935) {
            add(
                .rtmpInClear, rule,
                "stream keys and media cross the internet in the clear on port 1935; whether a key "
                    + "is asked for does not show in a template",
                fix: "check keys by a callback, and offer RTMPS where encoders can")
        }
        guard let ports = rule.ports, ports.count <= 16 else { return }
        for port in ports where !isKnown(port, instance) {
            add(
                .unknownPortOpen, rule,
                "port \(port) is open to every address, and nothing here is known to listen on it: "
                    + (port == 8081
                        ? "SRS's API is on 1985 and its players' port is 8080"
                        : "whatever does is found by scanners first"),
                fix: "take the rule out, or say in the compose file what listens",
                edits: ports.count == 1 ? [fixer.remove(rule)] : [])
        }
    }

    private func isKnown(_ port: Int, _ instance: Instance) -> Bool {
        let isServed = instance.boot.allContainers.contains { container in
            container.ports.contains { $0.outside == port }
        }
        return isServed || ReachMatrix.knownPorts.contains { $0.port == port }
    }

    private static func inner(_ port: Int) -> String {
        ReachMatrix.knownPorts.first { $0.port == port }?.what ?? "an inner interface"
    }

    private mutating func checkMetadata(_ instance: Instance) {
        guard !instance.requiresTokens else { return }
        add(
            .metadataV1, instance.resource, ["MetadataOptions"],
            "version 1 answers any request: a page that fetches an address for someone can be made "
                + "to hand out the instance's role",
            fix: "MetadataOptions: HttpTokens: required",
            edits: [
                fixer.set(
                    instance.resource, ["MetadataOptions"],
                    .object([.init("HttpTokens", .string("required"))]))
            ])
    }

    private mutating func checkDisks(_ instance: Instance) {
        for disk in instance.disks where !disk.isEncrypted {
            let mapping = JSONTree.array([
                .object([
                    .init("DeviceName", .string("/dev/xvda")),
                    .init(
                        "Ebs",
                        .object([
                            .init("Encrypted", .bool(true)),
                            .init("VolumeSize", .number(String(disk.gibibytes))),
                            .init("VolumeType", .string(disk.type)),
                        ])),
                ])
            ])
            let edit =
                disk.path.isEmpty
                ? fixer.set(instance.resource, ["BlockDeviceMappings"], mapping)
                : fixer.set(instance.resource, disk.path + ["Encrypted"], .bool(true))
            add(
                .storageUnencrypted, instance.resource,
                disk.path.isEmpty ? ["BlockDeviceMappings"] : disk.path,
                "the instance's disk is not encrypted: a copy of its snapshot can be read",
                fix: "Ebs: Encrypted: true", edits: [edit])
        }
    }

    private mutating func unencrypted(_ resource: Int, _ property: String, _ what: String) {
        add(
            .storageUnencrypted, resource, [property],
            "\(what) is not encrypted: a copy of its snapshot can be read; it cannot be turned on "
                + "later without a new one", fix: "\(property): true",
            edits: [fixer.set(resource, [property], .bool(true))])
    }
}
