import Foundation
import Testing

/// What `run` leaves in its folder, and what becomes of it where something cannot be written.
@Suite struct RunTests {
    private func summary(_ folder: URL) throws -> [String: Any] {
        let data = try Data(contentsOf: folder.appending(path: "summary.json"))
        return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    }

    @Test("a remedy's file runs as it is, from anywhere, to the fingerprint that was told of it")
    func remedy() throws {
        try Command.inFolder { folder in
            let out = folder.appending(path: "out")
            _ = try Command.run(
                ["run", "scenarios/five-friends.json", "--days", "1", "--quiet"]
                    + ["--out", out.path])
            let verdicts = try #require(try summary(out)["verdicts"] as? [[String: Any]])
            let cost = try #require(verdicts.first { $0["id"] as? String == "cost-under-budget" })
            let remedy = try #require(cost["remedy"] as? [String: Any])
            let again = try Command.run(
                ["run", "out/remedy-cost-under-budget.json", "--no-remedies", "--quiet"]
                    + ["--out", "again"], directory: folder)
            #expect(again.status == 0, "\(again.errors)")
            let found = try summary(folder.appending(path: "again"))["fingerprint"] as? String
            #expect(found == remedy["fingerprint"] as? String)
        }
    }

    @Test("the network is that of what ran: of the templates, or of what is laid over them")
    func network() throws {
        try Command.inFolder { folder in
            func reach(_ name: String) throws -> (isOfTemplates: Bool?, targets: [String]) {
                let out = folder.appending(path: name)
                _ = try Command.run(
                    ["run", "scenarios/\(name).json", "--days", "1", "--quiet", "--no-remedies"]
                        + ["--out", out.path])
                let reach = try #require(try summary(out)["reach"] as? [String: Any])
                let rows = try #require(reach["rows"] as? [[String: Any]])
                let to = rows.compactMap { $0["to"] as? String }
                return (reach["isOfTemplates"] as? Bool, to)
            }
            let meant = try reach("five-friends")
            #expect(meant.isOfTemplates == true)
            #expect(meant.targets.contains { $0.contains("8081") })
            let containers = try reach("five-friends-under-30")
            #expect(containers.isOfTemplates == false)
            #expect(containers.targets.contains { $0.contains("1935") })
            let absent = ["8081", "5432", "6379", "balancer"]
            #expect(
                !containers.targets.contains { target in
                    absent.contains { target.contains($0) }
                }, "\(containers.targets)")
            let report = try String(
                contentsOf: folder.appending(path: "five-friends-under-30/report.html"),
                encoding: .utf8)
            #expect(report.contains("network of what ran, not of the templates"))
        }
    }

    @Test("progress that cannot be shown is dropped; a lost summary ends with 1, results in place")
    func lostStreams() throws {
        for (end, status) in [
            ("2>&-", Int32(11)), ("2>/dev/full", 11), (">/dev/full", 1), (">&-", 1),
            (">&- 2>&-", 1),
        ] {
            try Command.inFolder { folder in
                let words =
                    "exec \(Command.debug.path) run scenarios/five-friends.json --days 1 "
                    + "--no-remedies --out \(folder.path)/out \(end)"
                let outcome = try Command.run(["-c", words], program: URL(filePath: "/bin/sh"))
                #expect(outcome.status == status, "\(end): \(outcome.errors)")
                let out = folder.appending(path: "out")
                #expect(try summary(out)["scenario"] as? String == "five-friends", "\(end)")
                let files = try FileManager.default.contentsOfDirectory(atPath: out.path)
                for file in files {
                    let bytes = try Data(contentsOf: out.appending(path: file))
                    #expect(bytes.range(of: Data("x real time".utf8)) == nil, "\(end) \(file)")
                }
            }
        }
    }

    @Test("a folder that must not or cannot be written is refused before anything is simulated")
    func refusedFolder() throws {
        try Command.inFolder { folder in
            let keep = folder.appending(path: "keep")
            try FileManager.default.createDirectory(at: keep, withIntermediateDirectories: false)
            try Data("mine".utf8).write(to: keep.appending(path: "letter.txt"))
            for out in [keep.path, keep.path + "/letter.txt/out", "/proc/out"] {
                let outcome = try Command.run(
                    ["run", "scenarios/five-friends.json", "--out", out])
                #expect(outcome.status == 2, "\(out)")
                #expect(!outcome.errors.contains("real time"), "\(outcome.errors)")
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["keep"])
        }
    }

    @Test("the command that gives the same again has what decides the result, quoted for a shell")
    func reproduce() throws {
        try Command.inFolder { folder in
            let file = folder.appending(path: "it's mine.json")
            let base = Command.root.appending(path: "scenarios/five-friends.json").path
            try Data(#"{"extends": "\#(base)", "duration": "1 h"}"#.utf8).write(to: file)
            let words = ["run", file.path, "--seed", "7", "--no-remedies"]
            let first = folder.appending(path: "first")
            _ = try Command.run(words + ["--quiet", "--out", first.path])
            let told = try #require(try summary(first)["reproduce"] as? String)
            let taken = try Command.run(
                ["-c", "set -- \(told); printf '%s\\n' \"$@\""], program: URL(filePath: "/bin/sh"))
            #expect(taken.output.split(separator: "\n").map(String.init) == ["streamr-sim"] + words)
        }
    }
}
