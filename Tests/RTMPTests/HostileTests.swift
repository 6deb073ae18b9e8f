import Base
import Testing

@testable import RTMP

/// What a peer may try: no crash, no endless loop, no memory beyond the bounds.
@Suite struct HostileTests {
    private static var publishing: CommandStream {
        var stream = CommandStream()
        stream.connect()
        stream.send("publish", [.null, .string("s")], on: .first)
        return stream
    }

    @Test("one thousand connections that declare 16 MiB each hold next to nothing")
    func declared() {
        var held = 0
        for _ in 0..<1_000 {
            var harness = ServerHarness()
            harness.receive(Self.publishing.recording + hex("06 000000 7FFFFF 09 01000000 17"))
            #expect(harness.trace.error == nil)
            held += harness.session.link.reader.bytesAssembled
        }
        #expect(held == 1_000)
        var harness = ServerHarness()
        harness.receive(Self.publishing.recording + hex("06 000000 FFFFFF 09 01000000 17"))
        #expect(harness.trace.error == .oversizedMessage(length: 0xFF_FFFF, limit: 8 << 20))
    }

    @Test("a publisher that never finishes its messages is cut off at the bound")
    func unfinished() {
        var harness = ServerHarness()
        harness.receive(Self.publishing.recording)
        for id in UInt8(10)..<14 {
            harness.receive(
                [id] + hex("000000 7FFFFF 09 01000000")
                    + [UInt8](repeating: 0, count: 4_096))
            for _ in 0..<1_000 where harness.trace.error == nil {
                harness.receive([id | 0xC0] + [UInt8](repeating: 0, count: 4_096))
            }
            #expect(harness.session.link.reader.bytesAssembled <= 12 << 20)
        }
        #expect(harness.trace.error == .tooManyBytesBuffered(limit: 12 << 20))
    }

    @Test("a stranger holds no more than a few commands' bytes, on however many chunk streams")
    func stranger() {
        var harness = ServerHarness()
        harness.receive(Recording.whole([]))
        for id in UInt8(3)..<60 where harness.trace.error == nil {
            harness.receive(
                [id] + hex("000000 010000 14 00000000") + [UInt8](repeating: 0, count: 128))
            for _ in 0..<30 where harness.trace.error == nil {
                harness.receive([id | 0xC0] + [UInt8](repeating: 0, count: 128))
            }
            #expect(harness.session.link.reader.bytesAssembled <= 128 << 10)
        }
        #expect(harness.trace.error == .tooManyBytesBuffered(limit: 128 << 10))
    }

    @Test("hostile values inside commands end the connection with their reason")
    func commands() {
        let nested = [[UInt8]](repeating: hex("0A 00000001"), count: 10_000).flatMap(\.self)
        let cases: [([UInt8], RTMPError)] = [
            (
                AMF0Writer.all([.string("connect"), .number(1)]) + nested,
                .badAMF(.tooDeep(limit: 32))
            ),
            (hex("02 0007 636F6E"), .badAMF(.truncated)),
            (hex("05"), .badCommand("")),
            (hex(""), .badCommand("")),
            (AMF0Writer.all([.string("connect"), .null]), .badCommand("connect")),
            (AMF0Writer.all([.string("connect"), .number(1), .null]), .badCommand("connect")),
        ]
        for (payload, error) in cases {
            var stream = CommandStream()
            stream.send(
                Message(
                    type: .commandAMF0, stream: .connection, timestamp: 0, payload: payload))
            #expect(ServerHarness.trace(stream.recording, pieces: []).error == error)
        }
    }

    @Test("stream numbers no double can be are no streams")
    func numbers() {
        for number in [Double.nan, .infinity, -1, 0.5, 1e300] {
            var stream = Self.publishing
            stream.send("deleteStream", [.null, .number(number)])
            stream.send("play", [.null, .string("x"), .number(number), .number(number)])
            let trace = ServerHarness.trace(stream.recording, pieces: [])
            #expect(trace.error == nil)
            guard case .play? = trace.events.last else {
                Issue.record("\(number): \(trace.events)")
                continue
            }
        }
    }

    @Test("an aggregate of nothing but headers is bounded")
    func aggregate() {
        var stream = Self.publishing
        let part = hex("08 000000 000000 00 000000 0000000B")
        let payload = [[UInt8]](repeating: part, count: 5_000).flatMap(\.self)
        stream.send(
            Message(type: .aggregate, stream: .first, timestamp: 0, payload: payload))
        #expect(ServerHarness.trace(stream.recording, pieces: []).error == .badAggregate)
    }

    @Test("clients bear hostile servers")
    func client() {
        for wire in [
            "02 000000 000004 01 00000000 00000000",
            "03 000000 000001 14 00000000 05",
            "03 000000 FFFFFF 14 00000000 05",
            "C4",
        ] {
            var pair = Pair(.play)
            pair.hear(([3] + [UInt8](repeating: 0, count: 2 * 1536))[...])
            pair.hear(hex(wire)[...])
            #expect(pair.clientError != nil)
            #expect(pair.client.deadline == .distantFuture)
        }
    }

    /// Mutations of real sessions: bytes changed, runs removed, doubled and put in.
    @Test("mutated sessions never break the server's bounds", arguments: 0..<UInt64(8))
    func mutations(block: UInt64) {
        for seed in block * 250..<block * 250 + 250 {
            var random = Random(seed: seed)
            let recording = SplitTests.recordings[Int(random.below(5))]
            var harness = ServerHarness()
            harness.receive(Self.mutate(recording, &random))
            for instant in stride(from: Int64(0), to: 200, by: 5) {
                harness.now = .zero + .seconds(instant)
                harness.run()
            }
            let reader = harness.session.link.reader
            #expect(reader.bytesAssembled <= Limits().assemblyMax, "seed \(seed)")
            #expect(reader.bytesWaiting <= Limits().pendingMax, "seed \(seed)")
            #expect(harness.trace.output.count < 2 << 20, "seed \(seed)")
            #expect(harness.trace.error != nil, "seed \(seed): outlived every deadline")
        }
    }

    @Test("mutated server output never breaks a client", arguments: 0..<UInt64(4))
    func clientMutations(block: UInt64) {
        var pair = Pair(.play)
        pair.settle()
        var server = ServerHarness()
        server.receive(pair.recording)
        let media = EncodedMessage(.made(.video, at: 0, length: 9_000), chunkSize: 4096)
        let output = server.trace.output + media.bytes + media.bytes
        for seed in block * 250..<block * 250 + 250 {
            var random = Random(seed: seed)
            var other = Pair(.play)
            other.hear(Self.mutate(output, &random)[...])
            #expect(other.client.takeOutput().count < 2 << 20, "seed \(seed)")
        }
    }

    static func mutate(_ recording: [UInt8], _ random: inout Random) -> [UInt8] {
        var wire = recording
        // Mostly behind the handshake, where there is something to break.
        let start = random.below(10) == 0 ? 0 : min(3_073, wire.count - 1)
        for _ in 0...random.below(6) {
            let place = start + Int(random.below(UInt64(wire.count - start)))
            let length = min(Int(random.within(1...40)), wire.count - place)
            switch random.below(5) {
            case 0: wire[place] = UInt8(random.below(256))
            case 1: wire[place] ^= 1 << UInt8(random.below(8))
            case 2 where wire.count - start > 100: wire.removeSubrange(place..<place + length)
            case 3:
                wire.insert(contentsOf: Array(wire[place..<place + length]), at: place)
            default: wire.insert(contentsOf: bytes(length, &random), at: place)
            }
        }
        return wire
    }
}
