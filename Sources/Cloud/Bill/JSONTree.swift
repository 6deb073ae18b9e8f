import Base

/// A JSON text as a value: members in the order of the file, numbers as they were written.
///
/// Parses RFC 8259 strictly (no comments, no trailing commas, no lone surrogates) and refuses a
/// name given twice in one object, which that standard leaves open.
public enum JSONTree: Sendable, Hashable {
    case null
    case bool(Bool)
    /// The number's own digits.
    case number(String)
    case string(String)
    case array([JSONTree])
    case object([Member])

    public struct Member: Sendable, Hashable {
        public var name: String
        public var value: JSONTree

        public init(_ name: String, _ value: JSONTree) {
            self.name = name
            self.value = value
        }
    }

    public static let bytesMax = 1 << 20  // far above any usage file or price book
    public static let depthMax = 32
    /// Keeps the search for a name given twice short.
    public static let membersMax = 64

    /// What is wrong with the text, and at which byte.
    public struct SyntaxError: Error, Sendable, Hashable {
        public var offset: Int
        public var expected: String
    }

    public static func parse(_ bytes: [UInt8]) throws(SyntaxError) -> JSONTree {
        try parseWithOffsets(bytes, membersMax: membersMax).tree
    }

    /// Also gives the byte at which each value begins, in the order of the text: a value before
    /// what is in it. `membersMax` bounds the names in an object.
    public static func parseWithOffsets(
        _ bytes: [UInt8], membersMax: Int
    ) throws(SyntaxError) -> (tree: JSONTree, offsets: [Int]) {
        guard bytes.count <= bytesMax else {
            throw SyntaxError(offset: bytesMax, expected: "a file of at most \(bytesMax) bytes")
        }
        var parser = JSONParser(bytes: bytes, membersMax: membersMax)
        let tree = try parser.text()
        return (tree, parser.offsets)
    }

