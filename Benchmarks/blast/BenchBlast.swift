import Foundation
import TestServers

/// `bench-blast [PROGRAM]`: what the load generator costs, against nginx with nginx-rtmp.
///
/// The target has the first core, the generator the second. Printed are CPU time and memory per
/// player beside those of srs-bench's parsing client, how late publishers send, how late calls go
/// out, and the CPU time of players by HLS, whose target is our own server. Machines differ: what
/// compares is the generator's CPU time as a multiple of nginx's own in the same run.
@main
struct BenchBlast {
    static func main() throws {
        let arguments = CommandLine.arguments
        if arguments.count > 1, arguments[1] == "sink" { return try Sink.run() }
        showLinesAtOnce()
        let program = arguments.count > 1 ? arguments[1] : ".build/release/streamr-sim"
        let target = try Target()
        defer { target.stop() }
        try players(program, target)
        try publishers(program, 300, ["--video-rate", "2500k"])
        for speed in ["30", "15"] {
            try publishers(
                program, 1_500,
                ["--video-rate", "270k", "--audio-rate", "30k", "--fps", speed])
        }
        try calls(program, target)
        try hlsPlayers(program)
    }

    /// Of a core, in per cent, for each player: srs-bench's `sb_rtmp_load`, which parses all, and
    /// the nginx-rtmp that sent to it, on the same machine (an AMD Zen 5) and with the same clip.
    private static let srsBenchPercent = 0.033
    private static let srsBenchServerPercent = 0.017

    private static func players(_ program: String, _ target: Target) throws {
        let media = ["rtmp://127.0.0.1:\(target.rtmpPort)/live", "--publishers", "1"]
        let one = try Load(program, media + ["--players", "1"], seconds: 20)
        let many = 1_000
        let load = try Load(
            program, media + ["--players", "\(many)"], seconds: 40
        ) { target.cpuSeconds }
        let percent = load.cpu.generator / Double(many)
        let serverPercent = load.cpu.target / Double(many)
        let kilobytes = Double(load.memory - one.memory) / Double(many - 1) / 1_000
        print(
            String(
                format: "%d players at 2.65 Mb/s: %.4f %% of a core each, %.2f times nginx's own "
                    + "%.4f %% (srs-bench: %.3f %%, %.2f times %.3f %%), %.1f KB each, "
                    + "%.0f pictures lost",
                many, percent, percent / serverPercent, serverPercent, srsBenchPercent,
                srsBenchPercent / srsBenchServerPercent, srsBenchServerPercent, kilobytes,
                load.count("pictures_lost")))
        load.printDoubts()
    }

    private static func publishers(_ program: String, _ count: Int, _ rate: [String]) throws {
        let sink = try SinkProcess()
        defer { sink.stop() }
        let load = try Load(
            program,
            ["rtmp://127.0.0.1:\(sink.port)/live", "--publishers", "\(count)", "--players", "0"]
                + rate, seconds: 40)
        print(
            String(
                format: "%d publishers, %@: sent %.2f ms late at p99, CPU %.0f %%, "
                    + "%.0f messages held back", count, rate.joined(separator: " "),
                load.generator("send_lateness_p99"), load.generator("cpu"),
                load.count("messages_held_back")))
        load.printDoubts()
    }

    private static func calls(_ program: String, _ target: Target) throws {
        let load = try Load(
            program,
            [
                "http://127.0.0.1:\(target.httpPort)", "--call", "POST /nodes/heartbeat 10000/s",
                "--http-connections", "100",
            ], seconds: 30)
        let (due, raw) = (load.spread("http_call"), load.spread("http_raw"))
        print(
            String(
                format: "10,000 calls a second: %.0f answered of %.0f, p99 %.2f ms from when due, "
                    + "%.2f ms raw, CPU %.0f %%", load.count("calls_answered"), load.count("calls"),
                due, raw, load.generator("cpu")))
        load.printDoubts()
    }
}

extension BenchBlast {
    /// Players by HLS, who read whole segments, of a stream of our own server.
    private static func hlsPlayers(_ program: String) throws {
        let server = try OwnServer(program)
        defer { server.stop() }
        let many = 100
        let load = try Load(
            program,
            [
                "rtmp://127.0.0.1:\(server.rtmpPort)/live", "--publishers", "1", "--players", "0",
                "--hls-players", "\(many)", "--http", "http://127.0.0.1:\(server.httpPort)",
            ], seconds: 40
        ) { server.cpuSeconds }
        print(
            String(
                format: "%d players by HLS at 2.65 Mb/s: %.4f %% of a core each, the server's own "
                    + "%.4f %%, %.1f MB, %.0f segments", many, load.cpu.generator / Double(many),
                load.cpu.target / Double(many), load.count("bytes_received") / 1e6,
                load.count("segments")))
        load.printDoubts()
    }
}

/// One run of the generator, and what its results folder says.
struct Load {
    private var summary: [String: Any] = [:]
    private(set) var memory: Int64 = 0
    /// Of a core, in per cent, both at the same time, while all clients are there.
    private(set) var cpu = (generator: Double.nan, target: Double.nan)

    /// All come in the first quarter, and what is measured in the second is left out as well.
    init(
        _ program: String, _ words: [String], seconds: Int,
        targetCPUSeconds: () -> Double = { .nan }
    ) throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "bench-blast-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/taskset")
        process.arguments =
            ["-c", "1", program, "blast"] + words
            + [
                "--duration", "\(seconds)s", "--ramp", "\(seconds / 4)s", "--warm-up",
                "\(seconds / 2)s", "--quiet", "--out", folder.path,
            ]
        try process.run()
        func spent() -> (generator: Double, target: Double) {
            (ProcessFigures.cpuSeconds(of: process.processIdentifier), targetCPUSeconds())
        }
        Thread.sleep(forTimeInterval: Double(seconds) / 2)
        let window = Double(seconds) * 3 / 8
        let before = spent()
        Thread.sleep(forTimeInterval: window)
        let after = spent()
        cpu.generator = (after.generator - before.generator) / window * 100
        cpu.target = (after.target - before.target) / window * 100
        process.waitUntilExit()
        func read(_ name: String) throws -> [String: Any] {
            let data = try Data(contentsOf: folder.appending(path: name))
            return try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
        }
        summary = try read("summary.json")
        memory = (try read("run-info.json")["memoryPeakBytes"] as? NSNumber)?.int64Value ?? 0
    }

    private func value(_ list: String, _ name: String, _ field: String) -> Double {
        let entries = summary[list] as? [[String: Any]] ?? []
        let entry = entries.first { $0["name"] as? String == name }
        return (entry?[field] as? NSNumber)?.doubleValue ?? .nan
    }

    func generator(_ name: String) -> Double { value("generator", name, "value") }
    func count(_ name: String) -> Double { value("counts", name, "value") }
    func spread(_ name: String) -> Double { value("spreads", name, "p99Ms") }

    func printDoubts() {
        for doubt in summary["doubts"] as? [String] ?? [] { print("  inconclusive: \(doubt)") }
        for failure in summary["failures"] as? [[String: Any]] ?? [] {
            print("  failed: \(failure["value"] ?? "") \(failure["name"] ?? "")")
        }
    }
}
