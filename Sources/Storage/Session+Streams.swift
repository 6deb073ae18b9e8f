import Base
import Platform

extension Session {
    /// Columns of a stream with alias `s`, as many as a node has (`nodeColumns`), so that a page
    /// can have both in one result.
    static let streamColumns =
        "s.id, s.owner, s.stream_key, s.status, s.changed_at, 0, 0, 0, 0, 0, s.title, '', ''"

    static func stream(_ row: Row, from column: Int32 = 0) -> StreamRow {
        StreamRow(
            stream: StreamID(row.short(column)), owner: UserID(row.short(column + 1)),
            title: row.text(column + 10), key: UInt64(bitPattern: row.integer(column + 2)),
            status: status(row.integer(column + 3)),
            changedAt: Instant(nanoseconds: row.integer(column + 4)))
    }

    private static func status(_ raw: Int64) -> StreamStatus {
        guard let status = StreamStatus(rawValue: UInt8(clamping: raw)) else {
            fatalError("a stream's status is \(raw)")  // a constraint of the table forbids it
        }
        return status
    }

    func addStream(
        _ owner: UserID, _ title: String, _ key: UInt64
    ) throws(StoreError) -> StoreAnswer {
        guard try hasUser(owner) else { return .refused(.noUser) }
        let kept = try connection.query(
            "SELECT COUNT(*) FROM streams WHERE owner = $1", [.integer(owner.raw)]
        ) { $0.integer(0) }
        guard kept[0] < Tables.streamsMax else { return .refused(.full) }
        let added = try connection.query(
            """
            INSERT INTO streams (id, owner, title, stream_key, status, changed_at)
            SELECT COALESCE(MAX(id) + 1, 0), CAST($1 AS BIGINT), CAST($2 AS TEXT),
                CAST($3 AS BIGINT), \(StreamStatus.ready.rawValue), CAST($4 AS BIGINT)
            FROM streams
            RETURNING id
            """,
            [.integer(owner.raw), .text(title), .bits(key), .integer(now.nanoseconds)]
        ) { StreamID($0.short(0)) }
        return .stream(
            StreamRow(
                stream: added[0], owner: owner, title: title, key: key, status: .ready,
                changedAt: now))
    }

    func streams(_ status: StreamStatus?) throws(StoreError) -> StoreAnswer {
        let archived = Int64(StreamStatus.archived.rawValue)
        let rows = try connection.query(
            """
            SELECT \(Self.streamColumns) FROM streams AS s
            WHERE \(status == nil ? "s.status <> $1" : "s.status = $1")
            ORDER BY s.id LIMIT \(Overview.rowsMax)
            """, [.integer(status.map { Int64($0.rawValue) } ?? archived)]
        ) { Self.stream($0) }
        return .streams(rows)
    }

    func findStream(_ stream: StreamID) throws(StoreError) -> StoreAnswer {
        try streamRow(stream).map { .stream($0) } ?? .refused(.noStream)
    }

    func streamRow(_ stream: StreamID) throws(StoreError) -> StreamRow? {
        try connection.query(
            "SELECT \(Self.streamColumns) FROM streams AS s WHERE s.id = $1",
            [.integer(stream.raw)]
        ) { Self.stream($0) }.first
    }

    func moveStream(
        _ stream: StreamID, to status: StreamStatus, by user: UserID
    ) throws(StoreError) -> StoreAnswer {
        guard let row = try streamRow(stream) else { return .refused(.noStream) }
        guard row.owner == user else { return .refused(.notYours) }
        guard Tables.allows(row.status, status) else { return .refused(.badStep) }
        return try move(row, to: status)
    }

    func removeStream(_ stream: StreamID, by user: UserID) throws(StoreError) -> StoreAnswer {
        guard let row = try streamRow(stream) else { return .refused(.noStream) }
        guard row.owner == user else { return .refused(.notYours) }
        switch row.status {
        case .live, .testing: return .refused(.busy)
        case .archived: return .refused(.badStep)
        case .ready, .offline, .stale: return try move(row, to: .archived)
        }
    }

    func replaceKey(
        _ stream: StreamID, by user: UserID, _ key: UInt64
    ) throws(StoreError) -> StoreAnswer {
        guard var row = try streamRow(stream) else { return .refused(.noStream) }
        guard row.owner == user else { return .refused(.notYours) }
        guard row.status != .archived else { return .refused(.busy) }
        try connection.run(
            "UPDATE streams SET stream_key = $1 WHERE id = $2",
            [.bits(key), .integer(stream.raw)])
        row.key = key
        return .stream(row)
    }

    func openStream(_ stream: StreamID, _ key: UInt64) throws(StoreError) -> StoreAnswer {
        guard let row = try streamRow(stream) else { return .refused(.noStream) }
        guard row.key == key else { return .refused(.badKey) }
        switch row.status {
        case .archived: return .refused(.busy)
        // The RTMP server admits one publisher. If it asks again, it died and forgot the last.
        case .live: return .moved(StreamTransition(from: .live, to: .live))
        case .ready, .testing, .offline, .stale: return try move(row, to: .live)
        }
    }

    func endStream(_ stream: StreamID) throws(StoreError) -> StoreAnswer {
        guard let row = try streamRow(stream), Tables.allows(row.status, .offline) else {
            return .refused(.noStream)
        }
        return try move(row, to: .offline)
    }

    private func move(
        _ row: StreamRow, to status: StreamStatus
    ) throws(StoreError) -> StoreAnswer {
        try connection.run(
            "UPDATE streams SET status = $1, changed_at = $2 WHERE id = $3",
            [
                .integer(status.rawValue), .integer(now.nanoseconds),
                .integer(row.stream.raw),
            ])
        return .moved(StreamTransition(from: row.status, to: status))
    }

    func staleStreams() throws(StoreError) -> StoreAnswer {
        try connection.run(
            """
            UPDATE streams SET status = \(StreamStatus.stale.rawValue), changed_at = $1
            WHERE status = \(StreamStatus.offline.rawValue) AND changed_at <= $2
            """,
            [
                .integer(now.nanoseconds),
                .integer((now - Tables.staleAfter).nanoseconds),
            ])
        return .done
    }
}
