/// A date and time of day in the proleptic Gregorian calendar, without a zone.
public struct CivilTime: Sendable, Hashable {
    public var year: Int
    /// 1 ... 12
    public var month: Int
    /// 1 ... 31
    public var day: Int
    public var hour: Int
    public var minute: Int
    public var second: Int

    public init(year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0) {
        self.year = year
        self.month = month
        self.day = day
        self.hour = hour
        self.minute = minute
        self.second = second
    }

    /// The civil time in UTC of an instant; parts of a second are dropped.
    public init(_ instant: Instant) {
        let seconds = floorDivide(instant.nanoseconds, 1_000_000_000)
        let days = floorDivide(seconds, 86_400)
        let rest = Int(seconds - days * 86_400)
        // Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days.
        let z = days + 719_468
        let era = floorDivide(z, 146_097)
        let dayOfEra = z - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        day = Int(dayOfYear - (153 * shifted + 2) / 5 + 1)
        month = Int(shifted < 10 ? shifted + 3 : shifted - 9)
        year = Int(yearOfEra + era * 400 + (month <= 2 ? 1 : 0))
        hour = rest / 3_600
        minute = rest / 60 % 60
        second = rest % 60
    }

    /// The instant of this civil time in UTC.
    public var instantUTC: Instant {
        let days = CivilTime.daysSinceEpoch(year: year, month: month, day: day)
        let seconds = days * 86_400 + Int64(hour * 3_600 + minute * 60 + second)
        return Instant(nanoseconds: seconds * 1_000_000_000)
    }

    /// 0 is Monday, 6 is Sunday.
    public var weekday: Int {
        let days = CivilTime.daysSinceEpoch(year: year, month: month, day: day)
        return Int(((days + 3) % 7 + 7) % 7)  // 1970-01-01 was a Thursday
    }

    /// Hinnant's days_from_civil.
    public static func daysSinceEpoch(year: Int, month: Int, day: Int) -> Int64 {
        let y = Int64(month <= 2 ? year - 1 : year)
        let era = floorDivide(y, 400)
        let yearOfEra = y - era * 400
        let shifted = Int64(month > 2 ? month - 3 : month + 9)
        let dayOfYear = (153 * shifted + 2) / 5 + Int64(day) - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    public static func daysInMonth(year: Int, month: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        case _: 31
        }
    }

    /// `2026-12-01T00:00:00Z`
    public var textUTC: String { "\(dateText)T\(timeText)Z" }

    /// `2026-12-01`
    public var dateText: String { "\(year)-\(twoDigits(month))-\(twoDigits(day))" }

    /// `19:30:00`
    public var timeText: String {
        "\(twoDigits(hour)):\(twoDigits(minute)):\(twoDigits(second))"
    }
}

func twoDigits(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }

/// Division rounded toward minus infinity; `b` is positive.
func floorDivide(_ a: Int64, _ b: Int64) -> Int64 {
    let quotient = a / b
    return a % b < 0 ? quotient - 1 : quotient
}
