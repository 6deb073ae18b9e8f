import Base

/// Bytes of a text file under construction.
///
/// A month's series is over half a million numbers and its log tens of thousands of lines, so
/// digits are written in place rather than through a `String` for each.
struct TextBuffer {
    private(set) var bytes: [UInt8] = []

    mutating func append(_ text: some StringProtocol) { bytes.append(contentsOf: text.utf8) }

    mutating func append(byte: UInt8) { bytes.append(byte) }

    mutating func append(_ number: Fixed) {
        let magnitude = number.millionths.magnitude
        if number.millionths < 0 { bytes.append(UInt8(ascii: "-")) }
        append(digits: UInt64(magnitude / 1_000_000))
        var (rest, width) = (UInt64(magnitude % 1_000_000), 6)
        guard rest > 0 else { return }
        while rest % 10 == 0 {
            rest /= 10
            width -= 1
        }
        bytes.append(UInt8(ascii: "."))
        append(digits: rest, width: width)
    }

    /// `value` in decimal, with leading zeros up to `width`.
    mutating func append(digits value: UInt64, width: Int = 1) {
        let start = bytes.count
        var rest = value
        repeat {
            bytes.append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        while bytes.count - start < width { bytes.append(UInt8(ascii: "0")) }
        bytes[start...].reverse()
    }

    /// A JSON string with its quotes (RFC 8259, section 7).
    mutating func append(quoted text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case UInt8(ascii: "\n"):
                append("\\n")
            case 0..<0x20:
                append("\\u00")
                append(byte < 0x10 ? "0" : "1")
                append(String(byte & 15, radix: 16))
            case _:
                bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
