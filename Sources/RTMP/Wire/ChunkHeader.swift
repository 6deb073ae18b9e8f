/// A chunk's basic header, message header and extended timestamp. Adobe RTMP 5.3.1.
///
/// ```
/// basic header: format (2 bits), chunk stream: 2...63 | 0 + 1 byte (+64) | 1 + 2 bytes (+64)
/// format 0: time (3), length (3), type (1), message stream (4, little-endian)
/// format 1: delta (3), length (3), type (1)
/// format 2: delta (3)
/// format 3: nothing
/// time or delta of 0xFFFFFF: the true value follows in 4 bytes
/// ```
struct ChunkHeader: Sendable, Hashable {
    enum Format: UInt8, Sendable, Hashable, CaseIterable {
        /// Absolute time and everything else.
        case full = 0
        /// The stream is as before.
        case sameStream = 1
        /// Length and type are as before, too.
        case timeOnly = 2
        /// Everything is as before, or the message goes on.
        case nothing = 3

        var length: Int {
            switch self {
            case .full: 11
            case .sameStream: 7
            case .timeOnly: 3
            case .nothing: 0
            }
        }
    }

    /// Times of this and more go to the extended field.
    static let timeEscape: UInt32 = 0xFF_FFFF
    /// 3 + 11 + 4.
    static let lengthMax = 18

    var format: Format
    var chunkStream: ChunkStreamID
    /// Absolute in format 0, a difference in 1 and 2. In format 3 it is what the extended field
    /// repeats, and only read where it is at least `timeEscape`.
    var time: UInt32
    var length: Int
    var type: MessageType
    var stream: MessageStreamID

    /// Appends the header's bytes.
    func append(to output: inout [UInt8]) {
        appendBasicHeader(to: &output)
        if format != .nothing {
            output.appendBigEndian24(min(time, Self.timeEscape))
        }
        if format == .full || format == .sameStream {
            output.appendBigEndian24(UInt32(length))
            output.append(type.raw)
        }
        if format == .full { output.appendLittleEndian32(stream.raw) }
        if time >= Self.timeEscape { output.appendBigEndian32(time) }
    }

    private func appendBasicHeader(to output: inout [UInt8]) {
        let top = format.rawValue << 6
        switch chunkStream.raw {
        case 2...63:
            output.append(top | UInt8(chunkStream.raw))
        case 64...319:
            output.append(top)
            output.append(UInt8(chunkStream.raw - 64))
        case _:
            let rest = chunkStream.raw - 64
            output.append(top | 1)
            output.append(UInt8(rest & 0xFF))
            output.append(UInt8(rest >> 8))
        }
    }
}

extension [UInt8] {
    mutating func appendBigEndian16(_ value: UInt16) {
        append(UInt8(value >> 8))
        append(UInt8(value & 0xFF))
    }

    mutating func appendBigEndian24(_ value: UInt32) {
        append(UInt8(value >> 16 & 0xFF))
        append(UInt8(value >> 8 & 0xFF))
        append(UInt8(value & 0xFF))
    }

    mutating func appendBigEndian32(_ value: UInt32) {
        append(UInt8(value >> 24))
        appendBigEndian24(value)
    }

    mutating func appendBigEndian64(_ value: UInt64) {
        Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
    }

    mutating func appendLittleEndian32(_ value: UInt32) {
        appendBigEndian32(value.byteSwapped)
    }

    /// The four bytes at `offset`, most significant first; traps if they are not all there.
    func bigEndian32(at offset: Int) -> UInt32 {
        UInt32(self[offset]) << 24 | UInt32(self[offset + 1]) << 16
            | UInt32(self[offset + 2]) << 8 | UInt32(self[offset + 3])
    }

    func bigEndian16(at offset: Int) -> UInt16 {
        UInt16(self[offset]) << 8 | UInt16(self[offset + 1])
    }
}
