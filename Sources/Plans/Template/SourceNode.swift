import Base
import Cloud

/// A value of a template's text, JSON or YAML, with the line it stands on.
///
/// YAML's short forms (`!Ref x`) are written out (`{"Ref": "x"}`), so nothing further on knows in
/// which of the two a template was written.
public struct SourceNode: Sendable, Hashable {
    public var content: Content
    public var line: Int

    public indirect enum Content: Sendable, Hashable {
        case null
        case bool(Bool)
        /// The number's own digits.
        case number(String)
        case string(String)
        case array([SourceNode])
        case object([Member])
    }

    public struct Member: Sendable, Hashable {
        public var name: String
        public var value: SourceNode

        public init(_ name: String, _ value: SourceNode) {
            self.name = name
            self.value = value
        }
    }

    public init(_ content: Content, line: Int) {
        self.content = content
        self.line = line
    }

    /// CloudFormation's own quota is 500 resources in a template.
    public static let membersMax = 512

    /// Reads JSON where the text begins with a brace, YAML otherwise.
    public static func read(_ bytes: [UInt8]) throws(SourceFault) -> SourceNode {
        guard bytes.count <= JSONTree.bytesMax else {
            throw SourceFault(line: 1, message: "longer than \(JSONTree.bytesMax) bytes")
        }
        let first = bytes.first { $0 != 0x20 && $0 != 0x0A && $0 != 0x0D && $0 != 0x09 }
        return first == UInt8(ascii: "{") ? try readJSON(bytes) : try readYAML(bytes)
    }

    private static func readJSON(_ bytes: [UInt8]) throws(SourceFault) -> SourceNode {
        do throws(JSONTree.SyntaxError) {
            let parsed = try JSONTree.parseWithOffsets(bytes, membersMax: membersMax)
            var lines = LineCounter(bytes: bytes, offsets: parsed.offsets)
            return SourceNode(parsed.tree, &lines)
        } catch {
            let line = bytes.prefix(error.offset).count { $0 == UInt8(ascii: "\n") } + 1
            throw SourceFault(line: line, message: "expected \(error.expected)")
        }
    }

    private init(_ tree: JSONTree, _ lines: inout LineCounter) {
        line = lines.next()
        switch tree {
        case .null: content = .null
        case .bool(let value): content = .bool(value)
        case .number(let digits): content = .number(digits)
        case .string(let string): content = .string(string)
        case .array(let elements):
            var nodes: [SourceNode] = []
            for element in elements { nodes.append(SourceNode(element, &lines)) }
            content = .array(nodes)
        case .object(let members):
            var nodes: [Member] = []
            for member in members {
                nodes.append(Member(member.name, SourceNode(member.value, &lines)))
            }
            content = .object(nodes)
        }
    }

    public subscript(name: String) -> SourceNode? {
        guard case .object(let members) = content else { return nil }
        return members.first { $0.name == name }?.value
    }

    public var members: [Member] {
        guard case .object(let members) = content else { return [] }
        return members
    }

    public var elements: [SourceNode] {
        guard case .array(let elements) = content else { return [] }
        return elements
    }

    /// The text of a scalar; nil for lists, objects and null.
    public var scalar: String? {
        switch content {
        case .string(let text), .number(let text): text
        case .bool(let value): value ? "true" : "false"
        case .null, .array, .object: nil
        }
    }

    /// The same value without lines.
    public var tree: JSONTree {
        switch content {
        case .null: .null
        case .bool(let value): .bool(value)
        case .number(let digits): .number(digits)
        case .string(let string): .string(string)
        case .array(let elements): .array(elements.map(\.tree))
        case .object(let members): .object(members.map { .init($0.name, $0.value.tree) })
        }
    }
}

/// Why a text is no template, and on which line.
public struct SourceFault: Error, Sendable, Hashable, CustomStringConvertible {
    public var line: Int
    public var message: String

    public init(line: Int, message: String) {
        self.line = line
        self.message = message
    }

    public var description: String { "line \(line): \(message)" }
}

/// Turns rising offsets into lines in one pass over the text.
private struct LineCounter {
    let bytes: [UInt8]
    let offsets: [Int]
    private var index = 0
    private var reached = 0
    private var line = 1

    init(bytes: [UInt8], offsets: [Int]) {
        self.bytes = bytes
        self.offsets = offsets
    }

    mutating func next() -> Int {
        check(index < offsets.count, "more values than were read")
        while reached < offsets[index] {
            if bytes[reached] == UInt8(ascii: "\n") { line += 1 }
            reached += 1
        }
        index += 1
        return line
    }
}
