import Base
import Capture
import Glibc
import Media
import Packets
import RTMP

/// CPU time of `pcap watch FILE` on one core: sixteen publishers at 2.65 Mb/s, whose packets a
/// file holds as a capture would, read from it and followed down to the frame.
@main
struct BenchPcap {
    private static let rounds = 5
    private static let publishers = 16
    private static let chunkSize = 4_096

    static func main() throws {
        let path = "/tmp/streamr-sim-bench-\(getpid()).pcap"
        defer { unlink(path) }
        let frames = try write(to: path)
        var best = Int64.max
        var figures = WatchFigures()
        for _ in 0..<rounds {
            let start = cpuNanoseconds()
            let report = try watch(path)
            best = min(best, cpuNanoseconds() - start)
            figures = report.figures
            let seen = report.streams.reduce(0) { $0 + $1.media.videoFrames }
            check(seen == frames, "\(seen) of \(frames) frames")
        }
        let rate = Fixed.ratio(Int128(figures.bytes), Int128(best))
        let perPacket = best / figures.packets
        print(
            "pcap watch: \(rate.text(decimals: 2)) GB/s a core, \(perPacket) ns a packet",
            terminator: "")
        print(" (\(figures.packets) packets, \(figures.bytes >> 20) MiB, \(frames) video frames)")
    }

    private static func watch(_ path: String) throws -> WatchReport {
        var file = try CaptureFile(path: path, filter: nil)
        var watch = Watch(.media)
        while try file.read({ watch.receive($0, in: $1) }) != .ended {}
        watch.finish()
        return watch.report()
    }

    private static func cpuNanoseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    // MARK: The capture

    /// Ten seconds of every publisher, with an acknowledgement for each message; how many video
    /// frames it holds.
    private static func write(to path: String) throws -> Int64 {
        var shape = Clip.Shape()
        shape.duration = .seconds(10)
        let messages = Array(try Clip(shape))
        var file = PacketFile()
        for number in 0..<publishers {
            let start = Instant(nanoseconds: Int64(number) * 1_000_000)
            let client = Endpoint(ipv4: 0x0A00_0001, port: UInt16(40_000 + number))
            let server = Endpoint(ipv4: 0x0A00_0002, port: 1_935)
            var connection = file.open(
                client: client, server: server, delay: .milliseconds(1), at: start)
            file.send(request(number), on: &connection, toServer: true, at: start)
            for message in messages {
                let at = start + .milliseconds(message.timestamp.milliseconds)
                let wire = EncodedMessage(message, chunkSize: chunkSize).bytes
                file.send(wire, on: &connection, toServer: true, at: at)
                file.acknowledge(on: connection, toServer: false, at: at + .milliseconds(1))
            }
        }
        check(file.leftOut == 0, "more packets than a made-up capture holds")
        let bytes = file.bytes()
        let descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        check(Glibc.write(descriptor, bytes, bytes.count) == bytes.count, "a file cut short")
        close(descriptor)
        let frames = messages.count { $0.kind == .video && $0.payload[1] == 1 }
        return Int64(frames * publishers)
    }

    /// Handshake, connect and publish, as one side of them.
    private static func request(_ number: Int) -> [UInt8] {
        var writer = ChunkWriter()
        var wire = [Handshake.version] + [UInt8](repeating: 0, count: 2 * Handshake.packetLength)
        let app = AMFValue.object([AMFProperty("app", .string("live"))])
        let connect = Command("connect", transaction: 1, [app])
        let publish = Command("publish", [.null, .string("film-\(number)"), .string("live")])
        for command in [connect, publish] {
            writer.write(command.message(on: .first), on: .command, into: &wire)
        }
        writer.setChunkSize(chunkSize, into: &wire)
        return wire
    }
}
