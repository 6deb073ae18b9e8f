/// Writes replies as RESP2 has them.
@frozen
public struct ReplyWriter: Sendable {
    public var bytes: [UInt8]

    public init() { bytes = [] }

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

    public mutating func null() { bytes.append(contentsOf: [0x24, 0x2D, 0x31, 0x0D, 0x0A]) }
    public mutating func nullArray() { bytes.append(contentsOf: [0x2A, 0x2D, 0x31, 0x0D, 0x0A]) }

    /// That many replies follow.
    public mutating func array(_ count: Int) { number(UInt8(ascii: "*"), Int64(count)) }

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
