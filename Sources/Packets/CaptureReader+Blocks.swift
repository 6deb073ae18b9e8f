import Base

/// pcapng: blocks of a type, a length, a body, and the length again.
extension CaptureReader {
    private enum BlockType {
        static let interface: UInt32 = 1
        static let obsoletePacket: UInt32 = 2
        static let simplePacket: UInt32 = 3
        static let statistics: UInt32 = 5
        static let packet: UInt32 = 6
    }

    /// `base` + an offset in `bytes` is a position in the file.
    mutating func nextBlock(
        _ bytes: Span<UInt8>, _ offset: inout Int, _ base: Int
    ) throws(CaptureError) -> CapturedPacket? {
        while true {
            let skipped = min(skipping, bytes.count - offset)
            offset += skipped
            skipping -= skipped
            guard skipping == 0, bytes.count - offset >= Self.blockHeaderLength else {
                return nil
            }
            let start = offset
            if bytes.bigEndian32(at: start) == Self.sectionType {
                guard try readSection(bytes, start, base) else { return nil }
            }
            let type = word(bytes, start)
            let length = word(bytes, start + 4)
            guard length >= 12, length % 4 == 0 else {
                throw .badLength(length, at: base + start + 4)
            }
            guard isRead(type) else {
                skipping = Int(length)
                continue
            }
            guard length <= Self.blockLengthMax else {
                throw .badLength(length, at: base + start + 4)
            }
            guard bytes.count - start >= Int(length) else { return nil }
            offset = start + Int(length)
            let body = start + 8..<offset - 4
            if let packet = try read(type, bytes, body, base) { return packet }
        }
    }

    private func isRead(_ type: UInt32) -> Bool {
        switch type {
        case BlockType.interface, BlockType.obsoletePacket, BlockType.simplePacket,
            BlockType.statistics, BlockType.packet:
            true
        case _: false
        }
    }

    /// A section begins: its byte order, and no interfaces yet. False while it is not whole.
    private mutating func readSection(
        _ bytes: Span<UInt8>, _ start: Int, _ base: Int
    ) throws(CaptureError) -> Bool {
        guard bytes.count - start >= 16 else { return false }
        switch bytes.bigEndian32(at: start + 8) {
        case Self.byteOrderMagic: isBigEndian = true
        case Self.byteOrderMagic.byteSwapped: isBigEndian = false
        case _: throw .badBlock(type: Self.sectionType, at: base + start)
        }
        let major = word16(bytes, start + 12)
        guard major == 1 else { throw .unsupportedVersion(major: major) }
        interfaces = []
        return true
    }

    private mutating func read(
        _ type: UInt32, _ bytes: Span<UInt8>, _ body: Range<Int>, _ base: Int
    ) throws(CaptureError) -> CapturedPacket? {
        let at = base + body.lowerBound - 8
        switch type {
        case BlockType.interface:
            guard body.count >= 8 else { throw .badBlock(type: type, at: at) }
            try addInterface(bytes, body, at)
            return nil
        case BlockType.statistics:
            guard body.count >= 12 else { throw .badBlock(type: type, at: at) }
            addStatistics(bytes, body.dropFirst(12))
            return nil
        case BlockType.simplePacket:
            guard body.count >= 4, let interface = interfaces.first else {
                throw .badBlock(type: type, at: at)
            }
            // It has no time; nothing can be told about rates from it.
            let length = Int(word(bytes, body.lowerBound))
            let count = min(length, interface.snapLength, body.count - 4)
            let first = body.lowerBound + 4
            return CapturedPacket(
                at: Instant(nanoseconds: 0), link: interface.link, bytes: first..<first + count,
                length: max(count, length))
        case BlockType.packet:
            guard body.count >= 20 else { throw .badBlock(type: type, at: at) }
            return try packet(word(bytes, body.lowerBound), bytes, body, at)
        case _:
            // The obsolete packet block: 16 bits of interface, 16 bits of drops.
            guard body.count >= 20 else { throw .badBlock(type: type, at: at) }
            return try packet(
                UInt32(word16(bytes, body.lowerBound)), bytes, body, at)
        }
    }

