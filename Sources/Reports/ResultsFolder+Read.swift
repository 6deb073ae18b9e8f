import Base
import Foundation
import Results

extension ResultsFolder {
    /// Everything but `run-info.json` and the rendered files.
    public static func read(_ path: String) throws(Failure) -> RunRecord {
        let (summary, bill) = try readRulings(path)
        let seriesBytes = [UInt8](try contents(path, seriesName))
        let start = summary.start.instant
        guard
            let series = SeriesFile.read(seriesBytes, heading: summary.series, start: start)
        else {
            throw .cannotRead(
                path: "\(path)/\(seriesName)", reason: "not the series of \(summaryName)")
        }
        let eventBytes = [UInt8](try contents(path, eventsName))
        let events: [LogEntry]
        do {
            events = try EventsFile.read(eventBytes)
        } catch {
            throw .cannotRead(path: "\(path)/\(eventsName)", reason: "\(error)")
        }
        let fingerprint = String(decoding: try contents(path, fingerprintName), as: UTF8.self)
        guard let hours = FingerprintFile.read(fingerprint) else {
            throw .cannotRead(path: "\(path)/\(fingerprintName)", reason: "not a fingerprint")
        }
        let drawing =
            summary.reach == nil
            ? nil : String(decoding: try contents(path, drawingName), as: UTF8.self)
        var remedies: [RunRecord.RemedyFile] = []
        for verdict in summary.verdicts where verdict.remedy != nil {
            // The id comes from a file: it must not lead out of the folder.
            guard !verdict.id.contains("/") else {
                throw .cannotRead(path: path, reason: "a verdict called \(verdict.id)")
            }
            let name = remedyName(verdict.id)
            let text = String(decoding: try contents(path, name), as: UTF8.self)
            remedies.append(RunRecord.RemedyFile(name: name, text: text))
        }
        return RunRecord(
            summary: summary, bill: bill,
            billFile: String(decoding: try contents(path, billName), as: UTF8.self),
            series: series, events: events, hours: hours, drawing: drawing,
            remedies: remedies)
    }

    /// The two files that a comparison needs.
    public static func readRulings(_ path: String) throws(Failure) -> (Summary, BillSheet) {
        let summary: Summary = try decode(path, summaryName)
        guard summary.schema == RunResult.schema else {
            throw .cannotRead(
                path: "\(path)/\(summaryName)",
                reason: "its schema is \(summary.schema), this version reads \(RunResult.schema)")
        }
        let bill: BillSheet = try decode(path, billName)
        if let place = bill.wrongAmount {
            throw .cannotRead(path: "\(path)/\(billName)", reason: "\(place) is no amount")
        }
        return (summary, bill)
    }

    static func decode<Value: Decodable>(
        _ path: String, _ name: String
    ) throws(Failure) -> Value {
        let data = try contents(path, name)
        do {
            return try JSONDecoder().decode(Value.self, from: data)
        } catch {
            throw .cannotRead(path: "\(path)/\(name)", reason: reason(error))
        }
    }

    /// What is wrong with a file of ours, and where in it.
    public static func reason(_ error: any Error) -> String {
        guard let error = error as? DecodingError else { return error.localizedDescription }
        func place(_ path: [any CodingKey]) -> String {
            let words = path.map { key in key.intValue.map { "[\($0)]" } ?? ".\(key.stringValue)" }
            return words.isEmpty ? "the file" : "$" + words.joined()
        }
        return switch error {
        case .keyNotFound(let key, let context):
            "\(place(context.codingPath)) has no \(key.stringValue)"
        case .typeMismatch(let type, let context):
            "\(place(context.codingPath)) is no \(type)"
        case .valueNotFound(let type, let context):
            "\(place(context.codingPath)) is null, expected \(type)"
        case .dataCorrupted(let context):
            "\(place(context.codingPath)): \(context.debugDescription)"
        @unknown default: "\(error)"
        }
    }

    static func contents(_ path: String, _ name: String) throws(Failure) -> Data {
        let file = URL(filePath: path).appending(path: name)
        do {
            return try Data(contentsOf: file)
        } catch {
            throw .cannotRead(path: file.path, reason: "\(error.localizedDescription)")
        }
    }
}
