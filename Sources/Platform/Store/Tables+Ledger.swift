import Base

/// The bandwidth ledger: reports, what makes them count, trust, pay, and what is kept of it all.
extension Tables {
    /// A report is verified by a check within its interval, give or take this.
    public static let verifyMargin = Interval.minutes(5)
    public static let reportLengthMin = Interval.seconds(1)
    public static let reportAgeMax = Interval.days(1)
    /// How far a node's clock may be ahead.
    public static let reportSkewMax = Interval.minutes(1)
    /// Reports that may wait for verification at once: 10,000 nodes for three hours.
    public static let reportsMax = 2_000_000

    public static let checksCount = Interval.days(30)
    public static let checksForTrust = 5
    /// By `TrustRule.verifiedReports`, more than this.
    public static let reportsForTrust: Int64 = 3
    public static let trustUnknown = Share(millionths: 750_000)
    public static let trustFlagged = Share(millionths: 300_000)
    public static let trustHalved = Share(millionths: 500_000)

    /// $0.05 for a verified gigabyte (1e9 bytes), less a margin of 7.5 %, from one cent up.
    public static let payPerGigabyte: Int64 = 50_000_000
    public static let marginPerMille: Int64 = 75
    public static let payMin: Int64 = 10_000_000

    public static let ledgerDays: Int64 = 90
    public static let probeDays: Int64 = 60
    public static let checkDays: Int64 = 30

    mutating func appendLedger(_ report: BandwidthReport, _ now: Instant) -> StoreAnswer {
        guard let index = index(of: report.node), nodes[index].row.stream == report.stream else {
            return .refused(.noNode)
        }
        guard Self.isPlausible(report, at: now), report.from >= accounts[index].reportedUntil else {
            return .refused(.badInterval)
        }
        guard waiting.count < Self.reportsMax else { return .refused(.full) }
        accounts[index].report(report.bytes, until: report.until)
        waiting.append(
            WaitingReport(
                node: report.node, from: report.from, until: report.until, bytes: report.bytes))
        return .done
    }

    /// Of this day, of some length, and not above 10 Gbit/s: 1.25 bytes a nanosecond.
    public static func isPlausible(_ report: BandwidthReport, at now: Instant) -> Bool {
        guard report.from >= now - reportAgeMax, report.until <= now + reportSkewMax,
            report.from <= report.until
        else { return false }
        let length = report.until - report.from
        guard length >= reportLengthMin else { return false }
        return (0...length.nanoseconds + length.nanoseconds / 4).contains(report.bytes)
    }

    mutating func verifyReports(_ now: Instant) -> StoreAnswer {
        var kept = waiting
        waiting = []
        kept.removeAll { report in
            let index = Int(report.node.raw)
            if accounts[index].isCovered(report) {
                accounts[index].verify(report.bytes, until: report.until)
                return true
            }
            return now - report.until > Self.verifyMargin  // no check can cover it any more
        }
        waiting = kept
        return .done
    }

    // MARK: Trust

    mutating func updateTrust(_ now: Instant) -> StoreAnswer {
        var changed: [NodeID] = []
        for index in nodes.indices {
            let trust = trust(accounts[index], now)
            let isFlagged = trust < Self.trustFlagged
            if isFlagged && !nodes[index].row.isFlagged { changed.append(nodes[index].row.node) }
            nodes[index].row.trust = trust
            nodes[index].row.isFlagged = isFlagged
        }
        return .changed(changed)
    }

    private func trust(_ account: NodeAccount, _ now: Instant) -> Share {
        switch trustRule {
        case .spotChecks:
            var all: Int64 = 0
            var passed: Int64 = 0
            for check in account.checks.reversed() where now - check.at <= Self.checksCount {
                all += 1
                if check.passed { passed += 1 }
            }
            guard all >= Self.checksForTrust else { return Self.trustUnknown }
            return Share(millionths: passed * 1_000_000 / all)
        case .verifiedReports:
            guard account.reports > Self.reportsForTrust else { return Self.trustUnknown }
            return Share(millionths: account.reportsVerified * 1_000_000 / account.reports)
        }
    }

    // MARK: Pay

    mutating func payHour(_ hour: Int64, _ now: Instant) -> StoreAnswer {
        guard hour > hourPaid, hour < now.hoursSinceEpoch else { return .paid(nanodollars: 0) }
        hourPaid = hour
        var total: Int64 = 0
        for index in accounts.indices {
            let bytes = accounts[index].bytesDue(through: hour)
            let amount = amount(bytes, trust: nodes[index].row.trust)
            guard amount >= Self.payMin else { continue }
            let row = PayoutRow(
                hour: hour, node: nodes[index].row.node, bytes: bytes, nanodollars: amount)
            accounts[index].due.removeAll { $0.hour <= hour }
            accounts[index].earnedNanodollars += amount
            accounts[index].append(row)
            payouts.append(row)
            total += amount
        }
        dropOldPayouts()
        return .paid(nanodollars: total)
    }

    private func amount(_ bytes: Int64, trust: Share) -> Int64 {
        let gross = multiplyDivide(bytes, Self.payPerGigabyte, 1_000_000_000)
        let net = multiplyDivide(gross, 1_000 - Self.marginPerMille, 1_000)
        return trust < Self.trustHalved ? net / 2 : net
    }

    /// Whole hours go, while at least `PayoutRow.rowsMax` rows stay.
    private mutating func dropOldPayouts() {
        guard payouts.count > 4 * PayoutRow.rowsMax else { return }
        let hour = payouts[payouts.count - PayoutRow.rowsMax].hour
        payouts.removeFirst(payouts.firstIndex { $0.hour >= hour } ?? 0)
    }

    // MARK: Retention

    mutating func retain(_ now: Instant) -> StoreAnswer {
        let today = now.daysSinceEpoch
        for index in accounts.indices {
            for day in accounts[index].retain(today: today) { sumUp(day) }
        }
        waiting.removeAll { $0.until.daysSinceEpoch < today - Self.ledgerDays }
        return .done
    }

    private mutating func sumUp(_ day: NodeAccount.Day) {
        let civil = CivilTime(Instant(nanoseconds: day.day * Interval.days(1).nanoseconds))
        let month = Int32(civil.year * 12 + civil.month - 1)
        let place = months.firstIndex { $0.month >= month } ?? months.count
        if place == months.count || months[place].month != month {
            months.insert(MonthRow(month: month, bytesReported: 0, bytesVerified: 0), at: place)
        }
        months[place].bytesReported = months[place].bytesReported.addingHeld(day.bytesReported)
        months[place].bytesVerified = months[place].bytesVerified.addingHeld(day.bytesVerified)
    }
}

extension Int64 {
    /// The sum, held at the end of the range: no fraud of nodes may stop the platform.
    func addingHeld(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
