import Foundation
import Testing

/// Exit codes are an interface: pipelines branch on them.
@Suite struct ExitTests {
    private func run(_ scenario: String, _ words: String...) throws -> Command.Outcome {
        try Command.inFolder { folder in
            try Command.run(
                ["run", scenario, "--no-remedies", "--quiet", "--out", folder.path + "/out"] + words
            )
        }
    }

    @Test("0 when all holds, 11 for the budget alone, 12 for a service and the budget")
    func rulings() throws {
        #expect(try run("scenarios/five-friends-under-30.json", "--days", "6").status == 0)
        #expect(try run("scenarios/five-friends.json", "--days", "2").status == 11)
        #expect(try run("scenarios/bad-week.json", "--days", "6").status == 12)
    }

    @Test("10 for a service alone, 20 for a gate, each from a scenario that extends another")
    func variants() throws {
        try Command.inFolder { folder in
            let base = Command.root.appending(path: "scenarios/five-friends-under-30.json").path
            let dead = """
                {"extends": "\(base)", "name": "dead", "duration": "4 d",
                 "deployment": {"containers": {"logDriver": "local", "restart": "no"}},
                 "faults": [{"kind": "container-crash", "at": "1 d", "container": "rtmp"}]}
                """
            let gated = """
                {"extends": "\(base)", "name": "gated", "duration": "6 d",
                 "gates": [{"metric": "streams", "aggregate": "max", "operator": "<", "value": 1}]}
                """
            for (text, status) in [(dead, Int32(10)), (gated, 20)] {
                let file = folder.appending(path: "\(status).json")
                try Data(text.utf8).write(to: file)
                let outcome = try run(file.path)
                #expect(outcome.status == status, "\(outcome.output) \(outcome.errors)")
            }
        }
    }

    @Test("3 when there are too few samples to rule")
    func inconclusive() throws {
        try Command.inFolder { folder in
            let base = Command.root.appending(path: "scenarios/five-friends-under-30.json").path
            let text = """
                {"extends": "\(base)", "name": "short", "duration": "2 h"}
                """
            let file = folder.appending(path: "short.json")
            try Data(text.utf8).write(to: file)
            #expect(try run(file.path).status == 3)
        }
    }

    @Test("2 for a wrong scenario: every error with its place, and nothing is written")
    func wrongScenario() throws {
        try Command.inFolder { folder in
            let file = folder.appending(path: "wrong.json")
            let text = """
                {"name": "wrong", "duraton": "3 d", "seed": -1, "criteria": {"friends": "many"}}
                """
            try Data(text.utf8).write(to: file)
            let out = folder.path + "/out"
            let outcome = try Command.run(["run", file.path, "--out", out])
            #expect(outcome.status == 2)
            for word in ["duraton", "duration", "seed", "criteria.friends"] {
                #expect(outcome.errors.contains(word), "\(outcome.errors)")
            }
            #expect(!FileManager.default.fileExists(atPath: out))
        }
        #expect(try Command.run(["run"]).status == 2)
        #expect(try Command.run(["run", "no-such.json"]).status == 2)
        #expect(try Command.run(["fly"]).status == 2)
    }

    @Test("130 when interrupted, with marked results of what was simulated")
    func interrupted() throws {
        try Command.inFolder { folder in
            let out = folder.appending(path: "out")
            let outcome = try Command.run(
                ["run", "scenarios/five-friends.json", "--no-remedies", "--out", out.path],
                interrupts: true)
            #expect(outcome.status == 130, "\(outcome.errors)")
            let summary = try JSONSerialization.jsonObject(
                with: Data(contentsOf: out.appending(path: "summary.json")))
            let fields = try #require(summary as? [String: Any])
            let partial = try #require(fields["partial"] as? String)
            #expect(partial.hasPrefix("interrupted at 2026-12-"))
            let simulated = try #require(fields["simulated"] as? Double)
            #expect(simulated > 0 && simulated < 30 * 86_400)
        }
    }

    @Test("determinism is checked in two processes, and comparisons exit 0 or 20")
    func others() throws {
        let check = try Command.run(
            ["check-determinism", "scenarios/five-friends.json", "--days", "1"])
        #expect(check.status == 0)
        #expect(check.output.contains("equal"))
        try Command.inFolder { folder in
            for (name, seed) in [("a", "1"), ("b", "1"), ("c", "2")] {
                _ = try Command.run([
                    "run", "scenarios/bad-week.json", "--days", "1", "--no-remedies", "--quiet",
                    "--seed", seed, "--out", "\(folder.path)/\(name)",
                ])
            }
            func compare(_ a: String, _ b: String, _ words: String...) throws -> Int32 {
                try Command.run(
                    ["compare", "\(folder.path)/\(a)", "\(folder.path)/\(b)"] + words
                ).status
            }
            #expect(try compare("a", "b") == 0)
            #expect(try compare("a", "c") == 20)
            #expect(try compare("a", "nowhere") == 2)
            #expect(try compare("a", "b", "--tolerance", "stalls=1%") == 0)
            #expect(try compare("a", "b", "--tolerance", "nosuchfigure=1%") == 2)
        }
    }
}
