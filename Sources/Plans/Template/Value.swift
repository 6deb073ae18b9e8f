import Cloud

/// A property after its functions were worked out.
public indirect enum Value: Sendable, Hashable {
    /// Not given: `AWS::NoValue`, or null.
    case absent
    case bool(Bool)
    case number(String)
    case string(String)
    case array([Value])
    case object([Field])
    /// A resource (an index into the graph), or one of its attributes.
    case reference(Int, attribute: String?)
    /// Texts and references one after the other.
    case joined([Value])
    /// Known only to a running account, or not understood; says which.
    case unknown(String)

    public struct Field: Sendable, Hashable {
        public var name: String
        public var value: Value

        public init(_ name: String, _ value: Value) {
            self.name = name
            self.value = value
        }
    }

    public subscript(name: String) -> Value {
        guard case .object(let fields) = self else { return .absent }
        return fields.first { $0.name == name }?.value ?? .absent
    }

    public var isAbsent: Bool { self == .absent }

    /// The text of a scalar without references.
    public var string: String? {
        switch self {
        case .string(let text), .number(let text): text
        case .bool(let value): value ? "true" : "false"
        case .absent, .array, .object, .reference, .joined, .unknown: nil
        }
    }

    /// CloudFormation takes `100` and `"100"` alike.
    public var int: Int? { string.flatMap { Int($0) } }

    public var bool: Bool? {
        switch string {
        case "true": true
        case "false": false
        case _: nil
        }
    }

    public var elements: [Value] {
        guard case .array(let elements) = self else { return [] }
        return elements
    }

    /// The resource that this names, whole or by an attribute.
    public var resource: Int? {
        guard case .reference(let index, _) = self else { return nil }
        return index
    }

    /// For showing and searching: references in the form of `Fn::Sub`.
    public func text(_ name: (Int) -> String) -> String {
        switch self {
        case .absent: ""
        case .bool, .number, .string: string ?? ""
        case .array(let elements): elements.map { $0.text(name) }.joined(separator: ",")
        case .object: "{…}"
        case .reference(let index, let attribute):
            "${" + name(index) + (attribute.map { "." + $0 } ?? "") + "}"
        case .joined(let parts): parts.map { $0.text(name) }.joined()
        case .unknown: "${?}"
        }
    }

    /// Every resource named anywhere inside.
    public var resources: [Int] {
        switch self {
        case .absent, .bool, .number, .string, .unknown: []
        case .array(let elements), .joined(let elements): elements.flatMap(\.resources)
        case .object(let fields): fields.flatMap(\.value.resources)
        case .reference(let index, _): [index]
        }
    }

    /// Joins neighbouring texts, so that a text without references is one string.
    static func joining(_ parts: [Value]) -> Value {
        var result: [Value] = []
        for part in parts.flatMap(\.parts) {
            if let text = part.string, case .string(let before)? = result.last {
                result[result.count - 1] = .string(before + text)
            } else {
                result.append(part.string.map { .string($0) } ?? part)
            }
        }
        switch result.count {
        case 0: return .string("")
        case 1: return result[0]
        case _: return .joined(result)
        }
    }

    private var parts: [Value] {
        switch self {
        case .joined(let parts): parts
        case .absent: []
        case .array, .object: [.unknown("a list or an object inside a text")]
        case .bool, .number, .string, .reference, .unknown: [self]
        }
    }
}
