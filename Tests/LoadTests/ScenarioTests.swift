import Base
import Foundation
import Reports
import Results
import Testing

/// A scenario in two worlds: what its simulation predicts, and what a load of it measures.
@Suite(.serialized) struct ScenarioTests {
    /// Two friends on the air for all but four hours of the day, two viewers each: small streams.
    static let scenario = """
        {
          "name": "two-friends", "summary": "Two friends.", "seed": 7,
          "start": "2026-12-01T00:00:00Z", "duration": "1 d",
          "pricing": { "regime": "on-demand", "budget": "$30" },
          "streamers": [{
            "name": "streamer", "count": 2, "home": "fibre", "timeZone": "UTC",
            "schedule": [{ "weekdays": "daily", "from": "02:00", "length": "20 h" }],
            "media": { "video": "300 kbit/s", "audio": "32 kbit/s", "framesPerSecond": 30,
              "keyFrameEvery": "2 s" }
          }],
          "viewers": [{
            "name": "viewer", "count": 2, "home": "fibre", "source": "server",
            "arriveWithin": "0 s"
          }],
          "nodes": [{ "name": "node", "count": 1, "home": "fibre", "portForwarding": true }],
          "dashboard": { "visitsPerDay": 5 }, "scansPerHour": 0,
          "criteria": { "friends": 2, "concurrentStreams": 2 }
        }
        """

    private func write(_ folder: URL) throws {
        try Self.scenario.write(
            to: folder.appending(path: "two.json"), atomically: true, encoding: .utf8)
    }

    private func load(_ name: String, in folder: URL) throws -> LoadSummary {
        try JSONDecoder().decode(
            LoadSummary.self,
            from: Data(contentsOf: folder.appending(path: "\(name)/summary.json")))
    }

    private func measured(_ scenario: LoadSummary.Scenario) -> [String: Double] {
        scenario.figures.reduce(into: [:]) {
            $0[$1.name] = Double($1.measured.value.millionths) / 1_000_000
        }
    }

    private func predicted(_ scenario: LoadSummary.Scenario) -> [String: Double] {
        scenario.figures.reduce(into: [:]) {
            $0[$1.name] = $1.predicted.map { Double($0.value.millionths) / 1_000_000 }
        }
    }

