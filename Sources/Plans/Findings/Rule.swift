/// What `plan check` looks for. Identifiers are an interface: pipelines and suppressions name them.
public enum Rule: String, Sendable, Hashable, CaseIterable {
    // Deployability.
    case emptySubnetGroup = "empty-subnet-group"
    case unresolvedReference = "unresolved-reference"
    case listenerWithoutCertificate = "listener-without-certificate"
    case nameWithoutCertificate = "https-name-without-certificate"
    case freePlanRefuses = "free-plan-refuses"
    // Reachability.
    case databaseUnreachable = "database-unreachable"
    case cacheUnreachable = "cache-unreachable"
    case targetUnreachable = "target-unreachable"
    case portWithoutListener = "port-without-listener"
    case listenerNotOpen = "listener-not-open"
    case rtmpNotOpen = "rtmp-not-open"
    case publicServiceIsolated = "public-service-isolated"
    case bootWithoutInternet = "boot-without-internet"
    // Around the clock.
    case addressNotElastic = "address-not-elastic"
    case containersStayDown = "containers-stay-down"
    case containersUnseen = "containers-unseen"
    case logsUnbounded = "logs-unbounded"
    case noStatusAlarm = "no-status-alarm"
    case singlePointOfFailure = "single-point-of-failure"
    case imageEndOfLife = "image-end-of-life"
    case engineEndOfLife = "engine-end-of-life"
    case secretInUserData = "secret-in-user-data"
    // Money.
    case unlimitedCredits = "unlimited-credits"
    case storageDefault = "storage-default"
    case publicAddresses = "public-addresses"
    case extendedSupport = "extended-support"
    case natGateway = "nat-gateway"
    // Security.
    case sshOpen = "ssh-open"
    case apiOpen = "api-open"
    case unknownPortOpen = "unknown-port-open"
    case rtmpInClear = "rtmp-in-clear"
    case storageUnencrypted = "storage-unencrypted"
    case metadataV1 = "metadata-v1"
    case noFirewall = "no-firewall"
    // What this program does not know.
    case notUnderstood = "not-understood"

    public enum Severity: String, Sendable, Hashable, CaseIterable {
        case error, warning, note
    }

    public var severity: Severity {
        switch self {
        case .emptySubnetGroup, .unresolvedReference, .listenerWithoutCertificate,
            .nameWithoutCertificate, .freePlanRefuses, .databaseUnreachable, .cacheUnreachable,
            .targetUnreachable, .listenerNotOpen, .rtmpNotOpen, .publicServiceIsolated,
            .bootWithoutInternet, .containersStayDown:
            .error
        case .portWithoutListener, .addressNotElastic, .containersUnseen, .logsUnbounded,
            .noStatusAlarm, .imageEndOfLife, .engineEndOfLife, .secretInUserData,
            .unlimitedCredits, .storageDefault, .extendedSupport, .natGateway, .sshOpen, .apiOpen,
            .unknownPortOpen, .storageUnencrypted, .metadataV1:
            .warning
        case .singlePointOfFailure, .publicAddresses, .rtmpInClear, .noFirewall, .notUnderstood:
            .note
        }
    }

    /// The question that it answers.
    public enum Area: String, Sendable, Hashable, CaseIterable {
        case deployability = "Will it deploy?"
        case reachability = "Does everyone reach what they need?"
        case uptime = "Does it run around the clock?"
        case money = "What does it cost?"
        case security = "Is it safe?"
        case knowledge = "What is not known?"
    }

    public var area: Area {
        switch self {
        case .emptySubnetGroup, .unresolvedReference, .listenerWithoutCertificate,
            .nameWithoutCertificate, .freePlanRefuses:
            .deployability
        case .databaseUnreachable, .cacheUnreachable, .targetUnreachable, .portWithoutListener,
            .listenerNotOpen, .rtmpNotOpen, .publicServiceIsolated, .bootWithoutInternet:
            .reachability
        case .addressNotElastic, .containersStayDown, .logsUnbounded, .noStatusAlarm,
            .singlePointOfFailure, .imageEndOfLife, .engineEndOfLife:
            .uptime
        case .unlimitedCredits, .storageDefault, .publicAddresses, .extendedSupport, .natGateway:
            .money
        case .secretInUserData, .sshOpen, .apiOpen, .unknownPortOpen, .rtmpInClear,
            .storageUnencrypted, .metadataV1, .noFirewall:
            .security
        case .containersUnseen, .notUnderstood:
            .knowledge
        }
    }

