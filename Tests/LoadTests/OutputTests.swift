import Base
import Foundation
import Load
import Media
import Reports
import Sockets
import Testing

/// What goes out while a load is under way, and inputs from files.
@Suite(.serialized) struct OutputTests {
    private static let few = [
        "--video-rate", "300k", "--audio-rate", "32k", "--ramp", "0s", "--out", "results",
    ]

    private func summary(_ folder: URL) throws -> LoadSummary {
        try JSONDecoder().decode(
            LoadSummary.self,
            from: Data(contentsOf: folder.appending(path: "results/summary.json")))
    }

    @Test(
        "figures for Prometheus and lines of JSON while it goes; Ctrl-C loses nothing",
        .timeLimit(.minutes(1)))
    func live() async throws {
        try await TestServer.with { port in
            try await Blast.inFolder { folder in
                let blast = try Blast(
                    [
                        "blast", "rtmp://127.0.0.1:\(port)/live", "--players", "2", "--duration",
                        "60s", "--metrics-port", "0", "--json-lines", "lines.ndjson",
                    ] + Self.few, in: folder)
                try await Task.sleep(for: .seconds(6))
                let words = blast.complaints.split(whereSeparator: \.isWhitespace)
                let address = try #require(words.first { $0.hasSuffix("/metrics") })
                let web = try WebTarget(String(address.dropLast("/metrics".count)), consent: nil)
                let call = try #require(LoadCall("GET /metrics 1/s"))
                let addresses = LoadAddresses(
                    media: nil, web: try web.resolve(), figures: nil)
                let tally = FetchTally(.none, shards: 1)
                let text = try await WebFetch.answer(
                    to: call, of: web, at: addresses, counting: tally
                ).body
                #expect(text.contains("\nstreamr_blast_publishers 1\n"), "\(text)")
                #expect(text.contains("\nstreamr_blast_players 2\n"))
                #expect(text.contains("# TYPE streamr_blast_delivery_delay_seconds summary"))
                #expect(text.contains("streamr_blast_delivery_delay_seconds{quantile=\"0.99\"} 0."))
                let started = text.split(separator: "\n").first {
                    $0.hasPrefix("streamr_blast_players_started_total ")
                }
                #expect(started?.hasSuffix(" 2") == true)
                blast.process.interrupt()
                #expect(try await blast.finish(within: 20) == 130)
                let lines = try String(
                    contentsOf: folder.appending(path: "lines.ndjson"), encoding: .utf8
                ).split(separator: "\n")
                let rows = try lines.map { line in
                    try #require(
                        try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
                }
                let summary = try summary(folder)
                #expect(rows.count == summary.series.rows && rows.count >= 5)
                #expect(rows.allSatisfy { $0["delay_p95"] is NSNumber && $0["time"] is String })
                let pictures = rows.reduce(0) {
                    $0 + (($1["pictures"] as? NSNumber)?.intValue ?? 0)
                }
                let counted = summary.counts.first { $0.name == "pictures" }?.value
                #expect("\(pictures)" == counted.map { "\($0.value)" })
            }
        }
    }

    @Test(
        "pipes that nobody reads hold up neither the load nor its end", .timeLimit(.minutes(1)))
    func blocked() async throws {
        try await TestServer.with { port in
            try await Blast.inFolder { folder in
                let (display, lines) = (Pipe(), folder.appending(path: "lines"))
                Self.fill(display.fileHandleForWriting.fileDescriptor)
                #expect(mkfifo(lines.path, 0o600) == 0)
                let reader = open(lines.path, O_RDWR | O_NONBLOCK)
                defer { close(reader) }
                Self.fill(reader)
                let blast = try Blast(
                    [
                        "blast", "rtmp://127.0.0.1:\(port)/live", "--duration", "4s",
                        "--json-lines", lines.path,
                    ] + Self.few, in: folder, complaints: display.fileHandleForWriting)
                let status = try await blast.finish(within: 20)
                #expect([0, 3].contains(status))
                let summary = try summary(folder)
                #expect(summary.partial == nil && summary.series.rows == 4)
                #expect(blast.text.contains("delivery_delay"))
            }
        }
    }

