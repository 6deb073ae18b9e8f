import Base
import Platform

extension Session {
    /// Columns of a node with alias `n` and its account `a`.
    static let nodeColumns = """
        n.id, n.stream, n.rtmp_port, n.http_port, a.trust, n.capacity, n.viewers, n.heartbeat_at,
        CASE WHEN n.is_active THEN 1 ELSE 0 END, CASE WHEN a.is_flagged THEN 1 ELSE 0 END,
        n.name, n.host, n.stats_url
        """
    static let nodeTables = "nodes AS n JOIN accounts AS a ON a.node = n.id"

    static func node(_ row: Row, from column: Int32 = 0) -> NodeRow {
        NodeRow(
            node: NodeID(row.short(column)), stream: StreamID(row.short(column + 1)),
            name: row.text(column + 10),
            address: NodeAddress(
                host: row.text(column + 11), rtmpPort: UInt16(clamping: row.integer(column + 2)),
                httpPort: UInt16(clamping: row.integer(column + 3))),
            statsURL: row.text(column + 12),
            trust: Share(millionths: row.integer(column + 4)),
            capacity: Share(millionths: row.integer(column + 5)),
            viewers: row.short(column + 6),
            heartbeatAt: Instant(nanoseconds: row.integer(column + 7)),
            isActive: row.flag(column + 8), isFlagged: row.flag(column + 9))
    }

    func addNode(
        _ stream: StreamID, _ key: UInt64, _ name: String, _ address: NodeAddress
    ) throws(StoreError) -> StoreAnswer {
        guard let row = try streamRow(stream) else { return .refused(.noStream) }
        guard row.key == key else { return .refused(.badKey) }
        let known = try connection.query(
            "SELECT id, is_allowed FROM nodes WHERE stream = $1 AND name = $2",
            [.integer(stream.raw), .text(name)]
        ) { (node: NodeID($0.short(0)), isAllowed: $0.flag(1)) }
        if let known = known.first {
            guard known.isAllowed else { return .refused(.notAuthorized) }
            try connection.run(
                "UPDATE nodes SET host = $1, rtmp_port = $2, http_port = $3 WHERE id = $4",
                [
                    .text(address.host), .integer(address.rtmpPort),
                    .integer(address.httpPort), .integer(known.node.raw),
                ])
            return try nodes("n.id = $1", [.integer(known.node.raw)])
        }
        guard let node = try insertNode(stream, name, address) else { return .refused(.full) }
        return try nodes("n.id = $1", [.integer(node.raw)])
    }

    private func insertNode(
        _ stream: StreamID, _ name: String, _ address: NodeAddress
    ) throws(StoreError) -> NodeID? {
        let added = try connection.query(
            """
            INSERT INTO nodes (id, stream, name, host, rtmp_port, http_port)
            SELECT next, CAST($1 AS BIGINT), CAST($2 AS TEXT), CAST($3 AS TEXT),
                CAST($4 AS BIGINT), CAST($5 AS BIGINT)
            FROM (SELECT COALESCE(MAX(id) + 1, 0) AS next FROM nodes) AS highest
            WHERE next < $6
            RETURNING id
            """,
            [
                .integer(stream.raw), .text(name), .text(address.host),
                .integer(address.rtmpPort), .integer(address.httpPort),
                .integer(Tables.nodesMax),
            ]
        ) { NodeID($0.short(0)) }
        guard let node = added.first else { return nil }
        try connection.run(
            "INSERT INTO accounts (node, trust) VALUES ($1, $2)",
            [.integer(node.raw), .integer(Tables.trustUnknown.millionths)])
        return node
    }

    func authorizeNode(
        _ stream: StreamID, _ node: NodeID, allowed: Bool, by user: UserID
    ) throws(StoreError) -> StoreAnswer {
        guard let row = try streamRow(stream) else { return .refused(.noStream) }
        let known = try connection.query(
            "SELECT 1 FROM nodes WHERE id = $1 AND stream = $2",
            [.integer(node.raw), .integer(stream.raw)]
        ) { _ in true }
        guard !known.isEmpty else { return .refused(.noNode) }
        guard row.owner == user else { return .refused(.notYours) }
        try connection.run(
            "UPDATE nodes SET is_allowed = $1 WHERE id = $2",
            [.flag(allowed), .integer(node.raw)])
        return .done
    }

