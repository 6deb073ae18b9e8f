import Base
import Testing

@testable import RTMP

@Suite struct TimeTests {
    private static func at(_ seconds: Int64) -> Instant { .zero + .seconds(seconds) }

    private static func server(_ bytes: [UInt8]) -> ServerHarness {
        var harness = ServerHarness()
        harness.receive(bytes)
        return harness
    }

    @Test("a handshake that drips in byte by byte is cut off in time")
    func slowHandshake() {
        let recording = Recording.whole([])
        var harness = ServerHarness()
        #expect(harness.session.deadline == Self.at(10))
        for second in Int64(0)..<10 {
            harness.now = Self.at(second)
            harness.receive([recording[Int(second)]])
            #expect(harness.trace.error == nil)
        }
        harness.now = Self.at(10)
        harness.run()
        #expect(harness.trace.error == .timedOut(.handshake))
        #expect(harness.session.deadline == .distantFuture)
    }

    @Test("a client that never asks for anything is cut off, however much it says")
    func noRequest() {
        var silent = Self.server(Recording.whole([]))
        #expect(silent.session.deadline == Self.at(20))
        silent.now = Self.at(20)
        silent.run()
        #expect(silent.trace.error == .timedOut(.connect))

        var stream = CommandStream()
        stream.connect()
        for _ in 0..<8 { stream.send("createStream", transaction: 2, [.null]) }
        var talker = Self.server(stream.recording)
        talker.now = Self.at(19)
        talker.receive(hex("02 000000 000004 03 00000000 00000001"))
        talker.now = Self.at(20)
        talker.run()
        #expect(talker.trace.error == .timedOut(.stream))
    }

    @Test("a silent player is pinged, and cut off if it does not answer")
    func ping() {
        var stream = CommandStream()
        stream.connect()
        stream.send("play", [.null, .string("s")], on: .first)
        var harness = Self.server(stream.recording)
        #expect(harness.session.deadline == Self.at(30))
        harness.now = Self.at(30)
        harness.run()
        #expect(Recording.controls(harness.trace.output).last == .user(.pingRequest(30_000)))
        #expect(harness.session.deadline == Self.at(60))

        var answering = harness
        answering.now = Self.at(31)
        answering.receive(hex("02 000000 000006 04 00000000 0007 00007530"))
        #expect(answering.trace.error == nil)
        #expect(answering.session.deadline == Self.at(61))

        harness.now = Self.at(60)
        harness.run()
        #expect(harness.trace.error == .timedOut(.activity))
    }

    @Test("a client waits for every answer, but not for ever")
    func client() {
        var client = ClientSession(
            .publish, StreamURL("rtmp://h/a/b")!, handshake: .simple, limits: Limits(),
            chunkSize: 128, random: Random(seed: 1), at: .zero)
        #expect(client.deadline == Self.at(10))
        #expect(throws: RTMPError.timedOut(.handshake)) { try client.next(at: Self.at(10)) }

        var pair = Pair(.publish)
        pair.client.receive(([3] + [UInt8](repeating: 0, count: 2 * 1536)).span)
        pair.hear([])
        #expect(pair.client.deadline == Self.at(20))
        #expect(throws: RTMPError.timedOut(.connect)) { try pair.client.next(at: Self.at(20)) }
    }

    @Test("pings are answered with their own time, windows with acknowledgements")
    func answers() {
        var stream = CommandStream()
        stream.connect()
        stream.control(.user(.pingRequest(77)))
        stream.control(.setPeerBandwidth(123_456, .dynamic))
        stream.control(.windowAcknowledgementSize(40_000))
        stream.send("publish", [.null, .string("s")], on: .first)
        for index in Int64(0)..<20 { stream.media(.made(.video, at: index, length: 4_000)) }
        let recording = stream.recording
        let pieces = Array(stride(from: 1_000, to: recording.count, by: 1_000))
        let trace = ServerHarness.trace(recording, pieces: pieces)
        let controls = Recording.controls(trace.output)
        #expect(controls.contains(.user(.pingResponse(77))))
        #expect(controls.contains(.windowAcknowledgementSize(123_456)))
        let acknowledged = controls.compactMap { control -> UInt32? in
            if case .acknowledgement(let count) = control { return count }
            return nil
        }
        #expect(acknowledged.count == 3)
        #expect(acknowledged == acknowledged.sorted())
        #expect(zip(acknowledged, acknowledged.dropFirst()).allSatisfy { $1 - $0 >= 20_000 })
    }

    @Test("a window of one byte does not make us talk more than we hear")
    func tinyWindow() {
        var stream = CommandStream()
        stream.control(.windowAcknowledgementSize(1))
        stream.connect()
        let recording = stream.recording
        let trace = ServerHarness.trace(recording, pieces: Array(1..<recording.count))
        #expect(trace.error == nil)
        #expect(
            !Recording.controls(trace.output).contains {
                if case .acknowledgement = $0 { return true }
                return false
            })
    }

    @Test("a flood of pings whose answers are not taken is cut off")
    func pingFlood() {
        var stream = CommandStream()
        for _ in 0..<70_000 { stream.control(.user(.pingRequest(1))) }
        let trace = ServerHarness.trace(stream.recording, pieces: [])
        #expect(trace.error == .tooManyBytesUnsent(limit: 1 << 20))
        #expect(trace.output.count < (1 << 20) + 4_000)
    }
}
