import Base
import Cloud

extension SynthesisWriter {
    /// The instance and what stands in front of it.
    func application() -> JSONTree {
        var resources: [Entry] = [
            ("InstanceGroup", instanceGroup), ("Role", role),
            (
                "Profile",
                Self.resource(
                    "AWS::IAM::InstanceProfile", [("Roles", .array([.reference("Role")]))])
            ),
            ("Instance", instance),
        ]
        if deployment.instance.elasticAddress {
            resources.append(
                (
                    "Address",
                    Self.resource(
                        "AWS::EC2::EIP",
                        [("Domain", .string("vpc")), ("InstanceId", .reference("Instance"))])
                ))
        }
        if deployment.alarms { resources += alarmResources }
        if hasBalancer { resources += balancerResources }
        resources += innerRules + nameResources
        return Self.object([
            ("AWSTemplateFormatVersion", .string("2010-09-09")),
            ("Description", .string("StreamrP2P: what is replaced")),
            ("Parameters", Self.object(applicationParameters)),
            ("Resources", Self.object(resources)), ("Outputs", Self.object(applicationOutputs)),
        ])
    }

    private var applicationParameters: [Entry] {
        let parameter = "/aws/service/ami-amazon-linux-latest/"
        let architecture = machine.contains("g.") ? "arm64" : "x86_64"
        let image =
            switch deployment.instance.image {
            case .amazonLinux2: "amzn2-ami-kernel-5.10-hvm-\(architecture)-gp2"
            case .amazonLinux2023: "al2023-ami-kernel-default-\(architecture)"
            }
        var parameters: [Entry] = [
            (
                "Image",
                Self.object([
                    ("Type", .string("AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>")),
                    ("Default", .string(parameter + image)),
                ])
            ),
            (
                "CoordinatorImage",
                Self.object([
                    ("Type", .string("String")),
                    ("Default", .string("ghcr.io/your-username/streamr-coordinator:latest")),
                ])
            ),
            Self.domainParameter,
        ]
        if hasBalancer && deployment.zones == 0 {
            parameters.append(
                (
                    "CertificateArn",
                    Self.object([
                        ("Type", .string("String")),
                        ("AllowedPattern", .string("^arn:aws:acm:.*$")),
                    ])
                ))
        }
        return parameters
    }

    private var applicationOutputs: [Entry] {
        let address: JSONTree =
            deployment.instance.elasticAddress
            ? .reference("Address") : .attribute("PublicIp", of: "Instance")
        return [
            (
                "DashboardURL",
                Self.object([("Value", .function("Fn::Sub", .string("https://${DomainName}")))])
            ),
            (
                "RTMPURL",
                Self.object([
                    (
                        "Value",
                        .function(
                            "Fn::Join",
                            .array([
                                .string(""),
                                .array([.string("rtmp://"), address, .string(":1935/live")]),
                            ]))
                    )
                ])
            ),
        ]
    }

    // MARK: The instance

    private func openToAll(_ port: Int, _ what: String) -> JSONTree {
        Self.object([
            ("CidrIp", .string("0.0.0.0/0")), ("Description", .string(what)),
            ("IpProtocol", .string("tcp")), ("FromPort", Self.number(port)),
            ("ToPort", Self.number(port)),
        ])
    }

    private func describe(_ port: Int) -> String {
        ReachMatrix.knownPorts.first { $0.port == port }?.what ?? "port \(port)"
    }

    private var instanceGroup: JSONTree {
        let open = ports(.internet, .instance).map { openToAll($0, describe($0)) }
        return Self.resource(
            "AWS::EC2::SecurityGroup",
            [
                ("GroupDescription", .string("The instance of StreamrP2P")),
                ("VpcId", Self.imported("Network")), ("SecurityGroupIngress", .array(open)),
            ])
    }

    /// The instance may ask for its secret, and be reached by Session Manager instead of SSH.
    private var role: JSONTree {
        let trust = Self.object([
            ("Version", .string("2012-10-17")),
            (
                "Statement",
                .array([
                    Self.object([
                        ("Effect", .string("Allow")), ("Action", .string("sts:AssumeRole")),
                        ("Principal", Self.object([("Service", .string("ec2.amazonaws.com"))])),
                    ])
                ])
            ),
        ])
        var properties: [Entry] = [
            ("AssumeRolePolicyDocument", trust),
            (
                "ManagedPolicyArns",
                .array([.string("arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore")])
            ),
        ]
        if deployment.secrets > 0 {
            let allowed = Self.object([
                ("Effect", .string("Allow")),
                ("Action", .string("secretsmanager:GetSecretValue")),
                ("Resource", Self.imported("Secret")),
            ])
            let document = Self.object([
                ("Version", .string("2012-10-17")), ("Statement", .array([allowed])),
            ])
            let policy = Self.object([
                ("PolicyName", .string("ReadSecret")), ("PolicyDocument", document),
            ])
            properties.append(("Policies", .array([policy])))
        }
        return Self.resource("AWS::IAM::Role", properties)
    }

