/// Words of a line by Redis's rules (`sdssplitargs`): blanks separate, quotes keep them; inside
/// double quotes `\n`, `\xff` and the like are read.
enum InlineWords {
    private enum Quote { case none, single, double }

    /// Writes the words over the line itself, where they fit because reading only shortens them.
    /// False if a quote is not closed, or not followed by a blank.
    static func split(
        _ bytes: inout [UInt8], _ line: Range<Int>, into ranges: inout [Range<Int>]
    ) -> Bool {
        var read = line.lowerBound
        var write = line.lowerBound
        while true {
            while read < line.upperBound, isBlank(bytes[read]) { read += 1 }
            guard read < line.upperBound else { return true }
            let start = write
            guard word(&bytes, end: line.upperBound, &read, &write) else { return false }
            ranges.append(start..<write)
        }
    }

    private static func word(
        _ bytes: inout [UInt8], end: Int, _ read: inout Int, _ write: inout Int
    ) -> Bool {
        var quote = Quote.none
        while read < end {
            let byte = bytes[read]
            read += 1
            switch (quote, byte) {
            case (.none, UInt8(ascii: "\"")): quote = .double
            case (.none, UInt8(ascii: "'")): quote = .single
            case (.none, 0): return true
            case (.none, _) where isBlank(byte): return true
            case (.double, UInt8(ascii: "\"")), (.single, UInt8(ascii: "'")):
                return read == end || isBlank(bytes[read])
            case (.double, UInt8(ascii: "\\")) where read < end:
                bytes[write] = escaped(bytes, end: end, &read)
                write += 1
            case (.single, UInt8(ascii: "\\")) where read < end && bytes[read] == 0x27:
                bytes[write] = 0x27
                write += 1
                read += 1
            case (_, _):
                bytes[write] = byte
                write += 1
            }
        }
        return quote == .none
    }

    private static func escaped(_ bytes: [UInt8], end: Int, _ read: inout Int) -> UInt8 {
        let byte = bytes[read]
        read += 1
        switch byte {
        case UInt8(ascii: "n"): return 0x0A
        case UInt8(ascii: "r"): return 0x0D
        case UInt8(ascii: "t"): return 0x09
        case UInt8(ascii: "b"): return 0x08
        case UInt8(ascii: "a"): return 0x07
        case UInt8(ascii: "x"):
            guard read + 1 < end, let high = digit(bytes[read]), let low = digit(bytes[read + 1])
            else { return byte }
            read += 2
            return high << 4 | low
        case _: return byte
        }
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        case _: nil
        }
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || (0x09...0x0D).contains(byte)
    }
}
