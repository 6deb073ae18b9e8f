import Base
import Cloud

extension Checker {
    mutating func checkReachability() {
        for instance in plan.instances {
            for database in plan.databases { checkDatabase(instance, database) }
            for cache in plan.caches { checkCache(instance, cache) }
            checkRTMP(instance)
            checkBoot(instance)
        }
        for balancer in plan.balancers {
            checkTargets(balancer)
            checkListeners(balancer)
            checkUnusedPorts(balancer)
        }
        checkIsolation()
    }

    private mutating func checkDatabase(_ instance: Instance, _ database: Database) {
        let answer = reach.answer(
            from: .service(instance.resource), to: .service(database.resource),
            port: database.port)
        guard !answer.isOpen else { return }
        add(
            .databaseUnreachable, database.resource, ["VPCSecurityGroups"],
            "\(answer.reason): every request that needs data ends in a time-out, and /health "
                + "says unhealthy",
            fix: "an ingress rule: port \(database.port) from the instance's security group",
            edits: admission(instance.groups, database.groups, database.port))
    }

    private mutating func checkCache(_ instance: Instance, _ cache: Cache) {
        // An empty subnet group is told of by itself, so only the rules count here.
        let answer = reach.answer(
            from: .service(instance.resource), to: .service(cache.resource), port: cache.port)
        let isGroupEmpty = plan.subnetGroup(cache.subnetGroup)?.subnets.isEmpty == true
        let isAdmitted = cache.groups.contains { link in
            plan.group(link)?.ingress.contains { rule in
                rule.admitsTCP(cache.port)
                    && (rule.block != nil
                        || instance.groups.contains {
                            $0.index.map { rule.peer == .group($0) } ?? false
                        })
            } ?? false
        }
        guard isGroupEmpty ? !isAdmitted : !answer.isOpen else { return }
        let reason =
            isGroupEmpty
            ? "\(plan.name(cache.resource)): no ingress rule lets \(plan.name(instance.resource)) "
                + "in at port \(cache.port)" : answer.reason
        add(
            .cacheUnreachable, cache.resource, ["VpcSecurityGroupIds"],
            "\(reason): who watches where is not known, and /health says degraded",
            fix: "an ingress rule: port \(cache.port) from the instance's security group",
            edits: admission(instance.groups, cache.groups, cache.port))
    }

    private func admission(_ from: [Link], _ to: [Link], _ port: Int) -> [TemplateEdit] {
        let source = from.compactMap(\.index).first { plan.group(.resource($0)) != nil }
        let target = to.compactMap(\.index).first { plan.group(.resource($0)) != nil }
        guard let source, let target else { return [] }
        return fixer.admit(from: source, to: target, port: port)
    }

    private mutating func checkRTMP(_ instance: Instance) {
        let through = plan.balancers.contains { balancer in
            balancer.isInternetFacing
                && plan.listeners(of: balancer).contains { $0.port == 1935 }
        }
        guard !through else { return }
        let answer = reach.answer(from: .internet, to: .service(instance.resource), port: 1935)
        guard !answer.isOpen, isPlatform(instance) else { return }
        add(
            .rtmpNotOpen, instance.resource, ["SecurityGroupIds"],
            "\(answer.reason): nobody can publish or play over RTMP",
            fix: "an ingress rule: port 1935 from 0.0.0.0/0, in a public subnet")
    }

    /// Whether the instance is the one that carries the RTMP server: where nothing is known of its
    /// containers, the one with a public address.
    private func isPlatform(_ instance: Instance) -> Bool {
        let containers = instance.boot.allContainers
        if containers.isEmpty { return plan.instances.count == 1 }
        return containers.contains { $0.ports.contains { $0.outside == 1935 } }
    }

    private mutating func checkBoot(_ instance: Instance) {
        guard let first = instance.boot.downloads.first else { return }
        let answer = reach.answer(from: .service(instance.resource), to: .internet, port: 443)
        guard !answer.isOpen else { return }
        add(
            .bootWithoutInternet, instance.resource, ["UserData"],
            "\(answer.reason), but the first boot runs `\(first)`: nothing is installed, so "
                + "nothing runs",
            fix: "a public subnet with a public address, or a NAT gateway")
    }

    // MARK: Load balancers

    private mutating func checkTargets(_ balancer: Balancer) {
        var told: [Int] = []
        for listener in plan.listeners(of: balancer) {
            for group in listener.targetGroups.compactMap({ plan.targetGroup($0) }) {
                for target in group.targets {
                    guard let index = target.to.index, !told.contains(index) else { continue }
                    let answer = reach.answer(
                        from: .service(balancer.resource), to: .service(index), port: target.port)
                    guard !answer.isOpen else { continue }
                    told.append(index)
                    unreachable(balancer, index, target.port, answer)
                }
            }
        }
    }

