import Base
import Cloud
import Plans

/// A scenario file: what it says, with all that it extends, and the scenario that this means.
///
/// A file may name the CloudFormation templates of its plan: the deployment that they mean is laid
/// over the parent's, and the file's own words over that.
///
/// A file may extend another: `{"extends": "five-friends.json", "seed": 7}`. The child is laid over
/// its parent as a JSON merge patch (RFC 7396): objects are merged, `null` removes, anything else
/// is replaced. Unlike there, an object of another `kind` replaces instead of being mixed in.
public struct ScenarioFile: Sendable, Hashable {
    /// The merged text without `extends`: what `patched` lays changes over.
    public let tree: JSONTree
    public let scenario: Scenario
    /// The plan that the file or the nearest of its parents names; nil without one.
    public let plan: Plan?

    /// Reads a scenario from a file's merged text.
    /// - Throws: everything that is wrong with it.
    public init(tree: JSONTree) throws(FileFaults) {
        try self.init(tree: tree, plan: nil)
    }

    private init(tree: JSONTree, plan: Plan?) throws(FileFaults) {
        self.tree = tree
        self.plan = plan
        scenario = try Scenario.parsed(tree)
    }

    /// Reads a file and those it extends.
    /// - Parameters:
    ///   - path: the file's path; a parent's is relative to the file that names it.
    ///   - read: gives a file's bytes, or nil where there is none.
    public static func read(
        path: String, bytes read: (String) -> [UInt8]?
    ) throws(FileFaults) -> ScenarioFile {
        var faults = FileFaults()
        var plan: Plan?
        guard let tree = merged(path: path, ancestry: [], bytes: read, &plan, &faults) else {
            throw faults
        }
        return try ScenarioFile(tree: tree, plan: plan)
    }

    /// The same file with a change laid over it, such as
    /// `{"deployment": {"database": "container"}}`.
    public func patched(with patch: JSONTree) throws(FileFaults) -> ScenarioFile {
        try ScenarioFile(tree: tree.merged(with: patch))
    }

    /// The file's text with its parents' beneath it; nil after noting what is wrong.
    private static func merged(
        path: String, ancestry: [String], bytes read: (String) -> [UInt8]?, _ plan: inout Plan?,
        _ faults: inout FileFaults
    ) -> JSONTree? {
        let descent = (ancestry + [path]).joined(separator: " extends ")
        guard !ancestry.contains(path) else {
            faults.add("$.extends", "files that do not extend themselves", found: descent)
            return nil
        }
        guard ancestry.count <= Limits.ancestors else {
            faults.add("$.extends", "at most \(Limits.ancestors) files in a row", found: descent)
            return nil
        }
        guard let bytes = read(path) else {
            let place = ancestry.isEmpty ? "$" : "$.extends"
            faults.add(place, "a file that can be read", found: "\"\(path)\"")
            return nil
        }
        guard let tree = parsed(bytes, path: path, &faults) else { return nil }
        guard case .object(let members) = tree else {
            faults.add("$", "an object", found: "\(tree.kind) in \(path)")
            return nil
        }
        var base = JSONTree.object([])
        if let parent = members.first(where: { $0.name == "extends" })?.value {
            guard case .string(let name) = parent else {
                faults.add("$.extends", "the path of a file", found: "\(parent.kind) in \(path)")
                return nil
            }
            guard
                let inherited = merged(
                    path: resolve(name, beside: path), ancestry: ancestry + [path], bytes: read,
                    &plan, &faults)
            else { return nil }
            base = inherited
        }
        let own = JSONTree.object(members.filter { $0.name != "extends" })
        guard case .object? = own["plan"] else { return base.merged(with: own) }
        guard let planned = PlannedDeployment(own, path: path, bytes: read, &faults) else {
            return nil
        }
        plan = planned.plan
        return base.merged(with: planned.tree).merged(with: own).merged(with: planned.source)
    }

