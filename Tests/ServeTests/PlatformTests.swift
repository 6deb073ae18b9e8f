import Foundation
import TestServers
import Testing

@testable import Sockets

/// The whole platform with real peers: ffmpeg, curl, our node, schemathesis.
@Suite(.serialized) struct PlatformTests {
    @Test("a friend publishes with the key, nobody does without, and the front has it playing")
    func evening() async throws {
        try await Serve.with { serve in
            let friend = try await serve.friend("ann")
            let wrong = try serve.publish(friend, key: "0123456789abcdef")
            #expect(try await wrong.finish(within: 20) != 0)
            #expect(try await serve.status(of: friend) == "READY")

            let publisher = try serve.publish(friend)
            #expect(try await serve.waitForLive(friend), "\(publisher.text) \(serve.tool.text)")
            let viewer = try Tool(
                "ffmpeg", "-loglevel", "error", "-tls_verify", "0", "-i",
                "\(serve.front)/live/\(friend.stream).m3u8", "-t", "3", "-f", "null", "-")
            #expect(try await viewer.finish(within: 40) == 0, "\(viewer.text)")
            let page = try Tool(
                "curl", "-sS", "-k", "--http2", "-H", "Accept: text/html", "-w", "%{http_version}",
                "\(serve.front)/")
            #expect(try await page.finish(within: 10) == 0)
            #expect(page.text.contains("ann&#39;s stream") && page.text.hasSuffix("</html>\n2"))

            publisher.stop()
            #expect(try await wait(20) { try await serve.status(of: friend) == "OFFLINE" })
            let metrics = try await HTTPAnswer.of(
                "GET", "http://127.0.0.1:\(serve.ports.api)/metrics")
            for name in ["streamr_publishes_total 1\n", "streamr_store_failures_total 0\n"] {
                #expect(metrics.string.contains(name), "\(name)")
            }
            for line in metrics.string.split(separator: "\n") where !line.hasPrefix("#") {
                let sample = /^streamr_[a-z0-9_]+(\{.*\})? \d+(\.\d+)?$/
                #expect(line.firstMatch(of: sample) != nil, "\(line)")
            }
        }
    }

    /// Its stream's window fills at once: what does not fit waits, as it does for a stalled browser.
    @Test("a slow HTTP/2 player of the front leaves the platform running")
    func slowPlayer() async throws {
        try await Serve.with { serve in
            let friend = try await serve.friend("ann")
            let publisher = try serve.publish(friend)
            defer { publisher.stop() }
            #expect(try await serve.waitForLive(friend))
            let player = try Tool(
                "curl", "-sS", "-k", "--http2", "--limit-rate", "1k", "--max-time", "10", "-o",
                "/dev/null", "\(serve.front)/live/\(friend.stream).flv")
            _ = try await player.finish(within: 20)
            let health = try await HTTPAnswer.of("GET", "\(serve.url)/health")
            #expect(health.status == 200, "\(serve.tool.text)")
        }
    }

    @Test("a node registers, relays, beats, is where viewers are sent, and tells what it relayed")
    func node() async throws {
        try await Serve.with { serve in
            let friend = try await serve.friend("ann")
            let publisher = try serve.publish(friend)
            defer { publisher.stop() }
            #expect(try await serve.waitForLive(friend))
            let node = try await serve.node(friend, "attic")
            defer { node.tool.stop() }
            #expect(try await serve.waitForViewers(of: friend, to: node))
            let viewer = try Tool(
                "ffmpeg", "-loglevel", "error", "-i",
                "rtmp://127.0.0.1:\(node.rtmp)/live/\(friend.stream)", "-t", "2", "-f", "null", "-")
            #expect(try await viewer.finish(within: 30) == 0, "\(viewer.text)")
            let stats = try await HTTPAnswer.of("GET", "http://127.0.0.1:\(node.http)/stats")
            #expect(stats.string == #"{"viewers":0}"#)
            // Its last report comes with its end.
            node.tool.stop()
            let figures = try await serve.get("/nodes/\(node.id)/earnings")
            guard case .object(let object)? = figures.json,
                case .integer(let reported)? = object["bytes_reported"]
            else {
                Issue.record("\(figures.text)")
                return
            }
            #expect(reported > 50_000, "\(figures.text)")
        }
    }

