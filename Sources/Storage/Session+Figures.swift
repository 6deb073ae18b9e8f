import Base
import Platform

/// What pages show. Each is one statement: its parts come as rows of one shape, which begin with
/// the number of the part and with what orders its rows; ten numbers and three texts follow.
extension Session {
    /// Where a row's own columns begin.
    private static let own: Int32 = 3

    /// A row of a part that has numbers only.
    private static func numbers(_ columns: [String]) -> String {
        let zeros = Array(repeating: "0", count: 10 - columns.count)
        return (columns + zeros).map { "CAST(\($0) AS BIGINT)" }.joined(separator: ", ")
            + ", '', '', ''"
    }

    /// The first rows of a part by `order`, which `keys` are numbers for.
    private static func part(
        _ part: Int, by order: String, keys: String, _ columns: String, _ from: String,
        rowsMax: Int
    ) -> String {
        """
        UNION ALL SELECT * FROM (
            SELECT \(part), \(keys), \(columns) FROM \(from) ORDER BY \(order) LIMIT \(rowsMax)
        ) AS part\(part)
        """
    }

    /// A sum over nodes may be above 64 bits, and is then held at the highest number: both halves
    /// are summed up apart, which neither engine can overflow.
    private static func sum(_ column: String) -> [String] {
        ["COALESCE(SUM(\(column) >> 32), 0)", "COALESCE(SUM(\(column) & 4294967295), 0)"]
    }

    private static func sum(_ row: Row, _ column: Int32) -> Int64 {
        Int64(clamping: Int128(row.integer(column)) << 32 + Int128(row.integer(column + 1)))
    }

    // MARK: Overview

    private static let liveFirst =
        "CASE WHEN s.status = \(StreamStatus.live.rawValue) THEN 0 ELSE 1 END"
    private static let overviewPage = """
        SELECT 0, 0, 0, \(numbers([
            "(SELECT COUNT(*) FROM streams WHERE status = \(StreamStatus.live.rawValue))",
            "(SELECT COUNT(*) FROM nodes WHERE is_active)",
            "(SELECT COALESCE(SUM(viewers), 0) FROM nodes WHERE is_active)",
        ] + sum("bytes_verified") + sum("nanodollars(balance)"))) FROM accounts
        \(part(
            1, by: "\(liveFirst), s.id", keys: "\(liveFirst), s.id", streamColumns,
            "streams AS s WHERE s.status <> \(StreamStatus.archived.rawValue)",
            rowsMax: Overview.rowsMax))
        \(part(
            2, by: "n.id", keys: "0, n.id", nodeColumns, "\(nodeTables) WHERE n.is_active",
            rowsMax: Overview.rowsMax))
        ORDER BY 1, 2, 3
        """

    func overview() throws(StoreError) -> StoreAnswer {
        var page = Overview(
            streamsLive: 0, nodesActive: 0, viewers: 0, bytesVerified: 0, paidNanodollars: 0,
            streams: [], nodes: [])
        _ = try connection.query(Self.overviewPage) { row in
            switch row.integer(0) {
            case 0:
                page.streamsLive = row.short(Self.own)
                page.nodesActive = row.short(Self.own + 1)
                page.viewers = row.integer(Self.own + 2)
                page.bytesVerified = Self.sum(row, Self.own + 3)
                page.paidNanodollars = Self.sum(row, Self.own + 5)
            case 1:
                var stream = Self.stream(row, from: Self.own)
                stream.key = 0  // shown to its owner only
                page.streams.append(stream)
            case _: page.nodes.append(Self.node(row, from: Self.own))
            }
        }
        return .overview(page)
    }

    // MARK: Money

    func leaderboard() throws(StoreError) -> StoreAnswer {
        let rows = try connection.query(
            """
            SELECT n.id, n.name, a.bytes_verified, nanodollars(a.balance), a.trust
            FROM (
                SELECT * FROM accounts WHERE bytes_verified > 0
                ORDER BY bytes_verified DESC, node LIMIT \(LeaderRow.rowsMax)
            ) AS a JOIN nodes AS n ON n.id = a.node
            ORDER BY a.bytes_verified DESC, n.id
            """
        ) {
            LeaderRow(
                node: NodeID($0.short(0)), name: $0.text(1), bytesVerified: $0.integer(2),
                earnedNanodollars: $0.integer(3), trust: Share(millionths: $0.integer(4)))
        }
        return .leaderboard(rows)
    }

    func payouts(since hour: Int64) throws(StoreError) -> StoreAnswer {
        let rows = try connection.query(
            """
            SELECT \(Self.payoutColumns.joined(separator: ", ")) FROM payouts AS p
            WHERE p.hour >= $1 ORDER BY p.hour DESC, p.node LIMIT \(PayoutRow.rowsMax)
            """, [.integer(hour)]
        ) { Self.payout($0, from: 0) }
        return .payouts(rows)
    }

    private static let payoutColumns = ["p.hour", "p.node", "p.bytes", "nanodollars(p.amount)"]

    private static func payout(_ row: Row, from column: Int32) -> PayoutRow {
        PayoutRow(
            hour: row.integer(column), node: NodeID(row.short(column + 1)),
            bytes: row.integer(column + 2), nanodollars: row.integer(column + 3))
    }

