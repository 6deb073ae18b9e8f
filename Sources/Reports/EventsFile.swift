import Base
import Foundation
import Results

/// `events.ndjson`: the log of state changes, one JSON object a line, in order of time.
enum EventsFile {
    static func write(_ events: [LogEntry], start: Instant) -> [UInt8] {
        var text = TextBuffer()
        for event in events {
            text.append("{\"at\":\"")
            text.append(Moment(event.at).text)
            text.append("\",\"after\":\"")
            text.append((event.at - start).simulatedText)
            text.append("\",\"kind\":")
            text.append(quoted: event.kind)
            text.append(",\"entity\":")
            text.append(quoted: event.entity)
            text.append(",\"detail\":")
            text.append(quoted: event.detail)
            text.append("}\n")
        }
        return text.bytes
    }

    static func read(_ bytes: [UInt8]) throws -> [LogEntry] {
        let decoder = JSONDecoder()
        return try bytes.split(separator: UInt8(ascii: "\n")).map { line in
            let event = try decoder.decode(Line.self, from: Data(line))
            return LogEntry(
                at: event.at.instant, kind: event.kind, entity: event.entity,
                detail: event.detail)
        }
    }

    private struct Line: Decodable {
        var at: Moment
        var kind: String
        var entity: String
        var detail: String
    }
}

/// `fingerprint.txt`: the run's fingerprint, then its prefix at the end of each simulated hour,
/// so that the first line that differs names the hour.
enum FingerprintFile {
    static func write(total: String, hours: [String]) -> [UInt8] {
        var text = TextBuffer()
        text.append("total \(total)\n")
        for (index, prefix) in hours.enumerated() { text.append("hour \(index + 1) \(prefix)\n") }
        return text.bytes
    }

    /// The hourly prefixes; nil where the file is not one of these.
    static func read(_ text: String) -> [String]? {
        let lines = text.split(separator: "\n")
        guard lines.first?.hasPrefix("total ") == true else { return nil }
        var hours: [String] = []
        for line in lines.dropFirst() {
            let words = line.split(separator: " ")
            guard words.count == 3, words[0] == "hour", Int(words[1]) == hours.count + 1 else {
                return nil
            }
            hours.append(String(words[2]))
        }
        return hours
    }
}
