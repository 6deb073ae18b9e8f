import Base
import Cloud

extension SynthesisWriter {
    typealias Entry = (String, JSONTree)

    /// The network, and what keeps data.
    func foundation() -> JSONTree {
        var resources = networkResources
        var outputs: [Entry] = [export("Network", .reference("Network"))]
        for index in 0..<publicSubnets {
            outputs.append(export("PublicSubnet\(index)", .reference("PublicSubnet\(index)")))
        }
        if hasManagedDatabase || hasManagedCache { resources += privateResources }
        if hasManagedDatabase {
            resources += databaseResources
            outputs += [
                export("DatabaseGroup", .attribute("GroupId", of: "DatabaseGroup")),
                export("DatabaseAddress", .attribute("Endpoint.Address", of: "Database")),
            ]
        }
        if hasManagedCache {
            resources += cacheResources
            outputs += [
                export("CacheGroup", .attribute("GroupId", of: "CacheGroup")),
                export("CacheAddress", .attribute("RedisEndpoint.Address", of: "Cache")),
            ]
        }
        resources += secretResources + zoneResources
        if deployment.secrets > 0 { outputs.append(export("Secret", .reference("Secret0"))) }
        if deployment.zones > 0 { outputs.append(export("Zone", .reference("Zone0"))) }
        return Self.object([
            ("AWSTemplateFormatVersion", .string("2010-09-09")),
            ("Description", .string("StreamrP2P: what lasts")),
            ("Parameters", Self.object(foundationParameters)),
            ("Resources", Self.object(resources)), ("Outputs", Self.object(outputs)),
        ])
    }

    private func export(_ name: String, _ value: JSONTree) -> Entry {
        let exported = JSONTree.function("Fn::Sub", .string("${AWS::StackName}:\(name)"))
        return (
            "Export\(name)",
            Self.object([("Value", value), ("Export", Self.object([("Name", exported)]))])
        )
    }

    private var foundationParameters: [Entry] {
        var parameters: [Entry] = []
        if deployment.zones > 0 { parameters.append(Self.domainParameter) }
        if hasManagedDatabase && deployment.secrets == 0 {
            parameters.append(
                (
                    "DatabasePassword",
                    Self.object([
                        ("Type", .string("String")), ("NoEcho", .bool(true)),
                        ("MinLength", Self.number(16)), ("MaxLength", Self.number(64)),
                    ])
                ))
        }
        return parameters
    }

    static let domainParameter: Entry = (
        "DomainName",
        object([
            ("Type", .string("String")), ("Default", .string("streamr.example.com")),
            ("Description", .string("The name that friends use; you have to own it")),
        ])
    )

    // MARK: The network

    private var networkResources: [Entry] {
        var resources: [Entry] = [
            (
                "Network",
                Self.resource(
                    "AWS::EC2::VPC",
                    [
                        ("CidrBlock", .string(Self.network)), ("EnableDnsSupport", .bool(true)),
                        ("EnableDnsHostnames", .bool(true)), Self.named("Streamr"),
                    ])
            ),
            ("Gateway", Self.resource("AWS::EC2::InternetGateway", [Self.named("Streamr")])),
            (
                "GatewayAttachment",
                Self.resource(
                    "AWS::EC2::VPCGatewayAttachment",
                    [
                        ("VpcId", .reference("Network")),
                        ("InternetGatewayId", .reference("Gateway")),
                    ])
            ),
            (
                "PublicRoutes",
                Self.resource("AWS::EC2::RouteTable", [("VpcId", .reference("Network"))])
            ),
        ]
        var way = Self.resource(
            "AWS::EC2::Route",
            [
                ("RouteTableId", .reference("PublicRoutes")),
                ("DestinationCidrBlock", .string("0.0.0.0/0")),
                ("GatewayId", .reference("Gateway")),
            ])
        way = way.with("DependsOn", .array([.string("GatewayAttachment")]))
        resources.append(("PublicRoute", way))
        for index in 0..<publicSubnets {
            resources += subnet("PublicSubnet", index, block: index, isPublic: true)
        }
        return resources
    }

    private func subnet(_ name: String, _ index: Int, block: Int, isPublic: Bool) -> [Entry] {
        [
            (
                "\(name)\(index)",
                Self.resource(
                    "AWS::EC2::Subnet",
                    [
                        ("VpcId", .reference("Network")), ("AvailabilityZone", Self.zone(index)),
                        ("CidrBlock", .string("10.0.\(block).0/24")),
                        ("MapPublicIpOnLaunch", .bool(isPublic)),
                        Self.named("Streamr \(name)\(index)"),
                    ])
            ),
            (
                "\(name)\(index)Routes",
                Self.resource(
                    "AWS::EC2::SubnetRouteTableAssociation",
                    [
                        ("SubnetId", .reference("\(name)\(index)")),
                        ("RouteTableId", .reference(isPublic ? "PublicRoutes" : "PrivateRoutes")),
                    ])
            ),
        ]
    }

