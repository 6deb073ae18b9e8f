import Foundation
import Reports
import Testing

/// RTMPS and HTTPS, with a certificate that nobody signed but its owner.
@Suite(.serialized) struct SecureTests {
    private func certificate(in folder: URL) throws {
        let openssl = Process()
        openssl.executableURL = URL(filePath: "/usr/bin/env")
        openssl.currentDirectoryURL = folder
        openssl.arguments = [
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem",
            "-out", "chain.pem", "-days", "2", "-subj", "/CN=localhost", "-addext",
            "subjectAltName=DNS:localhost,IP:127.0.0.1",
        ]
        openssl.standardError = FileHandle.nullDevice
        try openssl.run()
        openssl.waitUntilExit()
        #expect(openssl.terminationStatus == 0)
    }

    @Test(
        "publishers and players over TLS, by a certificate that is named; not without",
        .timeLimit(.minutes(1)))
    func rtmps() async throws {
        try await Blast.inFolder { folder in
            try certificate(in: folder)
            let serve = try Blast(
                [
                    "serve", "rtmp", "--bind", "127.0.0.1", "--rtmp-port", "0", "--http-port", "0",
                    "--api-port", "0", "--rtmps-port", "0", "--certificate", "chain.pem", "--key",
                    "key.pem", "--json",
                ], in: folder)
            defer { serve.process.terminate() }
            struct Ports: Decodable { var rtmps: Int }
            var port: Int?
            for _ in 0..<200 where port == nil {
                try await Task.sleep(for: .milliseconds(100))
                port = (try? JSONDecoder().decode(Ports.self, from: Data(serve.text.utf8)))?.rtmps
            }
            let target = "rtmps://localhost:\(try #require(port, "\(serve.complaints)"))/live"
            let words = [
                "blast", target, "--video-rate", "300k", "--duration", "6s", "--ramp", "0s",
                "--out", "results", "--quiet",
            ]
            func load(_ more: [String]) async throws -> (status: Int32, summary: LoadSummary) {
                let blast = try Blast(words + more, in: folder)
                let status = try await blast.finish()
                return (
                    status,
                    try JSONDecoder().decode(
                        LoadSummary.self,
                        from: Data(
                            contentsOf: folder.appending(path: "results/summary.json")))
                )
            }
            for trust in [["--ca-file", "chain.pem"], ["--insecure"]] {
                let (status, summary) = try await load(trust)
                #expect([0, 3].contains(status), "\(trust)")
                // The target's greetings are of TLS as well.
                let rulings = summary.rulings.map { "\($0.id): \($0.status)" }
                #expect(rulings == ["connections: pass", "answers: pass"], "\(summary.failures)")
            }
            let (status, summary) = try await load([])
            #expect(status == 3)
            #expect(summary.failures.first?.name == "its certificate is not trusted")
            #expect(summary.doubts[0].contains("not trusted"))
        }
    }

    @Test("calls over TLS, to the platform's own front", .timeLimit(.minutes(1)))
    func https() async throws {
        try await Blast.inFolder { folder in
            let serve = try Blast(
                ["serve", "--bind", "127.0.0.1", "--json", "--data", "data"]
                    + ["rtmp", "http", "api", "coordinator", "https", "cache"].flatMap {
                        ["--\($0)-port", "0"]
                    }, in: folder)
            defer { serve.process.terminate() }
            struct Ports: Decodable { var https: Int }
            var port: Int?
            for _ in 0..<200 where port == nil {
                try await Task.sleep(for: .milliseconds(100))
                port = (try? JSONDecoder().decode(Ports.self, from: Data(serve.text.utf8)))?.https
            }
            let target = "https://127.0.0.1:\(try #require(port, "\(serve.complaints)"))"
            let blast = try Blast(
                [
                    "blast", target, "--call", "GET /health 40/s", "--duration", "4s", "--ramp",
                    "0s", "--out", "results", "--quiet", "--insecure",
                ], in: folder)
            let status = try await blast.finish()
            #expect([0, 3].contains(status), "\(blast.complaints)")
            let summary = try JSONDecoder().decode(
                LoadSummary.self,
                from: Data(contentsOf: folder.appending(path: "results/summary.json")))
            #expect(summary.rulings.first { $0.id == "calls" }?.status == "pass")
            let both = try Blast(
                ["blast", target, "--insecure", "--ca-file", "x", "--call", "GET / 1/s"],
                in: folder)
            #expect(try await both.finish() == 2)
        }
    }
}
