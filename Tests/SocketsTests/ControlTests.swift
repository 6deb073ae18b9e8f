import Base
import Foundation
import FoundationNetworking
import Hummingbird
import Logging
import NIOCore
import NIOPosix
import Platform
import RTMP
import Sockets
import Testing

/// What the coordinator and its operator see and decide.
@Suite(.serialized) struct ControlTests {
    @Test("the API lists streams and clients in SRS's fields, and kicks")
    func api() async throws {
        try await TestServer.with { server in
            let publisher = try Scratch.publish(server.url("a?key=k"), rate: 1)
            #expect(try await server.waitForPublisher())
            let player = try await TestClient.play("a", port: server.rtmp)
            #expect(try await server.wait { $0.clients.count == 2 })
            let streams = try await server.json("/api/v1/streams")
            #expect(streams["code"] as? Int == 0 && streams["server"] is String)
            let stream = try #require((streams["streams"] as? [[String: Any]])?.first)
            for field in [
                "id", "name", "vhost", "app", "tcUrl", "url", "live_ms", "clients", "frames",
                "send_bytes", "recv_bytes", "kbps", "publish", "video", "audio",
            ] { #expect(stream[field] != nil, "\(field)") }
            let video = try #require(stream["video"] as? [String: Any])
            #expect(video["codec"] as? String == "H264")
            #expect(video["width"] as? Int == 320 && video["height"] as? Int == 180)
            let audio = try #require(stream["audio"] as? [String: Any])
            #expect(audio["sample_rate"] as? Int == 44_100)
            let rows = try await server.json("/api/v1/clients")
            let clients = try #require(rows["clients"] as? [[String: Any]])
            #expect(
                Set(clients.compactMap { $0["type"] as? String })
                    == ["fmle-publish", "rtmp-play"])
            let id = try #require(
                clients.first { $0["publish"] as? Bool == true }?["id"] as? String)
            _ = try await server.get("/api/v1/clients/\(id)", method: "DELETE")
            #expect(try await publisher.finish(within: 5) != 0)
            #expect(try await server.wait { $0.clients.count == 1 })
            for name in ["versions", "summaries", "vhosts", "features", "rusages", "meminfos"] {
                #expect(try await server.json("/api/v1/\(name)")["code"] as? Int == 0)
            }
            #expect(try await server.json("/api/v1/streams/none")["code"] as? Int == 2048)
            await player.leave()
        }
    }

    @Test("players by HTTP-FLV that reset before there is an answer are gone afterwards")
    func resets() async throws {
        let coordinator = try await HookServer.start()
        let hooks = [Hook.Kind.play: "http://127.0.0.1:\(coordinator.port)/"]
        try await TestServer.with({ $0.hooks = hooks }) { server in
            let publisher = try Scratch.publish(server.url("slow"), rate: 1)
            #expect(try await server.waitForPublisher("slow"))
            let group = MultiThreadedEventLoopGroup.singleton
            var channels: [any Channel] = []
            for _ in 0..<20 {
                let channel = try await ClientBootstrap(group: group)
                    .connect(host: "127.0.0.1", port: server.http).get()
                try await (channel as? any SocketOptionProvider)?
                    .setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
                let request = "GET /live/slow.flv?key=right HTTP/1.1\r\nHost: a\r\n\r\n"
                try await channel.writeAndFlush(ByteBuffer(string: request)).get()
                channels.append(channel)
            }
            #expect(try await server.wait(5) { $0.clients.count == 21 })
            for channel in channels { try await channel.close() }
            #expect(try await server.wait(5) { $0.clients.count == 1 })
            publisher.stop()
        }
        await coordinator.stop()
    }

    /// Every key that https://ossrs.io/lts/en-us/docs/v5/doc/http-callback shows for the action is
    /// there, and no other than the few that SRS sends as well.
    @Test("callbacks have SRS's fields, each action its own")
    func hookFields() async throws {
        let coordinator = try await HookServer.start()
        let targets = Dictionary(
            uniqueKeysWithValues: Hook.Kind.allCases.map {
                ($0, "http://127.0.0.1:\(coordinator.port)/")
            })
        try await TestServer.with({ $0.hooks = targets }) { server in
            let publisher = try Scratch.publish(server.url("a?key=right"), rate: 4)
            #expect(try await server.waitForPublisher())
            let player = try await TestClient.play("a?key=right", port: server.rtmp)
            #expect(try await publisher.finish(within: 10) == 0, "\(publisher.text)")
            await player.leave()
            #expect(try await coordinator.wait(for: "on_close", 2))
            let all: Set = [
                "server_id", "service_id", "action", "client_id", "ip", "vhost", "app", "tcUrl",
                "pageUrl", "param",
            ]
            let stream: Set = ["stream", "stream_url", "stream_id"]
            let expected = [
                "on_connect": all, "on_close": all.union(["send_bytes", "recv_bytes"]),
                "on_publish": all.union(stream), "on_unpublish": all.union(stream),
                "on_play": all.union(stream), "on_stop": all.union(stream),
            ]
            let calls = await coordinator.calls
            #expect(Set(calls.compactMap { $0["action"] }) == Set(expected.keys))
            for call in calls {
                let action = call["action"] ?? ""
                #expect(Set(call.keys) == expected[action], "\(action)")
            }
            #expect(Set(calls.compactMap { $0["stream_id"] }).count == 1)
        }
        await coordinator.stop()
    }

    @Test("metrics are what Prometheus's own parser takes, and add up")
    func metrics() async throws {
        try await TestServer.with { server in
            let publisher = try Scratch.publish(server.url("a\\\"b"), rate: 1)
            defer { publisher.stop() }
            #expect(try await server.waitForPublisher("a\\\"b"))
            let (_, body) = try await server.get("/metrics")
            let text = String(decoding: body, as: UTF8.self)
            #expect(text.contains("streamr_publishes_total 1\n"))
            #expect(text.contains("streamr_publishers 1\n"))
            let file = Scratch.folder.appending(path: "metrics.txt")
            try body.write(to: file)
            let parser = try Tool(
                "python3", "-c",
                """
                import sys; from prometheus_client.parser import text_string_to_metric_families as f
                for family in f(open(sys.argv[1]).read()):
                    for s in family.samples: print(family.type, s.name, s.labels.get("stream"), s.value)
                """, file.path)
            #expect(try await parser.finish(within: 20) == 0, "\(parser.text)")
            #expect(parser.text.contains("counter streamr_publishes_total None 1\n"))
            #expect(parser.text.contains("gauge streamr_resident_bytes None"))
            #expect(parser.text.contains("counter streamr_stream_received_bytes_total a\\\"b "))
        }
    }

    @Test("callbacks are made in order, and the key decides who publishes and plays")
    func hooks() async throws {
        let coordinator = try await HookServer.start()
        let targets = Dictionary(
            uniqueKeysWithValues: Hook.Kind.allCases.map {
                ($0, "http://127.0.0.1:\(coordinator.port)/")
            })
        try await TestServer.with({ $0.hooks = targets }) { server in
            let wrong = try Scratch.publish(server.url("a?key=wrong"), rate: 4)
            #expect(try await wrong.finish(within: 10) != 0)
            #expect(try await server.wait { $0.clients.isEmpty && $0.streams.isEmpty })
            let right = try Scratch.publish(server.url("a?key=right"), rate: 2)
            #expect(try await server.waitForPublisher())
            let refused = try await TestClient.play("a?key=wrong", port: server.rtmp)
            #expect(await !refused.isStarted)
            let player = try await TestClient.play("a?key=right", port: server.rtmp)
            #expect(await player.isStarted)
            #expect(try await right.finish(within: 20) == 0, "\(right.text)")
            await player.leave()
            #expect(try await server.wait { $0.clients.isEmpty })
            #expect(try await coordinator.wait(for: "on_close", 4))
            let calls = await coordinator.calls
            let publisher = try #require(
                calls.first { $0["action"] == "on_publish" && $0["param"] == "?key=right" })
            let of = calls.filter { $0["client_id"] == publisher["client_id"] }
            #expect(
                of.compactMap { $0["action"] }
                    == ["on_connect", "on_publish", "on_unpublish", "on_close"])
            #expect(publisher["app"] == "live" && publisher["stream"] == "a")
            #expect(publisher["ip"] == "127.0.0.1" && publisher["vhost"] == "__defaultVhost__")
            #expect(publisher["stream_url"] == "/live/a")
            let stopped = calls.filter { $0["action"] == "on_stop" }
            #expect(stopped.count == 1 && stopped.first?["param"] == "?key=right")
        }
        await coordinator.stop()
    }

    @Test("a coordinator that is away lets nobody publish")
    func coordinatorAway() async throws {
        try await TestServer.with({ $0.hooks = [.publish: "http://127.0.0.1:9/"] }) { server in
            let publisher = try Scratch.publish(server.url("a"), rate: 4)
            #expect(try await publisher.finish(within: 10) != 0)
            #expect(try await server.wait { $0.clients.isEmpty })
        }
    }

    @Test("a taken port and a bad certificate are said in words")
    func startErrors() async throws {
        try await TestServer.with { server in
            await #expect(throws: StartError.self) {
                try await TestServer.with({ $0.rtmpPort = server.rtmp }) { _ in }
            }
            await #expect(throws: StartError.self) {
                try await TestServer.with({ $0.httpPort = server.rtmp }) { _ in }
            }
        }
        await #expect(throws: StartError.self) {
            try await TestServer.with({
                $0.rtmpsPort = 0
                $0.certificate = .init(chain: "/etc/hostname", key: "/etc/hostname")
            }) { _ in }
        }
    }

    @Test("RTMPS takes and gives a stream")
    func secure() async throws {
        let (key, chain) = try await Certificate.make("localhost")
        try await TestServer.with({
            $0.rtmpsPort = 0
            $0.certificate = .init(chain: chain, key: key)
        }) { server in
            let port = try #require(server.service.ports.rtmps)
            let publisher = try Scratch.publish("rtmps://127.0.0.1:\(port)/live/a")
            #expect(try await server.waitForPublisher())
            let player = try Scratch.checksums("rtmps://127.0.0.1:\(port)/live/a")
            #expect(try await publisher.finish(within: 20) == 0, "\(publisher.text)")
            #expect(try await player.tool.finish(within: 10) == 0, "\(player.tool.text)")
            let clip = try await PlayTests.clipChecksums()
            try expectTail(player.file, of: clip, missingAtMost: 200)
        }
    }
}