    @Test("after kill -9 everything that was said is there, and the platform goes on")
    func restart() async throws {
        let folder = Scratch.folder.appending(path: "data-\(UUID().uuidString)")
        let first = try await Serve.start(in: folder)
        let friend = try await first.friend("ann")
        let publisher = try first.publish(friend)
        defer { publisher.stop() }
        #expect(try await first.waitForLive(friend))
        try await first.tool.kill9()
        let second = try await Serve.start(in: folder)
        defer { second.tool.stop() }
        #expect(try await second.get("/streams").string.contains("ann's stream"))
        let sign = try await HTTPAnswer.of(
            "POST", "\(second.url)/api/v1/auth/login",
            body: #"{"name":"ann","password":"\#(friend.password)"}"#)
        #expect(sign.status == 200, "\(sign.text)")
        // Nobody publishes any more, and nobody was there to hear of it.
        #expect(try await wait(60) { try await second.status(of: friend) == "OFFLINE" })
        // What only its owner may read.
        for name in ["secrets.json", "certificate-key.pem"] {
            let path = folder.appending(path: name).path
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
            #expect(mode as? Int == 0o600, "\(name)")
        }
    }

    @Test("a PostgreSQL and a Redis do what the store and the cache inside do")
    func others() async throws {
        let redis = try await Redis.start()
        defer { redis.stop() }
        let database = try PostgresServer.shared.get().database()
        try await Serve.with(
            "--database", database, "--cache", "redis://127.0.0.1:\(redis.port)"
        ) { serve in
            #expect(serve.ports.cache == nil)
            let friend = try await serve.friend("ann")
            let publisher = try serve.publish(friend)
            defer { publisher.stop() }
            #expect(try await serve.waitForLive(friend))
            let node = try await serve.node(friend, "attic")
            defer { node.tool.stop() }
            #expect(try await serve.waitForViewers(of: friend, to: node))
            let keys = try Tool("redis-cli", "-p", "\(redis.port)", "keys", "*")
            #expect(try await keys.finish(within: 10) == 0)
            #expect(keys.text.contains("stream:\(friend.stream):nodes"), "\(keys.text)")
        }
    }

    @Test("SIGTERM answers what was asked")
    func drain() async throws {
        let folder = Scratch.folder.appending(path: "data-\(UUID().uuidString)")
        let serve = try await Serve.start(in: folder)
        let friend = try await serve.friend("ann")
        let before = try await serve.transactions()
        // The password's hash takes its time, one after the other.
        let logins = try (0..<3).map { _ in
            try Tool(
                "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-H",
                "Content-Type: application/json", "--data",
                #"{"name":"ann","password":"\#(friend.password)"}"#,
                "\(serve.url)/api/v1/auth/login")
        }
        #expect(try await wait { try await serve.transactions() >= before + 3 })
        serve.tool.process.terminate()
        for login in logins {
            #expect(try await login.finish(within: 20) == 0)
            #expect(login.text == "200")
        }
        #expect(try await wait { !serve.tool.process.isRunning })
    }

    @Test("SIGHUP reads the certificate again, and who comes by HTTP is sent to HTTPS")
    func hangUp() async throws {
        let folders = (0..<2).map { _ in Scratch.folder.appending(path: UUID().uuidString) }
        for folder in folders {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        }
        let used = try OwnCertificate.load(from: folders[0], hosts: ["127.0.0.1"])
        let fresh = try OwnCertificate.load(from: folders[1], hosts: ["127.0.0.1"])
        try await Serve.with(
            "--certificate", used.chain, "--key", used.key, "--redirect-port", "0"
        ) { serve in
            let redirect = try #require(serve.ports.redirect)
            func status(trusting chain: String) async throws -> Int32? {
                let tool = try Tool(
                    "curl", "-sS", "--fail", "--location", "--cacert", chain,
                    "http://127.0.0.1:\(redirect)/health")
                return try await tool.finish(within: 10)
            }
            #expect(try await status(trusting: used.chain) == 0)
            #expect(try await status(trusting: fresh.chain) == 60)
            for (from, to) in [(fresh.chain, used.chain), (fresh.key, used.key)] {
                try Data(contentsOf: URL(filePath: from)).write(to: URL(filePath: to))
            }
            kill(serve.tool.process.processIdentifier, SIGHUP)
            let isNew = try await wait(10) { try await status(trusting: fresh.chain) == 0 }
            #expect(isNew, "\(serve.tool.text)")
        }
    }

    @Test("what cannot start says why, and ends with 2")
    func refusals() async throws {
        try await Serve.with { serve in
            let taken = try Tool(
                Serve.program, "serve", "--bind", "127.0.0.1", "--coordinator-port",
                "\(serve.ports.coordinator)", "--rtmp-port", "0", "--http-port", "0", "--api-port",
                "0", "--https-port", "0", "--cache-port", "0", "--data", serve.folder.path + "-2")
            #expect(try await taken.finish(within: 20) == 2)
            #expect(taken.text.contains("\(serve.ports.coordinator)"), "\(taken.text)")
            let friend = try Tool(Serve.program, "friend", "add", "a b", "--url", serve.url)
            #expect(try await friend.finish(within: 20) == 2)
            #expect(friend.text.contains("name: expected"), "\(friend.text)")
            let node = try Tool(
                Serve.program, "node", "--coordinator", serve.url, "--stream", "7", "--key",
                "0123456789abcdef", "--bind", "127.0.0.1", "--rtmp-port", "0", "--http-port", "0",
                "--api-port", "0")
            #expect(try await node.finish(within: 20) == 2)
            #expect(node.text.contains("no such stream"), "\(node.text)")
        }
    }

    /// In this process, with limits that schemathesis does not reach. Whether a stream can take a
    /// step and an interval is of today, which 400 says, its description cannot tell.
    @Test("the interface does what its description says, says schemathesis")
    func schemathesis() async throws {
        try await TestPlatform.with { platform in
            let account = try await platform.account("ann")
            _ = try await platform.stream(account.access)
            let configuration = Scratch.folder.appending(path: "schemathesis.toml")
            let refusable = [
                "/streams/{stream_id}", "/streams/{stream_id}/status",
                "/api/v1/sessions/{stream_id}/bandwidth-report",
            ]
            let sections = refusable.map { path in
                """
                [[operations]]
                include-path = "\(path)"
                checks.positive_data_acceptance.expected-statuses = [
                    "2xx", 400, 401, 403, 404, 409, 429
                ]

                """
            }
            try Data(sections.joined().utf8).write(to: configuration)
            let tool = try Tool(
                "schemathesis", "--config-file", configuration.path, "run",
                "\(platform.url)/openapi.json", "--url", platform.url,
                "--header", "Authorization: Bearer \(account.access)", "--max-examples", "20",
                "--workers", "1", "--seed", "1", "--no-color", "--request-timeout", "10",
                "--mode", "all", "--phases", "examples,coverage,fuzzing")
            #expect(try await tool.finish(within: 600) == 0, "\(tool.text.suffix(8_000))")
            #expect(try await platform.ask("GET", "/health").status == 200)
        }
    }
}
