import Base
import Foundation
import Media
import NIOCore
import NIOPosix
import RTMP
import Sockets

/// An hour of people coming and going, a second for each of its minutes: resident memory must not
/// grow between the tenth and the last.
struct Churn {
    private static let minutes = 60
    private static let measured = 10
    /// In each minute; each publishes another stream than anybody before.
    private static let publishers = 5
    private static let players = 4
    private static let growthMax = 2 << 20

    let rtmp: Int
    let http: Int
    let group: MultiThreadedEventLoopGroup

    /// Prints the two figures; false if they are too far apart.
    static func measure(binary: String) async throws -> Bool {
        let peer = try Peer.start(.streamr, binary: binary)
        defer { peer.stop() }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let churn = Churn(rtmp: peer.port, http: peer.httpPort, group: group)
        var early = 0
        for minute in 1...minutes {
            try await churn.pass(minute)
            if minute == measured { early = peer.residentBytes }
        }
        let late = peer.residentBytes
        try await group.shutdownGracefully()
        let growth = Double(late - early) / 1_048_576
        print(
            String(
                format: "churn: %.1f MiB after %d minutes, %.1f after %d: %+.1f MiB (at most 2)",
                Double(early) / 1_048_576, measured, Double(late) / 1_048_576, minutes, growth))
        return late - early <= growthMax
    }

    private func pass(_ minute: Int) async throws {
        try await withThrowingTaskGroup { tasks in
            for index in 0..<Self.publishers {
                tasks.addTask { try await publish("s\(minute)-\(index)") }
            }
            try await tasks.waitForAll()
        }
    }

    /// Ten seconds of a stream in half of one, and its players over both protocols.
    private func publish(_ name: String) async throws {
        var shape = Clip.Shape()
        shape.duration = .seconds(10)
        let clip = try Clip(shape)
        let publisher = try await connect(.publish, name)
        let sending = Task { try await publisher.publish(clip, speed: 20) }
        var players: [RTMPClient] = []
        var watchers: [any Channel] = []
        for _ in 0..<Self.players / 2 {
            players.append(try await connect(.play, name))
            watchers.append(try await watch(name))
        }
        try await sending.value
        for player in players { await player.leave() }
        for watcher in watchers { try? await watcher.close() }
        await publisher.leave()
    }

    private func connect(
        _ purpose: ClientSession.Purpose, _ name: String
    ) async throws -> RTMPClient {
        let (started, sink) = AsyncStream<Void>.makeStream()
        let url = StreamURL("rtmp://127.0.0.1:\(rtmp)/live/\(name)")!
        let client = try await RTMPClient.connect(purpose, url, on: group.next()) { event, _ in
            switch event {
            case .session(.started), .failed, .closed: sink.finish()
            case .session(.media), .session(.ended), .session(.status): break
            }
        }.get()
        for await _ in started {}
        return client
    }

    /// HTTP-FLV, read and thrown away.
    private func watch(_ name: String) async throws -> any Channel {
        let channel = try await ClientBootstrap(group: group)
            .connect(host: "127.0.0.1", port: http).get()
        let request = "GET /live/\(name).flv HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        try await channel.writeAndFlush(ByteBuffer(string: request))
        return channel
    }
}
