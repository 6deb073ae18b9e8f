import Base
import Foundation
import Platform

/// What a JSON value must be: checks what comes in, and describes what comes in and goes out.
indirect enum Shape: Sendable {
    /// Characters, none of them a control.
    case text(ClosedRange<Int>)
    /// Free text, in which line ends may be.
    case prose(ClosedRange<Int>)
    /// Letters, digits, `_`, `.` and `-`; case does not count.
    case name
    /// A name or an address on the Internet.
    case host
    /// `http://…` or `https://…`
    case webURL
    /// An identifier as decimal text.
    case identifier
    /// Sixteen hexadecimal digits.
    case streamKey
    /// A refresh token; who it belongs to is found out by `Tokens`.
    case token
    case integer(ClosedRange<Int64>)
    /// 0 to 100, with decimals.
    case percent
    case time
    case choice([String])
    case flag
    case list(Shape, max: Int)

    // Of answers only.
    case number
    case dollars
    case object([Field])

    /// The value; nil if it does not fit.
    func value(_ json: JSON) -> Value? {
        switch json {
        case .text(let text): value(text)
        case .integer(let integer): value(Decimal(integer))
        case .decimal(let decimal): decimal.isNaN ? nil : value(decimal)
        case .flag(let flag):
            if case .flag = self { .flag(flag) } else { nil }
        case .list(let rows): value(rows)
        case .null, .object: nil
        }
    }

    /// The same for what stands in a path or, as text too, in a query.
    func value(_ text: String) -> Value? {
        switch self {
        case .text(let range), .prose(let range):
            guard range.contains(text.unicodeScalars.count) else { return nil }
            let isProse = if case .prose = self { true } else { false }
            let isPlain = text.unicodeScalars.allSatisfy {
                $0.value >= 32 && $0.value != 127 || isProse && $0.value != 0
            }
            return isPlain ? .text(text) : nil
        case .name:
            guard (1...Call.Limits.nameMax).contains(text.utf8.count),
                WireText.isPlain(text, besides: "_.-")
            else { return nil }
            return .text(text.lowercased())
        case .host:
            guard (1...NodeAddress.hostMax).contains(text.utf8.count),
                WireText.isPlain(text, besides: ".:-")
            else { return nil }
            return .text(text)
        case .webURL:
            guard text.utf8.count <= Call.Limits.urlMax,
                let scheme = ["http://", "https://"].first(where: text.hasPrefix),
                text.utf8.count > scheme.utf8.count,
                text.utf8.allSatisfy({ $0 > 32 && $0 < 127 })
            else { return nil }
            return .text(text)
        case .token:
            return (1...Self.tokenMax).contains(text.utf8.count) ? .text(text) : nil
        case .identifier: return WireText.identifier(text).map { .identifier($0) }
        case .streamKey: return WireText.streamKey(text).map { .key($0) }
        case .time: return WireText.time(text).map { .time($0) }
        case .choice(let names): return names.contains(text) ? .text(text) : nil
        case .integer(let range):
            // Only reached for a path or a query: a JSON text is no number, see `Field.read`.
            guard let integer = Int64(text), range.contains(integer) else { return nil }
            return .integer(integer)
        case .percent, .flag, .list, .number, .dollars, .object: return nil
        }
    }

    private func value(_ number: Decimal) -> Value? {
        switch self {
        case .integer(let range):
            // 1e3 and 5.0 are whole numbers to JSON.
            guard let integer = Int64("\(number)"), range.contains(integer) else { return nil }
            return .integer(integer)
        case .percent:
            guard number >= 0, number <= 100 else { return nil }
            let millionths = NSDecimalNumber(decimal: number * 10_000).int64Value
            return .share(Share(millionths: millionths))
        case .text, .prose, .name, .host, .webURL, .identifier, .streamKey, .token, .time, .choice,
            .flag, .list, .number, .dollars, .object:
            return nil
        }
    }

    private func value(_ rows: [JSON]) -> Value? {
        guard case .list(let shape, let max) = self, rows.count <= max else { return nil }
        var values: [Value] = []
        for row in rows {
            guard let value = shape.value(row) else { return nil }
            values.append(value)
        }
        return .list(values)
    }

    static let tokenMax = 4_096

    /// In words, for whoever sent something else.
    var expected: String {
        switch self {
        case .text(let range), .prose(let range):
            "text of \(range.lowerBound) to \(range.upperBound) characters"
        case .name:
            "a name of 1 to \(Call.Limits.nameMax) letters, digits, \"_\", \".\" and \"-\""
        case .host: "a host name or an address"
        case .webURL: "an address with http:// or https://"
        case .identifier: "an identifier, as decimal text"
        case .streamKey: "a key of 16 hexadecimal digits"
        case .token: "a refresh token"
        case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .percent: "a number from 0 to 100"
        case .time: "a time such as 2026-12-01T19:30:00Z"
        case .choice(let names): "one of \(names.joined(separator: ", "))"
        case .flag: "true or false"
        case .list(let shape, let max): "a list of at most \(max), each \(shape.expected)"
        case .number: "a number"
        case .dollars: "dollars, as decimal text"
        case .object: "an object"
        }
    }
}

