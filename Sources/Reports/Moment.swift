import Base

/// An instant as RFC 3339 text in UTC, with as many decimals of a second as it has.
public struct Moment: Sendable, Hashable, Comparable, Codable {
    public var instant: Instant

    public init(_ instant: Instant) { self.instant = instant }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let moment = Moment(text: text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "\(text) is not a UTC time")
        }
        self = moment
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }

    public static func < (a: Moment, b: Moment) -> Bool { a.instant < b.instant }

    /// `2026-12-01T00:00:00Z`, `2026-12-01T00:00:00.25Z`
    public var text: String {
        let whole = CivilTime(instant).textUTC
        let fraction = instant.fractionDigits
        return fraction.isEmpty ? whole : "\(whole.dropLast()).\(fraction)Z"
    }

    /// Nil for anything that `text` does not write.
    public init?(text: String) {
        guard text.utf8.count >= 20, text.utf8.last == UInt8(ascii: "Z") else { return nil }
        let fields = text.dropLast().split(
            omittingEmptySubsequences: false,
            whereSeparator: { $0 == "-" || $0 == "T" || $0 == ":" || $0 == "." })
        let numbers = fields.compactMap { Int($0) }
        guard numbers.count == fields.count, numbers.count == 6 || numbers.count == 7,
            (1970...2261).contains(numbers[0]), (1...12).contains(numbers[1]),
            (1...31).contains(numbers[2]), (0...23).contains(numbers[3]),
            (0...59).contains(numbers[4]), (0...59).contains(numbers[5])
        else { return nil }
        let civil = CivilTime(
            year: numbers[0], month: numbers[1], day: numbers[2], hour: numbers[3],
            minute: numbers[4], second: numbers[5])
        var nanoseconds = 0
        if numbers.count == 7 {
            let digits = fields[6].utf8.count
            guard digits <= 9 else { return nil }
            nanoseconds = numbers[6]
            for _ in digits..<9 { nanoseconds *= 10 }
        }
        instant = civil.instantUTC + Interval(nanoseconds: Int64(nanoseconds))
        guard self.text == text else { return nil }  // such as 30 February
    }
}

extension Instant {
    /// The decimals of its second, without trailing zeros; empty for a whole second.
    fileprivate var fractionDigits: Substring {
        let second: Int64 = 1_000_000_000
        let rest = (nanoseconds % second + second) % second
        var digits = String(rest + second).dropFirst()
        while digits.last == "0" { digits.removeLast() }
        return digits
    }

    /// For people: `2026-12-01 19:30:00`, to be read with "UTC" beside it.
    var readable: String {
        let civil = CivilTime(self)
        return "\(civil.dateText) \(civil.timeText)"
    }
}

extension Interval {
    /// Days and time of day since the start, as `--window` takes it: `14d03:20:00`.
    ///
    /// Parts of a second are dropped; a time before the start has a minus sign.
    public var simulatedText: String {
        let seconds = wholeSeconds.magnitude
        let (day, rest) = seconds.quotientAndRemainder(dividingBy: 86_400)
        let sign = nanoseconds < 0 ? "-" : ""
        let clock = [rest / 3_600, rest / 60 % 60, rest % 60]
            .map { $0 < 10 ? "0\($0)" : "\($0)" }
            .joined(separator: ":")
        return "\(sign)\(day)d\(clock)"
    }

    /// For people: the two largest units that are not zero, such as `30 d`, `2 h 05 min`, `40 s`.
    var readable: String {
        let seconds = wholeSeconds
        let (days, hours) = (seconds / 86_400, seconds / 3_600 % 24)
        let (minutes, rest) = (seconds / 60 % 60, seconds % 60)
        if days > 0 { return hours > 0 ? "\(days) d \(hours) h" : "\(days) d" }
        if hours > 0 { return minutes > 0 ? "\(hours) h \(minutes) min" : "\(hours) h" }
        if minutes > 0 { return rest > 0 ? "\(minutes) min \(rest) s" : "\(minutes) min" }
        if seconds > 0 { return "\(seconds) s" }
        return "\(nanoseconds / 1_000_000) ms"
    }
}
