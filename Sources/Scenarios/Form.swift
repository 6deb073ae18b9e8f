import Base
import Cloud

/// Visits the fields of a value: to read them from JSON, to write them, or to describe them.
///
/// Each type names its fields once, in `visit`; parser, writer and JSON Schema all come from there
/// and cannot drift apart. Reading never stops at a fault: it keeps the value that was there,
/// notes the fault with its path, and goes on, so that all are told at once.
struct Form {
    static let commentMax = 2_000  // a page

    enum Mode { case reading, writing, describing }

    let mode: Mode
    /// JSON path of the object being visited.
    let path: String
    private let given: [JSONTree.Member]
    private var known: [String] = []
    /// What was written, or the described properties.
    private(set) var members: [JSONTree.Member] = []
    private(set) var required: [String] = []
    var faults: FileFaults

    init(_ mode: Mode, path: String, given: [JSONTree.Member], faults: FileFaults) {
        self.mode = mode
        self.path = path
        self.given = given
        self.faults = faults
    }

    func path(of name: String) -> String { "\(path).\(name)" }

    /// What the file says; nil where it says nothing or `null`, which means the default.
    mutating func value(_ name: String) -> JSONTree? {
        known.append(name)
        guard let value = given.first(where: { $0.name == name })?.value, value != .null else {
            return nil
        }
        return value
    }

    // MARK: Leaves

    /// A field that keeps its default where the file says nothing.
    mutating func field<Value>(
        _ name: String, _ value: inout Value, _ about: String, _ leaf: Leaf<Value>
    ) {
        switch mode {
        case .reading:
            if let tree = self.value(name) { value = read(tree, name, leaf) ?? value }
        case .writing:
            members.append(JSONTree.Member(name, leaf.write(value)))
        case .describing:
            describe(
                name, about, nullable(leaf.schema),
                [JSONTree.Member("default", leaf.write(value))])
        }
    }

    /// A field that must be given.
    mutating func required<Value>(
        _ name: String, _ value: inout Value, example: Value, _ about: String, _ leaf: Leaf<Value>
    ) {
        switch mode {
        case .reading:
            if let tree = self.value(name) {
                value = read(tree, name, leaf) ?? value
            } else {
                faults.add(path(of: name), leaf.expected, found: "nothing")
            }
        case .writing:
            members.append(JSONTree.Member(name, leaf.write(value)))
        case .describing:
            required.append(name)
            describe(name, about, leaf.schema, examples([leaf.write(example)]))
        }
    }

    /// A field that may be absent.
    mutating func optional<Value>(
        _ name: String, _ value: inout Value?, example: Value, _ about: String,
        _ leaf: Leaf<Value>
    ) {
        switch mode {
        case .reading:
            if let tree = self.value(name) { value = read(tree, name, leaf) ?? value }
        case .writing:
            if let value { members.append(JSONTree.Member(name, leaf.write(value))) }
        case .describing:
            describe(name, about, nullable(leaf.schema), examples([leaf.write(example)]))
        }
    }

    /// A member that means nothing to the value: checked, and forgotten.
    mutating func note<Value>(_ name: String, _ about: String, _ leaf: Leaf<Value>) {
        switch mode {
        case .reading:
            if let tree = value(name) { _ = read(tree, name, leaf) }
        case .writing:
            break
        case .describing:
            describe(name, about, leaf.schema, [])
        }
    }

    private mutating func read<Value>(
        _ tree: JSONTree, _ name: String, _ leaf: Leaf<Value>
    ) -> Value? {
        do throws(Mismatch) {
            return try leaf.read(tree)
        } catch {
            faults.add(path(of: name), leaf.expected, found: error.found, hint: error.hint)
            return nil
        }
    }

    // MARK: Objects and lists

    /// An object whose fields all have defaults.
    mutating func object<Value: Formed>(_ name: String, _ value: inout Value, _ about: String) {
        switch mode {
        case .reading:
            if let tree = self.value(name) {
                value = Value.read(tree, at: path(of: name), over: value, &faults)
            }
        case .writing:
            members.append(JSONTree.Member(name, value.written))
        case .describing:
            describe(
                name, about, nullable(Value.described(over: value)),
                [JSONTree.Member("default", value.written)])
        }
    }

    /// An object that may be absent; its fields start from `initial`.
    mutating func optionalObject<Value: Formed>(
        _ name: String, _ value: inout Value?, initial: Value, _ about: String
    ) {
        switch mode {
        case .reading:
            if let tree = self.value(name) {
                value = Value.read(tree, at: path(of: name), over: initial, &faults)
            }
        case .writing:
            if let value { members.append(JSONTree.Member(name, value.written)) }
        case .describing:
            describe(
                name, about, nullable(Value.described(over: initial)),
                examples([initial.written]))
        }
    }

    /// A list; its elements are read over `initial`, or by their kind where that is nil.
    mutating func list<Value: Formed>(
        _ name: String, _ values: inout [Value], max: Int, initial: Value?, _ about: String
    ) {
        switch mode {
        case .reading:
            if let tree = self.value(name) {
                values = readList(tree, name, max: max, initial: initial) ?? values
            }
        case .writing:
            members.append(JSONTree.Member(name, .array(values.map(\.written))))
        case .describing:
            let schema = [
                JSONTree.word("type", "array"),
                JSONTree.Member("items", .object(Value.described(over: initial))),
                JSONTree.Member("maxItems", .number(String(max))),
            ]
            describe(
                name, about, nullable(schema),
                [JSONTree.Member("default", .array(values.map(\.written)))])
        }
    }

    private mutating func readList<Value: Formed>(
        _ tree: JSONTree, _ name: String, max: Int, initial: Value?
    ) -> [Value]? {
        guard case .array(let elements) = tree, elements.count <= max else {
            let found =
                if case .array(let elements) = tree { "\(elements.count)" } else { tree.kind }
            faults.add(path(of: name), "a list of at most \(max)", found: found)
            return nil
        }
        return elements.indices.map { index in
            Value.read(elements[index], at: "\(path(of: name))[\(index)]", over: initial, &faults)
        }
    }

    // MARK: Schema

    private mutating func describe(
        _ name: String, _ about: String, _ schema: [JSONTree.Member], _ more: [JSONTree.Member]
    ) {
        members.append(
            JSONTree.Member(
                name, .object([JSONTree.word("description", about)] + schema + more)))
    }

    private func examples(_ values: [JSONTree]) -> [JSONTree.Member] {
        [JSONTree.Member("examples", .array(values))]
    }

    /// The same schema, or `null`.
    private func nullable(_ schema: [JSONTree.Member]) -> [JSONTree.Member] {
        schema.map { member in
            switch (member.name, member.value) {
            case ("type", .string(let type)):
                JSONTree.Member("type", .array([.string(type), .string("null")]))
            case ("enum", .array(let words)):
                JSONTree.Member("enum", .array(words + [.null]))
            case ("anyOf", .array(let choices)):
                JSONTree.Member(
                    "anyOf", .array(choices + [.object([JSONTree.word("type", "null")])]))
            case _:
                member
            }
        }
    }

    /// Ends a visit: takes comments, and tells of members that no field asked for.
    mutating func finish() {
        note("$comment", "For readers only.", Leaf<String>.sentence(Self.commentMax))
        let words = known.filter { !$0.hasPrefix("$") }
        for member in given where !known.contains(member.name) && !faults.isFull {
            faults.add(
                path(of: member.name), "only " + words.joined(separator: ", "),
                found: "\"\(member.name.prefix(Units.textMax))\"",
                hint: nearest(to: member.name, in: words))
        }
    }
}
