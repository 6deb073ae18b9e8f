import Base
import RTMP
import Testing

@testable import Media

/// Packets of a transport stream, read by a reader of the tests' own and by others' programs.
@Suite struct TransportStreamTests {
    struct Packet {
        var pid: Int
        var begins: Bool
        var counter: UInt8
        var clock: UInt64?
        var payload: ArraySlice<UInt8>

        /// ISO/IEC 13818-1, 2.4.3.2 and 2.4.3.4.
        init(_ bytes: ArraySlice<UInt8>) throws {
            let start = bytes.startIndex
            try #require(bytes[start] == 0x47)
            pid = Int(bytes[start + 1] & 0x1F) << 8 | Int(bytes[start + 2])
            begins = bytes[start + 1] & 0x40 != 0
            counter = bytes[start + 3] & 0x0F
            var head = 4
            if bytes[start + 3] & 0x20 != 0 {
                let length = Int(bytes[start + 4])
                if length > 0, bytes[start + 5] & 0x10 != 0 {
                    clock =
                        bytes[start + 6..<start + 10].reduce(0) { $0 << 8 | UInt64($1) } << 1
                        | UInt64(bytes[start + 10] >> 7)
                }
                head += 1 + length
            }
            payload = bytes[(start + head)..<bytes.endIndex]
        }
    }

    static func packets(_ bytes: [UInt8]) throws -> [Packet] {
        try #require(bytes.count % 188 == 0)
        return try stride(from: 0, to: bytes.count, by: 188).map {
            try Packet(bytes[$0..<$0 + 188])
        }
    }

    static func clip(from start: Int64 = 0) throws -> [MediaMessage] {
        var shape = Clip.Shape()
        shape.framesPerSecond = 25
        shape.duration = .seconds(6)
        return try Clip(shape).map {
            var message = $0
            message.timestamp.milliseconds += start
            return message
        }
    }

    @Test("counters of every PID go on without a gap")
    func counters() throws {
        let packets = try Self.packets(Tool.transportStream(Self.clip()))
        for pid in [0, 0x1000, 0x100, 0x101] {
            let counters = packets.filter { $0.pid == pid }.map(\.counter)
            #expect(counters.count >= 3)
            for (one, next) in zip(counters, counters.dropFirst()) {
                #expect(next == (one + 1) & 15)
            }
        }
    }

    /// ISO/IEC 13818-1, 2.7.2.
    @Test("the clock comes at least ten times a second, and no frame is shown before it")
    func clocks() throws {
        let packets = try Self.packets(Tool.transportStream(Self.clip()))
        let clocks = packets.compactMap(\.clock)
        #expect(clocks.count == 150)
        for (one, next) in zip(clocks, clocks.dropFirst()) { #expect((1...9000) ~= next - one) }
        var clock: UInt64 = 0
        for packet in packets {
            clock = packet.clock ?? clock
            guard packet.begins, packet.pid == 0x100 || packet.pid == 0x101 else { continue }
            let time = Self.shown(Array(packet.payload.prefix(14)))
            #expect(time >= clock, "\(time) before \(clock)")
        }
    }

    static func shown(_ head: [UInt8]) -> UInt64 {
        UInt64(head[9] >> 1 & 7) << 30 | UInt64(head[10]) << 22 | UInt64(head[11] >> 1) << 15
            | UInt64(head[12]) << 7 | UInt64(head[13] >> 1)
    }

    @Test("times wrap at 2^33 ticks, and others' programs have nothing to say about it")
    func wrap() throws {
        let start = (Int64(1) << 33) / 90 - 3000
        let bytes = Tool.transportStream(try Self.clip(from: start))
        let clocks = try Self.packets(bytes).compactMap(\.clock)
        #expect(clocks.max()! > (1 << 33) - 9000 && clocks.last! < 9000 * 40)
        try Tool.withFile(bytes, "ts") { path in
            let outcome = try Tool.decode(path)
            #expect(outcome.status == 0 && outcome.complaints.isEmpty, "\(outcome.complaints)")
            #expect(try Tool.pictures(path).count == 150)
        }
    }

    @Test("tshark finds nothing malformed and no packet missing")
    func dissected() throws {
        try Tool.withFile(Tool.transportStream(try Self.clip()), "ts") { path in
            let all = try Tool.run([
                "tshark", "-r", path, "-Y", "mp2t", "-T", "fields", "-e", "mp2t.pid",
            ])
            #expect(all.lines.count > 10_000, "\(all.complaints)")
            let bad = try Tool.run([
                "tshark", "-r", path, "-Y",
                "_ws.malformed || mp2t.cc.drop || _ws.expert.severity >= 6291456",
            ])
            #expect(bad.status == 0 && bad.output.isEmpty, "\(bad.output.prefix(500))")
        }
    }
}
