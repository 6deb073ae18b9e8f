import Base
import Cloud

/// What a set of templates deploys, as a network of typed things: what findings, reachability, the
/// bill and the simulated deployment are read from.
///
/// Everything names its resource in the graph; things name each other by those indices as well.
public struct Plan: Sendable, Hashable {
    public var graph: ResourceGraph
    public var networks: [Network] = []
    public var subnets: [Subnet] = []
    public var routeTables: [RouteTable] = []
    public var groups: [SecurityGroup] = []
    public var natGateways: [NATGateway] = []
    public var instances: [Instance] = []
    public var addresses: [Address] = []
    public var volumes: [Volume] = []
    public var databases: [Database] = []
    public var caches: [Cache] = []
    public var subnetGroups: [SubnetGroup] = []
    public var balancers: [Balancer] = []
    public var listeners: [Listener] = []
    public var targetGroups: [TargetGroup] = []
    public var certificates: [Certificate] = []
    public var secrets: [Int] = []
    public var logGroups: [LogGroup] = []
    public var alarms: [Alarm] = []
    public var zones: [Int] = []
    public var records: [Record] = []
    public var roles: [Int] = []
    public var firewalls: [Int] = []
    /// What is not understood, and what that leaves out.
    public var omissions: [Omission] = []

    /// Reads templates: every function worked out, every resource typed or named as left out.
    public init(_ templates: [Template], _ settings: ReadSettings) {
        self = Plan.read(Resolver.resolve(templates, settings))
    }

    init(graph: ResourceGraph) { self.graph = graph }

    public var region: String { graph.settings.region }
}

/// What a property names: a resource of these templates, something outside them, or nothing.
public enum Link: Sendable, Hashable {
    case none
    case resource(Int)
    /// An existing thing, by its own id: nothing is known of it.
    case outside(String)

    public var index: Int? {
        guard case .resource(let index) = self else { return nil }
        return index
    }
}

public struct Network: Sendable, Hashable {
    public var resource: Int
    public var block: CIDR?
    /// The internet gateway that is attached.
    public var gateway: Int?
}

public struct Subnet: Sendable, Hashable {
    public var resource: Int
    public var network: Link
    public var block: CIDR?
    public var zone: String
    /// Whether an instance in it gets a public address by itself.
    public var givesAddresses: Bool
    public var routeTable: Int?
}

public struct RouteTable: Sendable, Hashable {
    public var resource: Int
    public var network: Link
    public var routes: [Route] = []
}

public struct Route: Sendable, Hashable {
    public var resource: Int
    /// Nil for IPv6, which is not walked.
    public var destination: CIDR?
    public var target: Target

    public enum Target: Sendable, Hashable {
        case internetGateway(Int)
        case natGateway(Int)
        /// A peering, an endpoint or another way that is not walked.
        case other(String)
    }
}

public struct SecurityGroup: Sendable, Hashable {
    public var resource: Int
    public var network: Link
    public var ingress: [SecurityRule] = []
    public var egress: [SecurityRule] = []
}

public struct SecurityRule: Sendable, Hashable {
    /// Where it is written: the group itself or a resource of its own.
    public var resource: Int
    /// From the resource's properties.
    public var path: [String]
    public var protocolName: Transport
    /// Ports; nil is all.
    public var ports: ClosedRange<Int>?
    public var peer: Peer

    public enum Transport: Sendable, Hashable {
        case all, tcp, udp, other(String)
    }

    public enum Peer: Sendable, Hashable {
        case block(CIDR)
        case group(Int)
        /// IPv6, a prefix list or a group outside: not walked.
        case other(String)
    }

    /// Whether it lets a TCP connection to this port through, as far as the port goes.
    public func admitsTCP(_ port: Int) -> Bool {
        switch protocolName {
        case .all: true
        case .tcp: ports?.contains(port) ?? true
        case .udp, .other: false
        }
    }

    /// Whether anyone in the world is its peer.
    public var isOpenToAll: Bool { peer == .block(.everything) || peer == .other("::/0") }
}

