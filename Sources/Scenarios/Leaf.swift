import Base
import Cloud

/// One kind of value that a file can hold: its text in both directions, and its schema.
struct Leaf<Value> {
    /// What to write, in words.
    let expected: String
    /// Members of its JSON Schema.
    let schema: [JSONTree.Member]
    let read: (JSONTree) throws(Mismatch) -> Value
    let write: (Value) -> JSONTree
}

extension Mismatch {
    init(_ tree: JSONTree) {
        switch tree {
        case .string(let text): self.init(found: "\"\(text.prefix(Units.textMax))\"")
        case .number(let digits): self.init(found: String(digits.prefix(Units.textMax)))
        case .null, .bool, .array, .object: self.init(found: tree.kind)
        }
    }
}

extension JSONTree {
    /// A schema's member with a text.
    static func word(_ name: String, _ text: String) -> Member { Member(name, .string(text)) }
}

/// A string that has one of the forms above.
private func text(_ tree: JSONTree) throws(Mismatch) -> String {
    guard case .string(let text) = tree else { throw Mismatch(tree) }
    return text
}

/// A JSON number without fraction or exponent.
private func whole(_ tree: JSONTree) throws(Mismatch) -> Int64 {
    guard case .number(let digits) = tree, let value = Int64(digits) else { throw Mismatch(tree) }
    return value
}

private func quantity(
    _ units: Units, _ range: ClosedRange<Int64>, _ tree: JSONTree
) throws(Mismatch) -> Int64 {
    let value = try units.parse(text(tree))
    guard range.contains(value) else { throw Mismatch(tree) }
    return value
}

private func span(_ units: Units, _ range: ClosedRange<Int64>) -> String {
    "\(units.text(range.lowerBound)) to \(units.text(range.upperBound))"
}

private func quantitySchema(_ units: Units, _ range: ClosedRange<Int64>) -> [JSONTree.Member] {
    [
        JSONTree.word("type", "string"), JSONTree.word("pattern", units.pattern),
        JSONTree.word("$comment", span(units, range)),
    ]
}

extension Leaf<[String]> {
    /// Paths of files, one at least.
    static func paths(_ countMax: Int) -> Leaf {
        let path = Leaf<String>.sentence(500)
        return Leaf(
            expected: "a list of 1 to \(countMax) paths",
            schema: [
                JSONTree.word("type", "array"), JSONTree.Member("items", .object(path.schema)),
                JSONTree.Member("minItems", .number("1")),
                JSONTree.Member("maxItems", .number(String(countMax))),
            ],
            read: { tree throws(Mismatch) in
                guard case .array(let elements) = tree, (1...countMax).contains(elements.count)
                else { throw Mismatch(tree) }
                var paths: [String] = []
                for element in elements { paths.append(try path.read(element)) }
                return paths
            },
            write: { .array($0.map { .string($0) }) })
    }
}

extension Leaf<Rate> {
    static func rate(_ range: ClosedRange<Rate>) -> Leaf {
        let bits = range.lowerBound.bitsPerSecond...range.upperBound.bitsPerSecond
        return Leaf(
            expected: "a data rate such as \"2.5 Mbit/s\", \(span(.rate, bits))",
            schema: quantitySchema(.rate, bits),
            read: { tree throws(Mismatch) in
                Rate(bitsPerSecond: try quantity(.rate, bits, tree))
            },
            write: { .string(Units.rate.text($0.bitsPerSecond)) })
    }
}

extension Leaf<Interval> {
    static func time(_ range: ClosedRange<Interval>) -> Leaf {
        let time = range.lowerBound.nanoseconds...range.upperBound.nanoseconds
        return Leaf(
            expected: "a length of time such as \"20 ms\" or \"3 h 20 min\", \(span(.time, time))",
            schema: quantitySchema(.time, time),
            read: { tree throws(Mismatch) in
                Interval(nanoseconds: try quantity(.time, time, tree))
            },
            write: { .string(Units.time.text($0.nanoseconds)) })
    }
}

extension Leaf<ByteCount> {
    static func bytes(_ range: ClosedRange<ByteCount>) -> Leaf {
        let bytes = range.lowerBound.bytes...range.upperBound.bytes
        return Leaf(
            expected: "a size such as \"8 GiB\" or \"113 GB\", \(span(.bytes, bytes))",
            schema: quantitySchema(.bytes, bytes),
            read: { tree throws(Mismatch) in ByteCount(bytes: try quantity(.bytes, bytes, tree)) },
            write: { .string(Units.bytes.text($0.bytes)) })
    }
}

extension Leaf<Share> {
    static func share(_ range: ClosedRange<Share>) -> Leaf {
        let share = range.lowerBound.millionths...range.upperBound.millionths
        return Leaf(
            expected: "a share such as \"0.01 %\", \(span(.share, share))",
            schema: quantitySchema(.share, share),
            read: { tree throws(Mismatch) in Share(millionths: try quantity(.share, share, tree)) },
            write: { .string(Units.share.text($0.millionths)) })
    }
}

