import Base

extension Plan {
    public func name(_ resource: Int) -> String { graph.name(resource) }

    public func network(_ link: Link) -> Network? {
        networks.first { $0.resource == link.index }
    }

    public func subnet(_ link: Link) -> Subnet? { subnets.first { $0.resource == link.index } }

    public func group(_ link: Link) -> SecurityGroup? {
        groups.first { $0.resource == link.index }
    }

    public func routeTable(of subnet: Subnet) -> RouteTable? {
        routeTables.first { $0.resource == subnet.routeTable }
    }

    public func subnetGroup(_ link: Link) -> SubnetGroup? {
        subnetGroups.first { $0.resource == link.index }
    }

    public func instance(_ resource: Int?) -> Instance? {
        instances.first { $0.resource == resource }
    }

    public func listeners(of balancer: Balancer) -> [Listener] {
        listeners.filter { $0.balancer.index == balancer.resource }
    }

    public func targetGroup(_ resource: Int) -> TargetGroup? {
        targetGroups.first { $0.resource == resource }
    }

    /// Whether the instance has an address that the world can send to.
    public func hasPublicAddress(_ instance: Instance) -> Bool {
        if addresses.contains(where: { $0.instance == instance.resource }) { return true }
        return instance.asksForAddress ?? subnet(instance.subnet)?.givesAddresses ?? false
    }

    public func hasElasticAddress(_ instance: Instance) -> Bool {
        addresses.contains { $0.instance == instance.resource }
    }

    /// The load balancers in front of an instance, with the port that each sends to.
    public func fronts(of instance: Int) -> [(balancer: Balancer, listener: Listener, port: Int)] {
        balancers.flatMap { balancer in
            listeners(of: balancer).flatMap { listener in
                listener.targetGroups.flatMap { targetGroup($0)?.targets ?? [] }
                    .filter { $0.to.index == instance }
                    .map { (balancer, listener, $0.port) }
            }
        }
    }
}

extension Plan {
    /// Takes a compose file for the one that instances start and that the templates do not show.
    public mutating func use(_ compose: Compose) {
        for index in instances.indices where instances[index].boot.runsUnseen {
            instances[index].boot.compose = compose
        }
    }
}
