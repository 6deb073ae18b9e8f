import Foundation
import Simulation

/// `make bench`: CPU time of the kernel and of whole commands, with their event counts.
///
/// Whole commands are run as child processes and charged by the operating system (`wait4`). The
/// figures are CPU seconds on one core; compare ratios, machines differ.
@main
struct Bench {
    static func main() throws {
        print("kernel: enum events, 10,000 pending")
        let events: Int64 = 30_000_000
        let before = cpu(RUSAGE_SELF)
        let digest = KernelBenchmark.run(events: events, pending: 10_000)
        let seconds = cpu(RUSAGE_SELF) - before
        print(
            "  \(events) events in \(seconds) CPU s: "
                + "\(Int(Double(events) / seconds / 1e3)) thousand a second (digest \(digest))")
        try heartbeats()
        let all = [
            ["five-friends.json"], ["five-friends.json", "--no-remedies"],
            ["viral-night.json", "--no-remedies"], ["bad-week.json", "--no-remedies"],
            ["bench/500-friends-crowded.json", "--no-remedies"],
        ]
        let long = [["bench/500-friends.json", "--no-remedies"]]
        let chosen = CommandLine.arguments.contains("--long") ? all + long : all
        for words in chosen { try inFolder { try runCommand(words, out: $0 + "/a") } }
        print("fluid against frames: what `compare` finds outside its tolerances")
        for name in ["five-friends", "viral-night", "bad-week"] { try compareFidelities(name) }
    }

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
            try runCommand(["\(name).json", "--no-remedies"], out: folder + "/a")
            try runCommand(
                ["\(name).json", "--fidelity", "frame", "--no-remedies"], out: folder + "/b")
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

    private static func runCommand(_ words: [String], out: String) throws {
        let process = Process()
        process.executableURL = program
        process.arguments =
            ["run", "scenarios/\(words[0])", "--quiet", "--out", out] + words.dropFirst()
        let before = cpu(RUSAGE_CHILDREN)
        try process.run()
        process.waitUntilExit()
        let spent = cpu(RUSAGE_CHILDREN) - before
        let summary = try Data(contentsOf: URL(filePath: out + "/summary.json"))
        let info = try Data(contentsOf: URL(filePath: out + "/run-info.json"))
        let figures = try JSONDecoder().decode(Summary.self, from: summary)
        let host = try JSONDecoder().decode(Host.self, from: info)
        let events = figures.figures.events
        print(
            "run \(words.joined(separator: " ")): \(spent) CPU s, "
                + "\(host.memoryPeakBytes >> 20) MiB, \(Int(events)) events, "
                + "\(Int(figures.simulated / max(spent, 0.001))) x real time")
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