    /// What kind of value it is, in words.
    public var kind: String {
        switch self {
        case .null: "null"
        case .bool: "true or false"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

private struct JSONParser {
    let bytes: [UInt8]
    let membersMax: Int
    var offset = 0
    /// Where each value began.
    var offsets: [Int] = []

    init(bytes: [UInt8], membersMax: Int) {
        self.bytes = bytes
        self.membersMax = membersMax
    }

    mutating func text() throws(JSONTree.SyntaxError) -> JSONTree {
        let value = try self.value(depth: 0)
        skipSpace()
        guard offset == bytes.count else { throw expected("the end of the file") }
        return value
    }

    private mutating func value(depth: Int) throws(JSONTree.SyntaxError) -> JSONTree {
        skipSpace()
        guard depth < JSONTree.depthMax else {
            throw expected("at most \(JSONTree.depthMax) levels")
        }
        offsets.append(offset)
        switch peek {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case _: return .number(try number())
        }
    }

    private mutating func object(depth: Int) throws(JSONTree.SyntaxError) -> JSONTree {
        offset += 1
        var members: [JSONTree.Member] = []
        skipSpace()
        if take("}") { return .object(members) }
        while true {
            skipSpace()
            let start = offset
            guard peek == UInt8(ascii: "\"") else { throw expected("a name in quotes") }
            let name = try string()
            guard !members.contains(where: { $0.name == name }) else {
                throw JSONTree.SyntaxError(offset: start, expected: "each name once: \(name)")
            }
            guard members.count < membersMax else {
                throw expected("at most \(membersMax) names in an object")
            }
            skipSpace()
            guard take(":") else { throw expected("`:`") }
            members.append(JSONTree.Member(name, try value(depth: depth + 1)))
            skipSpace()
            if take("}") { return .object(members) }
            guard take(",") else { throw expected("`,` or `}`") }
        }
    }

    private mutating func array(depth: Int) throws(JSONTree.SyntaxError) -> JSONTree {
        offset += 1
        var elements: [JSONTree] = []
        skipSpace()
        if take("]") { return .array(elements) }
        while true {
            elements.append(try value(depth: depth + 1))
            skipSpace()
            if take("]") { return .array(elements) }
            guard take(",") else { throw expected("`,` or `]`") }
        }
    }

    private mutating func word(
        _ word: StaticString, _ value: JSONTree
    ) throws(JSONTree.SyntaxError) -> JSONTree {
        guard take(word) else { throw expected("a value") }
        return value
    }

    /// `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`
    private mutating func number() throws(JSONTree.SyntaxError) -> String {
        let start = offset
        _ = take("-")
        if !take("0") { try digits("a value") }
        if take(".") { try digits("a digit") }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            try digits("a digit")
        }
        return String(decoding: bytes[start..<offset], as: UTF8.self)
    }

    private mutating func digits(_ what: String) throws(JSONTree.SyntaxError) {
        let start = offset
        while let byte = peek, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { offset += 1 }
        guard offset > start else { throw expected(what) }
    }

    private mutating func string() throws(JSONTree.SyntaxError) -> String {
        let start = offset
        offset += 1
        var text: [UInt8] = []
        while let byte = peek {
            switch byte {
            case UInt8(ascii: "\""):
                offset += 1
                guard let string = String(validating: text, as: UTF8.self) else {
                    throw JSONTree.SyntaxError(offset: start, expected: "UTF-8")
                }
                return string
            case UInt8(ascii: "\\"):
                offset += 1
                text.append(contentsOf: Array(String(try escape()).utf8))
            case 0..<0x20:
                throw expected("no control character in a string")
            case _:
                text.append(byte)
                offset += 1
            }
        }
        throw expected("the closing quote of a string")
    }

    private mutating func escape() throws(JSONTree.SyntaxError) -> Unicode.Scalar {
        let letter = peek
        offset += 1
        switch letter {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try unicodeEscape()
        case _:
            offset -= 1
            throw expected("an escape that JSON knows")
        }
    }

    private mutating func unicodeEscape() throws(JSONTree.SyntaxError) -> Unicode.Scalar {
        let high = try fourHexDigits()
        if let scalar = Unicode.Scalar(high) { return scalar }
        guard high < 0xDC00, take("\\u") else { throw expected("a surrogate pair") }
        let low = try fourHexDigits()
        guard low >= 0xDC00, low <= 0xDFFF,
            let scalar = Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
        else { throw expected("the second half of a surrogate pair") }
        return scalar
    }

    private mutating func fourHexDigits() throws(JSONTree.SyntaxError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw expected("four hexadecimal digits")
            }
            value = value << 4 | UInt32(digit)
            offset += 1
        }
        return value
    }

    private var peek: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private mutating func take(_ text: StaticString) -> Bool {
        let wanted = text.withUTF8Buffer { Array($0) }
        guard bytes[offset...].starts(with: wanted) else { return false }
        offset += wanted.count
        return true
    }

    private mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
            offset += 1
        }
    }

    private func expected(_ what: String) -> JSONTree.SyntaxError {
        JSONTree.SyntaxError(offset: min(offset, bytes.count), expected: what)
    }
}

extension JSONTree {
    /// Two spaces a level, names in the order of their bytes, a newline at the end: the same
    /// value gives the same bytes everywhere.
    public var text: String {
        var text = ""
        write(into: &text, indent: "")
        return text + "\n"
    }

    private func write(into text: inout String, indent: String) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .number(let digits): text += digits
        case .string(let string): JSONTree.quote(string, into: &text)
        case .array(let elements):
            JSONTree.writeList(elements, "[", "]", into: &text, indent: indent) { element, text in
                element.write(into: &text, indent: indent + "  ")
            }
        case .object(let members):
            let sorted = members.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
            JSONTree.writeList(sorted, "{", "}", into: &text, indent: indent) { member, text in
                JSONTree.quote(member.name, into: &text)
                text += ": "
                member.value.write(into: &text, indent: indent + "  ")
            }
        }
    }

    private static func writeList<Element>(
        _ elements: [Element], _ opening: String, _ closing: String, into text: inout String,
        indent: String, _ write: (Element, inout String) -> Void
    ) {
        guard !elements.isEmpty else { return text += opening + closing }
        text += opening
        for (index, element) in elements.enumerated() {
            text += (index == 0 ? "\n" : ",\n") + indent + "  "
            write(element, &text)
        }
        text += "\n" + indent + closing
    }

    private static func quote(_ string: String, into text: inout String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\0"..<" ":
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            case _: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
