import Base
import Cloud

/// Every answer that matters: from the internet and each service to each port of each service.
public struct ReachMatrix: Sendable {
    public var plan: Plan
    public var columns: [Column]
    public var rows: [Row]

    public struct Column: Sendable, Hashable {
        public var service: Int
        public var port: Int
    }

    public struct Row: Sendable {
        public var from: Reachability.Place
        /// One for each column.
        public var answers: [Reachability.Answer]
    }

    /// What the platform is known to serve.
    public static let knownPorts: [(port: Int, what: String)] = [
        (22, "SSH"), (80, "HTTP"), (443, "HTTPS"), (1935, "RTMP"), (1985, "the RTMP server's API"),
        (8000, "the coordinator"), (8080, "HTTP-FLV and HLS"), (5432, "PostgreSQL"),
        (6379, "the cache"),
    ]
    private static let portsMax = 24  // columns for one service

    public init(_ plan: Plan) {
        self.plan = plan
        let reach = Reachability(plan)
        let columns = plan.services.flatMap { service in
            Self.ports(of: service, plan).map { Column(service: service, port: $0) }
        }
        self.columns = columns
        let places =
            [Reachability.Place.internet] + plan.services.map { Reachability.Place.service($0) }
        rows = places.map { from in
            Row(
                from: from,
                answers: columns.map {
                    reach.answer(from: from, to: .service($0.service), port: $0.port)
                })
        }
    }

    /// Ports that rules, listeners, targets or the service itself name.
    private static func ports(of service: Int, _ plan: Plan) -> [Int] {
        var ports: [Int] = []
        if let database = plan.databases.first(where: { $0.resource == service }) {
            ports = [database.port]
        } else if let cache = plan.caches.first(where: { $0.resource == service }) {
            ports = [cache.port]
        } else if let balancer = plan.balancers.first(where: { $0.resource == service }) {
            ports = [80, 443] + plan.listeners(of: balancer).map(\.port)
        } else {
            ports = [22, 1935, 8000, 8080] + plan.fronts(of: service).map(\.port)
            let containers = plan.instance(service)?.boot.allContainers ?? []
            ports += containers.flatMap { $0.ports.map(\.outside) }
        }
        let narrow = (plan.card(service)?.groups ?? []).flatMap(\.ingress)
            .compactMap(\.ports).filter { $0.count <= 4 }
        ports += narrow.flatMap { Array($0) }
        let sorted = ports.sorted()
        let distinct = sorted.indices.filter { $0 == 0 || sorted[$0 - 1] != sorted[$0] }
            .map { sorted[$0] }
        return Array(distinct.prefix(portsMax))
    }

    public func name(_ place: Reachability.Place) -> String {
        switch place {
        case .internet: "internet"
        case .service(let resource): plan.name(resource)
        }
    }

    // MARK: Roles

    /// What each of the people and programs of the platform needs, and whether it gets it.
    public struct Need: Sendable {
        public var who: String
        public var what: String
        public var answer: Reachability.Answer
    }

    public var needs: [Need] {
        let reach = Reachability(plan)
        var needs: [Need] = []
        for instance in plan.instances {
            let it = Reachability.Place.service(instance.resource)
            func add(
                _ who: String, _ what: String, from: Reachability.Place, to: Reachability.Place,
                _ port: Int
            ) {
                needs.append(
                    Need(
                        who: who, what: what,
                        answer: reach.answer(from: from, to: to, port: port)))
            }
            add("streamer", "publish over RTMP, port 1935", from: .internet, to: it, 1935)
            add("viewer, node", "play over RTMP, port 1935", from: .internet, to: it, 1935)
            add("viewer", "play over HTTP-FLV or HLS, port 8080", from: .internet, to: it, 8080)
            for database in plan.databases {
                add(
                    "coordinator", "its database, port \(database.port)", from: it,
                    to: .service(database.resource), database.port)
            }
            for cache in plan.caches {
                add(
                    "coordinator", "its cache, port \(cache.port)", from: it,
                    to: .service(cache.resource), cache.port)
            }
            add("first boot", "packages and images, port 443", from: it, to: .internet, 443)
            add("operator", "SSH, port 22", from: .internet, to: it, 22)
        }
        for port in [443, 80] {
            needs.append(
                Need(
                    who: port == 443 ? "dashboard user, node" : "browser without https",
                    what: "the pages and the API, port \(port)",
                    answer: page(port)))
        }
        return needs
    }

    /// From the internet through the front, listener and target, to the coordinator.
    public func page(_ port: Int) -> Reachability.Answer {
        let reach = Reachability(plan)
        guard let balancer = plan.balancers.first(where: \.isInternetFacing) else {
            guard let instance = plan.instances.first else {
                return Reachability.Answer(extent: .nobody, steps: [])
            }
            return reach.answer(from: .internet, to: .service(instance.resource), port: port)
        }
        var answer = reach.answer(
            from: .internet, to: .service(balancer.resource), port: port)
        guard answer.isOpen,
            let listener = plan.listeners(of: balancer).first(where: { $0.port == port })
        else { return answer }
        if let redirect = listener.redirect {
            answer.steps.append(
                Reachability.Step(
                    text: "and sends browsers to \(redirect)", resource: listener.resource,
                    extent: .everyone))
            return answer
        }
        let targets = listener.targetGroups.compactMap { plan.targetGroup($0) }.flatMap(\.targets)
        guard let target = targets.first, let index = target.to.index else {
            answer.stop("listener \(plan.name(listener.resource)) has no target that is understood")
            return answer
        }
        let inner = reach.answer(
            from: .service(balancer.resource), to: .service(index), port: target.port)
        answer.steps += inner.steps
        answer.extent = min(answer.extent, inner.extent)
        return answer
    }
}

extension Reachability.Answer {
    mutating func stop(_ text: String) {
        steps.append(Reachability.Step(text: text, resource: nil, extent: .nobody))
        extent = .nobody
    }
}
