import Base
import Platform

/// The bandwidth ledger, one row a report: it waits until it is verified or expires; a verified
/// one is due until it is paid.
extension Session {
    /// A ledger row's state, as it is stored.
    enum Entry {
        static let waiting = 0
        static let due = 1
        static let paid = 2
        static let expired = 3
    }

    /// The node's row is locked by moving its `reported_until`, so the same report sent twice at
    /// once is one.
    func appendLedger(_ report: BandwidthReport) throws(StoreError) -> StoreAnswer {
        let isWithin = try connection.query(
            "SELECT reported_until <= $3 FROM nodes WHERE id = $1 AND stream = $2",
            [
                .integer(report.node.raw), .integer(report.stream.raw),
                .integer(report.from.nanoseconds),
            ]
        ) { $0.flag(0) }.first
        guard let isWithin else { return .refused(.noNode) }
        guard isWithin, Tables.isPlausible(report, at: now) else { return .refused(.badInterval) }
        guard try hasRoom() else { return .refused(.full) }
        let moved = try connection.query(
            """
            UPDATE nodes SET reported_until = $3 WHERE id = $1 AND reported_until <= $2
            RETURNING id
            """,
            [
                .integer(report.node.raw), .integer(report.from.nanoseconds),
                .integer(report.until.nanoseconds),
            ]
        ) { _ in true }
        guard !moved.isEmpty else { return .refused(.badInterval) }
        try connection.run(
            """
            INSERT INTO ledger (node, bytes, begins_at, ends_at, source_bitrate, state)
            VALUES ($1, $2, $3, $4, $5, \(Entry.waiting))
            """,
            [
                .integer(report.node.raw), .integer(report.bytes),
                .integer(report.from.nanoseconds), .integer(report.until.nanoseconds),
                .integer(report.sourceBitrate.bitsPerSecond),
            ])
        return .done
    }

    /// Counts what waits only where the numbers of the first and the last do not already tell.
    private func hasRoom() throws(StoreError) -> Bool {
        let span = try connection.query(
            """
            SELECT (SELECT MAX(id) FROM ledger WHERE state = \(Entry.waiting))
                - (SELECT MIN(id) FROM ledger WHERE state = \(Entry.waiting)) + 1
            """
        ) { $0.integer(0) }
        guard span[0] >= Tables.reportsMax else { return true }
        let count = try connection.query(
            "SELECT COUNT(*) FROM ledger WHERE state = \(Entry.waiting)"
        ) { $0.integer(0) }
        return count[0] < Tables.reportsMax
    }

    /// `value × factor ÷ divisor`, rounded down, in whole numbers that stay within 64 bits.
    private static func scaled(_ value: String, _ factor: Int64, _ divisor: Int64) -> String {
        "(\(value) / \(divisor) * \(factor) + \(value) % \(divisor) * \(factor) / \(divisor))"
    }

    /// What each node's due bytes earn of hours that end by $2.
    private static let earnings = """
        SELECT d.node, d.bytes, CASE WHEN a.trust < \(Tables.trustHalved.millionths)
            THEN d.net / 2 ELSE d.net END AS nano
        FROM (
            SELECT node, bytes,
                \(scaled("gross", 1_000 - Tables.marginPerMille, 1_000)) AS net
            FROM (
                SELECT node, bytes,
                    \(scaled("bytes", Tables.payPerGigabyte, 1_000_000_000)) AS gross
                FROM (
                    SELECT node, CAST(SUM(bytes) AS BIGINT) AS bytes FROM ledger
                    WHERE state = \(Entry.due) AND ends_at < $2 GROUP BY node
                ) AS due
            ) AS priced
        ) AS d JOIN accounts AS a ON a.node = d.node
        """