public struct NATGateway: Sendable, Hashable {
    public var resource: Int
    public var subnet: Link
    public var isPublic: Bool
}

public struct Instance: Sendable, Hashable {
    public var resource: Int
    public var type: String
    public var image: String
    public var subnet: Link
    public var groups: [Link]
    /// Whether it is told to get a public address; nil leaves that to the subnet.
    public var asksForAddress: Bool?
    /// Nil where the type's default holds: unlimited for T3, T3a and T4g.
    public var credits: CreditMode?
    public var disks: [Disk]
    public var userData: Value
    /// From the resource's properties, or from its launch template's.
    public var requiresTokens: Bool
    public var hasKey: Bool
    public var boot: Boot
    /// What `plan synth` keeps in the resource's metadata because no property can say it.
    public var notes: Value
}

public struct Disk: Sendable, Hashable {
    public var gibibytes: Int
    /// Whether the size is the image's own, not the template's.
    public var isDefaultSize: Bool
    public var type: String
    public var isEncrypted: Bool
    /// From the instance's properties.
    public var path: [String]
}

public struct Address: Sendable, Hashable {
    public var resource: Int
    public var instance: Int?
}

public struct Volume: Sendable, Hashable {
    public var resource: Int
    public var disk: Disk
}

public struct SubnetGroup: Sendable, Hashable {
    public var resource: Int
    public var subnets: [Link]
}

public struct Database: Sendable, Hashable {
    public var resource: Int
    public var instanceClass: String
    public var engine: String
    public var version: String
    public var gibibytes: Int
    public var storageType: String
    public var isEncrypted: Bool
    public var isMultiZone: Bool
    public var backupDays: Int
    public var isPublic: Bool
    public var port: Int
    public var subnetGroup: Link
    public var groups: [Link]
    public var password: Value

    public var majorVersion: Int? { version.split(separator: ".").first.flatMap { Int($0) } }
}

public struct Cache: Sendable, Hashable {
    public var resource: Int
    public var nodeType: String
    public var engine: String
    public var nodes: Int
    public var port: Int
    public var subnetGroup: Link
    public var groups: [Link]
    public var isEncryptedAtRest: Bool
    public var isEncryptedInTransit: Bool
    public var failsOver: Bool
}

public struct Balancer: Sendable, Hashable {
    public var resource: Int
    public var kind: Kind
    public var isInternetFacing: Bool
    public var subnets: [Link]
    public var groups: [Link]

    public enum Kind: String, Sendable, Hashable { case application, network, gateway }
}

public struct Listener: Sendable, Hashable {
    public var resource: Int
    public var balancer: Link
    public var port: Int
    public var transport: String
    public var certificates: [Value]
    public var targetGroups: [Int]
    /// The scheme and port that it sends browsers to.
    public var redirect: String?

    public var isEncrypted: Bool { transport == "HTTPS" || transport == "TLS" }
}

public struct TargetGroup: Sendable, Hashable {
    public var resource: Int
    public var port: Int
    public var targets: [Target]
    public var healthPath: String
    public var healthPort: Int?

    public struct Target: Sendable, Hashable {
        public var to: Link
        public var port: Int
    }
}

public struct Certificate: Sendable, Hashable {
    public var resource: Int
    public var domain: String
}

public struct LogGroup: Sendable, Hashable {
    public var resource: Int
    public var retentionDays: Int?
}

public struct Alarm: Sendable, Hashable {
    public var resource: Int
    public var metric: String
    public var instances: [Int]
    public var hasActions: Bool

    /// Whether it tells of a machine that is down.
    public var watchesStatus: Bool {
        metric.hasPrefix("StatusCheckFailed") || metric == "UnHealthyHostCount"
            || metric == "HealthyHostCount"
    }
}

public struct Record: Sendable, Hashable {
    public var resource: Int
    public var name: String
    /// What the name leads to.
    public var targets: [Int]
}

/// A resource that is not understood, or a part of one.
public struct Omission: Sendable, Hashable {
    public var resource: Int
    public var leavesOut: String
}