    private var instance: JSONTree {
        let disk = deployment.instance.rootVolume
        let mapping = Self.object([
            ("DeviceName", .string("/dev/xvda")),
            (
                "Ebs",
                Self.object([
                    ("VolumeSize", Self.number(Int(disk.size.bytes >> 30))),
                    ("VolumeType", .string(disk.type.rawValue)), ("Encrypted", .bool(true)),
                ])
            ),
        ])
        var properties: [Entry] = [
            ("InstanceType", .string(machine)), ("ImageId", .reference("Image")),
            ("IamInstanceProfile", .reference("Profile")),
            ("SubnetId", Self.imported("PublicSubnet0")),
            ("SecurityGroupIds", .array([.attribute("GroupId", of: "InstanceGroup")])),
            ("BlockDeviceMappings", .array([mapping])), Self.named("Streamr"),
            ("MetadataOptions", Self.object([("HttpTokens", .string("required"))])),
            ("UserData", .function("Fn::Base64", .function("Fn::Sub", userData))),
        ]
        if MachineType.named(machine)?.isBurstable == true {
            let mode = JSONTree.string(deployment.instance.credits.rawValue)
            properties.append(("CreditSpecification", Self.object([("CPUCredits", mode)])))
        }
        return Self.resource("AWS::EC2::Instance", properties)
            .with("Metadata", Self.object([("StreamrSim", notes)]))
    }

    private var alarmResources: [Entry] {
        let dimension = Self.object([
            ("Name", .string("InstanceId")), ("Value", .reference("Instance")),
        ])
        return [
            ("Operators", Self.resource("AWS::SNS::Topic", [])),
            (
                "InstanceDown",
                Self.resource(
                    "AWS::CloudWatch::Alarm",
                    [
                        ("AlarmDescription", .string("The instance or its machine is down")),
                        ("Namespace", .string("AWS/EC2")),
                        ("MetricName", .string("StatusCheckFailed")),
                        ("Dimensions", .array([dimension])), ("Statistic", .string("Maximum")),
                        ("Period", Self.number(60)), ("EvaluationPeriods", Self.number(3)),
                        ("Threshold", Self.number(1)),
                        ("ComparisonOperator", .string("GreaterThanOrEqualToThreshold")),
                        ("AlarmActions", .array([.reference("Operators")])),
                    ])
            ),
        ]
    }

    // MARK: Rules between groups

    /// A rule from one group to another as a resource of its own, so that neither waits for the
    /// other to be made.
    private var innerRules: [Entry] {
        var rules: [Entry] = []
        func add(_ id: String, _ group: JSONTree, _ source: JSONTree, _ port: Int) {
            rules.append(
                (
                    "\(id)\(port)",
                    Self.resource(
                        "AWS::EC2::SecurityGroupIngress",
                        [
                            ("GroupId", group), ("IpProtocol", .string("tcp")),
                            ("FromPort", Self.number(port)), ("ToPort", Self.number(port)),
                            ("SourceSecurityGroupId", source),
                        ])
                ))
        }
        let instance = JSONTree.attribute("GroupId", of: "InstanceGroup")
        if hasManagedDatabase {
            for port in ports(.instance, .database) {
                add("DatabaseFromInstance", Self.imported("DatabaseGroup"), instance, port)
            }
        }
        if hasManagedCache {
            for port in ports(.instance, .cache) {
                add("CacheFromInstance", Self.imported("CacheGroup"), instance, port)
            }
        }
        guard hasBalancer else { return rules }
        let balancer = JSONTree.attribute("GroupId", of: "BalancerGroup")
        for port in ports(.loadBalancer, .instance) {
            add("InstanceFromBalancer", instance, balancer, port)
            rules.append(
                (
                    "BalancerToInstance\(port)",
                    Self.resource(
                        "AWS::EC2::SecurityGroupEgress",
                        [
                            ("GroupId", balancer), ("IpProtocol", .string("tcp")),
                            ("FromPort", Self.number(port)), ("ToPort", Self.number(port)),
                            ("DestinationSecurityGroupId", instance),
                        ])
                ))
        }
        return rules
    }

    // MARK: The load balancer

