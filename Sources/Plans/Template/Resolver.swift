import Base
import Cloud

/// Works out conditions, parameters and functions of several stacks.
///
/// Stacks may import each other's exports in any order. What only a running account knows becomes
/// `.unknown` with the reason; nothing is guessed.
struct Resolver {
    /// Steps over all stacks: far more than any plan takes, and an end to templates whose outputs
    /// multiply each other.
    static let stepsMax = 400_000
    /// Import chains and nested functions.
    static let depthMax = 96

    let templates: [Template]
    let settings: ReadSettings
    var unresolved: [ResourceGraph.Unresolved] = []

    /// Where the evaluation is.
    struct Place {
        var stack: Int
        var path: [String]
        var depth: Int

        func inside(_ step: String) -> Place {
            Place(stack: stack, path: path + [step], depth: depth + 1)
        }
    }

    private var steps = 0
    /// Indices of resources by stack and id.
    private var indices = Lookup<ResourceName, Int>()
    private var exports: [Export] = []
    private var declared: [ResourceGraph.Resource] = []
    private var isExhausted = false

    private struct ResourceName: Hashable {
        var stack: Int
        var id: String
    }

    private struct Export {
        var name: String
        var place: Place
        var value: SourceNode
    }

    static func resolve(_ templates: [Template], _ settings: ReadSettings) -> ResourceGraph {
        var resolver = Resolver(templates, settings)
        return resolver.graph()
    }

    private init(_ templates: [Template], _ settings: ReadSettings) {
        self.templates = templates
        self.settings = settings
    }

    private mutating func graph() -> ResourceGraph {
        let nodes = declare()
        collectExports()
        for (index, node) in nodes.enumerated() {
            var place = Place(
                stack: declared[index].stack,
                path: ["Resources", declared[index].id, "Properties"], depth: 0)
            if let properties = node["Properties"] {
                declared[index].properties = value(properties, place)
            }
            place.path[2] = "Metadata"
            if let metadata = node["Metadata"] {
                declared[index].metadata = value(metadata, place)
            }
        }
        return ResourceGraph(
            templates: templates, settings: settings, resources: declared, outputs: outputs(),
            unresolved: unresolved)
    }

    /// Lists the resources whose condition holds, and gives their source.
    private mutating func declare() -> [SourceNode] {
        var nodes: [SourceNode] = []
        for stack in templates.indices {
            for member in templates[stack].section("Resources") {
                let place = Place(stack: stack, path: ["Resources", member.name], depth: 0)
                if let condition = member.value["Condition"]?.scalar,
                    holds(condition, place.inside("Condition")) == false
                {
                    continue
                }
                indices[ResourceName(stack: stack, id: member.name)] = declared.count
                declared.append(
                    ResourceGraph.Resource(
                        stack: stack, id: member.name, type: member.value["Type"]?.scalar ?? "",
                        properties: .object([]), metadata: .absent))
                nodes.append(member.value)
            }
        }
        return nodes
    }

    private mutating func collectExports() {
        for stack in templates.indices {
            for member in templates[stack].section("Outputs") where isGiven(member, stack) {
                guard let node = member.value["Export"]?["Name"],
                    let inner = member.value["Value"]
                else { continue }
                let place = Place(stack: stack, path: ["Outputs", member.name], depth: 0)
                guard let name = value(node, place.inside("Export")).string else { continue }
                exports.append(Export(name: name, place: place.inside("Value"), value: inner))
            }
        }
    }

    private mutating func outputs() -> [ResourceGraph.Output] {
        var outputs: [ResourceGraph.Output] = []
        for stack in templates.indices {
            for member in templates[stack].section("Outputs") where isGiven(member, stack) {
                let place = Place(stack: stack, path: ["Outputs", member.name, "Value"], depth: 0)
                let export = member.value["Export"]?["Name"].map { value($0, place).string ?? "" }
                outputs.append(
                    ResourceGraph.Output(
                        stack: stack, name: member.name,
                        value: member.value["Value"].map { value($0, place) } ?? .absent,
                        export: export))
            }
        }
        return outputs
    }

    private mutating func isGiven(_ output: SourceNode.Member, _ stack: Int) -> Bool {
        guard let condition = output.value["Condition"]?.scalar else { return true }
        let place = Place(stack: stack, path: ["Outputs", output.name, "Condition"], depth: 0)
        return holds(condition, place) != false
    }

    // MARK: Values

