import Base
import Cloud

/// Values of the calendar, of money and of lists, as texts of a file.
extension Leaf<ClockTime> {
    static var clock: Leaf {
        Leaf(
            expected: "a local time of day such as \"19:00\"",
            schema: [
                JSONTree.word("type", "string"),
                JSONTree.word("pattern", "^([01][0-9]|2[0-3]):[0-5][0-9]$"),
            ],
            read: { tree throws(Mismatch) in
                guard case .string(let text) = tree, let fields = numbers(text, like: "00:00"),
                    fields[0] < 24, fields[1] < 60
                else { throw Mismatch(tree) }
                return ClockTime(minutes: fields[0] * 60 + fields[1])
            },
            write: { .string(String($0.text)) })
    }
}

extension ClockTime {
    /// `19:00`
    var text: String {
        let hours = minutes / 60
        let rest = minutes % 60
        return (hours < 10 ? "0" : "") + "\(hours):" + (rest < 10 ? "0" : "") + "\(rest)"
    }
}

/// The decimal numbers of a text that has digits where `shape` has, and else the same characters.
private func numbers(_ text: String, like shape: StaticString) -> [Int]? {
    let bytes = Array(text.utf8)
    let wanted = shape.withUTF8Buffer { Array($0) }
    guard bytes.count == wanted.count else { return nil }
    var fields: [Int] = []
    var isInside = false
    for (byte, like) in zip(bytes, wanted) {
        guard isDigit(like) else {
            guard byte == like else { return nil }
            isInside = false
            continue
        }
        guard isDigit(byte) else { return nil }
        if !isInside { fields.append(0) }
        isInside = true
        fields[fields.count - 1] = fields[fields.count - 1] * 10 + Int(byte - UInt8(ascii: "0"))
    }
    return fields
}

extension Leaf<Instant> {
    /// Years from the first that the time-zone rules hold for to well before nanoseconds run out.
    static let years = 2007...2100

    static var instant: Leaf {
        Leaf(
            expected: "an instant such as \"2026-12-01T00:00:00Z\", in the years "
                + "\(years.lowerBound) to \(years.upperBound)",
            schema: [
                JSONTree.word("type", "string"),
                JSONTree.word(
                    "pattern", "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"),
            ],
            read: { tree throws(Mismatch) in
                guard case .string(let text) = tree,
                    let fields = numbers(text, like: "0000-00-00T00:00:00Z"),
                    years.contains(fields[0]), (1...12).contains(fields[1]),
                    (1...CivilTime.daysInMonth(year: fields[0], month: fields[1]))
                        .contains(fields[2]),
                    fields[3] < 24, fields[4] < 60, fields[5] < 60
                else { throw Mismatch(tree) }
                return CivilTime(
                    year: fields[0], month: fields[1], day: fields[2], hour: fields[3],
                    minute: fields[4], second: fields[5]
                ).instantUTC
            },
            write: { .string(CivilTime($0).textUTC) })
    }
}

/// Money in US cents.
struct Cents: Hashable {
    var cents: Int64

    /// A million dollars a month: nobody asks a t3.micro for more.
    static let centsMax: Int64 = 100_000_000
}

extension Leaf<Cents> {
    static var money: Leaf {
        Leaf(
            expected: "an amount of US dollars such as \"$30\" or \"$29.99\", at most $1000000",
            schema: [
                JSONTree.word("type", "string"),
                JSONTree.word("pattern", "^\\$[0-9]{1,7}(\\.[0-9]{2})?$"),
            ],
            read: { tree throws(Mismatch) in
                guard case .string(let text) = tree, let cents = cents(text) else {
                    throw Mismatch(found: Mismatch(tree).found, hint: withSign(tree))
                }
                return Cents(cents: cents)
            },
            write: { .string("$" + Fixed.ratio(Int128($0.cents), 100).moneyText) })
    }

    /// What lacks nothing but the dollar sign, with it.
    private static func withSign(_ tree: JSONTree) -> String? {
        switch tree {
        case .string(let amount), .number(let amount):
            cents("$" + amount) == nil ? nil : "$" + amount
        case .null, .bool, .array, .object: nil
        }
    }

