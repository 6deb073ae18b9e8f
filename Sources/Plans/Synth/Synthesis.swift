import Base
import Cloud

/// Templates that deploy a `Deployment`: what lasts in Foundation, what is replaced in Application.
///
/// Reading them back gives the same deployment. What CloudFormation has no word for (the RTMP
/// server's limits, how much is logged) is kept in the instance's metadata, under `StreamrSim`.
public struct Synthesis: Sendable {
    public static let foundationName = "StreamrFoundationStack"
    public static let applicationName = "StreamrApplicationStack"

    public var foundation: JSONTree
    public var application: JSONTree

    /// Why a deployment cannot be written as templates.
    public struct Fault: Error, Sendable, Hashable, CustomStringConvertible {
        public var description: String
    }

    public init(_ deployment: Deployment) throws(Fault) {
        try Self.validate(deployment)
        let writer = SynthesisWriter(deployment: deployment)
        foundation = writer.foundation()
        application = writer.application()
    }

    /// Both, as the reader takes them.
    public var templates: [Template] {
        [(Self.foundationName, foundation), (Self.applicationName, application)].map { name, tree in
            let path = name + ".template.json"
            do throws(SourceFault) {
                return try Template.read(path: path, bytes: Array(tree.text.utf8))
            } catch {
                fatalError("broken invariant: what was written cannot be read: \(error)")
            }
        }
    }

    private static func validate(_ deployment: Deployment) throws(Fault) {
        guard case .type = deployment.instance.machine else {
            throw Fault(description: "a machine given by hand is no AWS instance type")
        }
        let zones = Region.zones(deployment.region).count
        if case .loadBalancer(let count, _) = deployment.front, count > zones {
            throw Fault(description: "\(deployment.region) has no \(count) zones")
        }
        for rule in deployment.rules where !canExpress(rule) {
            throw Fault(
                description: "a rule from \(rule.from.rawValue) to \(rule.to.rawValue): nothing of "
                    + "the platform connects that way")
        }
    }

    private static func canExpress(_ rule: NetworkRule) -> Bool {
        Deployment.ways.contains { $0.from == rule.from && $0.to == rule.to }
    }
}

extension Deployment {
    /// From where to where the platform's parts and people open connections.
    static let ways: [(from: NetworkPlace, to: NetworkPlace)] = [
        (.internet, .instance), (.internet, .loadBalancer), (.instance, .database),
        (.instance, .cache), (.loadBalancer, .instance),
    ]

    /// Whether the deployment has such a place at all.
    private func has(_ place: NetworkPlace) -> Bool {
        switch place {
        case .internet, .instance: return true
        case .loadBalancer:
            if case .loadBalancer = front { return true }
        case .database:
            if case .managed = database { return true }
        case .cache:
            if case .managed = cache { return true }
        }
        return false
    }

    /// The same deployment with its rules in order, once each and about what is there, and without
    /// a credit mode where the type has no credits: what two equal plans have in common.
    public var canonical: Deployment {
        var copy = self
        copy.rules = Deployment.ways.filter { has($0.from) && has($0.to) }.flatMap { way in
            let ports = rules.filter { $0.from == way.from && $0.to == way.to }.map(\.port).sorted()
            return ports.indices.filter { $0 == 0 || ports[$0 - 1] != ports[$0] }.map {
                NetworkRule(from: way.from, to: way.to, port: ports[$0])
            }
        }
        if case .type(let name) = instance.machine,
            MachineType.named(name)?.isBurstable != true
        {
            copy.instance.credits = .unlimited
        }
        return copy
    }
}

/// Writes the two templates.
struct SynthesisWriter {
    let deployment: Deployment

    static let network = "10.0.0.0/16"

    var machine: String {
        guard case .type(let name) = deployment.instance.machine else { return "" }
        return name
    }

    /// Zones that the load balancer stands in.
    var frontZones: Int {
        guard case .loadBalancer(let zones, _) = deployment.front else { return 0 }
        return zones
    }

    var hasBalancer: Bool { frontZones > 0 }
    var publicSubnets: Int { max(1, frontZones) }

    var hasManagedDatabase: Bool {
        if case .managed = deployment.database { return true }
        return false
    }

    var hasManagedCache: Bool {
        if case .managed = deployment.cache { return true }
        return false
    }

    func ports(_ from: NetworkPlace, _ to: NetworkPlace) -> [Int] {
        deployment.canonical.rules.filter { $0.from == from && $0.to == to }.map(\.port)
    }

    // MARK: Words

    static func object(_ members: [(String, JSONTree)]) -> JSONTree {
        .object(members.map { JSONTree.Member($0.0, $0.1) })
    }

    static func resource(_ type: String, _ properties: [(String, JSONTree)]) -> JSONTree {
        object([("Type", .string(type)), ("Properties", object(properties))])
    }

    static func number(_ value: Int) -> JSONTree { .number(String(value)) }

    static func zone(_ index: Int) -> JSONTree {
        .function(
            "Fn::Select",
            .array([number(index), .function("Fn::GetAZs", .string(""))]))
    }

    static func named(_ name: String) -> (String, JSONTree) {
        ("Tags", .array([object([("Key", .string("Name")), ("Value", .string(name))])]))
    }

    /// What Foundation exports under a name, in Application.
    static func imported(_ name: String) -> JSONTree {
        .function("Fn::ImportValue", .string("\(Synthesis.foundationName):\(name)"))
    }
}
