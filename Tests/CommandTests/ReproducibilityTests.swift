import Foundation
import Testing

/// The same scenario and seed give the same bytes, however and wherever they are run.
@Suite(.serialized) struct ReproducibilityTests {
    private static let names = [
        "summary.json", "bill.json", "series.csv", "events.ndjson", "fingerprint.txt", "junit.xml",
        "report.html",
    ]

    /// All results of two days of the bad week, `run-info.json` aside.
    private func results(
        _ words: [String] = ["--quiet"], scenario: String = "bad-week", days: Int = 2,
        program: URL = Command.debug, environment: [String: String] = [:]
    ) throws -> [String: Data] {
        try Command.inFolder { folder in
            let out = folder.appending(path: "out")
            let outcome = try Command.run(
                ["run", "scenarios/\(scenario).json", "--days", "\(days)", "--out", out.path]
                    + (words.contains("--remedies") ? [] : ["--no-remedies"]) + words,
                program: program, environment: environment)
            #expect([0, 10, 11, 12].contains(outcome.status), "\(outcome.errors)")
            var files: [String: Data] = [:]
            for name in try FileManager.default.contentsOfDirectory(atPath: out.path)
            where name != "run-info.json" {
                files[name] = try Data(contentsOf: out.appending(path: name))
            }
            for name in Self.names { #expect(files[name] != nil, "\(name) is missing") }
            return files
        }
    }

    private func expectEqual(_ a: [String: Data], _ b: [String: Data]) {
        #expect(a.keys.sorted() == b.keys.sorted())
        for name in a.keys.sorted() { #expect(a[name] == b[name], "\(name) differs") }
    }

    @Test("the drawing, the search for remedies and their files are the same bytes too")
    func remedies() throws {
        let words = ["--quiet", "--remedies"]
        let first = try results(words, scenario: "five-friends", days: 1)
        #expect(first["plan.svg"] != nil && first["remedy-cost-under-budget.json"] != nil)
        expectEqual(first, try results(words, scenario: "five-friends", days: 1))
    }

    @Test(
        "so are runs by frames, whole and for a stretch",
        arguments: [["--fidelity", "frame"], ["--window", "0d20:00:00/60s"]])
    func frames(words: [String]) throws {
        let first = try results(["--quiet"] + words, days: 1)
        #expect(first["summary.json"]?.range(of: Data("\"frame".utf8)) != nil)
        expectEqual(first, try results(["--quiet"] + words, days: 1))
    }

    @Test("two processes write the same bytes, with progress shown and not")
    func processes() throws {
        expectEqual(try results(), try results([]))
    }

    @Test("debug and release builds write the same bytes")
    func builds() throws {
        try #require(
            FileManager.default.isExecutableFile(atPath: Command.release.path),
            "no release build: make test builds it")
        expectEqual(try results(), try results(program: Command.release))
    }

    /// Method: hide FMA and AVX2 from the C library, which then computes other bits of sine and
    /// exponential; a run that used either would show it.
    @Test("a processor without FMA and AVX2 gives the same bytes")
    func instructions() throws {
        let mask = ["GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4,-AVX512F"]
        let python = URL(filePath: "/usr/bin/env")
        let probe = [
            "python3", "-c",
            """
            import math
            print([f(x / 7.3).hex() for x in range(1, 4000) for f in (math.sin, math.exp, math.log)])
            """,
        ]
        let plain = try Command.run(probe, program: python)
        let masked = try Command.run(probe, program: python, environment: mask)
        #expect(plain.status == 0 && masked.status == 0)
        let hasFMA = try String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8).contains(" fma ")
        if hasFMA {
            #expect(plain.output != masked.output, "the mask changes nothing: the test is blind")
        } else {
            print("this processor has no FMA: the masked run is the plain one")
        }
        expectEqual(try results(), try results(environment: mask))
    }
}
