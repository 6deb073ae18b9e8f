import Base
import Platform

/// What makes a report count, and a node be trusted.
extension Session {
    /// A passed spot check of the report's node within its interval, give or take the margin.
    private static let isChecked = """
        EXISTS (SELECT 1 FROM spot_checks AS c WHERE c.node = ledger.node AND c.has_passed
            AND c.checked_at BETWEEN ledger.begins_at - \(Tables.verifyMargin.nanoseconds)
            AND ledger.ends_at + \(Tables.verifyMargin.nanoseconds))
        """

    func verifyReports() throws(StoreError) -> StoreAnswer {
        let expiry = Value.integer((now - Tables.verifyMargin).nanoseconds)
        try connection.run(
            """
            UPDATE accounts SET
                reports_settled = reports_settled + settled.reports,
                reports_verified = reports_verified + settled.reports_true,
                bytes_settled = bytes_settled + settled.bytes,
                bytes_verified = bytes_verified + settled.bytes_true
            FROM (
                SELECT node, COUNT(*) AS reports, SUM(verified) AS reports_true,
                    CAST(SUM(bytes) AS BIGINT) AS bytes,
                    CAST(SUM(bytes * verified) AS BIGINT) AS bytes_true
                FROM (
                    SELECT node, bytes, ends_at,
                        CASE WHEN \(Self.isChecked) THEN 1 ELSE 0 END AS verified
                    FROM ledger WHERE state = \(Entry.waiting)
                ) AS seen
                WHERE verified = 1 OR ends_at < $1 GROUP BY node
            ) AS settled
            WHERE accounts.node = settled.node
            """, [expiry])
        try connection.run(
            """
            UPDATE ledger SET state = \(Entry.due)
            WHERE state = \(Entry.waiting) AND \(Self.isChecked)
            """)
        try connection.run(
            """
            UPDATE ledger SET state = \(Entry.expired)
            WHERE state = \(Entry.waiting) AND ends_at < $1
            """, [expiry])
        return .done
    }

    func updateTrust() throws(StoreError) -> StoreAnswer {
        let unknown = Tables.trustUnknown.millionths
        let trust =
            switch trustRule {
            case .spotChecks:
                """
                SELECT b.node, CASE WHEN COUNT(c.id) < \(Tables.checksForTrust) THEN \(unknown)
                    ELSE SUM(CASE WHEN c.has_passed THEN 1000000 ELSE 0 END) / COUNT(c.id) END
                    AS trust
                FROM accounts AS b
                LEFT JOIN spot_checks AS c ON c.node = b.node AND c.checked_at >= $1
                GROUP BY b.node
                """
            case .verifiedReports:
                """
                SELECT node, CASE WHEN reports <= \(Tables.reportsForTrust) THEN \(unknown)
                    ELSE verified * 1000000 / reports END AS trust
                FROM (
                    SELECT b.node, b.reports_verified AS verified,
                        b.reports_settled + COUNT(l.id) AS reports
                    FROM accounts AS b
                    LEFT JOIN ledger AS l ON l.node = b.node AND l.state = \(Entry.waiting)
                    WHERE CAST($1 AS BIGINT) IS NOT NULL
                    GROUP BY b.node
                ) AS counted
                """
            }
        try connection.run(
            """
            UPDATE accounts SET trust = measured.trust FROM (\(trust)) AS measured
            WHERE accounts.node = measured.node AND accounts.trust <> measured.trust
            """, [.integer((now - Tables.checksCount).nanoseconds)])
        let changed = try connection.query(
            """
            UPDATE accounts SET is_flagged = NOT is_flagged
            WHERE is_flagged <> (trust < \(Tables.trustFlagged.millionths))
            RETURNING node, is_flagged
            """
        ) { (node: NodeID($0.short(0)), isFlagged: $0.flag(1)) }
        return .changed(
            changed.filter { $0.isFlagged }.map { $0.node }.sorted { $0.raw < $1.raw })
    }
}
