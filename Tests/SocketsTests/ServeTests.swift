import Foundation
import RTMP
import Sockets
import Testing

/// `serve rtmp` as its operator runs it.
@Suite(.serialized) struct ServeTests {
    /// What the program says when it cannot start; its status is 2.
    private func complaint(_ words: [String], variables: [String] = []) async throws -> String {
        let tool = try Tool(words: variables + [ServerProcess.binary, "serve", "rtmp"] + words)
        #expect(try await tool.finish(within: 20) == 2)
        return tool.text
    }

    @Test("what keeps it from starting is said in a line, and it ends with 2")
    func complaints() async throws {
        try await ServerProcess.with { server in
            let port = server.ports.rtmp
            let taken = try await complaint([
                "--bind", "127.0.0.1", "--rtmp-port", "\(port)", "--http-port", "0",
                "--api-port", "0",
            ])
            #expect(taken.contains("cannot listen on 127.0.0.1 port \(port)"))
            #expect(taken.contains("Address already in use"))
        }
        let certificate = try await complaint([
            "--bind", "127.0.0.1", "--rtmp-port", "0", "--http-port", "0", "--api-port", "0",
            "--rtmps-port", "0", "--certificate", "/etc/hostname", "--key", "/etc/hostname",
        ])
        #expect(certificate.contains("cannot use the certificate /etc/hostname"))
        let file = try await complaint(["--config", "/nowhere.json"])
        #expect(file.contains("cannot read /nowhere.json"))
        let variable = try await complaint([], variables: ["STREAMR_LATENCY=soon"])
        #expect(
            variable.contains(
                "STREAMR_LATENCY: expected a time such as 350ms or 10s, found \"soon\""))
        let lonely = try await complaint(["--rtmps-port", "0"])
        #expect(lonely.contains("--rtmps-port needs --certificate and --key"))
    }

    @Test("unless an address is given, the API alone is for this machine")
    func address() async throws {
        let words = [
            ServerProcess.binary, "serve", "rtmp", "--rtmp-port", "0", "--http-port", "0",
            "--api-port", "0",
        ]
        let cases: [(more: [String], isThere: Bool)] = [
            ([], false), (["--api-bind", "0.0.0.0"], true),
        ]
        for (more, isThere) in cases {
            let tool = try Tool(words: words + more)
            #expect(try await tool.says("/api/v1/streams"), "\(tool.text)")
            let ports = tool.text.matches(of: /:(\d+)\//).compactMap { Int($0.1) }
            let (http, api) = (try #require(ports.dropFirst().first), try #require(ports.last))
            // Another address of this machine.
            #expect(try await Web.get("http://127.0.0.2:\(http)/stats").status == 200)
            let answer = try? await Web.get("http://127.0.0.2:\(api)/api/v1/versions")
            #expect((answer?.status == 200) == isThere)
            tool.stop()
        }
    }

    @Test("SIGHUP reads the file again: callbacks and certificate; a bad file changes nothing")
    func reload() async throws {
        let folder = Scratch.folder
        let (key, chain) = try await Certificate.make("first")
        let file = folder.appending(path: "serve.json")
        let settings = ["certificate": chain, "key": key, "rtmps-port": "0"]
        try JSONSerialization.data(withJSONObject: settings).write(to: file)
        try await ServerProcess.with(["--config", file.path]) { server in
            let before = try Scratch.publish(server.url("a"), rate: 1, loops: 9)
            #expect(try await server.wait(for: "publishers") { $0 == 1 })
            let port = try #require(server.ports.rtmps)
            #expect(try await Certificate.subject(port: port).contains("first"))

            let fresh = try await Certificate.make("second")
            var changed = settings
            changed["on-publish"] = "http://127.0.0.1:9/"
            for (from, to) in [(fresh.key, key), (fresh.chain, chain)] {
                try Data(contentsOf: URL(filePath: from)).write(to: URL(filePath: to))
            }
            try JSONSerialization.data(withJSONObject: changed).write(to: file)
            kill(server.tool.process.processIdentifier, SIGHUP)
            #expect(try await server.tool.says("read the settings again"))
            #expect(try await Certificate.subject(port: port).contains("second"))
            let after = try Scratch.publish(server.url("b"), rate: 4)
            #expect(try await after.finish(within: 10) != 0)
            #expect(before.process.isRunning)

            try Data("{\"latency\": \"soon\"}".utf8).write(to: file)
            kill(server.tool.process.processIdentifier, SIGHUP)
            #expect(try await server.tool.says("the settings stay as they were"))
            #expect(try await server.metric("publishers") == 1)
            before.stop()
        }
    }

    @Test("SIGTERM: players get what was published and hear that it is over; it ends with 0")
    func terminate() async throws {
        try await ServerProcess.with(["--latency", "2s"]) { server in
            let publisher = try Scratch.publish(server.url("a"), rate: 1)
            let player = try await TestClient.play("a", port: server.ports.rtmp)
            #expect(try await player.wait(for: 10, .video))
            let watcher = try Tool(
                "curl", "--silent", "--output", "/dev/null", "--write-out",
                "%{http_code} %{exitcode}",
                "http://127.0.0.1:\(server.ports.http)/live/a.flv")
            #expect(try await server.wait(for: "players") { $0 == 2 })
            kill(server.tool.process.processIdentifier, SIGTERM)
            #expect(try await server.tool.finish(within: 10) == 0)
            #expect(try await player.waitForEnd())
            #expect(await player.ending?.code == "NetStream.Play.UnpublishNotify")
            #expect(try await watcher.finish(within: 5) == 0, "\(watcher.text)")
            #expect(watcher.text == "200 0")
            #expect(try await publisher.finish(within: 5) != 0)
        }
    }
}

/// Certificates of an hour, signed by themselves.
enum Certificate {
    static func make(_ name: String) async throws -> (key: String, chain: String) {
        let key = Scratch.folder.appending(path: "\(name).key.pem").path
        let chain = Scratch.folder.appending(path: "\(name).pem").path
        let tool = try Tool(
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out",
            chain, "-days", "2", "-subj", "/CN=\(name)")
        #expect(try await tool.finish(within: 20) == 0, "\(tool.text)")
        return (key, chain)
    }

    /// Whom the certificate is for that a port shows.
    static func subject(port: Int) async throws -> String {
        let tool = try Tool("openssl", "s_client", "-connect", "127.0.0.1:\(port)")
        #expect(try await tool.finish(within: 10) != nil, "\(tool.text)")
        return tool.text.split(separator: "\n").first { $0.hasPrefix("subject=") }
            .map(String.init) ?? ""
    }
}