    /// The hot path: one statement, which changes no index.
    func recordHeartbeat(_ beat: Heartbeat) throws(StoreError) -> StoreAnswer {
        let rows = try connection.query(
            """
            UPDATE nodes SET is_active = TRUE, heartbeat_at = $3,
                capacity = COALESCE($4, capacity), viewers = COALESCE($5, viewers), stats_url = $6
            WHERE id = $1 AND stream = $2 AND is_allowed
                AND NOT (heartbeat_at > $7 AND heartbeat_at <= $3)
            RETURNING id, stream, rtmp_port, http_port,
                (SELECT trust FROM accounts WHERE node = nodes.id), capacity, viewers,
                heartbeat_at, 1,
                (SELECT CASE WHEN is_flagged THEN 1 ELSE 0 END FROM accounts
                WHERE node = nodes.id), name, host, stats_url
            """,
            [
                .integer(beat.node.raw), .integer(beat.stream.raw), .integer(now.nanoseconds),
                .optional(beat.capacity?.millionths), .optional(beat.viewers),
                .text(beat.statsURL),
                .integer((now - Tables.heartbeatGapMin).nanoseconds),
            ]
        ) { Self.node($0) }
        guard rows.isEmpty else { return .nodes(rows) }
        let isAllowed = try connection.query(
            "SELECT is_allowed FROM nodes WHERE id = $1 AND stream = $2",
            [.integer(beat.node.raw), .integer(beat.stream.raw)]
        ) { $0.flag(0) }.first
        return switch isAllowed {
        case nil: .refused(.noNode)
        case false: .refused(.notAuthorized)
        case true: .refused(.tooOften)
        }
    }

    func nodesForStream(_ stream: StreamID) throws(StoreError) -> StoreAnswer {
        try nodes(of: stream, "AND n.is_active AND n.is_allowed")
    }

    func peers(_ stream: StreamID) throws(StoreError) -> StoreAnswer {
        try nodes(of: stream, "")
    }

    /// One row without a node where the stream has none of those.
    private func nodes(of stream: StreamID, _ which: String) throws(StoreError) -> StoreAnswer {
        let rows = try connection.query(
            """
            SELECT \(Self.nodeColumns) FROM streams AS s
            LEFT JOIN (\(Self.nodeTables)) ON n.stream = s.id \(which)
            WHERE s.id = $1 ORDER BY n.id
            """, [.integer(stream.raw)]
        ) { $0.isNull(0) ? nil : Self.node($0) }
        return rows.isEmpty ? .refused(.noStream) : .nodes(rows.compactMap { $0 })
    }

    func activeNodes() throws(StoreError) -> StoreAnswer { try nodes("n.is_active", []) }

    private func nodes(_ which: String, _ values: [Value]) throws(StoreError) -> StoreAnswer {
        let rows = try connection.query(
            "SELECT \(Self.nodeColumns) FROM \(Self.nodeTables) WHERE \(which) ORDER BY n.id",
            values
        ) { Self.node($0) }
        return .nodes(rows)
    }

    func sweepInactive() throws(StoreError) -> StoreAnswer {
        let changed = try connection.query(
            """
            UPDATE nodes SET is_active = FALSE WHERE is_active AND heartbeat_at <= $1
            RETURNING id
            """, [.integer((now - Tables.inactiveAfter).nanoseconds)]
        ) { NodeID($0.short(0)) }
        return .changed(changed.sorted { $0.raw < $1.raw })
    }

    func recordProbe(
        _ node: NodeID, _ isReachable: Bool, _ viewers: Int32
    ) throws(StoreError) -> StoreAnswer {
        let added = try connection.query(
            """
            INSERT INTO probes (node, probed_at, is_reachable, viewers)
            SELECT id, CAST($2 AS BIGINT), CAST($3 AS BOOLEAN), CAST($4 AS BIGINT)
            FROM nodes WHERE id = $1
            RETURNING id
            """,
            [
                .integer(node.raw), .integer(now.nanoseconds), .flag(isReachable),
                .integer(viewers),
            ]
        ) { _ in true }
        return added.isEmpty ? .refused(.noNode) : .done
    }

    func recordSpotCheck(_ node: NodeID, _ passed: Bool) throws(StoreError) -> StoreAnswer {
        let added = try connection.query(
            """
            INSERT INTO spot_checks (node, checked_at, has_passed)
            SELECT id, CAST($2 AS BIGINT), CAST($3 AS BOOLEAN) FROM nodes WHERE id = $1
            RETURNING id
            """, [.integer(node.raw), .integer(now.nanoseconds), .flag(passed)]
        ) { _ in true }
        return added.isEmpty ? .refused(.noNode) : .done
    }
}