/// A coordinator that takes callbacks and says yes to whoever has the right key.
actor HookServer {
    private(set) var calls: [[String: String]] = []
    nonisolated let port: Int
    private var task: Task<Void, any Error>?

    private init(port: Int) { self.port = port }

    private func note(_ call: [String: String]) -> Bool {
        calls.append(call)
        let isAsked = ["on_publish", "on_play"].contains(call["action"])
        return !isAsked || call["param"] == "?key=right"
    }

    /// Waits for as many calls of an action.
    func wait(for action: String, _ count: Int) async throws -> Bool {
        for _ in 0..<100 {
            if calls.count(where: { $0["action"] == action }) >= count { return true }
            try await Task.sleep(for: .milliseconds(50))
        }
        return false
    }

    private func keep(_ task: Task<Void, any Error>) { self.task = task }

    static func start() async throws -> HookServer {
        let box = Box()
        let (ports, sink) = AsyncStream<Int>.makeStream()
        let router = Router()
        router.post("/") { request, _ in
            let body = try await request.body.collect(upTo: 1 << 16)
            let object = try JSONSerialization.jsonObject(with: Data(body.readableBytesView))
            let pairs = (object as? [String: Any] ?? [:]).mapValues { "\($0)" }
            // What is slow to be taken is still told before what came after it.
            if pairs["action"] == "on_unpublish" { try await Task.sleep(for: .milliseconds(200)) }
            if pairs["stream"] == "slow" { try await Task.sleep(for: .seconds(1)) }
            let isAllowed = await box.server?.note(pairs) ?? false
            return isAllowed ? "{\"code\":0}" : "{\"code\":1}"
        }
        var logger = Logger(label: "hooks")
        logger.logLevel = .critical
        let app = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { sink.yield($0.localAddress?.port ?? 0) }, logger: logger)
        let task = Task { try await app.run() }
        for await port in ports {
            let server = HookServer(port: port)
            await server.keep(task)
            await box.set(server)
            return server
        }
        throw CancellationError()
    }

    func stop() async {
        task?.cancel()
        _ = try? await task?.value
    }

    private actor Box {
        var server: HookServer?
        func set(_ server: HookServer) { self.server = server }
    }
}
