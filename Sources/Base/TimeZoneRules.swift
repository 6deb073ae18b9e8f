/// A time zone from a committed table: the host's zone database would make runs differ.
///
/// Rules as of the IANA time zone database 2026a, https://www.iana.org/time-zones, for dates from
/// 2007 on. Daylight saving follows the European Union's or the United States' rule, or none.
public struct TimeZoneRules: Sendable, Hashable {
    public var name: String
    /// Minutes east of UTC outside daylight saving.
    var standardMinutes: Int
    var saving: Saving

    enum Saving: Sendable, Hashable { case none, european, american }

    public static let all: [TimeZoneRules] = [
        TimeZoneRules(name: "UTC", standardMinutes: 0, saving: .none),
        TimeZoneRules(name: "Europe/Dublin", standardMinutes: 0, saving: .european),
        TimeZoneRules(name: "Europe/London", standardMinutes: 0, saving: .european),
        TimeZoneRules(name: "Europe/Lisbon", standardMinutes: 0, saving: .european),
        TimeZoneRules(name: "Europe/Amsterdam", standardMinutes: 60, saving: .european),
        TimeZoneRules(name: "Europe/Berlin", standardMinutes: 60, saving: .european),
        TimeZoneRules(name: "Europe/Madrid", standardMinutes: 60, saving: .european),
        TimeZoneRules(name: "Europe/Paris", standardMinutes: 60, saving: .european),
        TimeZoneRules(name: "Europe/Rome", standardMinutes: 60, saving: .european),
        TimeZoneRules(name: "Europe/Stockholm", standardMinutes: 60, saving: .european),
        TimeZoneRules(name: "Europe/Warsaw", standardMinutes: 60, saving: .european),
        TimeZoneRules(name: "Europe/Athens", standardMinutes: 120, saving: .european),
        TimeZoneRules(name: "Europe/Helsinki", standardMinutes: 120, saving: .european),
        TimeZoneRules(name: "Europe/Istanbul", standardMinutes: 180, saving: .none),
        TimeZoneRules(name: "America/New_York", standardMinutes: -300, saving: .american),
        TimeZoneRules(name: "America/Chicago", standardMinutes: -360, saving: .american),
        TimeZoneRules(name: "America/Denver", standardMinutes: -420, saving: .american),
        TimeZoneRules(name: "America/Phoenix", standardMinutes: -420, saving: .none),
        TimeZoneRules(name: "America/Los_Angeles", standardMinutes: -480, saving: .american),
        TimeZoneRules(name: "America/Sao_Paulo", standardMinutes: -180, saving: .none),
        TimeZoneRules(name: "Asia/Kolkata", standardMinutes: 330, saving: .none),
        TimeZoneRules(name: "Asia/Singapore", standardMinutes: 480, saving: .none),
        TimeZoneRules(name: "Asia/Tokyo", standardMinutes: 540, saving: .none),
    ]

    public static func named(_ name: String) -> TimeZoneRules? {
        all.first { $0.name == name }
    }

    /// How far local time is ahead of UTC at an instant.
    public func offset(at instant: Instant) -> Interval {
        let standard = Interval.minutes(Int64(standardMinutes))
        return savesDaylight(at: instant) ? standard + .hours(1) : standard
    }

    /// The local civil time at an instant.
    public func local(_ instant: Instant) -> CivilTime { CivilTime(instant + offset(at: instant)) }

    /// The instant of a local civil time. A time that occurs twice is taken as the first of the
    /// two, one that is skipped as if the clock had not yet been put forward.
    public func instant(_ civil: CivilTime) -> Instant {
        let asUTC = civil.instantUTC
        let standard = asUTC - .minutes(Int64(standardMinutes))
        let saving = standard - .hours(1)
        return savesDaylight(at: saving) ? saving : standard
    }

    private func savesDaylight(at instant: Instant) -> Bool {
        let year = CivilTime(instant).year
        switch saving {
        case .none:
            return false
        case .european:  // last Sundays of March and October, 01:00 UTC
            let from = Self.lastSunday(year: year, month: 3, hour: 1)
            let until = Self.lastSunday(year: year, month: 10, hour: 1)
            return instant >= from && instant < until
        case .american:  // second Sunday of March, first of November, 02:00 local
            let shift = Interval.minutes(Int64(-standardMinutes))
            let from = Self.firstSunday(year: year, month: 3, hour: 2) + .days(7) + shift
            let until = Self.firstSunday(year: year, month: 11, hour: 1) + shift
            return instant >= from && instant < until
        }
    }

    private static func lastSunday(year: Int, month: Int, hour: Int) -> Instant {
        var civil = CivilTime(year: year, month: month, day: 31, hour: hour)
        civil.day -= (civil.weekday + 1) % 7
        return civil.instantUTC
    }

    private static func firstSunday(year: Int, month: Int, hour: Int) -> Instant {
        var civil = CivilTime(year: year, month: month, day: 1, hour: hour)
        civil.day += 6 - civil.weekday
        return civil.instantUTC
    }
}
