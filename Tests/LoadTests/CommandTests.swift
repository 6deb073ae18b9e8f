import Foundation
import Reports
import Testing

@Suite(.serialized) struct BlastCommandTests {
    private static let few = [
        "--video-rate", "300k", "--audio-rate", "32k", "--ramp", "0s", "--out", "results",
    ]

    private func summary(_ folder: URL) throws -> LoadSummary {
        let data = try Data(contentsOf: folder.appending(path: "results/summary.json"))
        return try JSONDecoder().decode(LoadSummary.self, from: data)
    }

    @Test("a load leaves a whole results folder, and says what it found", .timeLimit(.minutes(1)))
    func folder() async throws {
        try await TestServer.with { port in
            try await Blast.inFolder { folder in
                let blast = try Blast(
                    [
                        "blast", "rtmp://127.0.0.1:\(port)/live", "--players", "3", "--duration",
                        "6s",
                    ]
                        + Self.few, in: folder)
                let status = try await blast.finish()
                let results = folder.appending(path: "results")
                let names = try FileManager.default.contentsOfDirectory(atPath: results.path)
                #expect(
                    names.sorted() == [
                        "events.ndjson", "histograms.json", "junit.xml", "report.html",
                        "run-info.json", "series.csv", "summary.json",
                    ])
                let summary = try summary(folder)
                // The machine may be too busy to measure on; nothing else may be wrong.
                #expect(status == (summary.status == "pass" ? 0 : 3), "\(blast.text)")
                #expect(summary.rulings.map(\.id) == ["connections", "answers"])
                #expect(summary.rulings.allSatisfy { $0.status == "pass" })
                #expect(summary.doubts.allSatisfy { $0.hasPrefix("the generator") })
                #expect(blast.text.contains("delivery_delay"))
                #expect(blast.text.contains("Report: results/report.html"))
                #expect(blast.complaints.contains("publishers"))
                let rows = try String(
                    contentsOf: results.appending(path: "series.csv"), encoding: .utf8
                ).split(separator: "\n")
                #expect(rows.count == 7 && rows[0].hasPrefix("time,elapsed_s,publishers,players"))
                let page = try String(
                    contentsOf: results.appending(path: "report.html"), encoding: .utf8)
                #expect(page.contains("default-src 'none'") && page.contains("Delivery delay"))
                let cases = try String(
                    contentsOf: results.appending(path: "junit.xml"), encoding: .utf8)
                #expect(cases.contains("<testcase classname=\"blast\" name=\"connections\"/>"))
            }
        }
    }

    @Test("Ctrl-C: results and 130", .timeLimit(.minutes(1)))
    func interrupt() async throws {
        try await TestServer.with { port in
            try await Blast.inFolder { folder in
                let blast = try Blast(
                    ["blast", "rtmp://127.0.0.1:\(port)/live", "--duration", "60s", "--json"]
                        + Self.few, in: folder)
                try await Task.sleep(for: .seconds(4))
                blast.process.interrupt()
                #expect(try await blast.finish(within: 20) == 130)
                #expect(try summary(folder).partial == "interrupted")
                let printed = try JSONDecoder().decode(
                    LoadSummary.self, from: Data(blast.text.utf8))
                #expect(printed == (try summary(folder)))
                #expect(blast.complaints.isEmpty)
            }
        }
    }

    @Test("a target that is down is inconclusive, never green", .timeLimit(.minutes(1)))
    func down() async throws {
        let port = try await Faulty.freePort()
        try await Blast.inFolder { folder in
            let blast = try Blast(
                ["blast", "rtmp://127.0.0.1:\(port)/live", "--duration", "2s", "--quiet"]
                    + Self.few, in: folder)
            #expect(try await blast.finish() == 3)
            #expect(blast.text.isEmpty && blast.complaints.isEmpty)
            #expect(try summary(folder).doubts[0].contains("connection refused"))
        }
    }

    @Test(
        "usage: no consent, ceilings, conditions that are none; nothing is written",
        .timeLimit(.minutes(1)),
        arguments: [
            (["rtmp://host.invalid/live"], "--i-am-allowed-to-load host.invalid"),
            (["rtmp://10.0.0.1/live", "--i-am-allowed-to-load", "10.0.0.2"], "nothing was sent"),
            (
                ["rtmp://10.0.0.1/live", "--i-am-allowed-to-load", "10.0.0.1", "--players", "60"],
                "--max-connections"
            ),
            (
                [
                    "rtmp://10.0.0.1/live", "--i-am-allowed-to-load", "10.0.0.1", "--players", "20",
                    "--budget", "$0.001",
                ], "budget"
            ),
            (["rtmp://2130706433/live", "--i-am-allowed-to-load", "2130706433"], "spelling"),
            (["rtmp://127.0.0.1/live", "--threshold", "delay: p(95)<5"], "no metric"),
            (["rtmp://127.0.0.1/live", "--duration", "5"], "--duration"),
            (["rtmp://127.0.0.1/live", "--fps", "0"], "clip"),
            (["rtmp://127.0.0.1/live", "--warm-up", "500ms"], "whole seconds"),
            (["http://127.0.0.1", "--calls", "none.json"], "The file doesn"),
            (["rtmp://127.0.0.1/live", "--out", "/proc/x"], "cannot write /proc/x"),
            (["rtmp://127.0.0.1/live", "--out", "/etc"], "not a results folder"),
            (["rtmp://127.0.0.1/live", "--out", "a", "--capture", "./a/../a"], "results alone"),
            (["rtmp://127.0.0.1/live", "--out", "a", "--json-lines", "a/b/c"], "results alone"),
            (["rtmp://127.0.0.1/live", "--players", "5 for 3s"], "--players 5 for 3s"),
            (["rtmp://127.0.0.1/live", "--publishers", "2000/s"], "a second"),
            (
                ["rtmp://127.0.0.1/live", "--hls-players", "1000/s", "--duration", "4h"],
                "--http says where"
            ),
            (
                ["rtmp://127.0.0.1/live", "--players", "1000/s", "--duration", "4h"],
                "--players: 14400000 in the course of the load are more than 100000 clients"
            ),
            (
                ["http://127.0.0.1", "--call", "GET / 1/s", "--publishers", "2"],
                "--publishers goes with a target of RTMP"
            ),
            (
                ["http://127.0.0.1", "--call", "GET / 1/s", "--players", "2/s for 3s"],
                "--players goes with a target of RTMP"
            ),
            (["http://127.0.0.1", "--hls-players", "3"], "--hls-players goes with"),
            (["rtmp://127.0.0.1/live", "--players", "20000"], "10000"),
            (["rtmp://127.0.0.1/live", "--check", "status"], "--check status"),
            (["rtmp://127.0.0.1/live", "--check", "status == 200"], "no such call"),
            (["rtmp://127.0.0.1/live", "--reconnect", "500ms"], "a time from 1s"),
            (["http://127.0.0.1", "--call", "GET / 1/s", "--reconnect", "5s"], "there are none"),
            (
                [
                    "rtmp://127.0.0.1/live", "--scenario", "two.json", "--speed", "5400",
                    "--reconnect", "5s",
                ], "as simulated"
            ),
            (["rtmp://127.0.0.1/live", "--start-at", "2020-01-01T00:00:00Z"], "next hour"),
        ])
    func usage(_ words: [String], _ complaint: String) async throws {
        try await Blast.inFolder { folder in
            try ScenarioTests.scenario.write(
                to: folder.appending(path: "two.json"), atomically: true, encoding: .utf8)
            let blast = try Blast(["blast"] + words, in: folder)
            #expect(try await blast.finish() == 2)
            #expect(blast.complaints.contains(complaint), "\(blast.complaints)")
            let results = folder.appending(path: "results").path
            #expect(!FileManager.default.fileExists(atPath: results))
        }
    }

    @Test(
        "held to a tenth of a core, the generator says that it was the bottleneck",
        .timeLimit(.minutes(1)))
    func tenth() async throws {
        try await TestServer.with { port in
            try await Blast.inFolder { folder in
                let blast = try Blast(
                    ["blast", "rtmp://127.0.0.1:\(port)/live", "--duration", "8s", "--quiet"]
                        + Self.few, in: folder)
                // As cpulimit does: it runs for ten of every hundred milliseconds.
                let process = blast.process
                while process.isRunning {
                    kill(process.processIdentifier, SIGSTOP)
                    try await Task.sleep(for: .milliseconds(90))
                    kill(process.processIdentifier, SIGCONT)
                    try await Task.sleep(for: .milliseconds(10))
                }
                #expect(try await blast.finish() == 3)
                let summary = try summary(folder)
                #expect(summary.status == "inconclusive")
                #expect(
                    summary.doubts.contains {
                        $0.hasPrefix("the generator was the bottleneck: its timers were")
                    }, "\(summary.doubts)")
            }
        }
    }
}