    private var balancerResources: [Entry] {
        let open = ports(.internet, .loadBalancer).map { openToAll($0, describe($0)) }
        // What CDK writes for a group that lets nothing out: without any rule AWS adds one for all.
        let nothing = Self.object([
            ("CidrIp", .string("255.255.255.255/32")), ("IpProtocol", .string("icmp")),
            ("Description", .string("Lets nothing out")), ("FromPort", Self.number(252)),
            ("ToPort", Self.number(86)),
        ])
        var resources: [Entry] = [
            (
                "BalancerGroup",
                Self.resource(
                    "AWS::EC2::SecurityGroup",
                    [
                        ("GroupDescription", .string("The load balancer of StreamrP2P")),
                        ("VpcId", Self.imported("Network")),
                        ("SecurityGroupIngress", .array(open)),
                        ("SecurityGroupEgress", .array([nothing])),
                    ])
            ),
            (
                "Balancer",
                Self.resource(
                    "AWS::ElasticLoadBalancingV2::LoadBalancer",
                    [
                        ("Type", .string("application")), ("Scheme", .string("internet-facing")),
                        ("SecurityGroups", .array([.attribute("GroupId", of: "BalancerGroup")])),
                        (
                            "Subnets",
                            .array((0..<frontZones).map { Self.imported("PublicSubnet\($0)") })
                        ),
                    ])
            ),
            ("Coordinator", targetGroup),
        ]
        for port in ports(.internet, .loadBalancer) {
            resources.append(("Listener\(port)", listener(port)))
        }
        return resources
    }

    private var targetGroup: JSONTree {
        var path = "/health"
        if case .loadBalancer(_, let healthPath) = deployment.front { path = healthPath }
        return Self.resource(
            "AWS::ElasticLoadBalancingV2::TargetGroup",
            [
                ("VpcId", Self.imported("Network")), ("TargetType", .string("instance")),
                ("Protocol", .string("HTTP")), ("Port", Self.number(8000)),
                ("HealthCheckPath", .string(path)),
                ("Targets", .array([Self.object([("Id", .reference("Instance"))])])),
            ])
    }

    /// HTTPS but for port 80, which sends browsers there.
    private func listener(_ port: Int) -> JSONTree {
        var properties: [Entry] = [
            ("LoadBalancerArn", .reference("Balancer")), ("Port", Self.number(port)),
        ]
        if port == 80 {
            let redirect = Self.object([
                ("Protocol", .string("HTTPS")), ("Port", .string("443")),
                ("StatusCode", .string("HTTP_301")),
            ])
            let action = Self.object([("Type", .string("redirect")), ("RedirectConfig", redirect)])
            properties += [("Protocol", .string("HTTP")), ("DefaultActions", .array([action]))]
        } else {
            let action = Self.object([
                ("Type", .string("forward")), ("TargetGroupArn", .reference("Coordinator")),
            ])
            let certificate: JSONTree =
                .reference(deployment.zones > 0 ? "Certificate" : "CertificateArn")
            properties += [
                ("Protocol", .string("HTTPS")),
                ("Certificates", .array([Self.object([("CertificateArn", certificate)])])),
                ("DefaultActions", .array([action])),
            ]
        }
        return Self.resource("AWS::ElasticLoadBalancingV2::Listener", properties)
    }

    /// The name's record, and on a load balancer the certificate for it.
    private var nameResources: [Entry] {
        guard deployment.zones > 0 else { return [] }
        let zone = Self.imported("Zone")
        let name = JSONTree.reference("DomainName")
        guard hasBalancer else {
            let address: JSONTree =
                deployment.instance.elasticAddress
                ? .reference("Address") : .attribute("PublicIp", of: "Instance")
            return [
                (
                    "Name",
                    Self.resource(
                        "AWS::Route53::RecordSet",
                        [
                            ("HostedZoneId", zone), ("Name", name), ("Type", .string("A")),
                            ("TTL", .string("300")), ("ResourceRecords", .array([address])),
                        ])
                )
            ]
        }
        let alias = Self.object([
            ("DNSName", .attribute("DNSName", of: "Balancer")),
            ("HostedZoneId", .attribute("CanonicalHostedZoneID", of: "Balancer")),
        ])
        let validation = Self.object([("DomainName", name), ("HostedZoneId", zone)])
        return [
            (
                "Certificate",
                Self.resource(
                    "AWS::CertificateManager::Certificate",
                    [
                        ("DomainName", name), ("ValidationMethod", .string("DNS")),
                        ("DomainValidationOptions", .array([validation])),
                    ])
            ),
            (
                "Name",
                Self.resource(
                    "AWS::Route53::RecordSet",
                    [
                        ("HostedZoneId", zone), ("Name", name), ("Type", .string("A")),
                        ("AliasTarget", alias),
                    ])
            ),
        ]
    }
}