    mutating func value(_ node: SourceNode, _ place: Place) -> Value {
        guard takesStep(place) else { return .unknown("too deep") }
        switch node.content {
        case .null: return .absent
        case .bool(let value): return .bool(value)
        case .number(let digits): return .number(digits)
        case .string(let text): return .string(text)
        case .array(let elements):
            var values: [Value] = []
            for (index, element) in elements.enumerated() {
                let value = self.value(element, place.inside(String(index)))
                if !value.isAbsent { values.append(value) }
            }
            return .array(values)
        case .object(let members):
            if members.count == 1, let result = function(members[0], place) { return result }
            var fields: [Value.Field] = []
            for member in members {
                let value = self.value(member.value, place.inside(member.name))
                if !value.isAbsent { fields.append(Value.Field(member.name, value)) }
            }
            return .object(fields)
        }
    }

    /// Whether there is still time for one more step; says once where there is not.
    mutating func takesStep(_ place: Place) -> Bool {
        steps += 1
        if steps <= Self.stepsMax, place.depth <= Self.depthMax { return true }
        if !isExhausted {
            isExhausted = true
            note(place, "these templates take too long to work out", isMistake: false)
        }
        return false
    }

    mutating func note(_ place: Place, _ message: String, isMistake: Bool) {
        let noted = ResourceGraph.Unresolved(
            stack: place.stack, path: place.path, message: message, isMistake: isMistake)
        // An output that many import is told of once.
        if !unresolved.contains(noted) { unresolved.append(noted) }
    }

    mutating func mistake(_ place: Place, _ message: String) -> Value {
        note(place, message, isMistake: true)
        return .unknown(message)
    }

    mutating func notUnderstood(_ place: Place, _ message: String) -> Value {
        note(place, message, isMistake: false)
        return .unknown(message)
    }

    func resourceIndex(_ id: String, _ stack: Int) -> Int? {
        indices[ResourceName(stack: stack, id: id)]
    }

    // MARK: Names

    mutating func reference(_ name: String, _ place: Place) -> Value {
        if name.hasPrefix("AWS::") { return pseudo(name, place) }
        if let index = resourceIndex(name, place.stack) {
            return .reference(index, attribute: nil)
        }
        let parameters = templates[place.stack].section("Parameters")
        if let parameter = parameters.first(where: { $0.name == name }) {
            return self.parameter(parameter, place)
        }
        if templates[place.stack].root["Resources"]?[name] != nil {
            return mistake(place, "\(name) is left out by its condition")
        }
        return mistake(place, "\(name) is no resource and no parameter of this stack")
    }

    /// Parameters kept in the Systems Manager are given as CloudFormation's own dynamic reference.
    private mutating func parameter(_ parameter: SourceNode.Member, _ place: Place) -> Value {
        let stack = templates[place.stack].name
        let given = settings.parameters.last {
            $0.name == parameter.name && ($0.stack == nil || $0.stack == stack)
        }
        guard let text = given?.value ?? parameter.value["Default"]?.scalar else {
            return notUnderstood(place, "parameter \(parameter.name) has no value: give it one")
        }
        let type = parameter.value["Type"]?.scalar ?? "String"
        if type.hasPrefix("AWS::SSM::Parameter::Value"), text.hasPrefix("/") {
            return .string("{{resolve:ssm:\(text)}}")
        }
        if type == "CommaDelimitedList" || type.hasPrefix("List<") {
            let parts = text.split(separator: ",", omittingEmptySubsequences: true)
            return .array(parts.map { .string(String($0.drop { $0 == " " })) })
        }
        return .string(text)
    }

    private mutating func pseudo(_ name: String, _ place: Place) -> Value {
        let stack = templates[place.stack].name
        switch name {
        case "AWS::NoValue": return .absent
        case "AWS::Region": return .string(settings.region)
        case "AWS::AccountId": return .string(settings.account)
        case "AWS::StackName": return .string(stack)
        case "AWS::Partition": return .string("aws")
        case "AWS::URLSuffix": return .string("amazonaws.com")
        case "AWS::NotificationARNs": return .array([])
        case "AWS::StackId":
            return .string(
                "arn:aws:cloudformation:\(settings.region):\(settings.account):stack/\(stack)/0")
        case _: return mistake(place, "\(name) is no pseudo parameter")
        }
    }

    mutating func imported(_ name: String, _ place: Place) -> Value {
        guard let export = exports.first(where: { $0.name == name }) else {
            return mistake(place, "no stack exports \(name)")
        }
        var there = export.place
        there.depth = place.depth + 1
        return value(export.value, there)
    }
}
