import Base

/// Who can open a TCP connection to what, and by which address, route and rule that is decided.
///
/// Follows a connection as AWS's network does: from a card through its groups' egress rules, its
/// subnet's routes and gateways to the other card's ingress rules. Groups are stateful, so answers
/// come back; network ACLs, IPv6 and ways between networks are not walked, and are named.
public struct Reachability: Sendable {
    public enum Place: Sendable, Hashable {
        case internet
        case service(Int)
    }

    /// From how many of the addresses on both sides it works.
    public enum Extent: Int, Sendable, Hashable, Comparable {
        case nobody, some, everyone

        public static func < (a: Extent, b: Extent) -> Bool { a.rawValue < b.rawValue }
    }

    public struct Answer: Sendable, Hashable {
        public var extent: Extent
        /// In the order of the connection; the last one decides where it is closed.
        public var steps: [Step]

        public var isOpen: Bool { extent != .nobody }
        public var reason: String { steps.last?.text ?? "" }
    }

    public struct Step: Sendable, Hashable {
        public var text: String
        public var resource: Int?
        public var extent: Extent
    }

    let plan: Plan

    public init(_ plan: Plan) { self.plan = plan }

    public func answer(from: Place, to: Place, port: Int) -> Answer {
        switch (from, to) {
        case (.internet, .internet):
            Answer(extent: .everyone, steps: [])
        case (.internet, .service(let target)):
            listened(entering(target, port), target, port)
        case (.service(let source), .internet):
            leaving(source, port)
        case (.service(let source), .service(let target)):
            listened(crossing(from: source, to: target, port), target, port)
        }
    }

    /// A load balancer takes no connection on a port without a listener.
    private func listened(_ answer: Answer, _ target: Int, _ port: Int) -> Answer {
        guard answer.isOpen, let balancer = plan.balancers.first(where: { $0.resource == target })
        else { return answer }
        var answer = answer
        if let listener = plan.listeners(of: balancer).first(where: { $0.port == port }) {
            answer.steps.append(
                Step(
                    text: "listener \(plan.name(listener.resource)) takes port \(port)",
                    resource: listener.resource, extent: .everyone))
        } else {
            answer.stop("\(plan.name(target)) has no listener on port \(port)")
        }
        return answer
    }

    /// Ends at the first step that is closed. `jointly` is the extent of all steps together, where
    /// more than one of them asks for the same addresses.
    private func answer(_ steps: [Step], jointly: Extent? = nil) -> Answer {
        let closed = steps.firstIndex { $0.extent == .nobody }
        var walked = closed.map { Array(steps[...$0]) } ?? steps
        if closed == nil, jointly == .nobody {
            walked.append(self.closed("route and rule admit different addresses", nil))
        }
        guard closed == nil else { return Answer(extent: .nobody, steps: walked) }
        let least = walked.map(\.extent).min() ?? .nobody
        return Answer(extent: jointly ?? least, steps: walked)
    }

    private func closed(_ text: String, _ resource: Int?) -> Step {
        Step(text: text, resource: resource, extent: .nobody)
    }

    // MARK: From the internet

    private func entering(_ target: Int, _ port: Int) -> Answer {
        guard let card = plan.card(target) else {
            return answer([closed("\(plan.name(target)) stands in no network", target)])
        }
        guard card.isPublic else {
            return answer([closed("\(plan.name(target)) has no public address", target)])
        }
        var steps = [
            Step(
                text: "\(plan.name(target)) has a public address", resource: target,
                extent: .everyone)
        ]
        let ways = card.subnets.map { gateway($0) }
        guard let way = ways.max(by: { $0.extent < $1.extent }) else {
            return answer(steps + [closed("\(plan.name(target)) is in no known subnet", target)])
        }
        steps.append(way)
        steps.append(ingress(card, port, from: .internet))
        return answer(steps, jointly: enteringAddresses(card, port))
    }

    /// Routes and rules may each admit a part of the world: what part do both?
    private func enteringAddresses(_ card: Card, _ port: Int) -> Extent {
        let rules = card.groups.flatMap(\.ingress).filter { $0.admitsTCP(port) }
        let tables = card.subnets.compactMap { plan.routeTable(of: $0) }
        let network = card.subnets.first.flatMap { plan.network($0.network) }
        let addresses = AddressSpace.world(
            rules.compactMap(\.block) + tables.flatMap(\.routes).compactMap(\.destination),
            outside: network?.block)
        let admitted = addresses.filter { address in
            tables.contains { isAttachedGateway(route($0, address), network) }
                && (card.isUnguarded || rules.contains { $0.block?.contains(address) == true })
        }
        return Self.extent(admitted.count, of: addresses.count)
    }

