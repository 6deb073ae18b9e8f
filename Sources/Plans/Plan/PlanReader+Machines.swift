import Base
import Cloud

extension PlanReader {
    func instance(_ index: Int, _ given: Value) -> Instance {
        let template = launchTemplate(given["LaunchTemplate"])
        func property(_ name: String) -> Value {
            given[name].isAbsent ? template[name] : given[name]
        }
        let card = property("NetworkInterfaces").elements.first ?? .absent
        let groups = [property("SecurityGroupIds"), card["GroupSet"], card["Groups"]]
        let image = graph.text(property("ImageId"))
        let tokens = property("MetadataOptions")["HttpTokens"].string
        let credits = property("CreditSpecification")
        let userData = property("UserData")
        return Instance(
            resource: index, type: property("InstanceType").string ?? "?", image: image,
            subnet: link(card["SubnetId"].isAbsent ? given["SubnetId"] : card["SubnetId"]),
            groups: groups.flatMap { links($0) },
            asksForAddress: card["AssociatePublicIpAddress"].bool,
            credits: (credits["CPUCredits"].string ?? credits["CpuCredits"].string)
                .flatMap { CreditMode(rawValue: $0.lowercased()) },
            disks: disks(property("BlockDeviceMappings"), image: image),
            userData: userData,
            // Amazon EC2 User Guide, "Configure the instance metadata options": images of Amazon
            // Linux 2023 ask for tokens by themselves.
            requiresTokens: tokens.map { $0 == "required" }
                ?? (MachineImage(image) == .amazonLinux2023),
            hasKey: !property("KeyName").isAbsent,
            boot: Boot.read(script: graph.text(userData)),
            notes: graph.resources[index].metadata["StreamrSim"])
    }

    private func launchTemplate(_ given: Value) -> Value {
        let named = given["LaunchTemplateId"].resource ?? given["LaunchTemplateName"].resource
        if let named { return properties(named)["LaunchTemplateData"] }
        guard let name = given["LaunchTemplateName"].string else { return .absent }
        let found = graph.resources.first {
            $0.type == "AWS::EC2::LaunchTemplate"
                && $0.properties["LaunchTemplateName"].string == name
        }
        return found?.properties["LaunchTemplateData"] ?? .absent
    }

    private func disks(_ given: Value, image: String) -> [Disk] {
        var disks: [Disk] = []
        for (number, mapping) in given.elements.enumerated() where !mapping["Ebs"].isAbsent {
            disks.append(
                disk(mapping["Ebs"], path: ["BlockDeviceMappings", String(number), "Ebs"]))
        }
        // The images' own root volume: 8 GiB, gp2 where the image's name says so.
        let type = image.contains("-gp2") ? "gp2" : "gp3"
        let own = Disk(
            gibibytes: 8, isDefaultSize: true, type: type, isEncrypted: false, path: [])
        return disks.isEmpty ? [own] : disks
    }

    func disk(_ given: Value, path: [String]) -> Disk {
        let size = given["VolumeSize"].int ?? given["Size"].int
        return Disk(
            gibibytes: size ?? 8, isDefaultSize: size == nil,
            type: given["VolumeType"].string ?? "gp2",
            isEncrypted: given["Encrypted"].bool ?? false, path: path)
    }

    /// Defaults as in AWS CloudFormation, AWS::RDS::DBInstance.
    func database(_ index: Int, _ given: Value) -> Database {
        let engine = given["Engine"].string ?? "?"
        return Database(
            resource: index, instanceClass: given["DBInstanceClass"].string ?? "?", engine: engine,
            version: given["EngineVersion"].string ?? "",
            gibibytes: given["AllocatedStorage"].int ?? 0,
            storageType: given["StorageType"].string ?? "gp2",
            isEncrypted: given["StorageEncrypted"].bool ?? false,
            isMultiZone: given["MultiAZ"].bool ?? false,
            backupDays: given["BackupRetentionPeriod"].int ?? 1,
            isPublic: given["PubliclyAccessible"].bool ?? false,
            port: given["Port"].int ?? (engine.contains("postgres") ? 5432 : 3306),
            subnetGroup: link(given["DBSubnetGroupName"]),
            groups: links(given["VPCSecurityGroups"]),
            password: given["MasterUserPassword"])
    }

    func cache(_ index: Int, _ given: Value) -> Cache {
        let isGroup = graph.resources[index].type == "AWS::ElastiCache::ReplicationGroup"
        let shards = given["NumNodeGroups"].int ?? 1
        let replicas = given["ReplicasPerNodeGroup"].int ?? 0
        let nodes =
            isGroup
            ? given["NumCacheClusters"].int ?? shards * (1 + replicas)
            : given["NumCacheNodes"].int ?? 1
        return Cache(
            resource: index, nodeType: given["CacheNodeType"].string ?? "?",
            engine: given["Engine"].string ?? "redis", nodes: max(1, min(nodes, 500)),
            port: given["Port"].int ?? (given["Engine"].string == "memcached" ? 11211 : 6379),
            subnetGroup: link(given["CacheSubnetGroupName"]),
            groups: links(given[isGroup ? "SecurityGroupIds" : "VpcSecurityGroupIds"]),
            isEncryptedAtRest: given["AtRestEncryptionEnabled"].bool ?? false,
            isEncryptedInTransit: given["TransitEncryptionEnabled"].bool ?? false,
            failsOver: given["AutomaticFailoverEnabled"].bool ?? false)
    }
}

extension MachineImage {
    /// What an image's id or parameter says of it; nil where it says nothing known.
    init?(_ image: String) {
        if image.contains("al2023") {
            self = .amazonLinux2023
        } else if image.contains("amzn2-ami") {
            self = .amazonLinux2
        } else {
            return nil
        }
    }
}