    private static func parsed(
        _ bytes: [UInt8], path: String, _ faults: inout FileFaults
    ) -> JSONTree? {
        do throws(JSONTree.SyntaxError) {
            return try JSONTree.parse(bytes)
        } catch {
            let before = bytes.prefix(error.offset)
            let line = before.count { $0 == UInt8(ascii: "\n") } + 1
            let column = before.reversed().prefix { $0 != UInt8(ascii: "\n") }.count + 1
            faults.add("$", error.expected, found: "otherwise at \(path):\(line):\(column)")
            return nil
        }
    }

    /// A path relative to another file's folder, without `.` and, where it can be told, `..`.
    static func resolve(_ name: String, beside path: String) -> String {
        let isAbsolute = name.hasPrefix("/") || path.hasPrefix("/")
        let folder = name.hasPrefix("/") ? [] : path.split(separator: "/").dropLast()
        var parts: [Substring] = []
        for part in folder + name.split(separator: "/") where part != "." {
            if part == "..", let last = parts.last, last != ".." {
                parts.removeLast()
            } else {
                parts.append(part)
            }
        }
        return (isAbsolute ? "/" : "") + parts.joined(separator: "/")
    }
}

extension JSONTree {
    /// This value with another laid over it; see `ScenarioFile`.
    public func merged(with patch: JSONTree) -> JSONTree {
        guard case .object(let changes) = patch else { return patch }
        var members: [Member] = []
        if case .object(let old) = self, !isOtherKind(changes, than: old) { members = old }
        for change in changes {
            let index = members.firstIndex { $0.name == change.name }
            if change.value == .null {
                if let index { members.remove(at: index) }
            } else if let index {
                members[index].value = members[index].value.merged(with: change.value)
            } else {
                members.append(Member(change.name, JSONTree.null.merged(with: change.value)))
            }
        }
        return .object(members)
    }

    private func isOtherKind(_ changes: [Member], than old: [Member]) -> Bool {
        guard let kind = changes.first(where: { $0.name == "kind" })?.value else { return false }
        return old.first { $0.name == "kind" }?.value != kind
    }
}

extension Scenario {
    /// Reads a scenario from a file's text without `extends`.
    /// - Throws: everything that is wrong with it.
    static func parsed(_ tree: JSONTree) throws(FileFaults) -> Scenario {
        var faults = FileFaults()
        if case .object(let members) = tree, members.contains(where: { $0.name == "extends" }) {
            faults.add("$.extends", "a text with its parents in it", found: "a parent's name")
        }
        let scenario = Scenario.read(tree, at: "$", over: nil, &faults)
        scenario.checkParts(&faults)
        guard faults.faults.isEmpty else { throw faults }
        return scenario
    }

    /// The scenario as a file: every field with its value, in the words of the schema.
    /// `ScenarioFile(tree:)` reads it back to an equal scenario.
    public var tree: JSONTree { written }

    /// The JSON Schema (2020-12) of scenario files.
    public static var schema: JSONTree {
        var form = Form(.describing, path: "$", given: [], faults: FileFaults())
        var scenario = Scenario.initial
        scenario.visit(&form)
        form.finish()
        let anyOf = [form.required, ["extends"]].map { names in
            JSONTree.object([
                JSONTree.Member("required", .array(names.map { .string($0) }))
            ])
        }
        return .object(
            [
                JSONTree.word("$schema", "https://json-schema.org/draft/2020-12/schema"),
                JSONTree.word("title", "A scenario of streamr-sim"),
                JSONTree.word("description", schemaNote),
            ] + objectSchema(form.members, required: [])
                + [JSONTree.Member("anyOf", .array(anyOf))])
    }

    private static let schemaNote = """
        Times are written as "20 ms" or "3 h 20 min", rates as "2.5 Mbit/s", sizes as "8 GiB" \
        or "113 GB", shares as "0.01 %", money as "$30". null means the default.
        """
}
