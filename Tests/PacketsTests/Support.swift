import Base
import Media
import RTMP

@testable import Packets

/// `"02 00 ff"` as bytes; lines and spaces mean nothing.
func hex(_ text: String) -> [UInt8] {
    let digits = text.filter { !$0.isWhitespace }
    return stride(from: 0, to: digits.count, by: 2).map { offset in
        let start = digits.index(digits.startIndex, offsetBy: offset)
        return UInt8(digits[start..<digits.index(start, offsetBy: 2)], radix: 16)!
    }
}

extension [UInt8] {
    mutating func put16(_ value: Int) {
        append(contentsOf: [UInt8(value >> 8 & 255), UInt8(value & 255)])
    }
    mutating func put32(_ value: UInt32) {
        put16(Int(value >> 16))
        put16(Int(value & 0xFFFF))
    }
}

/// A TCP segment as a test has it, and the raw IPv4 packet that carries it.
struct TestSegment {
    var fromClient: Bool
    var sequence: UInt32
    var acknowledgement: UInt32 = 0
    var flags: Segment.Flags = .ack
    var window = 0xFFFF
    var payload: [UInt8] = []

    static let client = Endpoint(ipv4: 0x0A00_0001, port: 40_000)
    static let server = Endpoint(ipv4: 0x0A00_0002, port: 1_935)

    var tcp: [UInt8] {
        var bytes: [UInt8] = []
        bytes.put16(fromClient ? 40_000 : 1_935)
        bytes.put16(fromClient ? 1_935 : 40_000)
        bytes.put32(sequence)
        bytes.put32(acknowledgement)
        bytes += [0x50, flags.rawValue]
        bytes.put16(window)
        return bytes + [0, 0, 0, 0] + payload
    }

    var ipv4: [UInt8] {
        var bytes: [UInt8] = [0x45, 0]
        bytes.put16(20 + tcp.count)
        bytes += [0, 0, 0x40, 0, 64, 6, 0, 0]
        for host: UInt8 in fromClient ? [1, 2] : [2, 1] { bytes += [10, 0, 0, host] }
        return bytes + tcp
    }
}

/// A watch that is fed raw IP packets.
struct TestWatch {
    var watch = Watch(.media)
    var now = Instant(nanoseconds: 1_000_000_000)

    mutating func receive(_ segment: TestSegment, after wait: Interval = .milliseconds(1)) {
        receive(segment.ipv4, after: wait)
    }

    mutating func receive(_ packet: [UInt8], after wait: Interval = .milliseconds(1)) {
        now += wait
        watch.receive(
            CapturedPacket(
                at: now, link: .rawIP, bytes: 0..<packet.count, length: packet.count),
            in: packet.span)
    }

    /// The handshake of a connection whose numbers begin with `client` and `server`.
    mutating func open(client: UInt32 = 1_000, server: UInt32 = 9_000) {
        receive(TestSegment(fromClient: true, sequence: client, flags: .syn))
        receive(
            TestSegment(
                fromClient: false, sequence: server, acknowledgement: client &+ 1,
                flags: [.syn, .ack]))
        receive(
            TestSegment(
                fromClient: true, sequence: client &+ 1, acknowledgement: server &+ 1))
    }
}

/// One side of an RTMP publish: handshake, commands and the messages of a clip.
enum TestStream {
    static func request(chunkSize: Int = 4_096) -> [UInt8] {
        var writer = ChunkWriter()
        var wire = [Handshake.version] + [UInt8](repeating: 0, count: 2 * Handshake.packetLength)
        let app = AMFValue.object([AMFProperty("app", .string("live"))])
        let publish = Command("publish", [.null, .string("film?key=SECRET"), .string("live")])
        for command in [Command("connect", transaction: 1, [app]), publish] {
            writer.write(command.message(on: .first), on: .command, into: &wire)
        }
        writer.setChunkSize(chunkSize, into: &wire)
        return wire
    }

    static func clip(seconds: Int64, rate: Int = 2_500_000) throws -> [MediaMessage] {
        var shape = Clip.Shape()
        shape.duration = .seconds(seconds)
        shape.videoRate = rate
        return Array(try Clip(shape))
    }

    /// A capture of a publish of the clip; messages are delta-coded as ffmpeg and OBS send them,
    /// so that nothing can be read from the middle by itself.
    static func capture(_ messages: [MediaMessage], chunkSize: Int = 4_096) -> [UInt8] {
        var file = PacketFile()
        let start = Instant(nanoseconds: 1_000_000_000)
        var connection = file.open(
            client: TestSegment.client, server: TestSegment.server, delay: .milliseconds(5),
            at: start)
        file.send(request(chunkSize: chunkSize), on: &connection, toServer: true, at: start)
        var writer = ChunkWriter()
        var ignored: [UInt8] = []
        writer.setChunkSize(chunkSize, into: &ignored)
        for message in messages {
            var wire: [UInt8] = []
            let type: MessageType =
                switch message.kind {
                case .audio: .audio
                case .video: .video
                case .data: .dataAMF0
                }
            writer.write(
                Message(
                    type: type, stream: .first,
                    timestamp: UInt32(message.timestamp.milliseconds), payload: message.payload),
                on: message.kind == .audio ? .audio : .video, into: &wire)
            let at = start + .milliseconds(20 + message.timestamp.milliseconds)
            file.send(wire, on: &connection, toServer: true, at: at)
            file.acknowledge(on: connection, toServer: false, at: at + .milliseconds(10))
        }
        return file.bytes()
    }

    /// The packets of a capture with where they stand in it.
    static func packets(_ file: [UInt8]) throws -> [CapturedPacket] {
        var reader = CaptureReader()
        var offset = 0
        var packets: [CapturedPacket] = []
        while let packet = try reader.next(file.span, &offset) { packets.append(packet) }
        return packets
    }

    /// What a watch makes of a capture, or of the part of its packets that is wanted.
    static func watch(
        _ file: [UInt8], keepsMedia: Bool = true, isWanted: (Int) -> Bool = { _ in true }
    ) throws -> (report: WatchReport, media: [MediaMessage]) {
        var watch = Watch(.media)
        watch.keepsMedia = keepsMedia
        for (index, packet) in try packets(file).enumerated() where isWanted(index) {
            watch.receive(packet, in: file.span)
        }
        watch.finish()
        return (watch.report(), watch.takeMedia().map(\.message))
    }
}