    /// Whether the subnet's routes lead to the world and back through an internet gateway.
    private func gateway(_ subnet: Subnet) -> Step {
        let name = plan.name(subnet.resource)
        guard let table = plan.routeTable(of: subnet) else {
            return closed(
                "subnet \(name) has no route table of its own, so no way out", subnet.resource)
        }
        let network = plan.network(subnet.network)
        let addresses = AddressSpace.world(
            table.routes.compactMap(\.destination), outside: network?.block)
        let routes = addresses.map { route(table, $0) }
        let working = routes.filter { isAttachedGateway($0, network) }
        let extent = Self.extent(working.count, of: routes.count)
        guard extent != .nobody, let used = working[0] else {
            return closed(
                "subnet \(name) has no route to an internet gateway", table.resource)
        }
        return Step(
            text: "route \(used.destination?.text ?? "?") of subnet \(name) leads to the internet "
                + "gateway", resource: used.resource, extent: extent)
    }

    private func isAttachedGateway(_ route: Route?, _ network: Network?) -> Bool {
        guard let route, case .internetGateway(let gateway) = route.target else { return false }
        return network?.gateway == gateway
    }

    /// The most exact route for an address.
    private func route(_ table: RouteTable, _ address: UInt32) -> Route? {
        table.routes.filter { $0.destination?.contains(address) == true }
            .max { ($0.destination?.length ?? 0) < ($1.destination?.length ?? 0) }
    }

    // MARK: To the internet

    private func leaving(_ source: Int, _ port: Int) -> Answer {
        guard let card = plan.card(source) else {
            return answer([closed("\(plan.name(source)) stands in no network", source)])
        }
        let blocks = card.groups.flatMap(\.egress).compactMap(\.block)
        let network = card.subnets.first.flatMap { plan.network($0.network) }
        let out = egress(
            card, port, AddressSpace.world(blocks, outside: network?.block), toward: [],
            name: "the internet")
        let ways = card.subnets.map { wayOut($0, card) }
        let way =
            ways.max { $0.extent < $1.extent }
            ?? closed("\(plan.name(source)) is in no known subnet", source)
        return answer([out, way], jointly: leavingAddresses(card, port))
    }

    private func leavingAddresses(_ card: Card, _ port: Int) -> Extent {
        let rules = card.groups.flatMap(\.egress).filter { $0.admitsTCP(port) }
        let blocks = plan.routeTables.flatMap(\.routes).compactMap(\.destination)
        let network = card.subnets.first.flatMap { plan.network($0.network) }
        let addresses = AddressSpace.world(
            rules.compactMap(\.block) + blocks, outside: network?.block)
        let isFree = card.isUnguarded || card.groups.isEmpty && !card.hasUnknownGroup
        let admitted = addresses.filter { address in
            card.subnets.contains { leads($0, to: address, card) }
                && (isFree || rules.contains { $0.block?.contains(address) == true })
        }
        return Self.extent(admitted.count, of: addresses.count)
    }

    /// Whether a subnet's routes take an address out, by the internet gateway or by a NAT gateway.
    private func leads(_ subnet: Subnet, to address: UInt32, _ card: Card) -> Bool {
        guard let table = plan.routeTable(of: subnet), let route = route(table, address) else {
            return false
        }
        switch route.target {
        case .internetGateway:
            return card.isPublic && isAttachedGateway(route, plan.network(subnet.network))
        case .natGateway(let gateway):
            guard let nat = plan.natGateways.first(where: { $0.resource == gateway }), nat.isPublic,
                let home = plan.subnet(nat.subnet), let out = plan.routeTable(of: home)
            else { return false }
            return isAttachedGateway(self.route(out, address), plan.network(home.network))
        case .other:
            return false
        }
    }

    private func wayOut(_ subnet: Subnet, _ card: Card) -> Step {
        let name = plan.name(subnet.resource)
        guard let table = plan.routeTable(of: subnet) else { return gateway(subnet) }
        // A NAT gateway goes on by routes of its own subnet, so the blocks of all tables tell
        // addresses apart.
        let addresses = AddressSpace.world(
            plan.routeTables.flatMap(\.routes).compactMap(\.destination),
            outside: plan.network(subnet.network)?.block)
        let working = addresses.filter { leads(subnet, to: $0, card) }
        guard let first = working.first, let used = route(table, first) else {
            let direct = gateway(subnet)
            return direct.extent == .nobody
                ? direct
                : closed(
                    "\(plan.name(card.resource)) has no public address to use the internet gateway "
                        + "with", card.resource)
        }
        var way = "the internet gateway"
        if case .natGateway = used.target { way = "a NAT gateway" }
        return Step(
            text: "route \(used.destination?.text ?? "?") of subnet \(name) leads to \(way)",
            resource: used.resource, extent: Self.extent(working.count, of: addresses.count))
    }

