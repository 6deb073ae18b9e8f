import Foundation
import Testing

/// What `check-determinism` says when two runs are not the same run.
@Suite struct DeterminismTests {
    /// Method: the scenario is a named pipe that says something else to every second process: a
    /// container that crashes five hours and ten minutes into the run.
    @Test("runs that differ end with 30, and the first hour and event that differ are named")
    func different() throws {
        try Command.inFolder { folder in
            let pipe = folder.appending(path: "scenario.json").path
            try #require(mkfifo(pipe, 0o600) == 0)
            let base = Command.root.appending(path: "scenarios/five-friends.json").path
            func text(_ faults: String) -> String {
                """
                {"extends": "\(base)", "name": "fickle", "duration": "7 h", "faults": [\(faults)]}
                """
            }
            let calm = text("")
            let crash = text(
                #"{"kind": "container-crash", "at": "5 h 10 min", "container": "worker"}"#)
            // Read by the command itself, by two runs, and by two more that trace the hour.
            let teller = Thread { Self.tell([calm, calm, crash, calm, crash], through: pipe) }
            teller.start()
            let outcome = try Command.run(["check-determinism", pipe])
            #expect(outcome.status == 30, "\(outcome.output) \(outcome.errors)")
            #expect(outcome.output.contains("first in hour 5"))
            #expect(outcome.output.contains("of that hour"))
            #expect(outcome.output.contains("first run:  2026-12-01"), "\(outcome.output)")
        }
    }

    /// Writes each text to one reader: the next opens once this one is gone.
    private static func tell(_ texts: [String], through pipe: String) {
        for text in texts {
            let end = open(pipe, O_WRONLY)
            guard end >= 0 else { return }
            _ = text.withCString { write(end, $0, strlen($0)) }
            close(end)
            for _ in 0..<100_000 {
                let other = open(pipe, O_WRONLY | O_NONBLOCK)
                guard other >= 0 else { break }
                close(other)
                usleep(100)
            }
        }
    }
}
