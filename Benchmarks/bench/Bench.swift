import Base
import Foundation
import Results
import Scenarios
import Simulation
import TestServers

/// `make bench`: CPU time of the kernel and of whole commands, with their event counts.
///
/// Whole commands are run as child processes and charged by the operating system (`wait4`). The
/// figures are CPU seconds on one core; compare ratios, machines differ.
@main
struct Bench {
    /// What one would wish for: a month in little more than a second, everything included.
    private static let speedWished = 2_000_000.0

    static func main() throws {
        showLinesAtOnce()
        print("kernel: enum events, 10,000 pending, the best of three")
        let events: Int64 = 30_000_000
        var seconds = Double.infinity
        var digest: UInt64 = 0
        for _ in 0..<3 {
            let before = cpu(RUSAGE_SELF)
            digest = KernelBenchmark.run(events: events, pending: 10_000)
            seconds = min(seconds, cpu(RUSAGE_SELF) - before)
        }
        print(
            "  \(events) events in \(seconds) CPU s: "
                + "\(Int(Double(events) / seconds / 1e3)) thousand a second (digest \(digest))")
        try attribute(kernelSeconds: seconds / Double(events))
        try heartbeats()
        let all = [
            ["five-friends.json", "--no-remedies"], ["five-friends.json"],
            ["five-friends.json", "--no-remedies", "--days", "365"],
            ["viral-night.json", "--no-remedies"], ["bad-week.json", "--no-remedies"],
            ["bench/500-friends-crowded.json", "--no-remedies"],
        ]
        let long = [["bench/500-friends.json", "--no-remedies"]]
        let chosen = CommandLine.arguments.contains("--long") ? all + long : all
        for words in chosen {
            try inFolder { print(try runCommand(words, out: $0 + "/a").text(words)) }
        }
        print("fluid against frames: what `compare` finds outside its tolerances")
        for name in ["five-friends", "viral-night", "bad-week"] { try compareFidelities(name) }
    }