    /// Writes until no more goes into a pipe.
    private static func fill(_ pipe: Int32) {
        let flags = fcntl(pipe, F_GETFL)
        _ = fcntl(pipe, F_SETFL, flags | O_NONBLOCK)
        let bytes = [UInt8](repeating: 0x2E, count: 4_096)
        for length in [bytes.count, 1] { while write(pipe, bytes, length) > 0 {} }
        _ = fcntl(pipe, F_SETFL, flags)
    }

    @Test(
        "requests and thresholds from files, a start at a set time, callers who wait for answers",
        .timeLimit(.minutes(1)))
    func files() async throws {
        try await TestServer.withPorts { ports in
            try await Blast.inFolder { folder in
                try """
                [{"path": "/api/v1/streams", "rate": 20},
                 {"method": "GET", "path": "/api/v1/summaries", "callers": 2,
                  "headers": {"X-Who": "a test"}}]
                """.write(
                    to: folder.appending(path: "calls.json"), atomically: true, encoding: .utf8)
                try """
                {"thresholds": {"http_call": ["p(95)<60000",
                    {"threshold": "count>1000000", "abortOnFail": false}],
                  "calls{after:1s}": ["count>10"]}}
                """.write(
                    to: folder.appending(path: "thresholds.json"), atomically: true,
                    encoding: .utf8)
                let start = Date().addingTimeInterval(4)
                let blast = try Blast(
                    [
                        "blast", "http://127.0.0.1:\(ports.api)", "--calls", "calls.json",
                        "--thresholds", "thresholds.json", "--duration", "4s", "--start-at",
                        start.formatted(.iso8601), "--ramp", "0s", "--out", "results", "--quiet",
                    ], in: folder)
                let status = try await blast.finish()
                #expect(status == 10 || status == 3, "\(blast.complaints)")
                let summary = try summary(folder)
                let ids = summary.rulings.map(\.id)
                #expect(ids.contains("http_call: count>1000000"), "\(ids)")
                #expect(ids.contains { $0.hasPrefix("calls{after:1s}") })
                let failed = summary.rulings.filter { $0.status == "fail" }.map(\.id)
                #expect(failed.allSatisfy { $0 == "http_call: count>1000000" })
                let calls = try #require(summary.counts.first { $0.name == "calls" }?.value.value)
                // 80 by the rate; the two callers make as many as the server can answer.
                #expect(calls.millionths > 200 * 1_000_000)
                let begun = Double(summary.start.instant.nanoseconds) / 1e9
                #expect(begun >= start.timeIntervalSince1970.rounded(.down))
                #expect(begun < start.timeIntervalSince1970 + 4)
            }
        }
    }

    /// Two seconds as a file has them.
    private static func film() throws -> [UInt8] {
        var shape = Clip.Shape()
        shape.videoRate = 300_000
        shape.duration = .seconds(2)
        var bytes = FLVTags.header(hasAudio: true, hasVideo: true)
        for message in try Clip(shape) { FLVTags.append(message, to: &bytes) }
        return bytes
    }

    @Test("a file is published, over and over; its players see no stamps", .timeLimit(.minutes(1)))
    func file() async throws {
        try await TestServer.with { port in
            try await Blast.inFolder { folder in
                try Data(Self.film()).write(to: folder.appending(path: "x.flv"))
                let blast = try Blast(
                    [
                        "blast", "rtmp://127.0.0.1:\(port)/live", "--publish-file", "x.flv",
                        "--duration", "7s", "--ramp", "0s", "--out", "results", "--quiet",
                        "--stream-name", "film-%d",
                    ], in: folder)
                let status = try await blast.finish()
                #expect([0, 3].contains(status), "\(blast.complaints)")
                let summary = try summary(folder)
                func count(_ name: String) -> Int128 {
                    (summary.counts.first { $0.name == name }?.value.value.millionths ?? 0)
                        / 1_000_000
                }
                // Six and a half seconds of 30 pictures.
                #expect((150...220).contains(count("pictures")), "\(count("pictures"))")
                #expect(count("pictures_without_stamp") == count("pictures"))
                #expect(count("pictures_out_of_order") == 0)
                let nothing = try Blast(
                    [
                        "blast", "rtmp://127.0.0.1:\(port)/live", "--publish-file",
                        "results/summary.json", "--out", "none",
                    ], in: folder)
                #expect(try await nothing.finish() == 2)
            }
        }
    }
}
