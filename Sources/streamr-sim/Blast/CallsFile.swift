import Base
import Foundation
import Load
import Reports

/// HTTP requests from a file, each at a rate of calls a second, or by so many callers:
///
///     [{"method": "POST", "path": "/nodes/heartbeat", "rate": 100,
///       "headers": {"Authorization": "Bearer …"}, "body": {"node_id": "…"}},
///      {"path": "/", "callers": 20}, {"path": "/health", "rate": "30s:10,1m:200"},
///      {"path": "/stats", "callers": "30s:10,1m:50"}]
enum CallsFile {
    private static let callsMax = 10_000

    static func read(_ path: String) throws -> [LoadCall] {
        let entries: [[String: Any]]
        do {
            let data = try Data(contentsOf: URL(filePath: path))
            entries = try JSONSerialization.jsonObject(with: data) as? [[String: Any]] ?? []
        } catch {
            throw Failure.usage("--calls \(path): \(error.localizedDescription)")
        }
        guard !entries.isEmpty, entries.count <= callsMax else {
            throw Failure.usage("--calls \(path): expected a list of 1 to \(callsMax) requests")
        }
        return try entries.enumerated().map { index, entry in
            guard let call = try call(entry) else {
                throw Failure.usage("--calls \(path): request \(index + 1) is none")
            }
            return call
        }
    }

    private static func call(_ entry: [String: Any]) throws -> LoadCall? {
        let known = ["method", "path", "rate", "callers", "headers", "body"]
        guard entry.keys.allSatisfy(known.contains), let path = entry["path"] as? String,
            let arrival = arrival(entry["rate"], entry["callers"])
        else { return nil }
        let headers = entry["headers"] as? [String: String] ?? [:]
        var body = ""
        if let value = entry["body"] {
            let data = try JSONSerialization.data(
                withJSONObject: value, options: [.sortedKeys, .withoutEscapingSlashes])
            body = String(decoding: data, as: UTF8.self)
        }
        return LoadCall(
            method: entry["method"] as? String ?? "GET", path: path,
            headers: headers.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }, body: body,
            arrival: arrival)
    }

    private static func arrival(_ rate: Any?, _ callers: Any?) -> LoadCall.Arrival? {
        switch (rate, callers) {
        case (let number as NSNumber, nil):
            Fixed(decimal: "\(number.decimalValue)").map(LoadCall.Arrival.rate)
        case (let text as String, nil): LoadStages(text).map(LoadCall.Arrival.stages)
        case (nil, let count as Int): .callers(count)
        case (nil, let text as String): LoadStages(text).map(LoadCall.Arrival.callerStages)
        case _: nil
        }
    }
}
