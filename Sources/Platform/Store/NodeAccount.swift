import Base

struct SpotCheck: Sendable, Hashable {
    var at: Instant
    var passed: Bool
}

/// A report that no spot check has covered yet.
struct WaitingReport: Sendable, Hashable {
    var node: NodeID
    var from: Instant
    var until: Instant
    var bytes: Int64
}

/// What one node did and earned: its ledger, checks, probes and pay.
struct NodeAccount: Sendable {
    /// The ledger of one day (days since the epoch).
    struct Day: Sendable {
        var day: Int64
        var bytesReported: Int64
        var bytesVerified: Int64
    }

    /// Verified bytes of one hour, waiting to be paid.
    struct Due: Sendable {
        var hour: Int64
        var bytes: Int64
    }

    /// Of one node: a month of one every five minutes is 8,640. The oldest make room.
    static let checksMax = 10_000

    /// The end of the newest report that was accepted.
    var reportedUntil = Tables.never
    var reports: Int64 = 0
    var reportsVerified: Int64 = 0
    var bytesReported: Int64 = 0
    var bytesVerified: Int64 = 0
    var earnedNanodollars: Int64 = 0
    /// Ascending: what retention has not summed up.
    var days: [Day] = []
    /// Ascending.
    var due: [Due] = []
    /// Oldest first.
    private(set) var checks: [SpotCheck] = []
    /// Oldest first; the newest `NodeFigures.probesMax` and a few more.
    private(set) var probes: [ProbeRow] = []
    /// Oldest first; the newest `NodeFigures.payoutsMax` and a few more.
    private(set) var payouts: [PayoutRow] = []

    mutating func append(_ check: SpotCheck) {
        checks.append(check)
        if checks.count > Self.checksMax { checks.removeFirst(Self.checksMax / 10) }
    }

    mutating func append(_ probe: ProbeRow) {
        probes.append(probe)
        if probes.count >= 2 * NodeFigures.probesMax {
            probes.removeFirst(NodeFigures.probesMax)
        }
    }

    mutating func append(_ payout: PayoutRow) {
        payouts.append(payout)
        if payouts.count >= 2 * NodeFigures.payoutsMax {
            payouts.removeFirst(NodeFigures.payoutsMax)
        }
    }

    /// Reports come in order, so the day is the last one or a new one.
    mutating func report(_ bytes: Int64, until: Instant) {
        reportedUntil = until
        reports += 1
        bytesReported += bytes
        let day = until.daysSinceEpoch
        if let last = days.indices.last, days[last].day == day {
            days[last].bytesReported += bytes
        } else {
            days.append(Day(day: day, bytesReported: bytes, bytesVerified: 0))
        }
    }

    mutating func verify(_ bytes: Int64, until: Instant) {
        reportsVerified += 1
        bytesVerified += bytes
        let day = until.daysSinceEpoch
        if let index = days.lastIndex(where: { $0.day == day }) {
            days[index].bytesVerified += bytes
        }
        let hour = until.hoursSinceEpoch
        let place = due.firstIndex { $0.hour >= hour } ?? due.count
        if place == due.count || due[place].hour != hour {
            due.insert(Due(hour: hour, bytes: 0), at: place)
        }
        due[place].bytes += bytes
    }

    func isCovered(_ report: WaitingReport) -> Bool {
        let from = report.from - Tables.verifyMargin
        let until = report.until + Tables.verifyMargin
        for check in checks.reversed() {
            if check.at < from { return false }
            if check.passed && check.at <= until { return true }
        }
        return false
    }

    /// Verified and unpaid, of hours up to this one.
    func bytesDue(through hour: Int64) -> Int64 {
        var sum: Int64 = 0
        for entry in due where entry.hour <= hour { sum += entry.bytes }
        return sum
    }

    /// Takes out the ledger of days before `today`'s limits; gives the days to be summed up.
    mutating func retain(today: Int64) -> ArraySlice<Day> {
        let oldest = today - Tables.ledgerDays
        let past = days.prefix { $0.day < oldest }
        days.removeFirst(past.count)
        due.removeAll { $0.hour < oldest * 24 }
        probes.removeAll { $0.at.daysSinceEpoch < today - Tables.probeDays }
        checks.removeAll { $0.at.daysSinceEpoch < today - Tables.checkDays }
        return past
    }
}

extension Instant {
    /// Whole hours since the epoch: by which a report is paid.
    public var hoursSinceEpoch: Int64 {
        nanoseconds.quotient(flooredBy: Interval.hours(1).nanoseconds)
    }
    var daysSinceEpoch: Int64 {
        nanoseconds.quotient(flooredBy: Interval.days(1).nanoseconds)
    }
}

extension Int64 {
    fileprivate func quotient(flooredBy divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
