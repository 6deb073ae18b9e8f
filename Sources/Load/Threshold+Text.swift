import Base
import Reports

// How thresholds are written: a metric, a colon, and conditions and words with commas between.
extension Threshold {
    public struct SyntaxError: Error, Sendable, Hashable, CustomStringConvertible {
        public var description: String
    }

    /// One threshold for each condition in `text`; `abortOnFail` and `delayAbortEval=10s` go for
    /// all of them.
    public static func all(in text: String) throws(SyntaxError) -> [Threshold] {
        guard let colon = colon(of: text) else {
            throw .init("\(text): expected METRIC: CONDITION")
        }
        let words = text[text.index(after: colon)...].split(separator: ",").map(\.trimmed)
        return try all(of: text[..<colon].trimmed, words)
    }

    /// The same, taken apart already, as in k6's JSON.
    public static func all(
        of name: String, _ words: [String]
    ) throws(SyntaxError) -> [Threshold] {
        let (subject, window) = try subject(name)
        var thresholds: [Threshold] = []
        var abortsOnFail = false
        var abortsAfter = Interval.zero
        for word in words {
            if word == "abortOnFail" {
                abortsOnFail = true
            } else if word.hasPrefix("delayAbortEval=") {
                guard let time = Interval(brief: word.drop { $0 != "=" }.dropFirst()) else {
                    throw .init("\(word): expected a time such as 10s")
                }
                abortsAfter = time
            } else {
                let threshold = try condition(word, of: subject, name, window)
                thresholds.append(threshold)
            }
        }
        guard !thresholds.isEmpty else { throw .init("\(name): no condition such as p(95)<500") }
        for index in thresholds.indices {
            thresholds[index].abortsOnFail = abortsOnFail
            thresholds[index].abortsAfter = abortsAfter
        }
        return thresholds
    }

    /// The first that is not in a window's braces.
    private static func colon(of text: String) -> String.Index? {
        let start = text.firstIndex(of: "{").flatMap { open in
            text[open...].firstIndex(of: "}")
        }
        return text[(start ?? text.startIndex)...].firstIndex(of: ":")
    }

    // MARK: Names

    private static func subject(
        _ text: String
    ) throws(SyntaxError) -> (Subject, Window?) {
        let parts = text.split(separator: "{", maxSplits: 1)
        let name = (parts.first ?? "").trimmed
        let window = parts.count > 1 ? try Self.window(parts[1], of: text) : nil
        if let metric = LoadMetric(rawValue: name) { return (.delay(metric), window) }
        if let counter = Counter(rawValue: name) { return (.counter(counter), window) }
        if let share = Share(rawValue: name) { return (.share(share), window) }
        let known =
            LoadMetric.allCases.map(\.rawValue) + Counter.allCases.map(\.rawValue)
            + Share.allCases.map(\.rawValue)
        throw .init("\(name) is no metric; there are \(known.joined(separator: ", "))")
    }

    private static func window(
        _ rest: Substring, of text: String
    ) throws(SyntaxError) -> Window {
        var window = Window(after: .zero, before: nil)
        guard rest.hasSuffix("}") else { throw .init("\(text): a window without its brace") }
        for part in rest.dropLast().split(separator: ",") {
            let words = part.split(separator: ":", maxSplits: 1).map(\.trimmed)
            guard words.count == 2, let time = Interval(brief: words[1][...]) else {
                throw .init("\(text): expected {after:10s,before:40s}")
            }
            guard time.isWholeSeconds else {
                throw .init("\(text): a window begins and ends with whole seconds")
            }
            switch words[0] {
            case "after": window.after = time
            case "before": window.before = time
            case _: throw .init("\(text): expected {after:10s,before:40s}")
            }
        }
        guard window.before.map({ $0 > window.after }) ?? true else {
            throw .init("\(text): an empty window")
        }
        return window
    }

    // MARK: Conditions