    private mutating func unreachable(
        _ balancer: Balancer, _ target: Int, _ port: Int, _ answer: Reachability.Answer
    ) {
        let source = balancer.groups.compactMap(\.index).first
        let group = plan.instance(target)?.groups.compactMap(\.index).first
        var edits: [TemplateEdit] = []
        if let source, let group {
            let isReleased = plan.group(.resource(source))?.egress.contains {
                $0.admitsTCP(port) && ($0.isOpenToAll || $0.peer == .group(group))
            }
            let isAdmitted = plan.group(.resource(group))?.ingress.contains {
                $0.admitsTCP(port) && ($0.isOpenToAll || $0.peer == .group(source))
            }
            if isReleased == false {
                edits += fixer.release(from: source, to: group, port: port)
            }
            if isAdmitted == false { edits += fixer.admit(from: source, to: group, port: port) }
        }
        add(
            .targetUnreachable, answer.steps.last?.resource ?? balancer.resource, [],
            "\(answer.reason): every health check fails, so the dashboard and the API answer 504",
            fix: "an egress rule of the load balancer's group to the instance's, port \(port)",
            edits: edits)
    }

    private mutating func checkListeners(_ balancer: Balancer) {
        guard balancer.isInternetFacing else { return }
        for listener in plan.listeners(of: balancer) {
            let answer = reach.answer(
                from: .internet, to: .service(balancer.resource), port: listener.port)
            guard !answer.isOpen, answer.steps.count > 1 else { continue }
            add(
                .listenerNotOpen, listener.resource, ["Port"],
                "\(answer.reason): nobody outside reaches this listener",
                fix: "an ingress rule for port \(listener.port)")
        }
    }

    private mutating func checkUnusedPorts(_ balancer: Balancer) {
        let listeners = plan.listeners(of: balancer)
        for group in balancer.groups.compactMap({ plan.group($0) }) {
            for rule in group.ingress where rule.isOpenToAll {
                for port in rule.ports.map({ $0.count <= 4 ? Array($0) : [] }) ?? []
                where !listeners.contains(where: { $0.port == port }) {
                    unused(port, rule, balancer)
                }
            }
        }
    }

    private mutating func unused(_ port: Int, _ rule: SecurityRule, _ balancer: Balancer) {
        let consequence =
            port == 80
            ? "who types the name without https:// waits for a time-out"
            : "a connection to it times out"
        let body = JSONTree.resource(
            "AWS::ElasticLoadBalancingV2::Listener",
            [
                .init("LoadBalancerArn", .reference(plan.name(balancer.resource))),
                .init("Port", .number("80")), .init("Protocol", .string("HTTP")),
                .init(
                    "DefaultActions",
                    .array([
                        .object([
                            .init("Type", .string("redirect")),
                            .init(
                                "RedirectConfig",
                                .object([
                                    .init("Protocol", .string("HTTPS")),
                                    .init("Port", .string("443")),
                                    .init("StatusCode", .string("HTTP_301")),
                                ])),
                        ])
                    ])),
            ])
        let isRedirect = port == 80
        add(
            .portWithoutListener, rule,
            "port \(port) is open on \(plan.name(balancer.resource)) and no listener takes it: "
                + consequence,
            fix: isRedirect
                ? "a listener on port 80 that redirects to HTTPS" : "take the rule out",
            edits: isRedirect
                ? [
                    fixer.add(
                        plan.name(balancer.resource) + "Redirect", beside: balancer.resource, body)
                ] : [fixer.remove(rule)])
    }

    /// A service that is to be public, in a subnet without a way to the world.
    private mutating func checkIsolation() {
        let balancers = plan.balancers.filter(\.isInternetFacing).map(\.resource)
        let instances = plan.instances.filter { plan.hasPublicAddress($0) }.map(\.resource)
        let databases = plan.databases.filter(\.isPublic).map(\.resource)
        for resource in balancers + instances + databases {
            guard let card = plan.card(resource), !card.subnets.isEmpty else { continue }
            let answer = reach.answer(from: .internet, to: .service(resource), port: 443)
            // The first step is the address, the second the route.
            guard answer.steps.count == 2, !answer.isOpen else { continue }
            add(
                .publicServiceIsolated, resource, ["Subnets"],
                "\(plan.name(resource)) is to be public, but \(answer.reason): nobody outside "
                    + "reaches it",
                fix: "put it into subnets whose routes lead to an internet gateway")
        }
    }
}
