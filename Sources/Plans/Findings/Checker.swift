import Base
import Cloud

/// What a check needs to be told besides the templates.
public struct Question: Sendable, Hashable {
    /// ISO 8601: ends of support are ruled on at this day.
    public var date: String
    public var account: Account

    public enum Account: String, Sendable, Hashable, CaseIterable {
        case paid
        /// Opened since 2025-07-15 on the Free plan, which refuses some requests.
        case freePlan = "free-plan"
    }

    public init(date: String, account: Account) {
        self.date = date
        self.account = account
    }
}

/// Applies the rules to a plan, one group of rules a file.
struct Checker {
    let plan: Plan
    let question: Question
    let reach: Reachability
    let fixer: Fixer
    private var findings: [Finding] = []

    init(plan: Plan, question: Question) {
        self.plan = plan
        self.question = question
        reach = Reachability(plan)
        fixer = Fixer(plan: plan)
    }

    mutating func found() -> [Finding] {
        checkDeployability()
        checkReachability()
        checkUptime()
        checkMoney()
        checkSecurity()
        for omission in plan.omissions {
            add(.notUnderstood, omission.resource, [], omission.leavesOut, fix: "")
        }
        return findings
    }

    /// At a property of a resource.
    mutating func add(
        _ rule: Rule, _ resource: Int, _ path: [String], _ reason: String, fix: String,
        edits: [TemplateEdit] = []
    ) {
        add(
            rule, stack: plan.graph.resources[resource].stack,
            path: plan.graph.path(resource, path), resource: plan.graph.fullName(resource), reason,
            fix: fix, edits: edits)
    }

    /// At a security rule, wherever it is written.
    mutating func add(
        _ rule: Rule, _ at: SecurityRule, _ reason: String, fix: String, edits: [TemplateEdit] = []
    ) {
        add(rule, at.resource, at.path, reason, fix: fix, edits: edits)
    }

    mutating func add(
        _ rule: Rule, stack: Int, path: [String], resource: String, _ reason: String, fix: String,
        edits: [TemplateEdit] = []
    ) {
        let place = plan.graph.templates[stack].place(path)
        findings.append(
            Finding(
                rule: rule, stack: stack, resource: resource, path: place.path, line: place.line,
                reason: reason, fix: fix, edits: edits, suppressed: nil))
    }

    // MARK: Deployability

    private mutating func checkDeployability() {
        for group in plan.subnetGroups where group.subnets.isEmpty {
            emptyGroup(group)
        }
        for unresolved in plan.graph.unresolved where unresolved.isMistake {
            let resource = unresolved.path.dropFirst().first ?? ""
            add(
                .unresolvedReference, stack: unresolved.stack, path: unresolved.path,
                resource: "\(plan.graph.templates[unresolved.stack].name)/\(resource)",
                "\(unresolved.message): the stack is refused", fix: "name a thing that is there")
        }
        for unresolved in plan.graph.unresolved where !unresolved.isMistake {
            let resource = unresolved.path.dropFirst().first ?? ""
            add(
                .notUnderstood, stack: unresolved.stack, path: unresolved.path,
                resource: "\(plan.graph.templates[unresolved.stack].name)/\(resource)",
                unresolved.message, fix: "")
        }
        for listener in plan.listeners where listener.isEncrypted && listener.certificates.isEmpty {
            add(
                .listenerWithoutCertificate, listener.resource, ["Certificates"],
                "\(listener.transport) without a certificate is refused, and the stack with it",
                fix: "name a certificate of ACM in Certificates")
        }
        plan.balancers.forEach { checkName($0) }
        if question.account == .freePlan { checkFreePlan() }
    }

    private mutating func emptyGroup(_ group: SubnetGroup) {
        let type = plan.graph.resources[group.resource].type
        let what = type.hasPrefix("AWS::RDS") ? "database" : "cache"
        // The other subnet groups of the plan show where it was meant to stand.
        let other = plan.subnetGroups.first { !$0.subnets.isEmpty }?.subnets ?? []
        let stack = plan.graph.resources[group.resource].stack
        let named = other.compactMap(\.index).map {
            fixer.value(of: $0, attribute: nil, in: stack)
        }
        let edit = fixer.set(group.resource, ["SubnetIds"], .array(named.map(\.value)))
        add(
            .emptySubnetGroup, group.resource, ["SubnetIds"],
            "a subnet group without subnets is refused: the \(what) is not made, and the whole "
                + "stack rolls back",
            fix: "list the isolated subnets of both zones in SubnetIds",
            edits: named.isEmpty ? [] : named.flatMap(\.edits) + [edit])
    }