    private static func cents(_ text: String) -> Int64? {
        guard text.utf8.first == UInt8(ascii: "$") else { return nil }
        let parts = text.dropFirst().split(
            separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard (1...7).contains(parts[0].utf8.count), parts[0].utf8.allSatisfy(isDigit),
            let dollars = Int64(parts[0])
        else { return nil }
        var cents = dollars * 100
        if parts.count == 2 {
            guard parts[1].utf8.count == 2, parts[1].utf8.allSatisfy(isDigit),
                let rest = Int64(parts[1])
            else { return nil }
            cents += rest
        }
        return cents <= Cents.centsMax ? cents : nil
    }
}

extension Fixed {
    /// Without decimals where there are none, else with two.
    fileprivate var moneyText: String {
        millionths % 1_000_000 == 0 ? text(decimals: 0) : text(decimals: 2)
    }
}

extension Leaf<Fixed> {
    /// Thousands of millions, to six decimals.
    static var decimal: Leaf {
        Leaf(
            expected: "a number with at most 12 digits before and 6 after the point",
            schema: [JSONTree.word("type", "number")],
            read: { tree throws(Mismatch) in
                guard case .number(let digits) = tree, let value = fixed(digits) else {
                    throw Mismatch(tree)
                }
                return value
            },
            write: { .number($0.description) })
    }

    private static func fixed(_ digits: String) -> Fixed? {
        let isNegative = digits.utf8.first == UInt8(ascii: "-")
        let parts = digits.drop { $0 == "-" }.split(separator: ".", maxSplits: 1)
        let fraction = parts.count == 2 ? parts[1] : ""
        guard !parts.isEmpty, parts[0].utf8.count <= 12, fraction.utf8.count <= 6,
            let value = Int64(
                parts[0] + fraction + String(repeating: "0", count: 6 - fraction.utf8.count))
        else { return nil }
        return Fixed(millionths: Int128(isNegative ? -value : value))
    }
}

/// Days of the week, 0 is Monday: `"daily"` or a list of words.
enum Weekdays {
    static let names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
}

extension Leaf<[Int]> {
    static var weekdays: Leaf {
        let word = Leaf<String>.one(of: Weekdays.names)
        return Leaf(
            expected: "\"daily\" or a list of different weekdays such as [\"mon\", \"thu\"]",
            schema: [JSONTree.Member("anyOf", .array([daily, listed(word.schema, max: 7)]))],
            read: { tree throws(Mismatch) in
                if case .string = tree {
                    _ = try Leaf<String>.one(of: ["daily"]).read(tree)
                    return Array(0..<7)
                }
                guard case .array(let elements) = tree, (1...7).contains(elements.count) else {
                    throw Mismatch(tree)
                }
                var days: [Int] = []
                for element in elements {
                    let name = try word.read(element)
                    guard let day = Weekdays.names.firstIndex(of: name), !days.contains(day) else {
                        throw Mismatch(found: "\"\(name)\" twice")
                    }
                    days.append(day)
                }
                return days.sorted()
            },
            write: { days in
                days.count == 7
                    ? .string("daily") : .array(days.map { .string(Weekdays.names[$0]) })
            })
    }

    /// Numbers of streams, from 0; different and in order.
    static var streams: Leaf {
        let index = Leaf<Int>.count(0...Limits.people - 1)
        return Leaf(
            expected: "a list of different stream numbers, from 0 in the order of the streamers",
            schema: listedMembers(index.schema, max: Limits.people),
            read: { tree throws(Mismatch) in
                guard case .array(let elements) = tree,
                    (1...Limits.people).contains(elements.count)
                else { throw Mismatch(tree) }
                var streams: [Int] = []
                for element in elements { streams.append(try index.read(element)) }
                streams.sort()
                for (a, b) in zip(streams, streams.dropFirst()) where a == b {
                    throw Mismatch(found: "\(a) twice")
                }
                return streams
            },
            write: { .array($0.map { .number(String($0)) }) })
    }

    private static var daily: JSONTree {
        .object([JSONTree.word("const", "daily")])
    }

    private static func listed(_ items: [JSONTree.Member], max: Int) -> JSONTree {
        .object(listedMembers(items, max: max))
    }

    private static func listedMembers(
        _ items: [JSONTree.Member], max: Int
    ) -> [JSONTree.Member] {
        [
            JSONTree.word("type", "array"), JSONTree.Member("items", .object(items)),
            JSONTree.Member("minItems", .number("1")),
            JSONTree.Member("maxItems", .number(String(max))),
            JSONTree.Member("uniqueItems", .bool(true)),
        ]
    }
}

extension Leaf<Interval?> {
    /// A length of time, or the word `never`.
    static func never(or time: Leaf<Interval>) -> Leaf {
        Leaf(
            expected: "\"never\", or \(time.expected)",
            schema: [
                JSONTree.Member(
                    "anyOf",
                    .array([
                        .object([JSONTree.word("const", "never")]), .object(time.schema),
                    ]))
            ],
            read: { tree throws(Mismatch) in
                tree == .string("never") ? nil : try time.read(tree)
            },
            write: { $0.map(time.write) ?? .string("never") })
    }
}
