import Cloud
import Yams

extension SourceNode {
    /// How deep a template may nest.
    private static let depthMax = JSONTree.depthMax

    /// Reads one YAML document: plain values, and the short forms of CloudFormation's functions.
    ///
    /// Aliases are refused: CloudFormation's use of them is rare, and a few lines of them can stand
    /// for a tree too large to walk.
    public static func readYAML(_ bytes: [UInt8]) throws(SourceFault) -> SourceNode {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw SourceFault(line: 1, message: "expected UTF-8")
        }
        if let line = aliasLine(bytes) {
            throw SourceFault(line: line, message: "aliases are not read: write the value out")
        }
        let root: Node?
        do {
            root = try Parser(yaml: text, resolver: .basic, encoding: .utf8).singleRoot()
        } catch let error as YamlError {
            throw fault(error)
        } catch {
            throw SourceFault(line: 1, message: "expected YAML")
        }
        guard let root else { throw SourceFault(line: 1, message: "expected a template") }
        return try SourceNode(root, depth: 0)
    }

    private static func fault(_ error: YamlError) -> SourceFault {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            SourceFault(line: mark.line, message: problem)
        case .duplicatedKeysInMapping(let names, let context):
            SourceFault(
                line: context.mark.line,
                message: "expected each name once: \(names.joined(separator: ", "))")
        case .no, .memory, .reader, .writer, .emitter, .representer, .dataCouldNotBeDecoded:
            SourceFault(line: 1, message: "expected YAML")
        }
    }

    /// The line of the first `*name` after a `&name`, both where a value may begin.
    private static func aliasLine(_ bytes: [UInt8]) -> Int? {
        var anchors: [ArraySlice<UInt8>] = []
        var line = 1
        for index in bytes.indices {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\n") { line += 1 }
            guard byte == UInt8(ascii: "&") || byte == UInt8(ascii: "*") else { continue }
            guard index == 0 || isBeforeValue(bytes[index - 1]) else { continue }
            let name = bytes[(index + 1)...].prefix { !isBeforeValue($0) }
            guard !name.isEmpty else { continue }
            if byte == UInt8(ascii: "&") {
                // Shell texts have a few; nothing has hundreds.
                if anchors.count < membersMax { anchors.append(name) }
            } else if anchors.contains(name) {
                return line
            }
        }
        return nil
    }

    private static func isBeforeValue(_ byte: UInt8) -> Bool {
        byte <= 0x20 || ",[]{}:?-".utf8.contains(byte)
    }

    private init(_ node: Node, depth: Int) throws(SourceFault) {
        let line = node.mark?.line ?? 1
        guard depth < Self.depthMax else {
            throw SourceFault(line: line, message: "expected at most \(Self.depthMax) levels")
        }
        let content: Content
        switch node {
        case .scalar(let scalar): content = Self.plain(scalar, isTagged: Self.short(node) != nil)
        case .sequence(let sequence):
            var elements: [SourceNode] = []
            for element in sequence { elements.append(try SourceNode(element, depth: depth + 1)) }
            content = .array(elements)
        case .mapping(let mapping):
            guard mapping.count <= Self.membersMax else {
                throw SourceFault(
                    line: line, message: "expected at most \(Self.membersMax) names in an object")
            }
            var members: [Member] = []
            for (key, value) in mapping {
                guard let name = key.scalar?.string else {
                    throw SourceFault(line: line, message: "expected a name")
                }
                members.append(Member(name, try SourceNode(value, depth: depth + 1)))
            }
            content = .object(members)
        case .alias:
            throw SourceFault(line: line, message: "aliases are not read: write the value out")
        }
        let inner = SourceNode(content, line: line)
        self = Self.short(node).map { Self.long($0, inner) } ?? inner
    }

    /// The function of a short form, such as `Ref` of `!Ref`.
    private static func short(_ node: Node) -> String? {
        let name = node.tag.description
        guard name.hasPrefix("!"), name.count > 1, !name.hasPrefix("!!") else { return nil }
        return String(name.dropFirst())
    }

    private static func long(_ function: String, _ value: SourceNode) -> SourceNode {
        let name = function == "Ref" || function == "Condition" ? function : "Fn::" + function
        var value = value
        if function == "GetAtt", case .string(let text) = value.content,
            let dot = text.firstIndex(of: ".")
        {
            let parts = [text[..<dot], text[text.index(after: dot)...]]
            value.content = .array(
                parts.map { SourceNode(.string(String($0)), line: value.line) })
        }
        return SourceNode(.object([Member(name, value)]), line: value.line)
    }

    /// YAML 1.2's core words; CloudFormation takes a date or an octal number as text.
    private static func plain(_ scalar: Node.Scalar, isTagged: Bool) -> Content {
        guard scalar.style == .plain, !isTagged else { return .string(scalar.string) }
        switch scalar.string {
        case "", "~", "null": return .null
        case "true", "True", "TRUE", "yes", "Yes", "on": return .bool(true)
        case "false", "False", "FALSE", "no", "No", "off": return .bool(false)
        case _: break
        }
        let digits = scalar.string.hasPrefix("-") ? scalar.string.dropFirst() : scalar.string[...]
        let isWhole = !digits.isEmpty && digits.utf8.allSatisfy { (0x30...0x39).contains($0) }
        let isNumber = isWhole && (digits == "0" || !digits.hasPrefix("0"))
        return isNumber ? .number(scalar.string) : .string(scalar.string)
    }
}