    // MARK: Inside

    private func crossing(from source: Int, to target: Int, _ port: Int) -> Answer {
        guard let here = plan.card(source), let there = plan.card(target) else {
            return answer([closed("one of them stands in no network", nil)])
        }
        guard !here.subnets.isEmpty else {
            return answer([closed("\(plan.name(source)) is in no subnet", source)])
        }
        guard !there.subnets.isEmpty else {
            return answer([closed("\(plan.name(target)) is in no subnet", target)])
        }
        let networks = (here.subnets + there.subnets).map(\.network)
        guard networks.allSatisfy({ $0 == networks[0] }) else {
            return answer([closed("they are in different networks", nil)])
        }
        let rules = here.groups.flatMap(\.egress).compactMap(\.block)
        let addresses = there.subnets.compactMap(\.block)
            .flatMap { AddressSpace.inside($0, rules) }
        return answer([
            egress(
                here, port, addresses, toward: there.groups.map(\.resource),
                name: plan.name(target)),
            ingress(there, port, from: .inside(here)),
        ])
    }

    // MARK: Security groups

    private func egress(
        _ card: Card, _ port: Int, _ addresses: [UInt32], toward groups: [Int], name: String
    ) -> Step {
        if card.isUnguarded || card.groups.isEmpty && !card.hasUnknownGroup {
            return Step(
                text: "\(plan.name(card.resource)) has no rules about what goes out",
                resource: card.resource, extent: .everyone)
        }
        let rules = card.groups.flatMap(\.egress).filter { $0.admitsTCP(port) }
        return ruled(
            rules, addresses, groups, card,
            open: "may send to \(name) port \(port)",
            closed: "no egress rule lets it send to \(name) port \(port)")
    }

    private enum Origin {
        case internet
        case inside(Card)
    }

    private func ingress(_ card: Card, _ port: Int, from origin: Origin) -> Step {
        if card.isUnguarded {
            return Step(
                text: "\(plan.name(card.resource)) is guarded by no security group",
                resource: card.resource, extent: .everyone)
        }
        let rules = card.groups.flatMap(\.ingress)
        let blocks = rules.compactMap(\.block)
        let from: String
        let addresses: [UInt32]
        var groups: [Int] = []
        switch origin {
        case .internet:
            from = "the internet"
            let network = card.subnets.first.flatMap { plan.network($0.network) }
            addresses = AddressSpace.world(blocks, outside: network?.block)
        case .inside(let source):
            from = plan.name(source.resource)
            addresses = source.subnets.compactMap(\.block)
                .flatMap { AddressSpace.inside($0, blocks) }
            groups = source.groups.map(\.resource)
        }
        return ruled(
            rules.filter { $0.admitsTCP(port) }, addresses, groups, card,
            open: "lets \(from) in at port \(port)",
            closed: "no ingress rule lets \(from) in at port \(port)")
    }

    private func ruled(
        _ rules: [SecurityRule], _ addresses: [UInt32], _ groups: [Int], _ card: Card,
        open: String, closed text: String
    ) -> Step {
        let name = plan.name(card.resource)
        let byGroup = rules.first { rule in groups.contains { rule.peer == .group($0) } }
        let admitted = addresses.filter { address in
            rules.contains { $0.block?.contains(address) == true }
        }
        let extent =
            byGroup != nil ? .everyone : Self.extent(admitted.count, of: addresses.count)
        let rule =
            byGroup
            ?? rules.first { rule in admitted.contains { rule.block?.contains($0) == true } }
        guard extent != .nobody, let rule else {
            let unknown = card.hasUnknownGroup ? " (a group of it is not in these templates)" : ""
            return closed(
                "\(name): \(text)\(unknown)", card.groups.first?.resource ?? card.resource)
        }
        return Step(
            text: "\(name): rule of \(plan.name(rule.resource)) \(open)", resource: rule.resource,
            extent: extent)
    }

    private static func extent(_ count: Int, of total: Int) -> Extent {
        count == 0 ? .nobody : count == total ? .everyone : .some
    }
}

extension SecurityRule {
    var block: CIDR? {
        guard case .block(let block) = peer else { return nil }
        return block
    }
}
