import Foundation
import Testing

/// What stands on standard output and standard error, as pipelines read it.
@Suite struct OutputTests {
    private func run(_ words: String...) throws -> (Command.Outcome, summary: String) {
        try Command.inFolder { folder in
            let out = folder.path + "/out"
            let scenario = "scenarios/five-friends.json"
            let outcome = try Command.run(
                ["run", scenario, "--days", "1", "--no-remedies", "--out", out] + words)
            return (outcome, try String(contentsOfFile: out + "/summary.json", encoding: .utf8))
        }
    }

    @Test("a run that is not on a terminal prints plain lines of progress and no colours")
    func plain() throws {
        let (outcome, _) = try run()
        let lines = outcome.errors.split(separator: "\n")
        #expect(!lines.isEmpty)
        for line in lines {
            #expect(line.contains("2026-12-0") && line.contains("x real time"), "\(line)")
            #expect(line.contains(" so far") && line.contains(" s left"), "\(line)")
        }
        for text in [outcome.errors, outcome.output] {
            #expect(!text.contains("\u{1B}") && !text.contains("\r"))
        }
        #expect(outcome.output.contains("The plan does not hold: 1 of 8 criteria fails"))
    }

    @Test("--quiet prints nothing at all, and --json the summary's very bytes")
    func flags() throws {
        let (quiet, _) = try run("--quiet")
        #expect(quiet.output.isEmpty && quiet.errors.isEmpty)
        let (json, summary) = try run("--json")
        #expect(json.output == summary)
    }

    /// Method: `script` gives the program a terminal.
    @Test("on a terminal there are colours, unless --no-color")
    func colours() throws {
        func onTerminal(_ words: String) throws -> String {
            try Command.inFolder { folder in
                let line =
                    "\(Command.debug.path) run scenarios/five-friends.json --days 1 "
                    + "--no-remedies --out \(folder.path)/out \(words) 2>/dev/null"
                let script = "script --quiet --return --command '\(line)' /dev/null </dev/null"
                return try Command.run(
                    ["-c", script], program: URL(filePath: "/bin/sh"),
                    environment: ["TERM": "xterm", "NO_COLOR": ""]
                ).output
            }
        }
        let colourful = try onTerminal("")
        #expect(colourful.contains("\u{1B}[31m"), "\(colourful)")
        let plain = try onTerminal("--no-color")
        #expect(plain.contains("FAIL") && !plain.contains("\u{1B}["), "\(plain)")
    }

    /// Method: `bench` is linked from what simulates alone; NIO's module name is in every
    /// symbol of NIO, as it is in `streamr-sim`, which serves.
    @Test("what simulates is linked without the network library that the server uses")
    func network() throws {
        func linksNIO(_ name: String) throws -> Bool {
            let program = Command.debug.deletingLastPathComponent().appending(path: name)
            let count = try Command.run(
                ["sh", "-c", "nm \(program.path) | grep -c -m 1 7NIOCore"],
                program: URL(filePath: "/usr/bin/env"))
            return count.output.hasPrefix("1")
        }
        #expect(try linksNIO("streamr-sim"))
        #expect(try !linksNIO("bench"))
    }
}
