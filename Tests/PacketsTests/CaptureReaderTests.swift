import Base
import Testing

@testable import Packets

/// The formats of captures, byte by byte.
@Suite struct CaptureReaderTests {
    /// One packet of four bytes, at 1.5 s: the four kinds of pcap.
    static let kinds: [(name: String, bytes: String)] = [
        (
            "microseconds, least significant byte first",
            """
            d4c3b2a1 0200 0400 00000000 00000000 ffff0000 01000000
            01000000 20a10700 04000000 06000000 deadbeef
            """
        ),
        (
            "microseconds, most significant byte first",
            """
            a1b2c3d4 0002 0004 00000000 00000000 0000ffff 00000001
            00000001 0007a120 00000004 00000006 deadbeef
            """
        ),
        (
            "nanoseconds, least significant byte first",
            """
            4d3cb2a1 0200 0400 00000000 00000000 ffff0000 01000000
            01000000 0065cd1d 04000000 06000000 deadbeef
            """
        ),
        (
            "nanoseconds, most significant byte first",
            """
            a1b23c4d 0002 0004 00000000 00000000 0000ffff 00000001
            00000001 1dcd6500 00000004 00000006 deadbeef
            """
        ),
    ]

    /// A section, an interface whose clock counts milliseconds from 1 s on, a packet after half
    /// a second, a block that nobody knows, what was dropped (3 and 4), and a simple packet.
    static let little = """
        0a0d0d0a 1c000000 4d3c2b1a 0100 0000 ffffffffffffffff 1c000000
        01000000 2c000000 0100 0000 00000400 09000100 03000000 0e000800 0100000000000000
        00000000 2c000000
        06000000 24000000 00000000 00000000 f4010000 04000000 06000000 deadbeef 24000000
        99090000 10000000 12345678 10000000
        05000000 34000000 00000000 00000000 00000000 05000800 0300000000000000
        07000800 0400000000000000 00000000 34000000
        03000000 14000000 06000000 deadbeef 14000000
        """
    static let big = """
        0a0d0d0a 0000001c 1a2b3c4d 0001 0000 ffffffffffffffff 0000001c
        00000001 0000002c 0001 0000 00040000 00090001 03000000 000e0008 0000000000000001
        00000000 0000002c
        00000006 00000024 00000000 00000000 000001f4 00000004 00000006 deadbeef 00000024
        00000999 00000010 12345678 00000010
        00000005 00000034 00000000 00000000 00000000 00050008 0000000000000003
        00070008 0000000000000004 00000000 00000034
        00000003 00000014 00000006 deadbeef 00000014
        """

    @Test("pcap of both byte orders and both resolutions", arguments: kinds.indices)
    func classic(_ index: Int) throws {
        let bytes = hex(Self.kinds[index].bytes)
        let packets = try TestStream.packets(bytes)
        #expect(
            packets == [
                CapturedPacket(
                    at: Instant(nanoseconds: 1_500_000_000), link: .ethernet, bytes: 40..<44,
                    length: 6)
            ], "\(Self.kinds[index].name)")
    }

    @Test("pcapng of both byte orders: clocks, drops, unknown blocks", arguments: [little, big])
    func blocks(_ text: String) throws {
        let bytes = hex(text)
        var reader = CaptureReader()
        var offset = 0
        let first = try #require(try reader.next(bytes.span, &offset))
        #expect(first.at == Instant(nanoseconds: 1_500_000_000))
        #expect(first.link == .ethernet && first.length == 6)
        #expect(Array(bytes[first.bytes]) == hex("deadbeef"))
        let second = try #require(try reader.next(bytes.span, &offset))
        #expect(Array(bytes[second.bytes]) == hex("deadbeef") && second.length == 6)
        let third = try reader.next(bytes.span, &offset)
        #expect(third == nil)
        #expect(reader.dropped == 7)
        #expect(reader.isWhole(leftOver: bytes.count - offset))
    }

    @Test("where bytes are cut means nothing", arguments: [little, big] + kinds.map(\.bytes))
    func pieces(_ text: String) throws {
        let bytes = hex(text)
        let whole = try TestStream.packets(bytes).map { Array(bytes[$0.bytes]) }
        for cut in 1..<bytes.count {
            var reader = CaptureReader()
            var held = Array(bytes[..<cut])
            var packets: [[UInt8]] = []
            for more in [[], Array(bytes[cut...])] {
                held += more
                var offset = 0
                while let packet = try reader.next(held.span, &offset) {
                    packets.append(Array(held[packet.bytes]))
                }
                held.removeFirst(offset)
            }
            #expect(packets == whole, "cut at \(cut)")
            #expect(reader.isWhole(leftOver: held.count))
        }
    }

    @Test("a clock of powers of two, and of picoseconds")
    func resolutions() {
        let cases: [(UInt8, UInt64, UInt64)] = [
            (6, 1_000, 1), (9, 1, 1), (12, 1, 1_000), (0, 1_000_000_000, 1),
            (0x8A, 1_000_000_000, 1_024),
        ]
        for (raw, numerator, denominator) in cases {
            var interface = CaptureReader.Interface(link: .ethernet, snapLength: 0)
            let isKnown = interface.setResolution(raw)
            #expect(isKnown)
            #expect((interface.numerator, interface.denominator) == (numerator, denominator))
        }
        var interface = CaptureReader.Interface(link: .ethernet, snapLength: 0)
        let refused = [19, 0xC0].map { interface.setResolution($0) }
        #expect(refused == [false, false])
    }

    @Test("what is no capture is refused by name")
    func refusals() {
        let cases: [(String, CaptureError)] = [
            ("7f454c46 00000000", .notACapture),
            (
                "a1b2c3d4 0003 0004 00000000 00000000 0000ffff 00000001",
                .unsupportedVersion(major: 3)
            ),
            (
                """
                a1b2c3d4 0002 0004 00000000 00000000 0000ffff 00000001
                00000001 00000000 00100000 00100000
                """, .badLength(0x10_0000, at: 32)
            ),
            (
                "0a0d0d0a 0000001c 1a2b3c4d 0001 0000 ffffffffffffffff 0000001c 00000006 00000009 00000000",
                .badLength(9, at: 32)
            ),
            (
                """
                0a0d0d0a 0000001c 1a2b3c4d 0001 0000 ffffffffffffffff 0000001c
                00000006 00000024 00000005 00000000 000001f4 00000004 00000006 deadbeef 00000024
                """, .unknownInterface(5, at: 28)
            ),
        ]
        for (text, expected) in cases {
            #expect(throws: expected) { try TestStream.packets(hex(text)) }
        }
    }
}
