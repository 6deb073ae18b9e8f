import Base
import Testing

@testable import RTMP

/// Readers that keep only the first bytes of media.
@Suite struct PrefixTests {
    private static let kept = 60

    private static func media(_ number: Int, length: Int) -> MediaMessage {
        MediaMessage(
            kind: number % 3 == 0 ? .audio : .video,
            timestamp: Timestamp(milliseconds: Int64(number) * 20),
            payload: (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ number) })
    }

    /// What a reader makes of bytes that come in pieces of this length.
    private static func read(
        _ bytes: [UInt8], pieces: Int, kept: Int
    ) throws -> (messages: [Message], most: Int) {
        var limits = Limits()
        limits.mediaKeptMax = kept
        var reader = ChunkReader(limits: limits)
        var (messages, most) = ([Message](), 0)
        for start in stride(from: 0, to: bytes.count, by: pieces) {
            reader.receive(Array(bytes[start..<min(start + pieces, bytes.count)]).span)
            while let message = try reader.next() { messages.append(message) }
            most = max(most, reader.bytesAssembled)
        }
        return (messages, most)
    }

    @Test(
        "the first bytes are kept, the rest is counted, whatever the pieces",
        arguments: [1, 13, 128, 1_000, 65_536])
    func pieces(_ length: Int) throws {
        var bytes: [UInt8] = []
        var writer = ChunkWriter()
        writer.setChunkSize(300, into: &bytes)
        let sent = [1, 59, 60, 61, 300, 301, 5_000, 900, 60, 20_000].enumerated().map {
            Self.media($0.offset, length: $0.element)
        }
        for message in sent {
            bytes += EncodedMessage(message, chunkSize: 300).bytes
        }
        let whole = try Self.read(bytes, pieces: length, kept: .max)
        let short = try Self.read(bytes, pieces: length, kept: Self.kept)
        try #require(whole.messages.count == sent.count && short.messages.count == sent.count)
        for (a, b) in zip(whole.messages, short.messages) {
            #expect(a.bytesLeftOut == 0)
            #expect(b.payload == Array(a.payload.prefix(Self.kept)))
            #expect(b.payload.count + b.bytesLeftOut == a.payload.count)
            #expect(b.timestamp == a.timestamp && b.type == a.type)
        }
        #expect(short.most <= Self.kept)
    }

    /// What came of random pieces of the bytes: the messages, and the error that ended them.
    private static func outcome(
        _ bytes: [UInt8], kept: Int, _ random: inout Random
    ) -> (messages: [Message], error: RTMPError?) {
        var limits = Limits()
        limits.mediaKeptMax = kept
        limits.assemblyMax = .max
        var reader = ChunkReader(limits: limits)
        var messages: [Message] = []
        var start = 0
        while start < bytes.count {
            let end = min(bytes.count, start + 1 + Int(random.below(1_500)))
            reader.receive(Array(bytes[start..<end]).span)
            start = end
            do throws(RTMPError) {
                while let message = try reader.next() { messages.append(message) }
            } catch {
                return (messages, error)
            }
        }
        return (messages, nil)
    }

    @Test("of shortened headers, commands in between and broken bytes both readers make the same")
    func brokenBytes() throws {
        var random = Random(seed: 42)
        var errors = 0
        for round in 0..<400 {
            let isBroken = round % 2 == 1
            var bytes: [UInt8] = []
            var writer = ChunkWriter()
            writer.setChunkSize(128 + Int(random.below(700)), into: &bytes)
            for number in 0..<12 {
                var message = Self.media(number, length: Int(random.below(isBroken ? 100 : 3_000)))
                if round % 4 == 0 {
                    let later = Int64(0xFF_FFF0) + Int64(number) * 9
                    message.timestamp = Timestamp(milliseconds: later)
                }
                let chunkStream = message.kind.chunkStream
                writer.write(message.message(on: MessageStreamID(1)), on: chunkStream, into: &bytes)
                guard number % 5 == 0 else { continue }
                let command = Command("onBWDone", transaction: 0, [.null])
                writer.write(command.message(on: .connection), on: .command, into: &bytes)
            }
            for _ in 0..<(isBroken ? 3 : 0) {
                let place = Int(random.below(UInt64(bytes.count)))
                bytes[place] ^= UInt8(1 + random.below(255))
            }
            let whole = Self.outcome(bytes, kept: .max, &random)
            let short = Self.outcome(bytes, kept: Self.kept, &random)
            try #require(whole.messages.count == short.messages.count)
            #expect(whole.error == short.error)
            errors += whole.error == nil ? 0 : 1
            for (a, b) in zip(whole.messages, short.messages) {
                let isMedia = a.type == .audio || a.type == .video
                #expect(b.payload == (isMedia ? Array(a.payload.prefix(Self.kept)) : a.payload))
                #expect(b.payload.count + b.bytesLeftOut == a.payload.count)
                #expect(b.timestamp == a.timestamp && b.type == a.type && b.stream == a.stream)
            }
        }
        #expect(errors > 20)
    }

    @Test("commands are kept whole")
    func commands() throws {
        var bytes: [UInt8] = []
        var writer = ChunkWriter()
        let command = Command(
            "connect", transaction: 1, [.string(String(repeating: "a", count: 500))])
        writer.write(command.message(on: .connection), on: .command, into: &bytes)
        let read = try Self.read(bytes, pieces: 100, kept: 10)
        #expect(try #require(read.messages.first).payload.count > 500)
        #expect(read.messages.first?.bytesLeftOut == 0)
    }
}
