import Base

/// The beginnings of the pictures in an MPEG transport stream. ISO/IEC 13818-1.
///
/// Bytes may come in any pieces; `finish` at the end of a segment. What is no video is left out,
/// and what is no transport stream gives nothing: nobody decodes here, a reader only wants to know
/// whether a decoder could begin, and what a picture carries with it.
public struct TransportReader: Sendable {
    /// The first bytes of a picture's byte stream (ITU-T H.264, annex B).
    public struct Picture: Sendable, Hashable {
        public let bytes: [UInt8]
    }

    /// Holds a delimiter, parameter sets, an encoder's own words and what comes behind them.
    private static let headLength = 1_024
    private static let sync: UInt8 = 0x47
    /// Behind a start code, table 2-22: H.264 and other video.
    private static let videoStreams: ClosedRange<UInt8> = 0xE0...0xEF

    /// Less than a packet.
    private var rest: [UInt8] = []
    /// The picture that is being read, and its PID; nil once enough of it is there.
    private var head: (pid: Int, bytes: [UInt8])?
    private var pictures = Fifo<Picture>()

    public init() {}

    public mutating func receive(_ bytes: Span<UInt8>) {
        var offset = 0
        while offset < bytes.count {
            let taken = min(TransportStream.packetLength - rest.count, bytes.count - offset)
            for index in offset..<offset + taken { rest.append(bytes[index]) }
            offset += taken
            guard rest.count == TransportStream.packetLength else { return }
            take(rest)
            rest.removeAll(keepingCapacity: true)
        }
    }

    public mutating func next() -> Picture? { pictures.popFirst() }

    /// The segment is over: another begins with a packet of its own.
    public mutating func finish() {
        rest.removeAll(keepingCapacity: true)
        end()
    }

    private mutating func end() {
        if let head { pictures.append(Picture(bytes: head.bytes)) }
        head = nil
    }

    /// 2.4.3.2: a head of four bytes, the adaptation field, the payload.
    private mutating func take(_ packet: [UInt8]) {
        guard packet[0] == Self.sync, packet[3] & 0x10 != 0 else { return }
        let pid = Int(packet[1] & 0x1F) << 8 | Int(packet[2])
        let begins = packet[1] & 0x40 != 0
        let start = packet[3] & 0x20 != 0 ? 5 + Int(packet[4]) : 4
        guard start < packet.count else { return }
        if begins {
            if head?.pid == pid { end() }
            guard let body = Self.body(packet, from: start) else { return }
            end()
            head = (pid, Array(packet[body...]))
        } else if head?.pid == pid {
            head?.bytes += packet[start...]
        }
        if let head, head.bytes.count >= Self.headLength { end() }
    }

    /// Where the picture begins behind its PES header (2.4.3.6); nil for what is none.
    private static func body(_ packet: [UInt8], from start: Int) -> Int? {
        guard start + 9 <= packet.count, packet[start] == 0, packet[start + 1] == 0,
            packet[start + 2] == 1, videoStreams.contains(packet[start + 3])
        else { return nil }
        let body = start + 9 + Int(packet[start + 8])
        return body <= packet.count ? body : nil
    }
}

extension TransportReader.Picture {
    /// The units in it (annex B), the last of them as far as it is there.
    private var units: [ArraySlice<UInt8>] {
        var starts: [Int] = []
        var zeros = 0
        for (index, byte) in bytes.enumerated() {
            if zeros >= 2, byte == 1 { starts.append(index + 1) }
            zeros = byte == 0 ? zeros + 1 : 0
        }
        return starts.enumerated().map { number, start in
            let end = number + 1 < starts.count ? starts[number + 1] - 3 : bytes.count
            return bytes[start..<max(start, end)]
        }
    }

    /// The instant at which it was sent, if it was stamped.
    public var stamp: Instant? { units.lazy.compactMap(Clip.stamp(inUnit:)).first }

    /// Whether a decoder can begin with it: parameter sets that can be read, and a picture that
    /// needs no other.
    public var isDecodableAlone: Bool {
        let units = units
        func has(_ type: UInt8) -> Bool { units.contains { ($0.first ?? 0) & 0x1F == type } }
        let sequence = units.first { ($0.first ?? 0) & 0x1F == 7 }
        return has(5) && has(8) && sequence.flatMap { SequenceParameters(Array($0)) } != nil
    }
}