    /// What is reported is what was settled and what still waits.
    private static let economicsPage = """
        SELECT 0, 0, 0, \(numbers(
            sum("bytes_settled") + [
                "(SELECT COALESCE(SUM(bytes), 0) FROM ledger WHERE state = \(Entry.waiting))"
            ] + sum("bytes_verified") + sum("nanodollars(balance)") + [
                "COALESCE(SUM(CASE WHEN balance > 0 THEN 1 ELSE 0 END), 0)"
            ])) FROM accounts
        \(part(
            1, by: "month DESC", keys: "-month, 0",
            numbers(["month"] + sum("bytes_reported") + sum("bytes_verified")),
            "months GROUP BY month", rowsMax: Economics.monthsMax))
        \(part(
            2, by: "p.hour DESC, p.node", keys: "-p.hour, p.node", numbers(payoutColumns),
            "payouts AS p",
            rowsMax: NodeFigures.payoutsMax))
        ORDER BY 1, 2, 3
        """

    func economics() throws(StoreError) -> StoreAnswer {
        var page = Economics(
            bytesReported: 0, bytesVerified: 0, paidNanodollars: 0, nodesPaid: 0, months: [],
            payouts: [])
        _ = try connection.query(Self.economicsPage) { row in
            switch row.integer(0) {
            case 0:
                let (settled, waiting) = (Self.sum(row, Self.own), row.integer(Self.own + 2))
                page.bytesReported = Int64(clamping: Int128(settled) + Int128(waiting))
                page.bytesVerified = Self.sum(row, Self.own + 3)
                page.paidNanodollars = Self.sum(row, Self.own + 5)
                page.nodesPaid = row.short(Self.own + 7)
            case 1:
                page.months.append(
                    MonthRow(
                        month: row.short(Self.own), bytesReported: Self.sum(row, Self.own + 1),
                        bytesVerified: Self.sum(row, Self.own + 3)))
            case _: page.payouts.append(Self.payout(row, from: Self.own))
            }
        }
        return .economics(page)
    }

    // MARK: A node, a streamer

    private static let nodePage = """
        SELECT 0, 0, 0, \(nodeColumns) FROM \(nodeTables) WHERE n.id = $1
        UNION ALL SELECT 1, 0, 0, \(numbers([
            "bytes_settled",
            "(SELECT COALESCE(SUM(bytes), 0) FROM ledger "
                + "WHERE node = $1 AND state = \(Entry.waiting))",
            "bytes_verified", "nanodollars(balance)",
            "(SELECT COUNT(*) FROM spot_checks WHERE node = $1)",
            "(SELECT COUNT(*) FROM spot_checks WHERE node = $1 AND has_passed)",
        ])) FROM accounts WHERE node = $1
        \(part(
            2, by: "id DESC", keys: "0, -id", numbers([
                "probed_at", "CASE WHEN is_reachable THEN 1 ELSE 0 END", "viewers",
            ]), "probes WHERE node = $1", rowsMax: NodeFigures.probesMax))
        \(part(
            3, by: "p.hour DESC, p.node", keys: "-p.hour, p.node", numbers(payoutColumns),
            "payouts AS p WHERE p.node = $1",
            rowsMax: NodeFigures.payoutsMax))
        ORDER BY 1, 2, 3
        """

    func nodeFigures(_ node: NodeID) throws(StoreError) -> StoreAnswer {
        var page: NodeFigures?
        _ = try connection.query(Self.nodePage, [.integer(node.raw)]) { row in
            switch row.integer(0) {
            case 0:
                page = NodeFigures(
                    row: Self.node(row, from: Self.own), bytesReported: 0, bytesVerified: 0,
                    earnedNanodollars: 0, checks: 0, checksPassed: 0, probes: [], payouts: [])
            case 1:
                page?.bytesReported = row.integer(Self.own) + row.integer(Self.own + 1)
                page?.bytesVerified = row.integer(Self.own + 2)
                page?.earnedNanodollars = row.integer(Self.own + 3)
                page?.checks = row.integer(Self.own + 4)
                page?.checksPassed = row.integer(Self.own + 5)
            case 2:
                page?.probes.append(
                    ProbeRow(
                        at: Instant(nanoseconds: row.integer(Self.own)),
                        isReachable: row.flag(Self.own + 1), viewers: row.short(Self.own + 2)))
            case _: page?.payouts.append(Self.payout(row, from: Self.own))
            }
        }
        return page.map { .node($0) } ?? .refused(.noNode)
    }

    private static let shownStreams = """
        SELECT id FROM streams
        WHERE owner = $1 AND status <> \(StreamStatus.archived.rawValue)
        ORDER BY id LIMIT \(Overview.rowsMax)
        """
    private static let streamerPage = """
        SELECT 0, 0, 0, id, 0, 0, 0, 0, 0, 0, 0, 0, 0, name, '', '' FROM users WHERE id = $1
        \(part(
            1, by: "s.id", keys: "0, s.id", streamColumns,
            "streams AS s WHERE s.id IN (\(shownStreams))",
            rowsMax: Overview.rowsMax))
        \(part(
            2, by: "n.id", keys: "0, n.id", nodeColumns,
            "\(nodeTables) WHERE n.stream IN (\(shownStreams))",
            rowsMax: Overview.rowsMax))
        ORDER BY 1, 2, 3
        """

    func streamerFigures(_ user: UserID) throws(StoreError) -> StoreAnswer {
        var page: StreamerFigures?
        _ = try connection.query(Self.streamerPage, [.integer(user.raw)]) { row in
            switch row.integer(0) {
            case 0:
                page = StreamerFigures(
                    user: user, name: row.text(Self.own + 10), streams: [], nodes: [])
            case 1: page?.streams.append(Self.stream(row, from: Self.own))
            case _: page?.nodes.append(Self.node(row, from: Self.own))
            }
        }
        return page.map { .streamer($0) } ?? .refused(.noUser)
    }
}
