import Base

/// Everything that is wrong with a file, in the order of reading.
public struct FileFaults: Error, Sendable, Hashable, CustomStringConvertible {
    public static let faultsMax = 100  // more than anyone reads at once

    public private(set) var faults: [FileFault] = []

    /// One fault a line.
    public var description: String { faults.map(\.description).joined(separator: "\n") }

    /// Whether more would no longer be told.
    public var isFull: Bool { faults.count >= Self.faultsMax }

    public init() {}

    public mutating func add(
        _ path: String, _ expected: String, found: String, hint: String? = nil
    ) {
        guard faults.count < Self.faultsMax else { return }
        faults.append(FileFault(path: path, expected: expected, found: found, hint: hint))
    }
}

/// One thing wrong with a file.
public struct FileFault: Sendable, Hashable, CustomStringConvertible {
    /// JSON path, such as `$.usage[3].quantity`; `$` is the whole file.
    public var path: String
    public var expected: String
    public var found: String
    /// The nearest right word, where one is near.
    public var hint: String?

    public var description: String {
        let tail = hint.map { "; did you mean \"\($0)\"?" } ?? ""
        return "\(path): expected \(expected), found \(found)\(tail)"
    }
}

/// Reads the members of one object, collects faults and goes on, so that all are told at once.
///
/// Every accessor gives nil after adding the fault; `finish` tells of members nobody asked for.
struct JSONObjectReader {
    let path: String
    private let members: [JSONTree.Member]
    private var known: [String] = []

    /// Nil, after adding the fault, when the value is no object.
    init?(_ tree: JSONTree, at path: String, _ faults: inout FileFaults) {
        guard case .object(let members) = tree else {
            faults.add(path, "an object", found: tree.kind)
            return nil
        }
        self.path = path
        self.members = members
    }

    func path(of name: String) -> String { "\(path).\(name)" }

    mutating func optional(_ name: String) -> JSONTree? {
        known.append(name)
        return members.first { $0.name == name }?.value
    }

    mutating func required(
        _ name: String, _ expected: String, _ faults: inout FileFaults
    ) -> JSONTree? {
        if let value = optional(name) { return value }
        faults.add(path(of: name), expected, found: "nothing")
        return nil
    }

    mutating func string(
        _ name: String, _ expected: String, _ faults: inout FileFaults
    ) -> String? {
        guard let value = required(name, expected, &faults) else { return nil }
        return text(value, name, expected, &faults)
    }

    /// Nil without a fault when it is not there.
    mutating func optionalString(
        _ name: String, _ expected: String, _ faults: inout FileFaults
    ) -> String? {
        guard let value = optional(name) else { return nil }
        return text(value, name, expected, &faults)
    }

    private func text(
        _ value: JSONTree, _ name: String, _ expected: String, _ faults: inout FileFaults
    ) -> String? {
        if case .string(let string) = value { return string }
        faults.add(path(of: name), expected + " in quotes", found: value.kind)
        return nil
    }

    mutating func array(
        _ name: String, _ expected: String, _ faults: inout FileFaults
    ) -> [JSONTree]? {
        guard let value = required(name, expected, &faults) else { return nil }
        if case .array(let elements) = value { return elements }
        faults.add(path(of: name), expected, found: value.kind)
        return nil
    }

    /// One of a list of words.
    mutating func word(
        _ name: String, of words: [String], _ faults: inout FileFaults
    ) -> String? {
        let expected = "one of " + words.joined(separator: ", ")
        guard let text = string(name, expected, &faults) else { return nil }
        if words.contains(text) { return text }
        faults.add(
            path(of: name), expected, found: "\"\(text)\"", hint: nearest(to: text, in: words))
        return nil
    }

    /// A decimal string, such as `"0.0114"`.
    mutating func decimal(
        _ name: String, _ expected: String, _ faults: inout FileFaults
    ) -> Ratio? {
        guard let text = string(name, expected, &faults) else { return nil }
        if let value = Ratio(decimal: text) { return value }
        faults.add(path(of: name), expected, found: "\"\(text)\"")
        return nil
    }

    func finish(_ faults: inout FileFaults) {
        for member in members where !known.contains(member.name) {
            faults.add(
                path(of: member.name), "only " + known.joined(separator: ", "),
                found: "\"\(member.name)\"", hint: nearest(to: member.name, in: known))
        }
    }
}

/// The word with the fewest edits (Levenshtein) to the text, where at most a third of it is wrong.
public func nearest(to text: String, in words: [String]) -> String? {
    let textMax = 64  // longer texts are no slip of the pen
    guard text.utf8.count <= textMax else { return nil }
    let ranked = words.map { (word: $0, edits: edits(Array(text.utf8), Array($0.utf8))) }
    guard let best = ranked.min(by: { $0.edits < $1.edits }) else { return nil }
    return best.edits * 3 <= max(text.utf8.count, best.word.utf8.count) + 2
        ? best.word : whole(text, in: words)
}

/// The word that has the text as its beginning, or else as another of its hyphened parts.
private func whole(_ text: String, in words: [String]) -> String? {
    words.first { $0.hasPrefix(text + "-") }
        ?? words.first { $0.split(separator: "-").contains { $0 == text } }
}

private func edits(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var row = Array(0...b.count)
    for (i, x) in a.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, y) in b.enumerated() {
            let kept = diagonal + (x == y ? 0 : 1)
            diagonal = row[j + 1]
            row[j + 1] = min(kept, row[j] + 1, row[j + 1] + 1)
        }
    }
    return row[b.count]
}
