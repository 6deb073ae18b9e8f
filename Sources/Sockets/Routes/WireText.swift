import Base

/// How identifiers, keys, money and times are written in JSON and in addresses.
enum WireText {
    static let identifierDigits = 9

    /// Decimal digits without a sign, of an identifier of ours.
    static func identifier(_ text: some StringProtocol) -> Int32? {
        guard !text.isEmpty, text.utf8.count <= identifierDigits, text.utf8.allSatisfy(isDigit)
        else {
            return nil
        }
        return Int32(text)
    }

    /// Sixteen hexadecimal digits.
    static func streamKey(_ text: some StringProtocol) -> UInt64? {
        guard text.utf8.count == 16, text.utf8.allSatisfy(isHexDigit) else { return nil }
        return UInt64(text, radix: 16)
    }

    static func streamKey(_ key: UInt64) -> String {
        let digits = String(key, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// `0.0463`: exact, without trailing zeros.
    static func dollars(_ nanodollars: Int64) -> String {
        let (whole, part) = nanodollars.magnitude.quotientAndRemainder(dividingBy: 1_000_000_000)
        var digits = String(part)
        digits = String(repeating: "0", count: 9 - digits.count) + digits
        while digits.utf8.last == UInt8(ascii: "0") { digits.removeLast() }
        let sign = nanodollars < 0 ? "-" : ""
        return digits.isEmpty ? "\(sign)\(whole)" : "\(sign)\(whole).\(digits)"
    }

    /// Letters and digits of ASCII and these others.
    static func isPlain(_ text: String, besides others: StaticString) -> Bool {
        text.utf8.allSatisfy { byte in
            isPlain(byte) || others.withUTF8Buffer { $0.contains(byte) }
        }
    }

    static func isPlain(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    // MARK: RFC 3339

    /// `2026-12-01T19:30:00Z`, with milliseconds where there are any.
    static func time(_ instant: Instant) -> String {
        let text = CivilTime(instant).textUTC
        let nanoseconds = instant.nanoseconds % 1_000_000_000
        let part = (nanoseconds < 0 ? nanoseconds + 1_000_000_000 : nanoseconds) / 1_000_000
        guard part != 0 else { return text }
        let digits = String(part)
        return text.dropLast() + "." + String(repeating: "0", count: 3 - digits.count) + digits
            + "Z"
    }

    /// Nil if it is no such time; what is before 1970 or after 2200 is held to that.
    static func time(_ text: String) -> Instant? {
        var rest = Array(text.utf8)[...]
        guard rest.count <= 40, let year = digits(4, &rest),
            take("-", &rest), let month = digits(2, &rest), (1...12).contains(month),
            take("-", &rest), let day = digits(2, &rest),
            (1...CivilTime.daysInMonth(year: year, month: month)).contains(day),
            take("Tt ", &rest), let hour = digits(2, &rest), hour < 24,
            take(":", &rest), let minute = digits(2, &rest), minute < 60,
            take(":", &rest), let second = digits(2, &rest), second <= 60
        else { return nil }
        guard let part = fraction(&rest), let offset = offset(&rest), rest.isEmpty else {
            return nil
        }
        let civil = CivilTime(
            year: min(max(year, 1969), 2201), month: month, day: day, hour: hour, minute: minute,
            second: second)
        let instant = civil.instantUTC + part - offset
        return min(max(instant, Instant(nanoseconds: 0)), latest)
    }

    private static let latest = CivilTime(year: 2201, month: 1, day: 1).instantUTC

    private static func digits(_ count: Int, _ rest: inout ArraySlice<UInt8>) -> Int? {
        guard rest.count >= count, rest.prefix(count).allSatisfy(isDigit) else { return nil }
        let value = rest.prefix(count).reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
        rest = rest.dropFirst(count)
        return value
    }

    private static func take(_ any: StaticString, _ rest: inout ArraySlice<UInt8>) -> Bool {
        guard let first = rest.first, any.withUTF8Buffer({ $0.contains(first) }) else {
            return false
        }
        rest = rest.dropFirst()
        return true
    }

    private static func fraction(_ rest: inout ArraySlice<UInt8>) -> Interval? {
        guard take(".", &rest) else { return .zero }
        var nanoseconds: Int64 = 0
        var unit: Int64 = 100_000_000
        var count = 0
        while let digit = digits(1, &rest) {
            nanoseconds += Int64(digit) * unit
            unit /= 10
            count += 1
        }
        return count > 0 ? Interval(nanoseconds: nanoseconds) : nil
    }

    private static func offset(_ rest: inout ArraySlice<UInt8>) -> Interval? {
        if take("Zz", &rest) { return .zero }
        let isWest = rest.first == UInt8(ascii: "-")
        guard take("+-", &rest), let hours = digits(2, &rest), hours < 24, take(":", &rest),
            let minutes = digits(2, &rest), minutes < 60
        else { return nil }
        let interval = Interval.minutes(Int64(hours * 60 + minutes))
        return isWest ? .zero - interval : interval
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
    }
}