    /// RDS asks for two zones; so does a cache that is to be moved.
    private var privateResources: [Entry] {
        let routes = Self.resource("AWS::EC2::RouteTable", [("VpcId", .reference("Network"))])
        return [("PrivateRoutes", routes)]
            + (0..<2).flatMap { subnet("PrivateSubnet", $0, block: 10 + $0, isPublic: false) }
    }

    private static let privateSubnets = JSONTree.array(
        (0..<2).map { .reference("PrivateSubnet\($0)") })

    private func group(_ what: String) -> JSONTree {
        Self.resource(
            "AWS::EC2::SecurityGroup",
            [
                ("GroupDescription", .string("The \(what) of StreamrP2P")),
                ("VpcId", .reference("Network")),
            ])
    }

    // MARK: What keeps data

    private var databaseResources: [Entry] {
        guard
            case .managed(let name, let storage, let multiAZ, let backupDays, let version) =
                deployment.database
        else { return [] }
        let password: JSONTree =
            deployment.secrets > 0
            ? .function(
                "Fn::Sub", .string("{{resolve:secretsmanager:${Secret0}:SecretString:password}}"))
            : .reference("DatabasePassword")
        let database = Self.resource(
            "AWS::RDS::DBInstance",
            [
                ("Engine", .string("postgres")), ("EngineVersion", .string(String(version))),
                ("DBInstanceClass", .string(name)), ("DBName", .string("streamr")),
                ("AllocatedStorage", .string(String(storage.size.bytes >> 30))),
                ("StorageType", .string(storage.type.rawValue)),
                ("StorageEncrypted", .bool(true)), ("MultiAZ", .bool(multiAZ)),
                ("BackupRetentionPeriod", Self.number(backupDays)),
                ("MasterUsername", .string("streamr")), ("MasterUserPassword", password),
                ("PubliclyAccessible", .bool(false)), ("DeletionProtection", .bool(true)),
                ("DBSubnetGroupName", .reference("DatabaseSubnets")),
                ("VPCSecurityGroups", .array([.attribute("GroupId", of: "DatabaseGroup")])),
            ])
        return [
            ("DatabaseGroup", group("database")),
            (
                "DatabaseSubnets",
                Self.resource(
                    "AWS::RDS::DBSubnetGroup",
                    [
                        ("DBSubnetGroupDescription", .string("Both isolated subnets")),
                        ("SubnetIds", Self.privateSubnets),
                    ])
            ),
            (
                "Database",
                database.with("DeletionPolicy", .string("Snapshot"))
                    .with("UpdateReplacePolicy", .string("Snapshot"))
            ),
        ]
    }

    private var cacheResources: [Entry] {
        guard case .managed(let nodeType, let engine) = deployment.cache else { return [] }
        return [
            ("CacheGroup", group("cache")),
            (
                "CacheSubnets",
                Self.resource(
                    "AWS::ElastiCache::SubnetGroup",
                    [
                        ("Description", .string("Both isolated subnets")),
                        ("SubnetIds", Self.privateSubnets),
                    ])
            ),
            (
                "Cache",
                Self.resource(
                    "AWS::ElastiCache::CacheCluster",
                    [
                        ("CacheNodeType", .string(nodeType)), ("Engine", .string(engine.rawValue)),
                        ("NumCacheNodes", Self.number(1)),
                        ("CacheSubnetGroupName", .reference("CacheSubnets")),
                        (
                            "VpcSecurityGroupIds",
                            .array([.attribute("GroupId", of: "CacheGroup")])
                        ),
                    ])
            ),
        ]
    }

    private var secretResources: [Entry] {
        (0..<deployment.secrets).map { index in
            (
                "Secret\(index)",
                Self.resource(
                    "AWS::SecretsManager::Secret",
                    [
                        ("Description", .string("Secret \(index) of StreamrP2P")),
                        (
                            "GenerateSecretString",
                            Self.object([
                                ("SecretStringTemplate", .string("{\"username\":\"streamr\"}")),
                                ("GenerateStringKey", .string("password")),
                                ("PasswordLength", Self.number(30)),
                                ("ExcludePunctuation", .bool(true)),
                            ])
                        ),
                    ])
            )
        }
    }

    /// The first zone is the platform's; the others are of its names.
    private var zoneResources: [Entry] {
        (0..<deployment.zones).map { index in
            let name: JSONTree =
                index == 0
                ? .reference("DomainName")
                : .function("Fn::Sub", .string("zone\(index).${DomainName}"))
            return ("Zone\(index)", Self.resource("AWS::Route53::HostedZone", [("Name", name)]))
        }
    }
}

extension JSONTree {
    /// This object with one more member.
    func with(_ name: String, _ value: JSONTree) -> JSONTree {
        guard case .object(let members) = self else { return self }
        return .object(members + [Member(name, value)])
    }
}
