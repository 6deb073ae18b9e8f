/// The version of Redis' protocol that a client asked for with HELLO.
public enum RESPVersion: UInt8, Sendable {
    case two = 2
    case three = 3
}

/// Writes replies as RESP2 has them, or RESP3 (https://github.com/redis/redis-specifications,
/// protocol/RESP3.md), which tells maps, sets, doubles and what nobody asked for from arrays.
@frozen
public struct ReplyWriter: Sendable {
    public var bytes: [UInt8]
    public var version: RESPVersion

    public init(_ version: RESPVersion = .two) {
        bytes = []
        self.version = version
    }

    public mutating func simple(_ text: StaticString) {
        bytes.append(UInt8(ascii: "+"))
        bytes.append(
            contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
        end()
    }

    /// The code stands first in the text, as in `ERR syntax error`.
    public mutating func error(_ text: [UInt8]) {
        bytes.append(UInt8(ascii: "-"))
        for byte in text { bytes.append(byte == 0x0D || byte == 0x0A ? 0x20 : byte) }
        end()
    }

    public mutating func integer(_ value: Int64) { number(UInt8(ascii: ":"), value) }
    public mutating func integer(_ value: Int) { number(UInt8(ascii: ":"), Int64(value)) }
    public mutating func flag(_ isTrue: Bool) { integer(isTrue ? 1 : 0) }

    public mutating func bulk(_ value: [UInt8]) {
        bytes.reserveCapacity(
            value.count + 32 + bytes.count <= bytes.capacity ? 0 : grown(value.count))
        number(UInt8(ascii: "$"), Int64(value.count))
        bytes.append(contentsOf: value)
        end()
    }

    public mutating func bulk(_ value: Word) {
        number(UInt8(ascii: "$"), Int64(value.count))
        bytes.append(contentsOf: value)
        end()
    }

    public mutating func bulk(_ text: String) {
        number(UInt8(ascii: "$"), Int64(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
        end()
    }

    /// A number as a string.
    public mutating func bulk(_ value: Int64) {
        number(UInt8(ascii: "$"), Int64(Decimal.length(value)))
        Decimal.write(value, into: &bytes)
        end()
    }

    public mutating func bulk(_ value: [UInt8]?) {
        guard let value else { return null() }
        bulk(value)
    }

    public mutating func null() { null(UInt8(ascii: "$")) }
    public mutating func nullArray() { null(UInt8(ascii: "*")) }

    private mutating func null(_ type: UInt8) {
        switch version {
        case .two: number(type, -1)
        case .three:
            bytes.append(UInt8(ascii: "_"))
            end()
        }
    }

    /// A number's text, as `3.5` or `inf`; nil for none.
    public mutating func double(_ text: [UInt8]?) {
        guard version == .three, let text else { return bulk(text) }
        bytes.append(UInt8(ascii: ","))
        bytes.append(contentsOf: text)
        end()
    }

    /// A text for people.
    public mutating func verbatim(_ text: String) {
        guard version == .three else { return bulk(text) }
        number(UInt8(ascii: "="), Int64(text.utf8.count + 4))
        bytes.append(contentsOf: "txt:".utf8)
        bytes.append(contentsOf: text.utf8)
        end()
    }

    /// That many replies follow.
    public mutating func array(_ count: Int) { number(UInt8(ascii: "*"), Int64(count)) }

    /// That many members follow.
    public mutating func set(_ count: Int) {
        number(version == .three ? UInt8(ascii: "~") : UInt8(ascii: "*"), Int64(count))
    }

    /// That many keys follow, each before its value.
    public mutating func map(_ count: Int) {
        if version == .three { number(UInt8(ascii: "%"), Int64(count)) } else { array(count * 2) }
    }

    /// That many replies follow, which belong to no command.
    public mutating func push(_ count: Int) {
        number(version == .three ? UInt8(ascii: ">") : UInt8(ascii: "*"), Int64(count))
    }

    /// That many pairs follow, each begun by `pair`: flat in RESP2, arrays of two in RESP3.
    public mutating func pairs(_ count: Int) { array(version == .three ? count : count * 2) }
    public mutating func pair() { if version == .three { array(2) } }

    /// Puts an array's head before the replies written since `place`.
    public mutating func array(_ count: Int, at place: Int) {
        var head: [UInt8] = [UInt8(ascii: "*")]
        Decimal.write(Int64(count), into: &head)
        bytes.insert(contentsOf: head + [0x0D, 0x0A], at: place)
    }

    private mutating func number(_ type: UInt8, _ value: Int64) {
        bytes.append(type)
        Decimal.write(value, into: &bytes)
        end()
    }

    private mutating func end() {
        bytes.append(0x0D)
        bytes.append(0x0A)
    }

    private func grown(_ count: Int) -> Int { max(bytes.capacity * 2, bytes.count + count + 32) }
}