    /// The hour's row comes first: two that pay the same hour at once meet there, and one is
    /// tried again and finds it paid.
    func payHour(_ hour: Int64) throws(StoreError) -> StoreAnswer {
        let newest = try connection.query(
            "SELECT MAX(hour) FROM hours_paid"
        ) { $0.isNull(0) ? nil : $0.integer(0) }
        guard hour < now.hoursSinceEpoch, hour > newest[0] ?? Int64.min else {
            return .paid(nanodollars: 0)
        }
        // No report ends before the epoch.
        let end = Value.integer((max(hour, -1) + 1) * Interval.hours(1).nanoseconds)
        try connection.run(
            "INSERT INTO hours_paid (hour, paid_at, amount) VALUES ($1, $2, dollars($3))",
            [.integer(hour), .integer(now.nanoseconds), .integer(0)])
        try connection.run(
            """
            INSERT INTO payouts (hour, node, bytes, amount)
            SELECT CAST($1 AS BIGINT), node, bytes, dollars(nano) FROM (\(Self.earnings)) AS earned
            WHERE nano >= \(Tables.payMin)
            """, [.integer(hour), end])
        try connection.run(
            """
            UPDATE accounts SET balance = balance + p.amount FROM payouts AS p
            WHERE p.hour = $1 AND p.node = accounts.node
            """, [.integer(hour)])
        try connection.run(
            """
            UPDATE ledger SET state = \(Entry.paid)
            WHERE state = \(Entry.due) AND ends_at < $2
                AND node IN (SELECT node FROM payouts WHERE hour = $1)
            """, [.integer(hour), end])
        let total = try connection.query(
            """
            UPDATE hours_paid SET amount =
                (SELECT COALESCE(SUM(amount), 0) FROM payouts WHERE hour = $1)
            WHERE hour = $1 RETURNING nanodollars(amount)
            """, [.integer(hour)]
        ) { $0.integer(0) }
        return .paid(nanodollars: total[0])
    }
    /// Month by month, because only the calendar knows where one ends.
    func retain() throws(StoreError) -> StoreAnswer {
        let day = Interval.days(1).nanoseconds
        let midnight = now.nanoseconds / day * day
        let cut = midnight - Tables.ledgerDays * day
        while let oldest = try oldestEnd(), oldest < cut {
            let civil = CivilTime(Instant(nanoseconds: oldest))
            let next = CivilTime(
                year: civil.year + civil.month / 12, month: civil.month % 12 + 1, day: 1)
            try sumUp(
                month: civil.year * 12 + civil.month - 1,
                until: min(cut, next.instantUTC.nanoseconds))
        }
        try connection.run(
            "DELETE FROM probes WHERE probed_at < $1",
            [.integer(midnight - Tables.probeDays * day)])
        try connection.run(
            "DELETE FROM spot_checks WHERE checked_at < $1",
            [.integer(midnight - Tables.checkDays * day)])
        return .done
    }

    private func oldestEnd() throws(StoreError) -> Int64? {
        try connection.query(
            "SELECT MIN(ends_at) FROM ledger"
        ) { $0.isNull(0) ? nil : $0.integer(0) }[0]
    }

    /// All rows that end before `until` are of that month, or older ones have gone before. What
    /// still waited is settled by going.
    private func sumUp(month: Int, until: Int64) throws(StoreError) {
        try connection.run(
            """
            UPDATE accounts SET reports_settled = reports_settled + lapsed.reports,
                bytes_settled = bytes_settled + lapsed.bytes
            FROM (
                SELECT node, COUNT(*) AS reports, CAST(SUM(bytes) AS BIGINT) AS bytes
                FROM ledger WHERE state = \(Entry.waiting) AND ends_at < $1 GROUP BY node
            ) AS lapsed
            WHERE accounts.node = lapsed.node
            """, [.integer(until)])
        try connection.run(
            """
            INSERT INTO months (node, month, bytes_reported, bytes_verified)
            SELECT node, CAST($1 AS BIGINT), CAST(SUM(bytes) AS BIGINT),
                CAST(SUM(CASE WHEN state IN (\(Entry.due), \(Entry.paid)) THEN bytes ELSE 0 END)
                AS BIGINT)
            FROM ledger WHERE ends_at < $2 GROUP BY node
            ON CONFLICT (node, month) DO UPDATE SET
                bytes_reported = months.bytes_reported + excluded.bytes_reported,
                bytes_verified = months.bytes_verified + excluded.bytes_verified
            """, [.integer(month), .integer(until)])
        try connection.run("DELETE FROM ledger WHERE ends_at < $1", [.integer(until)])
    }
}