    private func packet(
        _ index: UInt32, _ bytes: Span<UInt8>, _ body: Range<Int>, _ at: Int
    ) throws(CaptureError) -> CapturedPacket {
        guard index < interfaces.count else { throw .unknownInterface(index, at: at) }
        let start = body.lowerBound
        let count = word(bytes, start + 12)
        guard count <= Self.packetLengthMax, Int(count) <= body.count - 20 else {
            throw .badLength(count, at: at + 20)
        }
        let ticks = UInt64(word(bytes, start + 4)) << 32 | UInt64(word(bytes, start + 8))
        let first = start + 20
        return CapturedPacket(
            at: try time(ticks, interfaces[Int(index)], at), link: interfaces[Int(index)].link,
            bytes: first..<first + Int(count),
            length: max(Int(count), Int(word(bytes, start + 16))))
    }

    private func time(
        _ ticks: UInt64, _ interface: Interface, _ at: Int
    ) throws(CaptureError) -> Instant {
        let product = ticks.multipliedFullWidth(by: interface.numerator)
        guard product.high < interface.denominator else { throw .badTime(at: at) }
        let whole = interface.denominator.dividingFullWidth(product).quotient
        let (offset, overflows) = interface.offset.multipliedReportingOverflow(by: 1_000_000_000)
        guard whole <= UInt64(Int64.max), !overflows else { throw .badTime(at: at) }
        let (sum, leaves) = Int64(whole).addingReportingOverflow(offset)
        guard !leaves, sum >= 0 else { throw .badTime(at: at) }
        return Instant(nanoseconds: sum)
    }

    private mutating func addInterface(
        _ bytes: Span<UInt8>, _ body: Range<Int>, _ at: Int
    ) throws(CaptureError) {
        guard interfaces.count < Self.interfacesMax else {
            throw .tooManyInterfaces(limit: Self.interfacesMax)
        }
        let snap = Int(word(bytes, body.lowerBound + 4))
        var interface = Interface(
            link: LinkType(raw: word16(bytes, body.lowerBound)),
            snapLength: snap == 0 ? Self.packetLengthMax : min(snap, Self.packetLengthMax))
        var options = body.dropFirst(8)
        while let (code, value) = nextOption(bytes, &options) {
            if code == 9, value.count >= 1 {
                guard interface.setResolution(bytes[value.lowerBound]) else {
                    throw .badBlock(type: BlockType.interface, at: at)
                }
            } else if code == 14, value.count >= 8 {
                interface.offset = Int64(bitPattern: word64(bytes, value.lowerBound))
            }
        }
        interfaces.append(interface)
    }

    /// Both counters: what the interface and what the operating system dropped.
    private mutating func addStatistics(_ bytes: Span<UInt8>, _ body: Range<Int>) {
        var options = body
        while let (code, value) = nextOption(bytes, &options) {
            guard code == 5 || code == 7, value.count >= 8 else { continue }
            dropped &+= word64(bytes, value.lowerBound)
        }
    }

    /// Takes one option off the front; nil at the end of them.
    private func nextOption(
        _ bytes: Span<UInt8>, _ options: inout Range<Int>
    ) -> (code: UInt16, value: Range<Int>)? {
        guard options.count >= 4 else { return nil }
        let code = word16(bytes, options.lowerBound)
        let length = Int(word16(bytes, options.lowerBound + 2))
        guard code != 0, options.count - 4 >= length else { return nil }
        let value = options.lowerBound + 4..<options.lowerBound + 4 + length
        let padded = 4 + (length + 3) / 4 * 4
        options = options.dropFirst(padded)
        return (code, value)
    }

    private func word64(_ bytes: Span<UInt8>, _ offset: Int) -> UInt64 {
        let value = bytes.bigEndian64(at: offset)
        return isBigEndian ? value : value.byteSwapped
    }

    private static let byteOrderMagic: UInt32 = 0x1A2B_3C4D
    private static let blockHeaderLength = 12
}

extension CaptureReader.Interface {
    /// `if_tsresol`: a power of ten, or of two where the top bit is set. False for one that no
    /// clock has.
    mutating func setResolution(_ raw: UInt8) -> Bool {
        let exponent = Int(raw & 0x7F)
        if raw & 0x80 != 0 {
            guard exponent < 64 else { return false }
            (numerator, denominator) = (1_000_000_000, 1 << UInt64(exponent))
            return true
        }
        guard exponent <= 18 else { return false }
        (numerator, denominator) = (1, 1)
        for _ in exponent..<max(9, exponent) { numerator *= 10 }
        for _ in min(9, exponent)..<exponent { denominator *= 10 }
        return true
    }
}