/// A value that was read: whatever its shape says.
enum Value: Sendable, Hashable {
    case text(String)
    case identifier(Int32)
    case key(UInt64)
    case integer(Int64)
    case share(Share)
    case time(Instant)
    case flag(Bool)
    case list([Value])
    /// A refresh token that was verified.
    case session(Credential, SessionID)
}

/// One named value of a body, a path or a query.
struct Field: Sendable {
    var name: String
    var shape: Shape
    var isRequired: Bool

    init(_ name: String, _ shape: Shape, isRequired: Bool = true) {
        self.name = name
        self.shape = shape
        self.isRequired = isRequired
    }

    /// Nil where it is absent and may be.
    func read(_ json: JSON?) throws(RequestFault) -> Value? {
        guard let json, json != .null || isRequired else {
            guard isRequired else { return nil }
            throw .unprocessable("\(name): missing; expected \(shape.expected)")
        }
        if case (.integer, .text) = (shape, json) { throw refusal }
        guard let value = shape.value(json) else { throw refusal }
        return value
    }

    func read(text: String?) throws(RequestFault) -> Value? {
        guard let text else { return try read(nil) }
        guard let value = shape.value(text) else { throw refusal }
        return value
    }

    private var refusal: RequestFault { .unprocessable("\(name): expected \(shape.expected)") }
}

/// The values of one request, by name. `Route` asks only for what its fields have.
struct Values: Sendable {
    private var values: [String: Value] = [:]

    subscript(name: String) -> Value? {
        get { values[name] }
        set { values[name] = newValue }
    }

    func text(_ name: String) -> String {
        guard case .text(let text)? = values[name] else { absent(name) }
        return text
    }

    func raw(_ name: String) -> Int32 {
        guard case .identifier(let raw)? = values[name] else { absent(name) }
        return raw
    }

    var stream: StreamID { StreamID(raw("stream_id")) }
    var node: NodeID { NodeID(raw("node_id")) }

    func key(_ name: String) -> UInt64 {
        guard case .key(let key)? = values[name] else { absent(name) }
        return key
    }

    func integer(_ name: String) -> Int64? {
        guard case .integer(let integer)? = values[name] else { return nil }
        return integer
    }

    func share(_ name: String) -> Share? {
        guard case .share(let share)? = values[name] else { return nil }
        return share
    }

    func time(_ name: String) -> Instant {
        guard case .time(let time)? = values[name] else { absent(name) }
        return time
    }

    func flag(_ name: String) -> Bool? {
        guard case .flag(let flag)? = values[name] else { return nil }
        return flag
    }

    func texts(_ name: String) -> [String]? {
        guard case .list(let rows)? = values[name] else { return nil }
        return rows.map { if case .text(let text) = $0 { text } else { absent(name) } }
    }

    func session(_ name: String) -> (Credential, SessionID) {
        guard case .session(let credential, let session)? = values[name] else { absent(name) }
        return (credential, session)
    }

    private func absent(_ name: String) -> Never {
        preconditionFailure("a route asks for \(name), which it does not require")
    }
}

/// What is wrong with a request before it becomes a call.
struct RequestFault: Error, Hashable {
    var status: Int
    var detail: String
    /// For 405.
    var allowed: [String] = []

    static func unprocessable(_ detail: String) -> RequestFault {
        RequestFault(status: 422, detail: detail)
    }
}
