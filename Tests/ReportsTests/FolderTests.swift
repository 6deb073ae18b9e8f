import Base
import Foundation
import Results
import Testing

@testable import Reports

/// A fresh folder for one test, removed at its end.
func withTemporaryFolder(_ body: (URL) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory
        .appending(path: "streamr-sim-tests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder)
}

let host = HostFacts(
    version: "1.0.0", commandLine: ["streamr-sim", "run"], host: "bench",
    operatingSystem: "Linux", cores: 2, startedAt: "2026-11-24T00:00:00Z",
    wallMilliseconds: 2_950, cpuMilliseconds: 2_810, memoryPeakBytes: 91_000_000)

@Suite("a results folder")
struct FolderTests {
    @Test("reads back exactly what was written")
    func roundTrip() throws {
        try withTemporaryFolder { folder in
            let record = SampleRun.record()
            let path = folder.appending(path: "out/five-friends-7").path
            try ResultsFolder.write(record, host: host, to: path)
            #expect(try ResultsFolder.read(path) == record)
            let names = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
            let remedies = ["remedy-cost-under-budget.json", "remedy-unattended.json"]
            #expect(names == (ResultsFolder.names + remedies).sorted())
        }
    }

    @Test("has the same bytes twice, run-info aside")
    func sameBytes() throws {
        try withTemporaryFolder { folder in
            var other = host
            other.host = "elsewhere"
            other.wallMilliseconds += 1
            let (a, b) = (folder.appending(path: "a"), folder.appending(path: "b"))
            try ResultsFolder.write(SampleRun.record(), host: host, to: a.path)
            try ResultsFolder.write(SampleRun.record(), host: other, to: b.path)
            for name in ResultsFolder.names {
                let same =
                    try Data(contentsOf: a.appending(path: name))
                    == Data(contentsOf: b.appending(path: name))
                #expect(same == (name != "run-info.json"), "\(name)")
            }
        }
    }

    @Test("replaces an older run whole and leaves nothing beside it")
    func replaces() throws {
        try withTemporaryFolder { folder in
            let path = folder.appending(path: "run").path
            try ResultsFolder.write(SampleRun.record(days: 2), host: host, to: path)
            try ResultsFolder.write(SampleRun.record(days: 3), host: host, to: path)
            #expect(try ResultsFolder.read(path) == SampleRun.record(days: 3))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["run"])
        }
    }

    @Test("is never put over a folder that holds something else")
    func refuses() throws {
        try withTemporaryFolder { folder in
            let path = folder.appending(path: "run").path
            try ResultsFolder.write(SampleRun.record(days: 2), host: host, to: path)
            let note = folder.appending(path: "run/notes.txt")
            try Data("mine".utf8).write(to: note)
            #expect(throws: ResultsFolder.Failure.notOurs(path: path, found: "notes.txt")) {
                try ResultsFolder.write(SampleRun.record(days: 3), host: host, to: path)
            }
            #expect(try Data(contentsOf: note) == Data("mine".utf8))
            #expect(try ResultsFolder.read(path) == SampleRun.record(days: 2))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["run"])
        }
    }

    @Test("takes an empty folder but not a file")
    func emptyFolder() throws {
        try withTemporaryFolder { folder in
            try ResultsFolder.write(SampleRun.record(days: 2), host: host, to: folder.path)
            let file = folder.deletingLastPathComponent()
                .appending(path: "file-\(UUID().uuidString)")
            try Data("mine".utf8).write(to: file)
            defer { try? FileManager.default.removeItem(at: file) }
            #expect(throws: ResultsFolder.Failure.self) {
                try ResultsFolder.write(SampleRun.record(days: 2), host: host, to: file.path)
            }
            #expect(try Data(contentsOf: file) == Data("mine".utf8))
        }
    }

    @Test("cannot be read once a file of it is cut short or another version's")
    func unreadable() throws {
        try withTemporaryFolder { folder in
            let path = folder.appending(path: "run").path
            for (name, edit) in [
                ("series.csv", { (text: String) in String(text.dropLast(400)) }),
                ("summary.json", { $0.replacing("summary/1", with: "summary/99") }),
                ("bill.json", { String($0.dropLast(10)) }),
                ("fingerprint.txt", { _ in "" }),
                ("events.ndjson", { $0 + "{" }),
            ] {
                try ResultsFolder.write(SampleRun.record(days: 2), host: host, to: path)
                let file = folder.appending(path: "run/\(name)")
                let text = try String(contentsOf: file, encoding: .utf8)
                try Data(edit(text).utf8).write(to: file)
                #expect(throws: ResultsFolder.Failure.self, "\(name)") {
                    try ResultsFolder.read(path)
                }
            }
        }
    }

    @Test("with an amount that is no number is refused, with the amount's place")
    func wrongAmount() throws {
        try withTemporaryFolder { folder in
            let path = folder.appending(path: "run").path
            try ResultsFolder.write(SampleRun.record(days: 2), host: host, to: path)
            let file = folder.appending(path: "run/bill.json")
            let text = try String(contentsOf: file, encoding: .utf8)
            for name in ["total730h", "amount730h", "unitPrice"] {
                let wrong = text.replacing(try Regex("(\"\(name)\": *)\"[^\"]*\"")) { match in
                    "\(match.output[1].substring ?? "")\"nan\""
                }
                try Data(wrong.utf8).write(to: file)
                let failure = #expect(throws: ResultsFolder.Failure.self, "\(name)") {
                    try ResultsFolder.read(path)
                }
                #expect(failure?.description.contains(".\(name) is no amount") == true)
            }
        }
    }

    @Test("renders its report again from its own files, to the byte")
    func rerender() throws {
        try withTemporaryFolder { folder in
            let path = folder.appending(path: "run").path
            try ResultsFolder.write(SampleRun.record(), host: host, to: path)
            let report = folder.appending(path: "run/report.html")
            let first = try Data(contentsOf: report)
            try Data().write(to: report)
            _ = try ResultsFolder.renderReport(in: path)
            #expect(try Data(contentsOf: report) == first)
        }
    }

    /// Files are cut, doubled and overwritten at random places with bytes that JSON and CSV care
    /// about; whatever still reads must still render.
    @Test("that was spoilt at random is refused or rendered, and never crashes")
    func mutations() throws {
        let seed: UInt64 = 17
        var random = Random(seed: seed)
        let spice = Array("0123456789-.,:\"{}[]eE\n\\ nulltrue\u{1}\u{FF}".utf8)
        try withTemporaryFolder { folder in
            let path = folder.appending(path: "run").path
            try ResultsFolder.write(SampleRun.record(days: 1), host: host, to: path)
            var rendered = 0
            for _ in 0..<400 {
                let name = ResultsFolder.names[Int(random.below(UInt64(ResultsFolder.names.count)))]
                let file = folder.appending(path: "run/\(name)")
                let original = try Data(contentsOf: file)
                var bytes = [UInt8](original)
                for _ in 0...random.below(3) {
                    let place = Int(random.below(UInt64(bytes.count)))
                    switch random.below(4) {
                    case 0: bytes[place] = spice[Int(random.below(UInt64(spice.count)))]
                    case 1: bytes.insert(bytes[place], at: place)
                    case 2: bytes.remove(at: place)
                    case _: bytes.insert(contentsOf: Array("922337203685".utf8), at: place)
                    }
                }
                try Data(bytes).write(to: file)
                if let record = try? ResultsFolder.read(path) {
                    rendered += 1
                    #expect(!Page.render(record).isEmpty)
                    #expect(!TextSummary.render(record, color: true, reportPath: path).isEmpty)
                }
                try original.write(to: file)
            }
            #expect(rendered > 50 && rendered < 400, "seed \(seed): \(rendered)")
        }
    }
}