    private static func condition(
        _ text: String, of subject: Subject, _ name: String, _ window: Window?
    ) throws(SyntaxError) -> Threshold {
        guard
            let sign = text.firstIndex(where: { "<>=!".contains($0) }),
            let comparison = Comparison.allCases.first(where: {
                text[sign...].hasPrefix($0.rawValue)
            })
        else { throw .init("\(text): expected a condition such as p(95)<500") }
        let number = text[sign...].dropFirst(comparison.rawValue.count).trimmed
        guard let value = value(number) else {
            throw .init("\(text): \(number) is no number")
        }
        let aggregate = try aggregate(text[..<sign].trimmed, of: subject)
        return Threshold(
            subject: subject, name: name, window: window, aggregate: aggregate,
            comparison: comparison, value: value, condition: text)
    }

    /// `500`, `0.01` or `1.5e3`.
    private static func value(_ text: String) -> Fixed? {
        let parts = text.split(
            maxSplits: 1, omittingEmptySubsequences: false, whereSeparator: { "eE".contains($0) })
        guard let first = parts.first, let value = Fixed(decimal: first), parts.count == 2 else {
            return Fixed(decimal: text)
        }
        guard let exponent = Int(parts[1]), (-6...12).contains(exponent) else { return nil }
        var power: Int128 = 1
        for _ in 0..<abs(exponent) { power *= 10 }
        return Fixed(
            clamping: exponent < 0 ? value.millionths / power : value.millionths * power)
    }

    private static func aggregate(
        _ text: String, of subject: Subject
    ) throws(SyntaxError) -> Aggregate {
        var aggregate: Aggregate?
        switch text {
        case "min": aggregate = .least
        case "avg": aggregate = .mean
        case "med": aggregate = .median
        case "max": aggregate = .most
        case "count": aggregate = .count
        case "rate": aggregate = .rate
        case _:
            if text.hasPrefix("p("), text.hasSuffix(")"),
                let percent = Fixed(decimal: text.dropFirst(2).dropLast().trimmed),
                percent >= .zero, percent <= Fixed(100)
            {
                aggregate = .percentile(percent)
            }
        }
        guard let aggregate else { throw .init("\(text): expected min, avg, med, max, p(N) …") }
        let isOfDelays = aggregate != .rate
        let isOfSums = aggregate == .count || aggregate == .rate
        switch subject {
        case .delay where isOfDelays: return aggregate
        case .counter where isOfSums: return aggregate
        case .share where isOfSums: return aggregate
        case .delay: throw .init("\(text): of delays there are min, avg, med, max, p(N), count")
        case .counter, .share: throw .init("\(text): of sums there are count and rate")
        }
    }
}

extension Threshold.SyntaxError {
    fileprivate init(_ description: String) { self.description = description }
}

extension Interval {
    /// As a load is looked at once a second, nothing is known of parts of one.
    public var isWholeSeconds: Bool { nanoseconds % 1_000_000_000 == 0 }

    /// `90s`, `1m`, `1m30s`, `250ms`, `1h`, as k6 and Go write them; nil for anything else.
    public init?(brief text: some StringProtocol) {
        var rest = text[...]
        var sum: Int64 = 0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            guard let count = Int64(digits), count <= 1_000_000 else { return nil }
            rest = rest[digits.endIndex...]
            let unit = rest.prefix { $0.isASCII && $0.isLetter }
            rest = rest[unit.endIndex...]
            switch unit {
            case "ms": sum += count * 1_000_000
            case "s": sum += count * 1_000_000_000
            case "m": sum += count * 60_000_000_000
            case "h": sum += count * 3_600_000_000_000
            case _: return nil
            }
            guard sum <= 30 * 86_400_000_000_000 else { return nil }
        }
        self.init(nanoseconds: sum)
    }
}

extension StringProtocol {
    fileprivate var trimmed: String {
        let from = firstIndex { !$0.isWhitespace } ?? endIndex
        let until = lastIndex { !$0.isWhitespace }.map(index(after:)) ?? from
        return String(self[from..<until])
    }
}
