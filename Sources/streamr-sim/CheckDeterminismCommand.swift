import ArgumentParser
import Foundation
import Results

/// `streamr-sim check-determinism FILE`: the same run in two fresh processes must be the same run.
struct CheckDeterminismCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check-determinism",
        abstract: "Runs a scenario in two fresh processes and compares them hour by hour.",
        discussion: """
            Exit 0 when all fingerprints are equal, 30 when they are not; then the first hour that \
            differs is run twice more and the first event that differs is named.
            """)

    @Argument(help: ArgumentHelp("The scenario file.", valueName: "scenario.json"))
    var scenario: String

    @Option(help: "Replaces the scenario's seed.")
    var seed: UInt64?

    @Option(help: "Replaces the scenario's duration, in days.")
    var days: Int64?

    func run() throws {
        _ = try loadScenario(scenario)
        let place =
            FileManager.default.temporaryDirectory.path
            + "/streamr-sim-\(ProcessInfo.processInfo.processIdentifier)"
        try FileManager.default.createDirectory(
            atPath: place, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: place) }
        let first = try fingerprints(place + "/a")
        let second = try fingerprints(place + "/b")
        guard first != second else {
            print(
                "deterministic: \(first.count) lines of fingerprints are equal, in all \(first[0])")
            return
        }
        // Line 0 is the whole run's; each further line is one hour's.
        let hour = (1..<max(first.count, second.count)).first {
            $0 >= first.count || $0 >= second.count || first[$0] != second[$0]
        }
        print("not deterministic: \(hour.map { "first in hour \($0 - 1)" } ?? "only at the end")")
        if let hour { try nameEvent(hour - 1, place) }
        var outcome = Outcome()
        outcome.notDeterministic = true
        try Failure.exit(outcome)
    }

    private func fingerprints(_ folder: String, _ extra: [String] = []) throws -> [String] {
        var words = ["run", scenario, "--out", folder, "--quiet", "--no-remedies"] + extra
        if let seed { words += ["--seed", String(seed)] }
        if let days { words += ["--days", String(days)] }
        let process = try ChildProcess.runSelf(words)
        guard let data = FileManager.default.contents(atPath: folder + "/fingerprint.txt") else {
            throw Failure.usage("the run ended with \(process.exitCode) and left no results")
        }
        return String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    private func nameEvent(_ hour: Int, _ place: String) throws {
        var traces: [[Substring]] = []
        for name in ["c", "d"] {
            let file = "\(place)/\(name).trace"
            _ = try fingerprints(
                "\(place)/\(name)", ["--trace-hour", String(hour), "--trace-file", file])
            let data = FileManager.default.contents(atPath: file) ?? Data()
            traces.append(String(decoding: data, as: UTF8.self).split(separator: "\n"))
        }
        let (a, b) = (traces[0], traces[1])
        guard
            let line = (0..<max(a.count, b.count)).first(where: {
                $0 >= a.count || $0 >= b.count || a[$0] != b[$0]
            })
        else {
            print("the hour's events are equal: what differs is in the figures")
            return
        }
        print("event \(line + 1) of that hour:")
        print("  first run:  \(line < a.count ? a[line] : "none")")
        print("  second run: \(line < b.count ? b[line] : "none")")
    }
}
