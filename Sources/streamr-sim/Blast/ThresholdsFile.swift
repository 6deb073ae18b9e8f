import Foundation
import Load
import Reports

/// Thresholds from a file, as k6's options have them:
///
///     {"thresholds": {"delivery_delay": ["p(95)<500",
///         {"threshold": "p(99)<2000", "abortOnFail": true, "delayAbortEval": "10s"}]}}
enum ThresholdsFile {
    private struct Contents: Decodable {
        var thresholds: [String: [Condition]]
    }

    private enum Condition: Decodable {
        case words([String])

        private struct Long: Decodable {
            var threshold: String
            var abortOnFail: Bool?
            var delayAbortEval: String?
        }

        init(from decoder: any Decoder) throws {
            if let text = try? decoder.singleValueContainer().decode(String.self) {
                self = .words([text])
                return
            }
            let long = try Long(from: decoder)
            var words = [long.threshold]
            if long.abortOnFail == true { words.append("abortOnFail") }
            if let delay = long.delayAbortEval { words.append("delayAbortEval=\(delay)") }
            self = .words(words)
        }
    }

    static func read(_ path: String) throws -> [Threshold] {
        let contents: Contents
        do {
            let data = try Data(contentsOf: URL(filePath: path))
            contents = try JSONDecoder().decode(Contents.self, from: data)
        } catch {
            throw Failure.usage("--thresholds \(path): \(ResultsFolder.reason(error))")
        }
        var all: [Threshold] = []
        for (name, conditions) in contents.thresholds.sorted(by: { $0.key < $1.key }) {
            for case .words(let words) in conditions {
                do throws(Threshold.SyntaxError) {
                    all += try Threshold.all(of: name, words)
                } catch {
                    throw Failure.usage("--thresholds \(path): \(error.description)")
                }
            }
        }
        return all
    }
}