    public var title: String {
        switch self {
        case .emptySubnetGroup: "A subnet group has no subnets"
        case .unresolvedReference: "A reference leads to nothing"
        case .listenerWithoutCertificate: "An HTTPS listener has no certificate"
        case .nameWithoutCertificate: "The promised https:// name can have no certificate"
        case .freePlanRefuses: "An account on the Free plan is refused this"
        case .databaseUnreachable: "The coordinator cannot reach its database"
        case .cacheUnreachable: "The coordinator cannot reach its cache"
        case .targetUnreachable: "The load balancer cannot reach its target"
        case .portWithoutListener: "A port is open on the load balancer, and nothing listens"
        case .listenerNotOpen: "A listener cannot be reached"
        case .rtmpNotOpen: "RTMP cannot be reached from outside"
        case .publicServiceIsolated: "A public service stands in an isolated subnet"
        case .bootWithoutInternet: "The first boot needs the internet and has no way to it"
        case .addressNotElastic: "The public address changes when the instance stops"
        case .containersStayDown: "Containers do not come back after a reboot"
        case .containersUnseen: "What the instance runs cannot be seen"
        case .logsUnbounded: "Container logs grow until the disk is full"
        case .noStatusAlarm: "Nobody is told when the instance is down"
        case .singlePointOfFailure: "One machine whose failure stops the platform"
        case .imageEndOfLife: "The machine image is past its end of support"
        case .engineEndOfLife: "The engine is past its end of support"
        case .secretInUserData: "A secret stands in the user data"
        case .unlimitedCredits: "CPU beyond the baseline is billed"
        case .storageDefault: "Storage of a size that nobody chose"
        case .publicAddresses: "Public addresses are billed"
        case .extendedSupport: "The engine's version costs Extended Support"
        case .natGateway: "A NAT gateway is billed by the hour"
        case .sshOpen: "SSH is open to the whole internet"
        case .apiOpen: "An inner interface is open to the whole internet"
        case .unknownPortOpen: "A port is open, and nothing known is behind it"
        case .rtmpInClear: "RTMP crosses the internet without TLS"
        case .storageUnencrypted: "Storage is not encrypted"
        case .metadataV1: "Instance metadata answers without a token"
        case .noFirewall: "No web application firewall stands before the load balancer"
        case .notUnderstood: "Part of the templates is not understood"
        }
    }

    /// The page that explains it, by its name.
    public var documentation: String {
        switch self {
        case .emptySubnetGroup: "Amazon ElastiCache User Guide, Subnets and subnet groups"
        case .unresolvedReference: "AWS CloudFormation User Guide, Intrinsic function reference"
        case .listenerWithoutCertificate:
            "Elastic Load Balancing, Create an HTTPS listener for your Application Load Balancer"
        case .nameWithoutCertificate: "AWS Certificate Manager User Guide, Request a certificate"
        case .freePlanRefuses: "AWS Billing and Cost Management User Guide, Free Tier plans"
        case .databaseUnreachable: "Amazon RDS User Guide, Controlling access with security groups"
        case .cacheUnreachable: "Amazon ElastiCache User Guide, Security groups"
        case .targetUnreachable, .listenerNotOpen:
            "Elastic Load Balancing, Security groups for your Application Load Balancer"
        case .portWithoutListener: "Elastic Load Balancing, Listeners"
        case .rtmpNotOpen, .sshOpen, .apiOpen, .unknownPortOpen:
            "Amazon VPC User Guide, Security group rules"
        case .publicServiceIsolated, .bootWithoutInternet:
            "Amazon VPC User Guide, Enable internet access using an internet gateway"
        case .addressNotElastic: "Amazon EC2 User Guide, Elastic IP addresses"
        case .containersStayDown: "Docker manual, Start containers automatically"
        case .containersUnseen: "Amazon EC2 User Guide, Run commands at launch with user data"
        case .logsUnbounded: "Docker manual, Configure logging drivers"
        case .noStatusAlarm: "Amazon EC2 User Guide, Status checks"
        case .singlePointOfFailure: "Amazon Compute Service Level Agreement"
        case .imageEndOfLife: "Amazon Linux 2 FAQs"
        case .engineEndOfLife: "PostgreSQL Versioning Policy"
        case .secretInUserData: "Amazon EC2 User Guide, Instance metadata and user data"
        case .unlimitedCredits: "Amazon EC2 User Guide, Unlimited mode for burstable instances"
        case .storageDefault: "AWS CDK, aws-rds.DatabaseInstanceProps.allocatedStorage"
        case .publicAddresses: "Amazon VPC pricing, Public IPv4 addresses"
        case .extendedSupport: "Amazon RDS User Guide, Extended Support"
        case .natGateway: "Amazon VPC pricing, NAT gateway"
        case .rtmpInClear: "Adobe RTMP Specification, Security considerations"
        case .storageUnencrypted: "Amazon RDS User Guide, Encrypting resources"
        case .metadataV1: "Amazon EC2 User Guide, Configure the instance metadata options"
        case .noFirewall: "AWS WAF Developer Guide, Associating a web ACL"
        case .notUnderstood: "streamr-sim plan check --help"
        }
    }
}
