import Base
import Foundation
import NIOCore
import NIOPosix
import RTMP

/// One publisher to a thousand players on loopback: CPU time a server spends for a megabyte sent,
/// and memory per player and publisher, of ours and of nginx-rtmp in one run.
///
/// The CPU time is the kernel's own account of the server's process (`/proc/PID/stat`); the bytes
/// are those that arrived at the players. Give each server a core and the players another:
/// `bench-serve` pins both with `taskset`.
@main
struct BenchServe {
    private static let window = 15

    static func main() async throws {
        let players = Int(argument("--players") ?? "1000") ?? 1000
        let percent = Int(argument("--percent") ?? "100") ?? 100
        let binary = argument("--binary") ?? ".build/release/streamr-sim"
        print(
            "one publisher at \(percent) % of 2.5 Mb/s and sound, \(players) players, \(window) s")
        print(
            "server                CPU-ms per MB   CPU %   MB/s   lost   KB per player   MB alone")
        for kind in Peer.Kind.allCases {
            guard kind != .nginx || FileManager.default.fileExists(atPath: Peer.nginxModule)
            else {
                print("nginx-rtmp            not installed")
                continue
            }
            try await measure(kind, binary: binary, players: players, percent: percent)
        }
        guard try await Churn.measure(binary: binary) else { exit(1) }
    }

    private static func argument(_ name: String) -> String? {
        let words = CommandLine.arguments
        guard let index = words.firstIndex(of: name), index + 1 < words.count else { return nil }
        return words[index + 1]
    }

    private static func measure(
        _ kind: Peer.Kind, binary: String, players: Int, percent: Int
    ) async throws {
        let peer = try Peer.start(kind, binary: binary)
        defer { peer.stop() }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let before = peer.residentBytes
        let publisher = try await Publisher.start(port: peer.port, percent: percent, on: group)
        try await Task.sleep(for: .seconds(3))
        let alone = peer.residentBytes
        let swarm = Swarm()
        try await swarm.join(players, port: peer.port, on: group)
        try await Task.sleep(for: .seconds(4))
        let start = (cpu: peer.cpuSeconds, bytes: await swarm.bytes(on: group), at: Date())
        try await Task.sleep(for: .seconds(window))
        let end = (cpu: peer.cpuSeconds, bytes: await swarm.bytes(on: group), at: Date())
        let full = peer.residentBytes
        await publisher.stop()
        try await Task.sleep(for: .seconds(1))
        let lost = await swarm.lost(on: group)
        await swarm.leave()
        try await group.shutdownGracefully()
        let megabytes = Double(end.bytes - start.bytes) / 1e6
        let elapsed = end.at.timeIntervalSince(start.at)
        print(
            "\(kind.rawValue.padding(toLength: 22, withPad: " ", startingAt: 0))"
                + String(
                    format: "%13.3f %7.1f %6.0f %6d %15.1f %10.1f",
                    (end.cpu - start.cpu) * 1000 / megabytes,
                    (end.cpu - start.cpu) / elapsed * 100, megabytes / elapsed, lost,
                    Double(full - alone) / 1024 / Double(players),
                    Double(alone - before) / 1_048_576))
    }
}
