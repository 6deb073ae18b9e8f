import Base
import Foundation
import Media
import Platform
import RTMP
import Sockets
import Testing

/// Peers that misbehave, with a bystander on the same server who must not notice.
@Suite(.serialized) struct HostileTests {
    /// A publisher of stamped pictures and a player of them, for the whole of a test.
    private struct Bystander {
        let publisher: TestClient
        let player: TestClient
        private let task: Task<Void, any Error>

        static func start(_ port: Int) async throws -> Bystander {
            let publisher = try await TestClient.connect(.publish, "quiet", port: port)
            var shape = Clip.Shape()
            shape.videoRate = 1_000_000
            let clip = try Clip(shape)
            let task = Task { try await publish(clip, publisher.client) }
            let player = try await TestClient.play("quiet", port: port)
            #expect(try await player.wait(for: 60, .video))
            return Bystander(publisher: publisher, player: player, task: task)
        }

        private init(publisher: TestClient, player: TestClient, task: Task<Void, any Error>) {
            self.publisher = publisher
            self.player = player
            self.task = task
        }

        private static func publish(_ clip: Clip, _ client: RTMPClient) async throws {
            var clip = clip
            let start = RTMPClient.now
            while !Task.isCancelled, let time = clip.nextTime {
                let wait = start + .milliseconds(time.milliseconds) - RTMPClient.now
                if wait > .zero { try await Task.sleep(for: .nanoseconds(wait.nanoseconds)) }
                guard let message = clip.next(stamp: RTMPClient.now) else { return }
                client.send([message])
            }
        }

        /// The 99th percentile of the delays of the pictures that come meanwhile.
        func delay(_ body: () async throws -> Void) async throws -> Interval {
            let before = await player.delays.count
            try await body()
            let delays = await player.delays.dropFirst(before).sorted()
            #expect(delays.count >= 80, "hardly a picture came")
            return delays.isEmpty ? .zero : delays[delays.count * 99 / 100]
        }

        /// Ends both; every picture must have come, from the first on.
        func finish() async throws {
            task.cancel()
            await publisher.leave()
            try await Task.sleep(for: .milliseconds(500))
            let frames = await player.messages.filter { $0.kind == .video && $0.payload[1] == 1 }
            await player.leave()
            let numbers = frames.map { ($0.timestamp.milliseconds * 30 + 999) / 1000 }
            let first = try #require(numbers.first)
            #expect(numbers == Array(first..<first + Int64(numbers.count)), "a picture was lost")
        }
    }

    private static let watched = Duration.seconds(4)
    private static let triesMax = 3

    @Test("attacks cost bounded memory, and a bystander loses no frame and no time")
    func bystander() async throws {
        // The clients' ends are files of this process.
        let connections = min(10_000, FileLimit.raise() - 2_000)
        if connections < 10_000 { print("only \(connections) idle: this process's limit of files") }
        let flags = ["--handshake-timeout", "30s", "--log", "error"]
        try await ServerProcess.with(flags, program: ServerProcess.fastBinary) { server in
            let bystander = try await Bystander.start(server.ports.rtmp)
            var quiet = try await bystander.delay { try await Task.sleep(for: Self.watched * 2) }
            print("p99 of the delay, in ms, and what the server's memory grew by, in KiB")
            print("quiet: \(Self.milliseconds(quiet))")
            for attack in Attack.all(stream: "quiet", connections: connections) {
                for attempt in 1...Self.triesMax {
                    let before = server.residentBytes
                    var grown = 0
                    let disturbed = try await bystander.delay {
                        try await attack.run(port: server.ports.rtmp) {
                            try await Task.sleep(for: Self.watched)
                            grown = max(server.residentBytes - before, 0)
                        }
                    }
                    print(
                        "\(attack.count) \(attack): \(Self.milliseconds(disturbed)),",
                        "+\(grown >> 10), each \(grown / attack.count) bytes")
                    // What stands still holds no more than its session and what was promised it.
                    #expect(grown < attack.count * (24 << 10) + (24 << 20), "\(attack)")
                    if disturbed * 5 <= quiet * 6 { break }
                    // The machine has other work, too: the quiet run is taken again beside it.
                    #expect(attempt < Self.triesMax, "\(attack): \(disturbed), quiet \(quiet)")
                    quiet = try await bystander.delay { try await Task.sleep(for: Self.watched) }
                }
            }
            try await bystander.finish()
            #expect(try await server.wait(20, for: "connections") { $0 == 0 })
        }
    }

    private static func milliseconds(_ interval: Interval) -> String {
        "\(interval.nanoseconds / 1_000_000)"
    }

    @Test("thousands of idle connections are dropped at the handshake's limit")
    func idle() async throws {
        try await ServerProcess.with(["--handshake-timeout", "2s", "--log", "error"]) { server in
            let idle = Attack("idle", 2_000) { _ in [3] }
            try await idle.run(port: server.ports.rtmp) {
                let haveCome = try await server.wait(for: "connections_total") { $0 == 2_000 }
                let haveGone = try await server.wait(15, for: "connections") { $0 == 0 }
                #expect(haveCome && haveGone)
            }
            let publisher = try Scratch.publish(server.url("a"), rate: 4)
            #expect(try await publisher.finish(within: 10) == 0, "\(publisher.text)")
        }
    }

    @Test("a reader that stops costs its bound and then loses its connection")
    func stalled() async throws {
        try await TestServer.with({
            $0.stream.queueTimeMax = .seconds(600)
            $0.stream.queueBytesMax = 2 << 20
            $0.stream.stallTimeout = .seconds(3)
        }) { server in
            // Fast enough to fill the kernel's buffers, which take megabytes.
            let publisher = try Scratch.publish(server.url("a"), rate: 30, loops: 60)
            #expect(try await server.waitForPublisher())
            let reader = Attack("a stalled reader", 1) { _ in Attack.playing("a") }
            try await reader.run(port: server.rtmp) {
                let isPlaying = try await server.wait { $0.tally.plays == 1 }
                #expect(isPlaying)
                let isCut = try await server.wait(30) { report in
                    !report.clients.contains { $0.activity == .playing }
                }
                #expect(isCut)
            }
            let kept = try await server.report().streams.first?.bytesKept ?? 0
            #expect(kept < 4 << 20)
            publisher.stop()
        }
    }
}