    @Test(
        "a day of a scenario, simulated and driven, has the same people and about the same media",
        .timeLimit(.minutes(2)))
    func day() async throws {
        try await TestServer.with { port in
            try await Blast.inFolder { folder in
                try write(folder)
                let run = try Blast(
                    ["run", "two.json", "--no-remedies", "--quiet", "--out", "simulated"],
                    in: folder)
                _ = try await run.finish()
                let blast = try Blast(
                    [
                        "blast", "rtmp://127.0.0.1:\(port)/live", "--scenario", "two.json",
                        "--speed", "5400", "--out", "driven",
                    ], in: folder)
                #expect([0, 3].contains(try await blast.finish()), "\(blast.complaints)")
                let summary = try load("driven", in: folder)
                let scenario = try #require(summary.scenario)
                let (predicted, measured) = (predicted(scenario), measured(scenario))
                for (name, value) in [
                    ("viewer_sessions", 4.0), ("publish_sessions", 2), ("publish_cut", 0),
                    ("streams_at_once_max", 2), ("viewer_wanted_seconds", 4 * 72_000),
                ] {
                    let (a, b) = (try #require(predicted[name]), try #require(measured[name]))
                    #expect(abs(a - value) < 0.01 && abs(b - value) < 0.01, "\(name)")
                }
                for name in [
                    "viewer_played_seconds", "egress_media_bytes", "egress_overhead_audio_bytes",
                    "frames_sent",
                ] {
                    let (a, b) = (try #require(predicted[name]), try #require(measured[name]))
                    #expect(a > 0 && abs(a - b) < a * 0.08, "\(name): \(a) and \(b)")
                }
                #expect(scenario.omissions.contains { $0.hasPrefix("heartbeats") })
                #expect(blast.text.contains("predicted"))
                let page = try String(
                    contentsOf: folder.appending(path: "driven/report.html"), encoding: .utf8)
                #expect(page.contains("Predicted and measured"))

                let compare = try Blast(
                    ["compare", "simulated", "driven", "--tolerance", "viewer_sessions=0"],
                    in: folder)
                #expect(try await compare.finish() == 0, "\(compare.complaints)")
                #expect(compare.text.contains("egress_media_bytes"))
                let strict = try Blast(
                    ["compare", "simulated", "driven", "--tolerance", "egress_media_bytes=0"],
                    in: folder)
                #expect(try await strict.finish() == 20)
                let itself = try Blast(["compare", "driven", "driven"], in: folder)
                #expect(try await itself.finish() == 0)
                try FileManager.default.removeItem(
                    at: folder.appending(path: "driven/report.html"))
                let report = try Blast(["report", "driven", "--quiet"], in: folder)
                #expect(try await report.finish() == 0)
                #expect(
                    try String(
                        contentsOf: folder.appending(path: "driven/report.html"), encoding: .utf8)
                        == page)
            }
        }
    }

    @Test(
        "a part that begins in a session has those who are there already, and is its own part",
        .timeLimit(.minutes(2)))
    func part() async throws {
        try await TestServer.with { port in
            try await Blast.inFolder { folder in
                try write(folder)
                let blast = try Blast(
                    [
                        "blast", "rtmp://127.0.0.1:\(port)/live", "--scenario", "two.json",
                        "--speed", "600", "--from", "0d 03:00", "--duration", "1h", "--quiet",
                        "--out", "driven",
                    ], in: folder)
                #expect([0, 3].contains(try await blast.finish()), "\(blast.complaints)")
                let summary = try load("driven", in: folder)
                let scenario = try #require(summary.scenario)
                let (predicted, measured) = (predicted(scenario), measured(scenario))
                // Nobody comes in this hour, but all are there.
                #expect(measured["viewer_sessions"] == 0 && predicted["viewer_sessions"] == 0)
                #expect(summary.players == 4 && summary.publishers == 2)
                let wanted = try #require(predicted["viewer_wanted_seconds"])
                #expect(abs(wanted - 4 * 3_600) < 1)
                let media = try #require(predicted["egress_media_bytes"])
                let received = try #require(measured["egress_media_bytes"])
                #expect(abs(received - media) < media * 0.12)
                #expect(predicted["streams_at_once_max"] == nil)
            }
        }
    }

    @Test(
        "the platform for real: accounts, keys, heartbeats of registered nodes and looks at pages",
        .timeLimit(.minutes(2)))
    func platform() async throws {
        try await Blast.inFolder { folder in
            try write(folder)
            let serve = try Blast(
                ["serve", "--bind", "127.0.0.1", "--json", "--data", "data"]
                    + ["rtmp", "http", "api", "coordinator", "https", "cache"].flatMap {
                        ["--\($0)-port", "0"]
                    }, in: folder)
            defer { serve.process.terminate() }
            struct Ports: Decodable { var rtmp, coordinator: Int }
            var ports: Ports?
            for _ in 0..<200 where ports == nil {
                try await Task.sleep(for: .milliseconds(100))
                ports = try? JSONDecoder().decode(Ports.self, from: Data(serve.text.utf8))
            }
            let (rtmp, coordinator) = try {
                let ports = try #require(ports, "\(serve.complaints)")
                return (ports.rtmp, ports.coordinator)
            }()
            let target = [
                "blast", "rtmp://127.0.0.1:\(rtmp)/live", "--scenario", "two.json", "--speed",
                "360", "--from", "0d 02:00", "--duration", "1h", "--no-predict", "--out", "driven",
            ]
            let blast = try Blast(
                target + ["--http", "http://127.0.0.1:\(coordinator)", "--register"], in: folder)
            let status = try await blast.finish()
            #expect([0, 3].contains(status), "\(blast.complaints) \(blast.text)")
            let summary = try load("driven", in: folder)
            let driven = try #require(summary.scenario)
            let measured = measured(driven)
            #expect(summary.rulings.allSatisfy { $0.status == "pass" }, "\(summary.rulings)")
            // Every half minute of an hour, and every minute, with a visit now and then. Each
            // heartbeat that was sent stands for 13.
            let beats = try #require(measured["heartbeats"])
            #expect((100...132).contains(beats))
            let looks = try #require(measured["dashboard_probes"])
            #expect((59...63).contains(looks))
            #expect(measured["dashboard_probes_good"] == looks)
            #expect(measured["publish_sessions"] == 2)
            // All calls were answered with 200, reports among them.
            #expect(driven.omissions.contains("what nodes relay: their reports are of nothing"))
            // Without a key nobody publishes.
            let keyless = try Blast(target + ["--quiet"], in: folder)
            #expect(try await keyless.finish() != 0)
            let second = try load("driven", in: folder)
            let refused = try #require(second.scenario)
            #expect(self.measured(refused)["publish_sessions"] == 0)
        }
    }
}
