import Base
import NIOHTTP1

/// What an answer should be, as k6's checks are: each answer is counted as one that is so or not,
/// and alone a threshold on `checks` makes a load fail for it.
public struct LoadCheck: Sendable, Hashable {
    enum Condition: Sendable, Hashable {
        case status(Threshold.Comparison, Int)
        case body(String)
        case header(name: String, contains: String)
        /// Of a player: parameter sets before it, and it needs no other picture.
        case firstPicture
    }

    /// As it was written.
    public let name: String
    let condition: Condition
    /// The one call, `GET /health`, whose answers are checked; nil is all calls, or all players.
    let call: String?

    /// Of a body so much is kept to be looked at.
    static let bodyMax = 1 << 20

    /// What an answer was; nil is that none came.
    struct Answer {
        var status: Int
        var headers: HTTPHeaders
        var body: String
    }

    /// `status == 200`, `status < 400`, `body contains WORDS`, `header NAME contains WORDS`, each
    /// for one call alone behind its name (`GET /health: status == 200`); or `first picture
    /// decodable`. Nil for anything else.
    public init?(_ text: String) {
        name = text
        if text == "first picture decodable" {
            (call, condition) = (nil, .firstPicture)
            return
        }
        var rest = text[...]
        if let end = text.firstRange(of: ": "), Self.isCall(text[..<end.lowerBound]) {
            call = String(text[..<end.lowerBound])
            rest = text[end.upperBound...]
        } else {
            call = nil
        }
        guard let condition = Self.condition(rest) else { return nil }
        self.condition = condition
    }

    /// A method and a path.
    private static func isCall(_ text: Substring) -> Bool {
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        return words.count == 2 && words[1].hasPrefix("/")
    }

    private static func condition(_ text: Substring) -> Condition? {
        let words = text.split(separator: " ", maxSplits: 2)
        guard words.count == 3 else { return nil }
        switch words[0] {
        case "status":
            guard let comparison = Threshold.Comparison(rawValue: String(words[1])),
                let status = Int(words[2]), (100..<1_000).contains(status)
            else { return nil }
            return .status(comparison, status)
        case "body": return words[1] == "contains" ? .body(String(words[2])) : nil
        case "header":
            let contains = words[2].split(separator: " ", maxSplits: 1)
            guard contains.count == 2, contains[0] == "contains" else { return nil }
            return .header(name: String(words[1]), contains: String(contains[1]))
        case _: return nil
        }
    }

    var isOfPlayers: Bool { condition == .firstPicture }

    var readsBody: Bool {
        switch condition {
        case .body: true
        case .status, .header, .firstPicture: false
        }
    }

    /// Whether it looks at the answers to this call.
    func covers(_ call: LoadCall) -> Bool {
        !isOfPlayers && self.call.map { $0 == "\(call.method) \(call.path)" } ?? true
    }

    /// An answer that never came is none that anybody wanted.
    func holds(_ answer: Answer?) -> Bool {
        guard let answer else { return false }
        return switch condition {
        case .status(let comparison, let status):
            comparison.holds(Fixed(Int64(answer.status)), Fixed(Int64(status)))
        case .body(let words): answer.body.contains(words)
        case .header(let name, let words):
            answer.headers[name].contains { $0.contains(words) }
        case .firstPicture: false
        }
    }
}
