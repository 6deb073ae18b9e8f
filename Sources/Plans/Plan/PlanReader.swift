import Base
import Cloud

extension Plan {
    /// Types every resource of the graph, or says what is left out with it.
    static func read(_ graph: ResourceGraph) -> Plan {
        var reader = PlanReader(plan: Plan(graph: graph))
        for index in graph.resources.indices { reader.read(index) }
        for index in graph.resources.indices { reader.connect(index) }
        return reader.plan
    }
}

/// Reads resource after resource into a plan: first the things, then what ties them together.
struct PlanReader {
    var plan: Plan

    var graph: ResourceGraph { plan.graph }

    func properties(_ index: Int) -> Value { plan.graph.resources[index].properties }

    mutating func read(_ index: Int) {
        let given = properties(index)
        switch plan.graph.resources[index].type {
        case "AWS::EC2::VPC":
            plan.networks.append(
                Network(resource: index, block: block(given["CidrBlock"]), gateway: nil))
        case "AWS::EC2::Subnet": plan.subnets.append(subnet(index, given))
        case "AWS::EC2::RouteTable":
            plan.routeTables.append(RouteTable(resource: index, network: link(given["VpcId"])))
        case "AWS::EC2::SecurityGroup": plan.groups.append(group(index, given))
        case "AWS::EC2::NatGateway":
            plan.natGateways.append(
                NATGateway(
                    resource: index, subnet: link(given["SubnetId"]),
                    isPublic: given["ConnectivityType"].string != "private"))
        case "AWS::EC2::Instance": plan.instances.append(instance(index, given))
        case "AWS::EC2::EIP":
            plan.addresses.append(
                Address(resource: index, instance: given["InstanceId"].resource))
        case "AWS::EC2::Volume":
            plan.volumes.append(Volume(resource: index, disk: disk(given, path: [])))
        case "AWS::RDS::DBInstance": plan.databases.append(database(index, given))
        case "AWS::RDS::DBSubnetGroup", "AWS::ElastiCache::SubnetGroup":
            plan.subnetGroups.append(
                SubnetGroup(
                    resource: index, subnets: given["SubnetIds"].elements.map { link($0) }))
        case "AWS::ElastiCache::CacheCluster", "AWS::ElastiCache::ReplicationGroup":
            plan.caches.append(cache(index, given))
        case "AWS::ElasticLoadBalancingV2::LoadBalancer":
            plan.balancers.append(balancer(index, given))
        case "AWS::ElasticLoadBalancingV2::Listener":
            plan.listeners.append(listener(index, given))
        case "AWS::ElasticLoadBalancingV2::TargetGroup":
            plan.targetGroups.append(targetGroup(index, given))
        case _: readSmall(index, given)
        }
    }

    /// Types that are a line or a name.
    private mutating func readSmall(_ index: Int, _ given: Value) {
        switch plan.graph.resources[index].type {
        case "AWS::CertificateManager::Certificate":
            plan.certificates.append(
                Certificate(resource: index, domain: given["DomainName"].string ?? ""))
        case "AWS::SecretsManager::Secret": plan.secrets.append(index)
        case "AWS::Logs::LogGroup":
            plan.logGroups.append(
                LogGroup(resource: index, retentionDays: given["RetentionInDays"].int))
        case "AWS::CloudWatch::Alarm":
            plan.alarms.append(
                Alarm(
                    resource: index, metric: given["MetricName"].string ?? "",
                    instances: given["Dimensions"].resources,
                    hasActions: !given["AlarmActions"].elements.isEmpty))
        case "AWS::Route53::HostedZone": plan.zones.append(index)
        case "AWS::Route53::RecordSet": plan.records.append(record(index, given))
        case "AWS::Route53::RecordSetGroup":
            for part in given["RecordSets"].elements { plan.records.append(record(index, part)) }
        case "AWS::IAM::Role": plan.roles.append(index)
        case "AWS::WAFv2::WebACLAssociation": plan.firewalls.append(index)
        case let type:
            if let leavesOut = Omission.of(type) {
                plan.omissions.append(Omission(resource: index, leavesOut: leavesOut))
            }
        }
    }

    /// What belongs to another resource.
    mutating func connect(_ index: Int) {
        let given = properties(index)
        switch plan.graph.resources[index].type {
        case "AWS::EC2::VPCGatewayAttachment":
            if let at = plan.networks.firstIndex(where: { $0.resource == given["VpcId"].resource })
            {
                plan.networks[at].gateway = given["InternetGatewayId"].resource
            }
        case "AWS::EC2::SubnetRouteTableAssociation":
            if let at = plan.subnets.firstIndex(where: {
                $0.resource == given["SubnetId"].resource
            }) {
                plan.subnets[at].routeTable = given["RouteTableId"].resource
            }
        case "AWS::EC2::Route":
            if let at = plan.routeTables.firstIndex(where: {
                $0.resource == given["RouteTableId"].resource
            }) {
                plan.routeTables[at].routes.append(route(index, given))
            }
        case "AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress":
            connectRule(index, given)
        case "AWS::EC2::EIPAssociation":
            let address = given["AllocationId"].resource ?? given["EIP"].resource
            if let at = plan.addresses.firstIndex(where: { $0.resource == address }) {
                plan.addresses[at].instance = given["InstanceId"].resource
            }
        case "AWS::ElasticLoadBalancingV2::ListenerRule":
            if let at = plan.listeners.firstIndex(where: {
                $0.resource == given["ListenerArn"].resource
            }) {
                plan.listeners[at].targetGroups += targets(given["Actions"])
            }
        case "AWS::ElasticLoadBalancingV2::ListenerCertificate":
            if let at = plan.listeners.firstIndex(where: {
                $0.resource == given["ListenerArn"].resource
            }) {
                plan.listeners[at].certificates +=
                    given["Certificates"].elements.map { $0["CertificateArn"] }
            }
        case _: break
        }
    }

    // MARK: Parts

    func link(_ value: Value) -> Link {
        if let index = value.resource { return .resource(index) }
        if let id = value.string, !id.isEmpty { return .outside(id) }
        return value.isAbsent ? .none : .outside("?")
    }

    func links(_ value: Value) -> [Link] { value.elements.map { link($0) } }

    func block(_ value: Value) -> CIDR? { value.string.flatMap { CIDR($0) } }

    func targets(_ actions: Value) -> [Int] {
        actions.elements.flatMap { action in
            [action["TargetGroupArn"].resource].compactMap { $0 }
                + action["ForwardConfig"]["TargetGroups"].elements.compactMap {
                    $0["TargetGroupArn"].resource
                }
        }
    }

    func record(_ index: Int, _ given: Value) -> Record {
        Record(
            resource: index, name: given["Name"].string ?? "",
            targets: given["AliasTarget"].resources + given["ResourceRecords"].resources)
    }
}
