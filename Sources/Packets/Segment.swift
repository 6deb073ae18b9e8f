/// One TCP segment as a packet carries it. RFC 9293, 3.1.
struct Segment: Sendable, Hashable {
    struct Flags: OptionSet, Sendable, Hashable {
        var rawValue: UInt8
        static let fin = Flags(rawValue: 0x01)
        static let syn = Flags(rawValue: 0x02)
        static let reset = Flags(rawValue: 0x04)
        static let ack = Flags(rawValue: 0x10)
    }

    var source: Endpoint
    var destination: Endpoint
    var sequence: UInt32
    var acknowledgement: UInt32
    var flags: Flags
    var window: UInt16
    /// Of a SYN that offers to scale its windows (RFC 7323).
    var windowShift: UInt8?
    /// The part of the payload that was captured, in the packet's bytes.
    var payload: Range<Int>
    /// The payload as it was sent.
    var length: Int
}

/// What a packet turns out to be.
enum Dissection: Sendable, Hashable {
    case segment(Segment)
    /// A part of an IP packet. These are not put together: TCP avoids them.
    case fragment
    /// Not TCP, or a link type that is not known.
    case other
    case malformed
}

extension Dissection {
    /// `packet` is a part of `bytes`; `length` is what the packet had on the wire.
    init(_ bytes: Span<UInt8>, _ packet: Range<Int>, length: Int, link: LinkType) {
        var offset = packet.lowerBound
        guard let network = link.network(bytes, packet, &offset) else {
            self = link.isKnown ? .malformed : .other
            return
        }
        let wireEnd = packet.lowerBound + min(length, CaptureReader.packetLengthMax)
        let whole = IPPacket(captured: offset..<packet.upperBound, end: max(wireEnd, offset))
        switch network {
        case .ipv4: self = whole.dissectedIPv4(bytes)
        case .ipv6: self = whole.dissectedIPv6(bytes)
        case .other: self = .other
        }
    }
}

/// An IP packet inside a frame.
private struct IPPacket {
    /// What there is of it, perhaps with the link's padding.
    var captured: Range<Int>
    /// Where it ended on the wire; not before `captured` begins.
    var end: Int

    /// RFC 791, 3.1.
    func dissectedIPv4(_ bytes: Span<UInt8>) -> Dissection {
        let start = captured.lowerBound
        guard captured.count >= 20 else { return .malformed }
        let headerLength = Int(bytes[start] & 0x0F) * 4
        guard bytes[start] >> 4 == 4, headerLength >= 20, captured.count >= headerLength else {
            return .malformed
        }
        // Zero where the network card is to cut a larger packet up.
        let total = Int(bytes.bigEndian16(at: start + 2))
        guard total == 0 || total >= headerLength else { return .malformed }
        let fragment = bytes.bigEndian16(at: start + 6)
        guard bytes[start + 9] == Self.tcp else { return .other }
        guard fragment & 0x3FFF == 0 else { return .fragment }
        let ends = total == 0 ? end : min(start + total, end)
        return segment(
            bytes, from: start + headerLength, until: ends,
            Endpoint(ipv4: bytes.bigEndian32(at: start + 12), port: 0),
            Endpoint(ipv4: bytes.bigEndian32(at: start + 16), port: 0))
    }

    /// RFC 8200, 3 and 4.
    func dissectedIPv6(_ bytes: Span<UInt8>) -> Dissection {
        let start = captured.lowerBound
        guard captured.count >= 40, bytes[start] >> 4 == 6 else { return .malformed }
        let length = Int(bytes.bigEndian16(at: start + 4))
        let ends = length == 0 ? end : min(start + 40 + length, end)
        var next = bytes[start + 6]
        var offset = start + 40
        while next != Self.tcp {
            guard let extensionLength = extensionLength(bytes, next, offset) else { return .other }
            guard extensionLength > 0 else { return .malformed }
            if next == Self.fragmentHeader, bytes.bigEndian16(at: offset + 2) & 0xFFF9 != 0 {
                return .fragment
            }
            next = bytes[offset]
            offset += extensionLength
        }
        let source = start + 8
        return segment(
            bytes, from: offset, until: ends,
            Endpoint(
                high: bytes.bigEndian64(at: source), low: bytes.bigEndian64(at: source + 8),
                port: 0),
            Endpoint(
                high: bytes.bigEndian64(at: source + 16), low: bytes.bigEndian64(at: source + 24),
                port: 0))
    }

    /// How long the header at `offset` is: nil if it is not an extension, 0 if it is cut short.
    private func extensionLength(_ bytes: Span<UInt8>, _ type: UInt8, _ offset: Int) -> Int? {
        guard captured.upperBound - offset >= 8 else { return 0 }
        let length: Int
        switch type {
        case 0, 43, 60, 135, 139, 140: length = (Int(bytes[offset + 1]) + 1) * 8
        case Self.fragmentHeader: length = 8
        case 51: length = (Int(bytes[offset + 1]) + 2) * 4
        case _: return nil
        }
        return captured.upperBound - offset >= length ? length : 0
    }

    private func segment(
        _ bytes: Span<UInt8>, from start: Int, until end: Int, _ source: Endpoint,
        _ destination: Endpoint
    ) -> Dissection {
        guard captured.upperBound - start >= 20 else { return .malformed }
        let headerLength = Int(bytes[start + 12] >> 4) * 4
        let payloadStart = start + headerLength
        guard headerLength >= 20, payloadStart <= end else { return .malformed }
        let first = min(payloadStart, captured.upperBound)
        let last = max(first, min(captured.upperBound, end))
        var segment = Segment(
            source: source, destination: destination,
            sequence: bytes.bigEndian32(at: start + 4),
            acknowledgement: bytes.bigEndian32(at: start + 8),
            flags: Segment.Flags(rawValue: bytes[start + 13]),
            window: bytes.bigEndian16(at: start + 14), windowShift: nil,
            payload: first..<last, length: end - payloadStart)
        segment.source.port = bytes.bigEndian16(at: start)
        segment.destination.port = bytes.bigEndian16(at: start + 2)
        if segment.flags.contains(.syn) {
            segment.windowShift = windowShift(bytes, start + 20..<first)
        }
        return .segment(segment)
    }

    /// The window scale option among a SYN's options; 14 is the most (RFC 7323, 2.3).
    private func windowShift(_ bytes: Span<UInt8>, _ options: Range<Int>) -> UInt8? {
        var offset = options.lowerBound
        while offset < options.upperBound, bytes[offset] != 0 {
            if bytes[offset] == 1 {
                offset += 1
                continue
            }
            guard offset + 1 < options.upperBound, bytes[offset + 1] >= 2 else { return nil }
            let length = Int(bytes[offset + 1])
            if bytes[offset] == 3, length == 3, offset + 2 < options.upperBound {
                return min(bytes[offset + 2], 14)
            }
            offset += length
        }
        return nil
    }

    private static let tcp: UInt8 = 6
    private static let fragmentHeader: UInt8 = 44
}