extension Leaf<Int> {
    static func count(_ range: ClosedRange<Int>) -> Leaf {
        Leaf(
            expected: "a whole number, \(range.lowerBound) to \(range.upperBound)",
            schema: [
                JSONTree.word("type", "integer"),
                JSONTree.Member("minimum", .number(String(range.lowerBound))),
                JSONTree.Member("maximum", .number(String(range.upperBound))),
            ],
            read: { tree throws(Mismatch) in
                let value = try whole(tree)
                guard let count = Int(exactly: value), range.contains(count) else {
                    throw Mismatch(tree)
                }
                return count
            },
            write: { .number(String($0)) })
    }
}

extension Leaf<UInt64> {
    static var seed: Leaf {
        Leaf(
            expected: "a whole number, 0 to \(UInt64.max)",
            schema: [
                JSONTree.word("type", "integer"), JSONTree.Member("minimum", .number("0")),
                JSONTree.Member("maximum", .number(String(UInt64.max))),
            ],
            read: { tree throws(Mismatch) in
                guard case .number(let digits) = tree, let value = UInt64(digits) else {
                    throw Mismatch(tree)
                }
                return value
            },
            write: { .number(String($0)) })
    }
}

extension Leaf<Bool> {
    static var flag: Leaf {
        Leaf(
            expected: "true or false", schema: [JSONTree.word("type", "boolean")],
            read: { tree throws(Mismatch) in
                guard case .bool(let flag) = tree else { throw Mismatch(tree) }
                return flag
            },
            write: { .bool($0) })
    }
}

extension Leaf where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    /// One of the words of an enumeration.
    static var word: Leaf {
        let words = Leaf<String>.one(of: Value.allCases.map(\.rawValue))
        return Leaf(
            expected: words.expected, schema: words.schema,
            read: { tree throws(Mismatch) in
                guard let value = Value(rawValue: try words.read(tree)) else {
                    throw Mismatch(tree)
                }
                return value
            },
            write: { .string($0.rawValue) })
    }
}

extension Leaf<String> {
    /// One of a list of words.
    static func one(of words: [String]) -> Leaf {
        Leaf(
            expected: "one of " + words.joined(separator: ", "),
            schema: [JSONTree.Member("enum", .array(words.map { .string($0) }))],
            read: { tree throws(Mismatch) in
                let word = try text(tree)
                guard words.contains(word) else {
                    throw Mismatch(
                        found: Mismatch(tree).found, hint: nearest(to: word, in: words))
                }
                return word
            },
            write: { .string($0) })
    }

    /// A name of something in the file: small letters, digits and hyphens.
    static var name: Leaf {
        pattern(
            "^[a-z0-9][a-z0-9-]{0,39}$", "a name of 1 to 40 small letters, digits and inner hyphens"
        ) { bytes in
            (1...40).contains(bytes.count) && bytes[0] != UInt8(ascii: "-")
                && bytes.allSatisfy { isSmall($0) || isDigit($0) || $0 == UInt8(ascii: "-") }
        }
    }

    /// The name of a column of the series or of a figure of the summary.
    static var metric: Leaf {
        let names = one(of: Metrics.columns + Metrics.figures)
        return Leaf(
            expected: "a column of series.csv or a figure of summary.json, as in the schema",
            schema: names.schema, read: names.read, write: names.write)
    }

    /// An absolute path of a URL.
    static var urlPath: Leaf {
        pattern("^/[!-~]{0,199}$", "a path such as \"/health\", at most 200 characters") { bytes in
            (1...200).contains(bytes.count) && bytes[0] == UInt8(ascii: "/")
                && bytes.allSatisfy { (0x21...0x7E).contains($0) }
        }
    }

    /// Any sentence or two.
    static func sentence(_ countMax: Int) -> Leaf {
        Leaf(
            expected: "a text of at most \(countMax) characters",
            schema: [
                JSONTree.word("type", "string"),
                JSONTree.Member("maxLength", .number(String(countMax))),
            ],
            read: { tree throws(Mismatch) in
                let sentence = try text(tree)
                guard sentence.unicodeScalars.count <= countMax else {
                    throw Mismatch(found: "\(sentence.unicodeScalars.count) characters")
                }
                return sentence
            },
            write: { .string($0) })
    }

    private static func pattern(
        _ pattern: String, _ expected: String, _ isRight: @escaping ([UInt8]) -> Bool
    ) -> Leaf {
        Leaf(
            expected: expected,
            schema: [JSONTree.word("type", "string"), JSONTree.word("pattern", pattern)],
            read: { tree throws(Mismatch) in
                let word = try text(tree)
                guard isRight(Array(word.utf8)) else { throw Mismatch(tree) }
                return word
            },
            write: { .string($0) })
    }
}

func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
private func isSmall(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
}
