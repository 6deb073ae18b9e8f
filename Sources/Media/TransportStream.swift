import Base
import RTMP

/// Wraps H.264 and AAC messages in an MPEG transport stream. ISO/IEC 13818-1.
///
/// Packets are 188 bytes. The program has one program map; video on one PID, with the clock
/// reference, and audio on another. Continuity counters go on from segment to
/// segment. Times are those of the messages, times 90, modulo 2^33.
public struct TransportStream: Sendable {
    static let packetLength = 188
    private static let programMap: UInt16 = 0x1000
    private static let video: UInt16 = 0x100
    private static let audio: UInt16 = 0x101
    /// H.264 and AAC in ADTS. ISO/IEC 13818-1, table 2-34.
    private static let videoType: UInt8 = 0x1B
    private static let audioType: UInt8 = 0x0F

    private var countVideo: UInt8 = 0
    private var countAudio: UInt8 = 0
    private var countTables: UInt8 = 0
    private var videoConfiguration: AVCConfiguration?
    private var audioConfiguration: AACConfiguration?

    public init() {}

    public var hasVideo: Bool { videoConfiguration != nil }
    public var hasAudio: Bool { audioConfiguration != nil }

    /// Takes a codec's configuration; true if the stream is another one from here on. What is not
    /// H.264 or AAC, or cannot be read, is left out.
    public mutating func configure(_ message: MediaMessage) -> Bool {
        switch message.kind {
        case .video:
            let configuration = AVCConfiguration(tag: message.payload)
            defer { videoConfiguration = configuration ?? videoConfiguration }
            return configuration != nil && configuration != videoConfiguration
                && videoConfiguration != nil
        case .audio:
            let configuration = AACConfiguration(tag: message.payload)
            defer { audioConfiguration = configuration ?? audioConfiguration }
            return configuration != nil && configuration != audioConfiguration
                && audioConfiguration != nil
        case .data:
            return false
        }
    }

    /// Program association and program map: what a segment begins with.
    public mutating func writeTables(to bytes: inout [UInt8]) {
        writeSection(
            [0x00, 0x01, 0xC1, 0x00, 0x00, 0x00, 0x01]
                + Self.pid(Self.programMap), table: 0, pid: 0, to: &bytes)
        let clock = hasVideo ? Self.video : Self.audio
        var map: [UInt8] = [0x00, 0x01, 0xC1, 0x00, 0x00] + Self.pid(clock) + [0xF0, 0x00]
        if hasVideo { map += [Self.videoType] + Self.pid(Self.video) + [0xF0, 0x00] }
        if hasAudio { map += [Self.audioType] + Self.pid(Self.audio) + [0xF0, 0x00] }
        writeSection(map, table: 2, pid: Self.programMap, to: &bytes)
        countTables = (countTables + 1) & 0x0F
    }

    /// One frame; what cannot be read is left out.
    public mutating func write(_ message: MediaMessage, to bytes: inout [UInt8]) {
        switch message.kind {
        case .video: writeVideo(message, to: &bytes)
        case .audio: writeAudio(message, to: &bytes)
        case .data: break
        }
    }

    private static func pid(_ value: UInt16) -> [UInt8] {
        [0xE0 | UInt8(value >> 8), UInt8(value & 0xFF)]
    }

    private func writeSection(
        _ body: [UInt8], table: UInt8, pid: UInt16, to bytes: inout [UInt8]
    ) {
        let length = body.count + 4
        var section = [table, 0xB0 | UInt8(length >> 8), UInt8(length & 0xFF)] + body
        let sum = CRC32.mpeg(section)
        for shift in [24, 16, 8, 0] as [UInt32] { section.append(UInt8(sum >> shift & 0xFF)) }
        let start = bytes.count
        bytes += [0x47, 0x40 | UInt8(pid >> 8), UInt8(pid & 0xFF), 0x10 | countTables, 0x00]
        bytes += section
        let padding = Self.packetLength - (bytes.count - start)
        check(padding >= 0, "a table longer than a packet")
        bytes.append(contentsOf: repeatElement(0xFF, count: padding))
    }

    // MARK: Frames

    private mutating func writeVideo(_ message: MediaMessage, to bytes: inout [UInt8]) {
        guard let configuration = videoConfiguration, message.payload.count > 5,
            message.payload[0] & 0x8F == 7, message.payload[1] == 1
        else { return }
        let isKey = message.payload[0] >> 4 == 1
        // Composition time: how much later than decoded it is shown, in milliseconds, signed.
        let raw =
            Int32(message.payload[2]) << 16 | Int32(message.payload[3]) << 8
            | Int32(message.payload[4])
        let composition = Int64((raw << 8) >> 8)
        guard let unit = configuration.accessUnit(message.payload, isKey: isKey) else { return }
        let decoded = message.timestamp.milliseconds
        let header = PESHeader(
            stream: 0xE0, shown: decoded + composition, decoded: decoded, length: nil)
        Self.writePackets(
            header.bytes + unit, pid: Self.video, clock: decoded, isKey: isKey,
            count: &countVideo, to: &bytes)
    }

