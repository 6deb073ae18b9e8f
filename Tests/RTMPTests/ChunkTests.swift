import Base
import Testing

@testable import RTMP

@Suite struct ChunkTests {
    static func limits(chunkSizeMin: Int = 1) -> Limits {
        var limits = Limits()
        limits.chunkSizeMin = chunkSizeMin
        return limits
    }

    private static func read(_ wire: String) throws(RTMPError) -> [Message] {
        var reader = ChunkReader(limits: limits())
        return try reader.all(hex(wire))
    }

    private static func message(
        _ type: UInt8, _ timestamp: UInt32, _ payload: String
    ) -> Message {
        Message(
            type: MessageType(type), stream: .first, timestamp: timestamp, payload: hex(payload))
    }

    @Test("the four header formats each leave out what the last message said")
    func formats() throws {
        let messages = try Self.read(
            """
            04 00000A 000002 08 01000000 AAAA
            44 000005 000001 09 BB
            84 000007 CC
            C4 DD
            C4 EE
            """)
        #expect(
            messages == [
                Self.message(8, 10, "AAAA"), Self.message(9, 15, "BB"), Self.message(9, 22, "CC"),
                Self.message(9, 29, "DD"), Self.message(9, 36, "EE"),
            ])
    }

    @Test("format 3 after format 0 adds the absolute time, as FMLE means it")
    func absoluteAgain() throws {
        let messages = try Self.read("04 00001A 000001 08 01000000 AA C4 BB")
        #expect(messages.map(\.timestamp) == [26, 52])
    }

    @Test("chunk streams interleave, in all three forms of identifier")
    func interleaving() throws {
        let messages = try Self.read(
            """
            02 000000 000004 01 00000000 00000002
            06 000001 000004 09 01000000 0102
            00 00 000002 000003 08 01000000 A1A2
            01 00 01 000003 000003 12 01000000 B1B2
            C6 0304
            C1 00 01 B3
            C0 00 A3
            """)
        #expect(
            messages == [
                Self.message(9, 1, "01020304"), Self.message(18, 3, "B1B2B3"),
                Self.message(8, 2, "A1A2A3"),
            ])
    }

    @Test("extended times are read whether or not continuations repeat them")
    func extended() throws {
        let size = "02 000000 000004 01 00000000 00000002"
        let head = "04 FFFFFF 000005 08 01000000 01000000 A1A2"
        let expected = [Self.message(8, 0x0100_0000, "A1A2A3A4A5")]
        #expect(try Self.read("\(size) \(head) C4 01000000 A3A4 C4 01000000 A5") == expected)
        #expect(try Self.read("\(size) \(head) C4 A3A4 C4 A5") == expected)
        // In the first message after it, too: one byte tells.
        #expect(
            try Self.read("\(size) \(head) C4 A3A4 C4 A5 44 000003 000001 08 A6")
                == expected + [Self.message(8, 0x0100_0003, "A6")])
    }

    @Test("a short last chunk without the repeated time is not waited for")
    func extendedShort() throws {
        var reader = ChunkReader(limits: Self.limits())
        let head = "02 000000 000004 01 00000000 00000002 04 FFFFFF 000003 08 01000000 01000000"
        #expect(try reader.all(hex(head + "A1A2 C4")) == [])
        #expect(try reader.all(hex("A3")) == [Self.message(8, 0x0100_0000, "A1A2A3")])
    }

    @Test("an extended time repeated for another message stays the same")
    func extendedAgain() throws {
        let head = "04 FFFFFF 000001 08 01000000 01000000 A1"
        let expected = [Self.message(8, 1 << 24, "A1"), Self.message(8, 1 << 24, "A2")]
        #expect(try Self.read("\(head) C4 01000000 A2") == expected)
        #expect(try Self.read("\(head) C4 A2") == expected)
    }

    @Test("times roll over 24 bits and 32 bits")
    func rollover() throws {
        let messages = try Self.read(
            """
            04 FFFFFE 000001 08 01000000 AA
            84 000001 AA
            84 000001 AA
            05 FFFFFF 000001 08 01000000 FFFFFFFF AA
            85 000002 AA
            """)
        #expect(messages.map(\.timestamp) == [0xFF_FFFE, 0xFF_FFFF, 0x100_0000, .max, 1])
    }

    @Test("an aborted message is forgotten and its stream goes on")
    func abort() throws {
        let wire = """
            02 000000 000004 01 00000000 00000002
            04 000001 000003 08 01000000 A1A2
            02 000000 000004 02 00000000 0000 C2 0004
            84 000001 B1B2 C4 B3
            """
        var reader = ChunkReader(limits: Self.limits())
        #expect(try reader.all(hex(wire)) == [Self.message(8, 2, "B1B2B3")])
        #expect(reader.bytesAssembled == 0)
    }

    @Test("a message of no bytes is a message")
    func empty() throws {
        #expect(
            try Self.read("04 000001 000000 08 01000000 84 000002")
                == [Self.message(8, 1, ""), Self.message(8, 3, "")])
    }

    static let faults: [(String, RTMPError)] = [
        ("84 000000", .headerWithoutPrevious(format: 2, chunkStream: 4)),
        ("C0 01", .headerWithoutPrevious(format: 3, chunkStream: 65)),
        (
            "02 000000 000004 01 00000000 00000002 04 000000 000004 08 01000000 A1A2"
                + "04 000000 000004 08 01000000",
            .headerInsideMessage(chunkStream: 4)
        ),
        (
            "02 000000 000004 01 00000000 00000002 04 000000 000004 08 01000000 A1A2"
                + "44 000000 000005 08",
            .headerInsideMessage(chunkStream: 4)
        ),
        ("02 000000 000004 01 00000000 00000000", .badChunkSize(0)),
        ("02 000000 000004 01 00000000 80000000", .badChunkSize(1 << 31)),
        ("02 000000 000003 01 00000000 000001", .truncatedMessage(type: 1)),
        ("02 000000 000003 02 00000000 000001", .truncatedMessage(type: 2)),
        ("04 000000 FFFFFF 08 01000000", .oversizedMessage(length: 0xFF_FFFF, limit: 8 << 20)),
    ]

    @Test("each fault has its error, and nothing comes after it", arguments: faults)
    func fault(wire: String, error: RTMPError) throws {
        var reader = ChunkReader(limits: Self.limits())
        #expect(throws: error) { try reader.all(hex(wire)) }
        #expect(try reader.all(hex("04 000001 000000 08 01000000")) == [])
        #expect(reader.bytesAssembled >= 0)
    }

    @Test("chunk sizes below 128 are refused unless allowed; 2^31 - 1 is read")
    func chunkSizes() throws {
        var strict = ChunkReader(limits: Limits())
        #expect(throws: RTMPError.badChunkSize(127)) {
            try strict.all(hex("02 000000 000004 01 00000000 0000007F"))
        }
        var reader = ChunkReader(limits: Limits())
        let payload = [UInt8](repeating: 1, count: 70_000)
        let wire =
            hex("02 000000 000004 01 00000000 7FFFFFFF 04 000000 011170 08 01000000") + payload
        #expect(try reader.all(wire).map(\.payload) == [payload])
        #expect(reader.chunkSize == Int(Int32.max))
    }

    @Test("a declared length takes no memory; unfinished messages are bounded together")
    func assembly() throws {
        var limits = Limits()
        limits.assemblyMax = 1_000
        var reader = ChunkReader(limits: limits)
        for id in UInt8(3)..<10 {
            let wire = [id] + hex("000000 800000 08 01000000") + [UInt8](repeating: 0, count: 128)
            #expect(try reader.all(wire) == [])
            #expect(reader.bytesAssembled == 128 * (Int(id) - 2))
        }
        let wire = hex("0A 000000 800000 08 01000000") + [UInt8](repeating: 0, count: 128)
        #expect(throws: RTMPError.tooManyBytesBuffered(limit: 1_000)) { try reader.all(wire) }
    }

    @Test("chunk streams are bounded in number")
    func streams() throws {
        var reader = ChunkReader(limits: Limits())
        for id in UInt8(0)..<64 {
            #expect(try reader.all([0, id] + hex("000000 000000 08 01000000")).count == 1)
        }
        #expect(throws: RTMPError.tooManyChunkStreams(limit: 64)) {
            try reader.all([0, 64] + hex("000000 000000 08 01000000"))
        }
    }

    /// Random messages on random chunk streams, written and read in random pieces.
    @Test("what a writer writes a reader reads, whatever the chunk size and the pieces")
    func roundTrip() throws {
        for seed in UInt64(0)..<60 {
            var random = Random(seed: seed)
            var writer = ChunkWriter()
            var wire: [UInt8] = []
            var sent: [Message] = []
            var time: UInt32 = seed % 2 == 0 ? 0 : .max - 2_000
            for _ in 0..<40 {
                if random.below(8) == 0 {
                    writer.setChunkSize(Int(random.within(1...300)), into: &wire)
                }
                time &+= UInt32(random.below(random.below(9) == 0 ? 1 << 26 : 100))
                let message = Message(
                    type: [.audio, .video, .dataAMF0, .commandAMF0][Int(random.below(4))],
                    stream: MessageStreamID(UInt32(random.below(2))), timestamp: time,
                    payload: bytes(Int(random.below(500)), &random))
                let id = [2, 3, 63, 64, 319, 320, 65_599][Int(random.below(7))] as UInt32
                writer.write(message, on: ChunkStreamID(id), into: &wire)
                sent.append(message)
            }
            var reader = ChunkReader(limits: Self.limits())
            var got: [Message] = []
            var start = 0
            while start < wire.count {
                let end = min(start + Int(random.within(1...200)), wire.count)
                got += try reader.all(Array(wire[start..<end]))
                start = end
            }
            #expect(got == sent, "seed \(seed)")
            #expect(reader.bytesAssembled == 0 && reader.bytesWaiting == 0, "seed \(seed)")
        }
    }

    @Test("media headers are as short as the last message allows")
    func shortest() {
        var writer = ChunkWriter()
        let steps: [(UInt32, Int, String)] = [
            (1000, 1, "04 0003E8 000001 08 01000000 00"), (1020, 1, "84 000014 00"),
            (1040, 1, "C4 00"), (1060, 2, "44 000014 000002 08 0000"), (1080, 2, "C4 0000"),
            (1070, 2, "04 00042E 000002 08 01000000 0000"),
            (1070 + 0xFF_FFFF, 2, "04 FFFFFF 000002 08 01000000 0100042D 0000"),
        ]
        for (timestamp, length, wire) in steps {
            var output: [UInt8] = []
            let message = Message(
                type: .audio, stream: .first, timestamp: timestamp,
                payload: [UInt8](repeating: 0, count: length))
            writer.write(message, on: .audio, into: &output)
            #expect(output == hex(wire))
        }
    }

    @Test(
        "a shared message reads back at any time, for any stream",
        arguments: [0, 1, 0xFF_FFFE, 0xFF_FFFF, 1 << 31, 1 << 32, 5 << 32] as [Int64])
    func encoded(milliseconds: Int64) throws {
        for length in [0, 1, 127, 128, 129, 1000] {
            let media = MediaMessage.made(.video, at: milliseconds, length: length)
            let encoded = EncodedMessage(media, chunkSize: 128)
            #expect(encoded.payload() == media.payload)
            var wire = encoded.bytes
            encoded.append(
                to: &wire, stream: MessageStreamID(7), timestamp: Timestamp(milliseconds: 5))
            var reader = ChunkReader(limits: Self.limits())
            let messages = try reader.all(wire)
            #expect(
                messages == [
                    Message(
                        type: .video, stream: .first,
                        timestamp: UInt32(truncatingIfNeeded: milliseconds),
                        payload: media.payload),
                    Message(
                        type: .video, stream: MessageStreamID(7), timestamp: 5,
                        payload: media.payload),
                ])
        }
    }

    @Test("times unwrap past 2^32, and a step back stays small")
    func unwrap() {
        var unwrapper = TimestampUnwrapper()
        func next(_ wire: UInt32, advances: Bool = true) -> Int64 {
            unwrapper.unwrap(wire, advances: advances).milliseconds
        }
        #expect(next(.max - 10) == 0xFFFF_FFFF - 10)
        #expect(next(5) == (1 << 32) + 5)
        #expect(next(.max) == 0xFFFF_FFFF)
        #expect(next(1 << 30) == (1 << 32) + (1 << 30))
        #expect(next(1 << 31) == (1 << 32) + (1 << 31))
        #expect(next(0, advances: false) == 1 << 32)
        #expect(next((1 << 31) + 1) == (1 << 32) + (1 << 31) + 1)
        #expect(next(0xC000_0000) == (1 << 32) + 0xC000_0000)
        #expect(next(20) == (2 << 32) + 20)
    }

    @Test("before zero there is nothing: the time is taken as it stands")
    func unwrapBeforeZero() {
        var unwrapper = TimestampUnwrapper()
        #expect(unwrapper.unwrap(5, advances: true).milliseconds == 5)
        #expect(unwrapper.unwrap(.max, advances: true).milliseconds == 0xFFFF_FFFF)
    }
}
