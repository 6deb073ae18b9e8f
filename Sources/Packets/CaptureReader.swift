import Base

/// A packet of a capture file, still lying in the bytes that it was read from.
public struct CapturedPacket: Sendable, Hashable {
    public var at: Instant
    public var link: LinkType
    /// Where its bytes stand; fewer than `length` where the capture cut packets short.
    public var bytes: Range<Int>
    /// As it was on the wire.
    public var length: Int

    public init(at: Instant, link: LinkType, bytes: Range<Int>, length: Int) {
        self.at = at
        self.link = link
        self.bytes = bytes
        self.length = length
    }
}

/// What is wrong with a capture file; `at` counts bytes from the beginning of the file.
public enum CaptureError: Error, Sendable, Hashable {
    case notACapture
    case unsupportedVersion(major: UInt16)
    case badLength(UInt32, at: Int)
    case badBlock(type: UInt32, at: Int)
    case badTime(at: Int)
    case unknownInterface(UInt32, at: Int)
    case tooManyInterfaces(limit: Int)
}

extension CaptureError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notACapture: "not a capture: neither pcap nor pcapng begins like this"
        case .unsupportedVersion(let major): "pcap version \(major) is not supported"
        case .badLength(let length, let at): "a length of \(length) at byte \(at)"
        case .badBlock(let type, let at): "a malformed block of type \(type) at byte \(at)"
        case .badTime(let at): "a time that does not fit at byte \(at)"
        case .unknownInterface(let index, let at):
            "a packet of interface \(index), which was not described, at byte \(at)"
        case .tooManyInterfaces(let limit): "more than \(limit) interfaces"
        }
    }
}

/// Reads packets out of pcap and pcapng files of either byte order.
///
/// The caller owns the bytes and may have them in pieces: `next` takes what there is from
/// `offset`, moves `offset` past what it read and returns nil when a packet is not whole yet; then
/// the bytes before `offset` may be given up. After an error the file cannot be read further.
///
/// Sources: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng.
public struct CaptureReader: Sendable {
    /// Longer packets do not exist: libpcap's own limit.
    public static let packetLengthMax = 256 << 10
    /// A packet's block with its options.
    static let blockLengthMax = 1 << 20
    static let interfacesMax = 1_024

    enum Format { case unknown, classic, blocks }

    /// An interface of a pcapng section; a pcap file has one.
    struct Interface: Sendable {
        var link: LinkType
        var snapLength: Int
        /// One tick is `numerator / denominator` nanoseconds.
        var numerator: UInt64 = 1_000
        var denominator: UInt64 = 1
        var offset: Int64 = 0  // seconds
    }

    var format = Format.unknown
    var isBigEndian = false
    var interfaces: [Interface] = []
    /// Bytes of a block nobody needs, still to come.
    var skipping = 0
    /// Where the bytes that were given begin in the file.
    var consumed = 0
    /// What the capture itself says it lost, from pcapng's interface statistics.
    public internal(set) var dropped: UInt64 = 0

    public init() {}

    /// Whether the file ended between two packets.
    public func isWhole(leftOver: Int) -> Bool { leftOver == 0 && skipping == 0 }

    public mutating func next(
        _ bytes: Span<UInt8>, _ offset: inout Int
    ) throws(CaptureError) -> CapturedPacket? {
        let start = offset
        defer { consumed += offset - start }
        if format == .unknown {
            guard try readStart(bytes, &offset) else { return nil }
        }
        switch format {
        case .classic: return try nextRecord(bytes, &offset, consumed - start)
        case .blocks: return try nextBlock(bytes, &offset, consumed - start)
        case .unknown: return nil
        }
    }

    /// Tells the format by its first bytes; false while too few of them are there.
    private mutating func readStart(
        _ bytes: Span<UInt8>, _ offset: inout Int
    ) throws(CaptureError) -> Bool {
        guard bytes.count - offset >= 4 else { return false }
        let magic = bytes.bigEndian32(at: offset)
        if magic == Self.sectionType {
            format = .blocks
            return true
        }
        isBigEndian = magic == Self.microMagic || magic == Self.nanoMagic
        let known = isBigEndian ? magic : magic.byteSwapped
        guard known == Self.microMagic || known == Self.nanoMagic else { throw .notACapture }
        guard bytes.count - offset >= Self.headerLength else { return false }
        let major = word16(bytes, offset + 4)
        guard major == 2 else { throw .unsupportedVersion(major: major) }
        // The upper half has flags and the length of the frame check sequence.
        let link = LinkType(raw: UInt16(truncatingIfNeeded: word(bytes, offset + 20)))
        interfaces = [
            Interface(
                link: link, snapLength: Self.packetLengthMax,
                numerator: known == Self.nanoMagic ? 1 : 1_000)
        ]
        format = .classic
        offset += Self.headerLength
        return true
    }

    private func nextRecord(
        _ bytes: Span<UInt8>, _ offset: inout Int, _ base: Int
    ) throws(CaptureError) -> CapturedPacket? {
        let start = offset
        guard bytes.count - start >= Self.recordLength else { return nil }
        let count = word(bytes, start + 8)
        guard count <= Self.packetLengthMax else {
            throw .badLength(count, at: base + start + 8)
        }
        let first = start + Self.recordLength
        guard bytes.count - first >= Int(count) else { return nil }
        offset = first + Int(count)
        // Thirty-two bits of each cannot overflow.
        let nanoseconds =
            Int64(word(bytes, start)) * 1_000_000_000
            + Int64(word(bytes, start + 4)) * Int64(interfaces[0].numerator)
        return CapturedPacket(
            at: Instant(nanoseconds: nanoseconds), link: interfaces[0].link,
            bytes: first..<offset, length: max(Int(count), Int(word(bytes, start + 12))))
    }

    func word(_ bytes: Span<UInt8>, _ offset: Int) -> UInt32 {
        let value = bytes.bigEndian32(at: offset)
        return isBigEndian ? value : value.byteSwapped
    }

    func word16(_ bytes: Span<UInt8>, _ offset: Int) -> UInt16 {
        let value = bytes.bigEndian16(at: offset)
        return isBigEndian ? value : value.byteSwapped
    }

    private static let microMagic: UInt32 = 0xA1B2_C3D4
    private static let nanoMagic: UInt32 = 0xA1B2_3C4D
    private static let headerLength = 24
    private static let recordLength = 16
    /// The same in both byte orders.
    static let sectionType: UInt32 = 0x0A0D_0D0A
}