    private mutating func writeAudio(_ message: MediaMessage, to bytes: inout [UInt8]) {
        guard let configuration = audioConfiguration, message.payload.count > 2,
            message.payload[0] >> 4 == 10, message.payload[1] == 1,
            let header = configuration.adtsHeader(frameLength: message.payload.count - 2)
        else { return }
        let frame = header + message.payload[2...]
        let time = message.timestamp.milliseconds
        let packet = PESHeader(stream: 0xC0, shown: time, decoded: time, length: frame.count)
        Self.writePackets(
            packet.bytes + frame, pid: Self.audio, clock: hasVideo ? nil : time, isKey: !hasVideo,
            count: &countAudio, to: &bytes)
    }

    /// Cuts one PES packet up. The first transport packet carries the clock, if there is one.
    private static func writePackets(
        _ pes: [UInt8], pid: UInt16, clock: Int64?, isKey: Bool, count: inout UInt8,
        to bytes: inout [UInt8]
    ) {
        var offset = 0
        while offset < pes.count {
            let isFirst = offset == 0
            var field: [UInt8] = []
            if isFirst, let clock { field = adaptation(clock: clock, isKey: isKey) }
            let room = packetLength - 4 - (field.isEmpty ? 0 : field.count + 1)
            let taken = min(room, pes.count - offset)
            let stuffing = room - taken
            bytes += [
                0x47, (isFirst ? 0x40 : 0) | UInt8(pid >> 8), UInt8(pid & 0xFF),
                (field.isEmpty && stuffing == 0 ? 0x10 : 0x30) | count,
            ]
            appendAdaptation(field, stuffing: stuffing, to: &bytes)
            bytes += pes[offset..<offset + taken]
            offset += taken
            count = (count + 1) & 0x0F
        }
        check(bytes.count % packetLength == 0, "packets of another length")
    }

    /// The field's length, flags and clock, and stuffing behind. ISO/IEC 13818-1, 2.4.3.4.
    private static func appendAdaptation(
        _ field: [UInt8], stuffing: Int, to bytes: inout [UInt8]
    ) {
        if field.isEmpty {
            guard stuffing > 0 else { return }
            bytes.append(UInt8(stuffing - 1))
            guard stuffing > 1 else { return }
            bytes.append(0)
            bytes.append(contentsOf: repeatElement(0xFF, count: stuffing - 2))
        } else {
            bytes.append(UInt8(field.count + stuffing))
            bytes += field
            bytes.append(contentsOf: repeatElement(0xFF, count: stuffing))
        }
    }

    /// Flags and the program clock reference, in 90 kHz; the 27 MHz part is zero.
    private static func adaptation(clock: Int64, isKey: Bool) -> [UInt8] {
        let base = UInt64(bitPattern: clock &* 90) & 0x1_FFFF_FFFF
        return [
            isKey ? 0x50 : 0x10, UInt8(base >> 25), UInt8(base >> 17 & 0xFF),
            UInt8(base >> 9 & 0xFF), UInt8(base >> 1 & 0xFF), UInt8(base & 1) << 7 | 0x7E, 0,
        ]
    }
}

/// The head of a packetised elementary stream's packet. ISO/IEC 13818-1, 2.4.3.6.
struct PESHeader: Sendable {
    /// Presentation is this much later than the clock, so that no frame is late on arrival.
    private static let delay: Int64 = 100

    let bytes: [UInt8]

    /// Times in milliseconds. Video may leave the length out.
    init(stream: UInt8, shown: Int64, decoded: Int64, length: Int?) {
        let hasBoth = shown != decoded
        let times = hasBoth ? 10 : 5
        let rest = length.map { $0 + times + 3 } ?? 0
        let written = rest <= Int(UInt16.max) ? rest : 0
        var made: [UInt8] = [
            0, 0, 1, stream, UInt8(written >> 8), UInt8(written & 0xFF), 0x80,
            hasBoth ? 0xC0 : 0x80, UInt8(times),
        ]
        Self.append(shown, mark: hasBoth ? 0x30 : 0x20, to: &made)
        if hasBoth { Self.append(decoded, mark: 0x10, to: &made) }
        bytes = made
    }

    private static func append(_ milliseconds: Int64, mark: UInt8, to bytes: inout [UInt8]) {
        let time = UInt64(bitPattern: (milliseconds + delay) &* 90) & 0x1_FFFF_FFFF
        bytes.append(mark | UInt8(time >> 30) << 1 | 1)
        bytes.append(UInt8(time >> 22 & 0xFF))
        bytes.append(UInt8(time >> 15 & 0x7F) << 1 | 1)
        bytes.append(UInt8(time >> 7 & 0xFF))
        bytes.append(UInt8(time & 0x7F) << 1 | 1)
    }
}

/// The checksum of program tables. ISO/IEC 13818-1, annex A.
enum CRC32 {
    static func mpeg(_ bytes: [UInt8]) -> UInt32 {
        var sum: UInt32 = 0xFFFF_FFFF
        for byte in bytes {
            sum ^= UInt32(byte) << 24
            for _ in 0..<8 { sum = sum & 0x8000_0000 == 0 ? sum << 1 : sum << 1 ^ 0x04C1_1DB7 }
        }
        return sum
    }
}
