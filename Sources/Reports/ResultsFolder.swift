import Base
import Foundation
import Results

/// A folder of results: written to one side and moved into place whole, or read back.
///
/// Equal records give equal bytes in every file but `run-info.json`.
public enum ResultsFolder {
    public static let summaryName = "summary.json"
    public static let reportName = "report.html"
    static let billName = "bill.json"
    public static let seriesName = "series.csv"
    static let eventsName = "events.ndjson"
    static let fingerprintName = "fingerprint.txt"
    static let drawingName = "plan.svg"
    static let junitName = "junit.xml"
    static let histogramsName = "histograms.json"
    public static let runInfoName = "run-info.json"

    /// All that a run's folder holds, remedies aside. Only a folder that holds nothing but these,
    /// and the histograms of a load, is ever replaced.
    public static let names = [
        billName, drawingName, eventsName, fingerprintName, junitName, reportName, runInfoName,
        seriesName, summaryName,
    ]

    /// The scenario with the one change that turns a failed verdict round.
    public static func remedyName(_ verdict: String) -> String { "remedy-\(verdict).json" }

    private static func isOurs(_ name: String) -> Bool {
        names.contains(name) || name == histogramsName
            || (name.hasPrefix("remedy-") && name.hasSuffix(".json"))
    }

    public enum Failure: Error, Hashable, CustomStringConvertible {
        /// The folder exists and holds something that no run wrote.
        case notOurs(path: String, found: String)
        case cannotWrite(path: String, reason: String)
        case cannotRead(path: String, reason: String)

        public var description: String {
            switch self {
            case .notOurs(let path, let found):
                "\(path) is not a results folder (it holds \(found)): nothing was replaced"
            case .cannotWrite(let path, let reason): "cannot write \(path): \(reason)"
            case .cannotRead(let path, let reason): "cannot read \(path): \(reason)"
            }
        }
    }

    /// Writes every file, or throws and leaves what was at `path` as it was.
    public static func write(_ record: RunRecord, host: HostFacts, to path: String) throws(Failure)
    {
        let contents: [(String, Data)]
        do {
            contents = try files(record, host: host)
        } catch {
            throw .cannotWrite(path: path, reason: "\(error.localizedDescription)")
        }
        try write(contents, to: path)
    }

    /// The same of files that are made already.
    static func write(_ files: [(name: String, data: Data)], to path: String) throws(Failure) {
        let (destination, side) = try sideFolder(of: path)
        do {
            do {
                for (name, data) in files {
                    try data.write(to: side.appending(path: name))
                }
                try swap(side, into: destination)
            } catch {
                try? FileManager.default.removeItem(at: side)
                throw error
            }
        } catch {
            throw .cannotWrite(path: path, reason: "\(error.localizedDescription)")
        }
    }

    /// Throws what `write` to the same path would, before there is anything to write.
    public static func checkWritable(_ path: String) throws(Failure) {
        let side = try sideFolder(of: path).side
        try? FileManager.default.removeItem(at: side)
    }

    /// Where results go, and a new empty folder beside it; throws where they must not or cannot.
    private static func sideFolder(
        of path: String
    ) throws(Failure) -> (destination: URL, side: URL) {
        let destination = URL(filePath: path).standardizedFileURL.resolvingSymlinksInPath()
        try refuseForeign(destination)
        let side = sibling(of: destination, "new")
        do {
            try FileManager.default.createDirectory(at: side, withIntermediateDirectories: true)
        } catch {
            throw .cannotWrite(path: path, reason: "\(error.localizedDescription)")
        }
        return (destination, side)
    }

    /// Writes `report.html` anew from the folder's other files.
    public static func renderReport(in path: String) throws(Failure) -> RunRecord {
        let record = try read(path)
        let report = URL(filePath: path).appending(path: reportName)
        do {
            try Data(Page.render(record).utf8).write(to: report, options: .atomic)
        } catch {
            throw .cannotWrite(path: report.path, reason: "\(error.localizedDescription)")
        }
        return record
    }

    private static func files(_ record: RunRecord, host: HostFacts) throws -> [(String, Data)] {
        let (summary, series) = (record.summary, record.series)
        let events = EventsFile.write(record.events, start: summary.start.instant)
        let fingerprint = FingerprintFile.write(total: summary.fingerprint, hours: record.hours)
        return [
            (summaryName, try json(summary)),
            (billName, Data(record.billFile.utf8)),
            (seriesName, Data(SeriesFile.write(series))),
            (eventsName, Data(events)),
            (fingerprintName, Data(fingerprint)),
            (junitName, Data(JUnit.render(summary).utf8)),
            (reportName, Data(Page.render(record).utf8)),
            (runInfoName, try json(host)),
        ] + (record.drawing.map { [(drawingName, Data($0.utf8))] } ?? [])
            + record.remedies.map { ($0.name, Data($0.text.utf8)) }
    }

    /// The same JSON as in a file, for standard output.
    public static func text(_ value: some Encodable) throws -> String {
        String(decoding: try json(value), as: UTF8.self)
    }

    static func json(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        return try encoder.encode(value) + Data("\n".utf8)
    }

    /// A hidden neighbour that no other process uses, on the same file system.
    private static func sibling(of destination: URL, _ word: String) -> URL {
        let process = ProcessInfo.processInfo.processIdentifier
        let name = ".\(destination.lastPathComponent).\(word)-\(process)"
        return destination.deletingLastPathComponent().appending(path: name)
    }

    /// Two renames; should the second fail, the first is undone.
    private static func swap(_ side: URL, into destination: URL) throws {
        let manager = FileManager.default
        guard manager.fileExists(atPath: destination.path) else {
            return try manager.moveItem(at: side, to: destination)
        }
        let old = sibling(of: destination, "old")
        try manager.moveItem(at: destination, to: old)
        do {
            try manager.moveItem(at: side, to: destination)
        } catch {
            try manager.moveItem(at: old, to: destination)
            throw error
        }
        try manager.removeItem(at: old)
    }

    /// Whether a folder can be written there, before there is anything to write: one is made beside
    /// it, or where its nearest parent would be, and taken away again.
    public static func refuseUnwritable(_ destination: URL) throws(Failure) {
        var parent = destination.deletingLastPathComponent()
        while !FileManager.default.fileExists(atPath: parent.path), parent.path != "/" {
            parent.deleteLastPathComponent()
        }
        let side = sibling(of: parent.appending(path: destination.lastPathComponent), "try")
        do {
            try FileManager.default.createDirectory(at: side, withIntermediateDirectories: false)
            try FileManager.default.removeItem(at: side)
        } catch {
            throw .cannotWrite(path: destination.path, reason: "\(error.localizedDescription)")
        }
    }

    /// An absent or empty folder may be taken, and one that holds a run's files and no others:
    /// of these only those in `names`, if they are said.
    public static func refuseForeign(
        _ destination: URL, names: [String]? = nil
    ) throws(Failure) {
        let path = destination.path
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            return
        }
        guard isDirectory.boolValue else { throw .notOurs(path: path, found: "a file's bytes") }
        let entries: [String]
        do {
            entries = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
        } catch {
            throw .cannotRead(path: path, reason: "\(error.localizedDescription)")
        }
        if let foreign = entries.first(where: { !(names?.contains($0) ?? isOurs($0)) }) {
            throw .notOurs(path: path, found: foreign)
        }
        guard entries.isEmpty || entries.contains(summaryName) else {
            throw .notOurs(path: path, found: "no \(summaryName)")
        }
    }
}
