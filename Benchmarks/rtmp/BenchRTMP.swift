import Base
import Glibc
import RTMP

/// CPU time of the RTMP hot paths on one core: parsing a publisher's chunks, a whole server
/// session, and encoding a message once for all its players. Best of five rounds.
@main
struct BenchRTMP {
    private static let rounds = 5
    private static let wireLength = 128 << 20
    /// What a socket is read with.
    private static let readLength = 64 << 10

    static func main() {
        for (video, chunkSize) in [(10_000, 128), (1_400, 128), (10_000, 4_096), (100_000, 60_000)]
        {
            let wire = publish(video: video, chunkSize: chunkSize)
            report("parse", video, chunkSize, bytes: wire.count) { parse(wire) }
            report("session", video, chunkSize, bytes: wire.count) { runSession(wire) }
            let message = MediaMessage(
                kind: .video, timestamp: .zero, payload: [UInt8](repeating: 7, count: video))
            report("encode", video, chunkSize, bytes: wireLength) {
                encode(message, chunkSize: chunkSize)
            }
        }
    }

    /// A publisher's chunks: two video messages for every audio message of a tenth.
    private static func publish(video: Int, chunkSize: Int) -> [UInt8] {
        var writer = ChunkWriter()
        var wire: [UInt8] = []
        writer.setChunkSize(chunkSize, into: &wire)
        let bodies = [video / 10, video, video].map { [UInt8](repeating: 0x17, count: $0) }
        for index in 0... {
            guard wire.count < wireLength else { break }
            let message = Message(
                type: index % 3 == 0 ? .audio : .video, stream: .first,
                timestamp: UInt32(truncatingIfNeeded: index * 14), payload: bodies[index % 3])
            writer.write(message, on: index % 3 == 0 ? .audio : .video, into: &wire)
        }
        return wire
    }

    private static func parse(_ wire: [UInt8]) -> Int {
        var reader = ChunkReader(limits: Limits())
        var length = 0
        feed(wire) { piece in
            reader.receive(piece)
            while let message = try? reader.next() { length += message.payload.count }
        }
        return length
    }

    private static func runSession(_ wire: [UInt8]) -> Int {
        let now = Instant(nanoseconds: 0)
        var session = ServerSession(
            limits: Limits(), chunkSize: 60_000, random: Random(seed: 1), at: now)
        var hello = [Handshake.version] + [UInt8](repeating: 0, count: 2 * Handshake.packetLength)
        var writer = ChunkWriter()
        for command in [
            Command(
                "connect", transaction: 1, [.object([AMFProperty("app", .string("live"))])]),
            Command("publish", [.null, .string("name")]),
        ] {
            writer.write(command.message(on: .first), on: .command, into: &hello)
        }
        var length = 0
        for part in [hello, wire] {
            feed(part) { piece in
                session.receive(piece)
                while let event = try? session.next(at: now) {
                    if case .media(_, let media) = event { length += media.payload.count }
                    if session.isDeciding { session.accept() }
                }
            }
        }
        return length
    }

    private static func encode(_ message: MediaMessage, chunkSize: Int) -> Int {
        var length = 0
        while length < wireLength {
            length += EncodedMessage(message, chunkSize: chunkSize).bytes.count
        }
        return length
    }

    private static func feed(_ wire: [UInt8], _ receive: (Span<UInt8>) -> Void) {
        var start = 0
        while start < wire.count {
            let end = min(start + readLength, wire.count)
            receive(wire.span.extracting(start..<end))
            start = end
        }
    }

    private static func report(
        _ name: String, _ video: Int, _ chunkSize: Int, bytes: Int, _ work: () -> Int
    ) {
        var best = Int.max
        var result = 0
        for _ in 0..<rounds {
            let before = cpuMicroseconds()
            result = work()
            best = min(best, cpuMicroseconds() - before)
        }
        check(result > bytes / 2, "\(name) did only \(result) of \(bytes) bytes")
        let rate = bytes / max(best, 1)
        print("\(name): \(video)-byte video in chunks of \(chunkSize): \(rate) MB/s of CPU time")
    }

    private static func cpuMicroseconds() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Int(time.tv_sec) * 1_000_000 + Int(time.tv_nsec) / 1_000
    }
}
