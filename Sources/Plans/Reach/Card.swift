import Base

/// What of a service stands in the network: where it is, which groups guard it, and whether the
/// world has an address for it.
struct Card {
    var resource: Int
    var subnets: [Subnet]
    var groups: [SecurityGroup]
    /// Whether a group is of another stack that was not given: then nothing is known of its rules.
    var hasUnknownGroup: Bool
    var isPublic: Bool
    /// A load balancer without security groups lets everything through.
    var isUnguarded = false
}

extension Plan {
    /// Nil for what has no place in the network.
    func card(_ resource: Int) -> Card? {
        if let it = instances.first(where: { $0.resource == resource }) {
            return card(resource, [it.subnet], it.groups, isPublic: hasPublicAddress(it))
        }
        if let it = databases.first(where: { $0.resource == resource }) {
            let subnets = subnetGroup(it.subnetGroup)?.subnets ?? []
            return card(resource, subnets, it.groups, isPublic: it.isPublic)
        }
        if let it = caches.first(where: { $0.resource == resource }) {
            let subnets = subnetGroup(it.subnetGroup)?.subnets ?? []
            return card(resource, subnets, it.groups, isPublic: false)
        }
        if let it = balancers.first(where: { $0.resource == resource }) {
            var card = card(resource, it.subnets, it.groups, isPublic: it.isInternetFacing)
            card.isUnguarded = it.kind != .application && it.groups.isEmpty
            return card
        }
        return nil
    }

    private func card(
        _ resource: Int, _ subnets: [Link], _ groups: [Link], isPublic: Bool
    ) -> Card {
        Card(
            resource: resource, subnets: subnets.compactMap { subnet($0) },
            groups: groups.compactMap { group($0) },
            hasUnknownGroup: groups.contains { group($0) == nil }, isPublic: isPublic)
    }

    /// What stands in the network, in the order of the templates.
    public var services: [Int] {
        (instances.map(\.resource) + databases.map(\.resource) + caches.map(\.resource)
            + balancers.map(\.resource)).sorted()
    }
}