    /// The plan shows the load balancer's own name, for which no authority signs.
    private mutating func checkName(_ balancer: Balancer) {
        let listener = plan.listeners(of: balancer).first { $0.isEncrypted }
        let isNamed = plan.records.contains { $0.targets.contains(balancer.resource) }
        let output = plan.graph.outputs.first {
            $0.value.mentions(balancer.resource, attribute: "DNSName")
        }
        guard let listener, let output, !isNamed else { return }
        add(
            .nameWithoutCertificate, stack: output.stack, path: ["Outputs", output.name],
            resource: plan.graph.fullName(listener.resource),
            "friends are given https:// at the load balancer's own DNS name, which belongs to "
                + "Amazon: no certificate can be issued for it, so every browser and node refuses",
            fix: "own a name: a hosted zone, an alias record to the load balancer, and a "
                + "certificate for that name",
            edits: name(balancer, listener))
    }

    /// A name, its zone, its record and its certificate. Which name, its owner says.
    private func name(_ balancer: Balancer, _ listener: Listener) -> [TemplateEdit] {
        let id = plan.name(balancer.resource)
        let domain = JSONTree.reference("DomainName")
        func object(_ members: [(String, JSONTree)]) -> JSONTree {
            .object(members.map { JSONTree.Member($0.0, $0.1) })
        }
        let (zone, certificate) = (id + "Zone", id + "Certificate")
        let alias = object([
            ("DNSName", .attribute("DNSName", of: id)),
            ("HostedZoneId", .attribute("CanonicalHostedZoneID", of: id)),
        ])
        let validation = object([("DomainName", domain), ("HostedZoneId", .reference(zone))])
        let parameter = object([
            ("Type", .string("String")), ("Default", .string("streamr.example.com")),
            ("Description", .string("The name that friends use; you have to own it")),
        ])
        let named = object([("CertificateArn", .reference(certificate))])
        return [
            .set(
                stack: plan.graph.resources[balancer.resource].stack,
                path: ["Parameters", "DomainName"], parameter),
            fixer.add(
                zone, beside: balancer.resource,
                .resource("AWS::Route53::HostedZone", [.init("Name", domain)])),
            fixer.add(
                certificate, beside: balancer.resource,
                .resource(
                    "AWS::CertificateManager::Certificate",
                    [
                        .init("DomainName", domain), .init("ValidationMethod", .string("DNS")),
                        .init("DomainValidationOptions", .array([validation])),
                    ])),
            fixer.add(
                id + "Name", beside: balancer.resource,
                .resource(
                    "AWS::Route53::RecordSet",
                    [
                        .init("HostedZoneId", .reference(zone)), .init("Name", domain),
                        .init("Type", .string("A")), .init("AliasTarget", alias),
                    ])),
            fixer.set(listener.resource, ["Certificates"], .array([named])),
        ]
    }

    private mutating func checkFreePlan() {
        for database in plan.databases where database.backupDays > 1 {
            add(
                .freePlanRefuses, database.resource, ["BackupRetentionPeriod"],
                "the Free plan refuses \(database.backupDays) days of backups: the database is not "
                    + "made", fix: "set BackupRetentionPeriod to 1",
                edits: [fixer.set(database.resource, ["BackupRetentionPeriod"], .number("1"))])
        }
        for instance in plan.instances where !Self.freePlanTypes.contains(instance.type) {
            add(
                .freePlanRefuses, instance.resource, ["InstanceType"],
                "the Free plan refuses a \(instance.type)",
                fix: "take one of \(Self.freePlanTypes.joined(separator: ", "))")
        }
    }

    /// Amazon EC2 User Guide, "Free Tier": instance types of the Free plan.
    private static let freePlanTypes = [
        "t3.micro", "t3.small", "t4g.micro", "t4g.small", "c7i-flex.large", "m7i-flex.large",
    ]
}

extension Value {
    /// Whether an attribute of a resource is named anywhere inside.
    func mentions(_ resource: Int, attribute: String) -> Bool {
        switch self {
        case .reference(let index, let name): index == resource && name == attribute
        case .array(let parts), .joined(let parts):
            parts.contains { $0.mentions(resource, attribute: attribute) }
        case .object(let fields):
            fields.contains { $0.value.mentions(resource, attribute: attribute) }
        case .absent, .bool, .number, .string, .unknown: false
        }
    }
}