    /// How far the month is from what one would wish for, and what it spends its time on: a run
    /// that lacks one thing is that much cheaper. Runs are of one end of the costs, in this process.
    private static func attribute(kernelSeconds: Double) throws {
        let whole = try simulate("")
        print("five-friends.json, the simulation alone: \(whole.text)")
        print("  2,000,000 x would need \(rounded(speedWished / whole.speed)) times that")
        let lacking = [
            ("supporter nodes", #", "nodes": []"#),
            ("viewers", #", "viewers": []"#),
            ("scans and visits", #", "scansPerHour": 0, "dashboard": {"visitsPerDay": 0}"#),
        ]
        for (name, without) in lacking {
            let saved = whole.seconds - (try simulate(without).seconds)
            print("  of its CPU time \(percent(saved, of: whole.seconds)) % are \(name)")
        }
        let queue = Double(whole.events) * kernelSeconds
        print("  and \(percent(queue, of: whole.seconds)) % are the event queue, in all of it")
    }

    /// Simulates five-friends for a month with other words in the file, the least of three: what
    /// else runs on the machine only adds.
    private static func simulate(_ words: String) throws -> Measured {
        let path = "scenarios/part.json"
        let text = #"{"extends": "five-friends.json", "name": "part"\#(words)}"#
        let file = try ScenarioFile.read(path: path) { file in
            file == path
                ? Array(text.utf8) : FileManager.default.contents(atPath: file).map([UInt8].init)
        }
        var options = Runner.Options(fidelity: .fluid, findsRemedies: false, traceHour: nil)
        options.comparesLowEnd = false
        guard let runner = Runner(file.scenario, options) else { fatalError("no price book") }
        var least = Measured(seconds: .infinity, memory: 0, events: 0, simulated: 0)
        for _ in 0..<3 {
            var events: Int64 = 0
            let before = cpu(RUSAGE_SELF)
            let result = runner.run {
                events = $0.events
                return true
            }.result
            let seconds = cpu(RUSAGE_SELF) - before
            if seconds < least.seconds {
                least = Measured(
                    seconds: seconds, memory: 0, events: events,
                    simulated: Double(result.simulated.nanoseconds) / 1e9)
            }
        }
        return least
    }

    private static func percent(_ part: Double, of whole: Double) -> Int {
        Int((part / max(whole, 0.001) * 100).rounded())
    }

    private static func rounded(_ value: Double) -> Double { (value * 10).rounded() / 10 }

    private static func heartbeats() throws {
        print("heartbeats of 10,000 nodes through coordinator, tables and cache")
        let heartbeats = 2_000_000
        let before = cpu(RUSAGE_SELF)
        let taken = HeartbeatBenchmark.run(heartbeats: heartbeats)
        let micros = (cpu(RUSAGE_SELF) - before) / Double(heartbeats) * 1e6
        print("  \(taken) of \(heartbeats) taken, \(micros) CPU µs each")
    }

    private static func inFolder(_ body: (String) throws -> Void) throws {
        let place =
            FileManager.default.temporaryDirectory.path
            + "/streamr-sim-bench-\(ProcessInfo.processInfo.processIdentifier)"
        try FileManager.default.createDirectory(
            atPath: place, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: place) }
        try body(place)
    }

    private static func compareFidelities(_ name: String) throws {
        try inFolder { folder in
            let runs: [(words: [String], out: String)] = [
                ([], "/a"), (["--fidelity", "frame"], "/b"),
            ]
            for (more, out) in runs {
                let words = ["\(name).json", "--no-remedies"] + more
                print(try runCommand(words, out: folder + out).text(words))
            }
            let process = Process()
            let output = Pipe()
            process.executableURL = program
            process.arguments = ["compare", folder + "/a", folder + "/b"]
            process.standardOutput = output
            try process.run()
            let text = String(
                decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            let shown = text.split(separator: "\n").filter { line in
                ["egress_bytes", "stall_seconds", "frames_dropped_", "cpu_seconds", "OUTSIDE"]
                    .contains { line.contains($0) }
            }
            for line in shown { print("  \(line)") }
        }
    }

    private static let program = URL(filePath: ".build/release/streamr-sim")

    /// One whole command: what it took, and what it did.
    private struct Measured {
        var seconds: Double
        var memory: Int64
        var events: Int64
        var simulated: Double

        var speed: Double { simulated / max(seconds, 0.001) }

        var text: String { "\(seconds) CPU s, \(events) events, \(Int(speed)) x real time" }

        func text(_ words: [String]) -> String {
            "run \(words.joined(separator: " ")): \(text), \(memory >> 20) MiB"
        }
    }

    /// `words[0]` is a scenario in `scenarios`, or anywhere by its whole path.
    private static func runCommand(_ words: [String], out: String) throws -> Measured {
        let process = Process()
        process.executableURL = program
        let scenario = words[0].hasPrefix("/") ? words[0] : "scenarios/\(words[0])"
        process.arguments = ["run", scenario, "--quiet", "--out", out] + words.dropFirst()
        let before = cpu(RUSAGE_CHILDREN)
        try process.run()
        process.waitUntilExit()
        let spent = cpu(RUSAGE_CHILDREN) - before
        let summary = try Data(contentsOf: URL(filePath: out + "/summary.json"))
        let info = try Data(contentsOf: URL(filePath: out + "/run-info.json"))
        let figures = try JSONDecoder().decode(Summary.self, from: summary)
        let host = try JSONDecoder().decode(Host.self, from: info)
        return Measured(
            seconds: spent, memory: host.memoryPeakBytes, events: Int64(figures.figures.events),
            simulated: figures.simulated)
    }

    private struct Summary: Decodable {
        struct Figures: Decodable { var events: Double }
        var figures: Figures
        var simulated: Double
    }

    private struct Host: Decodable { var memoryPeakBytes: Int64 }

    private static func cpu(_ who: __rusage_who) -> Double {
        var usage = rusage()
        getrusage(__rusage_who_t(who.rawValue), &usage)
        return Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
            + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
    }
}
