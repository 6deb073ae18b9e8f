import Base
import Cloud

extension PlanReader {
    func subnet(_ index: Int, _ given: Value) -> Subnet {
        Subnet(
            resource: index, network: link(given["VpcId"]), block: block(given["CidrBlock"]),
            zone: given["AvailabilityZone"].string ?? "",
            givesAddresses: given["MapPublicIpOnLaunch"].bool ?? false, routeTable: nil)
    }

    func route(_ index: Int, _ given: Value) -> Route {
        let target: Route.Target
        if let gateway = given["GatewayId"].resource {
            target = .internetGateway(gateway)
        } else if let gateway = given["NatGatewayId"].resource {
            target = .natGateway(gateway)
        } else {
            let names = [
                "GatewayId", "InstanceId", "NetworkInterfaceId", "VpcPeeringConnectionId",
                "TransitGatewayId", "VpcEndpointId",
            ]
            target = .other(names.first { !given[$0].isAbsent } ?? "nothing")
        }
        return Route(
            resource: index, destination: block(given["DestinationCidrBlock"]), target: target)
    }

    // MARK: Security groups

    /// A group without egress rules of its own gets one that lets everything out.
    /// Source: AWS CloudFormation, AWS::EC2::SecurityGroup, "SecurityGroupEgress".
    func group(_ index: Int, _ given: Value) -> SecurityGroup {
        var group = SecurityGroup(resource: index, network: link(given["VpcId"]))
        for (number, rule) in given["SecurityGroupIngress"].elements.enumerated() {
            group.ingress.append(
                self.rule(index, rule, ["SecurityGroupIngress", String(number)], "Source"))
        }
        for (number, rule) in given["SecurityGroupEgress"].elements.enumerated() {
            group.egress.append(
                self.rule(index, rule, ["SecurityGroupEgress", String(number)], "Destination"))
        }
        if given["SecurityGroupEgress"].elements.isEmpty {
            group.egress = [
                SecurityRule(
                    resource: index, path: [], protocolName: .all, ports: nil,
                    peer: .block(.everything))
            ]
        }
        return group
    }

    mutating func connectRule(_ index: Int, _ given: Value) {
        guard let at = plan.groups.firstIndex(where: { $0.resource == given["GroupId"].resource })
        else { return }
        if plan.graph.resources[index].type == "AWS::EC2::SecurityGroupIngress" {
            plan.groups[at].ingress.append(rule(index, given, [], "Source"))
        } else {
            plan.groups[at].egress.append(rule(index, given, [], "Destination"))
        }
    }

    private func rule(
        _ index: Int, _ given: Value, _ path: [String], _ side: String
    ) -> SecurityRule {
        SecurityRule(
            resource: index, path: path, protocolName: transport(given["IpProtocol"]),
            ports: ports(given), peer: peer(given, side))
    }

    private func transport(_ value: Value) -> SecurityRule.Transport {
        switch value.string {
        case "-1": .all
        case "tcp", "6": .tcp
        case "udp", "17": .udp
        case let name: .other(name ?? "?")
        }
    }

    private func ports(_ given: Value) -> ClosedRange<Int>? {
        guard let from = given["FromPort"].int, let to = given["ToPort"].int, from <= to, from >= 0
        else { return nil }
        return from...to
    }

    private func peer(_ given: Value, _ side: String) -> SecurityRule.Peer {
        if let block = block(given["CidrIp"]) { return .block(block) }
        let other = given["\(side)SecurityGroupId"]
        if let group = other.resource { return .group(group) }
        return .other(
            given["CidrIpv6"].string ?? given["\(side)PrefixListId"].string ?? other.string ?? "?")
    }

    // MARK: Load balancers

    func balancer(_ index: Int, _ given: Value) -> Balancer {
        let mapped = given["SubnetMappings"].elements.map { link($0["SubnetId"]) }
        return Balancer(
            resource: index,
            kind: Balancer.Kind(rawValue: given["Type"].string ?? "") ?? .application,
            isInternetFacing: given["Scheme"].string != "internal",
            subnets: links(given["Subnets"]) + mapped, groups: links(given["SecurityGroups"]))
    }

    func listener(_ index: Int, _ given: Value) -> Listener {
        let redirect = given["DefaultActions"].elements.map { $0["RedirectConfig"] }
            .first { !$0.isAbsent }
        return Listener(
            resource: index, balancer: link(given["LoadBalancerArn"]),
            port: given["Port"].int ?? 0, transport: given["Protocol"].string ?? "?",
            certificates: given["Certificates"].elements.map { $0["CertificateArn"] },
            targetGroups: targets(given["DefaultActions"]),
            redirect: redirect.map {
                ($0["Protocol"].string ?? "#{protocol}") + ":" + ($0["Port"].string ?? "#{port}")
            })
    }

    func targetGroup(_ index: Int, _ given: Value) -> TargetGroup {
        let port = given["Port"].int ?? 0
        return TargetGroup(
            resource: index, port: port,
            targets: given["Targets"].elements.map {
                TargetGroup.Target(to: link($0["Id"]), port: $0["Port"].int ?? port)
            },
            healthPath: given["HealthCheckPath"].string ?? "/",
            healthPort: given["HealthCheckPort"].int)
    }
}
