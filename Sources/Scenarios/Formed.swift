import Base
import Cloud

/// A value with named fields, given in a file as an object.
protocol Formed {
    /// Names every field: the one place where the parser, the writer and the schema learn of it.
    mutating func visit(_ form: inout Form)

    /// Reads a value whose fields start from `initial`; nil only for kinds that must be named.
    static func read(
        _ tree: JSONTree, at path: String, over initial: Self?, _ faults: inout FileFaults
    ) -> Self
    var written: JSONTree { get }
    static func described(over initial: Self?) -> [JSONTree.Member]
    /// What reading starts from where nothing else is known.
    static var initial: Self { get }
}

extension Formed {
    static func read(
        _ tree: JSONTree, at path: String, over initial: Self?, _ faults: inout FileFaults
    ) -> Self {
        var value = initial ?? Self.initial
        guard case .object(let members) = tree else {
            faults.add(path, "an object", found: Mismatch(tree).found)
            return value
        }
        var form = Form(.reading, path: path, given: members, faults: faults)
        value.visit(&form)
        form.finish()
        faults = form.faults
        return value
    }

    var written: JSONTree {
        var form = Form(.writing, path: "$", given: [], faults: FileFaults())
        var value = self
        value.visit(&form)
        return .object(form.members)
    }

    static func described(over initial: Self?) -> [JSONTree.Member] {
        var form = Form(.describing, path: "$", given: [], faults: FileFaults())
        var value = initial ?? Self.initial
        value.visit(&form)
        form.finish()
        return objectSchema(form.members, required: form.required)
    }
}

/// A closed object.
func objectSchema(
    _ properties: [JSONTree.Member], required: [String]
) -> [JSONTree.Member] {
    var schema = [
        JSONTree.word("type", "object"),
        JSONTree.Member("properties", .object(properties)),
        JSONTree.Member("additionalProperties", .bool(false)),
    ]
    if !required.isEmpty {
        schema.append(JSONTree.Member("required", .array(required.map { .string($0) })))
    }
    return schema
}

/// A value of one of several kinds, each with its own fields, told apart by the field `kind`.
protocol Varied: Formed {
    /// One of each kind, with the defaults of its fields.
    static var variants: [Self] { get }
    var kindWord: String { get }
    /// Whether a kind's word alone stands for the kind with all its defaults.
    static var isWordEnough: Bool { get }
}

extension Varied {
    static var initial: Self { variants[0] }
    static var kinds: [String] { variants.map(\.kindWord) }

    static func read(
        _ tree: JSONTree, at path: String, over initial: Self?, _ faults: inout FileFaults
    ) -> Self {
        if case .string = tree, isWordEnough {
            return variant(tree, at: path, &faults) ?? initial ?? Self.initial
        }
        guard case .object(let members) = tree else {
            let words = isWordEnough ? " or one of " + kinds.joined(separator: ", ") : ""
            faults.add(path, "an object\(words)", found: Mismatch(tree).found)
            return initial ?? Self.initial
        }
        var form = Form(.reading, path: path, given: members, faults: faults)
        var value = initial
        if let word = form.value("kind") {
            guard let variant = variant(word, at: form.path(of: "kind"), &faults) else {
                return initial ?? Self.initial
            }
            if variant.kindWord != value?.kindWord { value = variant }
        }
        guard var value else {
            faults.add(
                form.path(of: "kind"), "one of " + kinds.joined(separator: ", "), found: "nothing")
            return Self.initial
        }
        value.visit(&form)
        form.finish()
        faults = form.faults
        return value
    }

    private static func variant(
        _ tree: JSONTree, at path: String, _ faults: inout FileFaults
    ) -> Self? {
        do throws(Mismatch) {
            let word = try Leaf<String>.one(of: kinds).read(tree)
            return variants.first { $0.kindWord == word }
        } catch {
            faults.add(
                path, "one of " + kinds.joined(separator: ", "), found: error.found,
                hint: error.hint)
            return nil
        }
    }

    var written: JSONTree {
        var form = Form(.writing, path: "$", given: [], faults: FileFaults())
        var value = self
        value.visit(&form)
        return .object([JSONTree.word("kind", kindWord)] + form.members)
    }

    static func described(over initial: Self?) -> [JSONTree.Member] {
        var choices: [JSONTree] = []
        if isWordEnough {
            choices.append(
                .object([JSONTree.Member("enum", .array(kinds.map { .string($0) }))]))
        }
        for variant in variants {
            let isDefault = variant.kindWord == initial?.kindWord
            var value = isDefault ? initial ?? variant : variant
            var form = Form(.describing, path: "$", given: [], faults: FileFaults())
            value.visit(&form)
            form.finish()
            let word = JSONTree.Member(
                "kind", .object([JSONTree.word("const", variant.kindWord)]))
            choices.append(
                .object(
                    objectSchema(
                        [word] + form.members,
                        required: (isDefault ? [] : ["kind"]) + form.required)))
        }
        return [JSONTree.Member("anyOf", .array(choices))]
    }
}
