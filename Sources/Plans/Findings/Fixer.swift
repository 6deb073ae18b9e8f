import Base
import Cloud

/// Writes fixes: what has to be added to which template, and how one names the other's things.
struct Fixer {
    let plan: Plan

    /// How a template of `stack` names a resource, with what has to be exported for that.
    func value(
        of resource: Int, attribute: String?, in stack: Int
    ) -> (value: JSONTree, edits: [TemplateEdit]) {
        let it = plan.graph.resources[resource]
        let own = attribute.map { JSONTree.attribute($0, of: it.id) } ?? .reference(it.id)
        guard it.stack != stack else { return (own, []) }
        if let export = exported(resource, attribute) {
            return (.function("Fn::ImportValue", .string(export)), [])
        }
        let output = "Export\(it.id)\((attribute ?? "").filter { $0 != "." })"
        let name = "\(plan.graph.templates[it.stack].name):\(output)"
        let entry = JSONTree.object([
            .init("Value", own),
            .init("Export", .object([.init("Name", .string(name))])),
        ])
        return (
            .function("Fn::ImportValue", .string(name)),
            [.set(stack: it.stack, path: ["Outputs", output], entry)]
        )
    }

    private func exported(_ resource: Int, _ attribute: String?) -> String? {
        plan.graph.outputs.first {
            $0.export != nil && $0.value == .reference(resource, attribute: attribute)
        }?.export
    }

    /// The stack of the two that may name things of both: the one that imports.
    func later(_ a: Int, _ b: Int) -> Int {
        let (x, y) = (plan.graph.resources[a].stack, plan.graph.resources[b].stack)
        return dependsOn(x, y) || !dependsOn(y, x) && x >= y ? x : y
    }

    private func dependsOn(_ stack: Int, _ other: Int) -> Bool {
        plan.graph.resources.contains { resource in
            resource.stack == stack
                && resource.properties.resources.contains {
                    plan.graph.resources[$0].stack == other
                }
        }
    }

    /// A rule that lets one group in at another's port, as a resource of its own.
    func admit(from source: Int, to target: Int, port: Int) -> [TemplateEdit] {
        rule(
            "AWS::EC2::SecurityGroupIngress", side: "SourceSecurityGroupId", group: target,
            peer: source, port)
    }

    /// A rule that lets one group send to another at a port.
    func release(from source: Int, to target: Int, port: Int) -> [TemplateEdit] {
        rule(
            "AWS::EC2::SecurityGroupEgress", side: "DestinationSecurityGroupId", group: source,
            peer: target, port)
    }

    private func rule(
        _ type: String, side: String, group: Int, peer: Int, _ port: Int
    ) -> [TemplateEdit] {
        let stack = later(group, peer)
        let (groupValue, groupEdits) = value(of: group, attribute: "GroupId", in: stack)
        let (peerValue, peerEdits) = value(of: peer, attribute: "GroupId", in: stack)
        let verb = type.hasSuffix("Ingress") ? "From" : "To"
        let id = "\(plan.name(group))\(verb)\(plan.name(peer))\(port)".filter {
            $0.isLetter || $0.isNumber
        }
        let body = JSONTree.resource(
            type,
            [
                .init("Description", .string("\(verb) \(plan.name(peer)): port \(port)")),
                .init("GroupId", groupValue), .init("IpProtocol", .string("tcp")),
                .init("FromPort", .number(String(port))), .init("ToPort", .number(String(port))),
                .init(side, peerValue),
            ])
        return groupEdits + peerEdits + [.set(stack: stack, path: ["Resources", id], body)]
    }

    /// Sets a property of a resource.
    func set(_ resource: Int, _ path: [String], _ value: JSONTree) -> TemplateEdit {
        .set(
            stack: plan.graph.resources[resource].stack, path: plan.graph.path(resource, path),
            value)
    }

    /// A new resource in the stack of another.
    func add(_ id: String, beside resource: Int, _ body: JSONTree) -> TemplateEdit {
        .set(stack: plan.graph.resources[resource].stack, path: ["Resources", id], body)
    }

    /// Takes a rule out, wherever it is written.
    func remove(_ rule: SecurityRule) -> TemplateEdit {
        let resource = plan.graph.resources[rule.resource]
        let path =
            rule.path.isEmpty
            ? ["Resources", resource.id] : plan.graph.path(rule.resource, rule.path)
        return .remove(stack: resource.stack, path: path)
    }
}
