import Base
import Platform

/// One transaction being executed: what `Tables` does with arrays, as SQL. Both engines run the
/// same text; what they cannot both say is in `Schema.Words` and two functions for money. What is
/// refused has written nothing, so it can be committed together with others.
struct Session {
    let connection: Connection
    let now: Instant
    let trustRule: Tables.TrustRule

    func execute(_ transaction: Transaction) throws(StoreError) -> StoreAnswer {
        switch transaction {
        case .ping: try ping()
        case .addUser(let name, let password): try addUser(name, password)
        case .findUser(let name): try findUser(name)
        case .addKey(let user, let label, let scopes, let digest):
            try addKey(user, label, scopes, digest)
        case .findKey(let digest): try findKey(digest)
        case .keys(let user): try keys(user)
        case .revokeKey(let key, let user): try revokeKey(key, by: user)
        case .addFeedback(let user, let text): try addFeedback(user, text)
        case .addStream(let owner, let title, let key): try addStream(owner, title, key)
        case .streams(let status): try streams(status)
        case .findStream(let stream): try findStream(stream)
        case .moveStream(let stream, let status, let user):
            try moveStream(stream, to: status, by: user)
        case .removeStream(let stream, let user): try removeStream(stream, by: user)
        case .replaceKey(let stream, let user, let key): try replaceKey(stream, by: user, key)
        case .openStream(let stream, let key): try openStream(stream, key)
        case .endStream(let stream): try endStream(stream)
        case .staleStreams: try staleStreams()
        case .addNode(let stream, let key, let name, let address):
            try addNode(stream, key, name, address)
        case .authorizeNode(let stream, let node, let allowed, let user):
            try authorizeNode(stream, node, allowed: allowed, by: user)
        case .recordHeartbeat(let beat): try recordHeartbeat(beat)
        case .nodesForStream(let stream): try nodesForStream(stream)
        case .peers(let stream): try peers(stream)
        case .activeNodes: try activeNodes()
        case .sweepInactive: try sweepInactive()
        case .recordProbe(let node, let isReachable, let viewers):
            try recordProbe(node, isReachable, viewers)
        case .recordSpotCheck(let node, let passed): try recordSpotCheck(node, passed)
        case .appendLedger(let report): try appendLedger(report)
        case .verifyReports: try verifyReports()
        case .updateTrust: try updateTrust()
        case .payHour(let hour): try payHour(hour)
        case .retain: try retain()
        case .overview: try overview()
        case .leaderboard: try leaderboard()
        case .payouts(let hour): try payouts(since: hour)
        case .nodeFigures(let node): try nodeFigures(node)
        case .economics: try economics()
        case .streamerFigures(let user): try streamerFigures(user)
        case .claim(let job, let holder, let until): try claim(job, by: holder, until: until)
        }
    }

    private func ping() throws(StoreError) -> StoreAnswer {
        try connection.run("SELECT 1")
        return .done
    }

    /// Takes the lease where it is free, its own, or over, in one statement.
    private func claim(
        _ job: Job, by holder: UInt64, until: Instant
    ) throws(StoreError) -> StoreAnswer {
        let taken = try connection.query(
            """
            INSERT INTO leases (job, holder, expires_at) VALUES ($1, $2, $3)
            ON CONFLICT (job) DO UPDATE
            SET holder = excluded.holder, expires_at = excluded.expires_at
            WHERE leases.holder = excluded.holder OR leases.expires_at <= $4
            RETURNING job
            """,
            [
                .integer(job.rawValue), .bits(holder), .integer(until.nanoseconds),
                .integer(now.nanoseconds),
            ]
        ) { _ in true }
        return .claimed(!taken.isEmpty)
    }
}

extension Transaction {
    /// What a database has to do so that the transaction takes place as a whole.
    enum Manner {
        /// Nothing is written.
        case read
        /// One statement writes; it is a transaction of its own.
        case statement
        /// Several statements about one row, which one of them locks as it checks it.
        case rows
        /// Several statements that decide by what they read: as if alone in the database.
        case alone
        /// The same, over many rows: may take longer.
        case job
    }

    var manner: Manner {
        switch self {
        case .ping, .findUser, .findKey, .keys, .streams, .findStream, .nodesForStream, .peers,
            .activeNodes, .overview, .leaderboard, .payouts, .nodeFigures, .economics,
            .streamerFigures:
            .read
        case .addUser, .addFeedback, .staleStreams, .recordHeartbeat, .sweepInactive,
            .recordProbe, .recordSpotCheck, .claim:
            .statement
        case .appendLedger: .rows
        case .addKey, .revokeKey, .addStream, .moveStream, .removeStream, .replaceKey,
            .openStream, .endStream, .addNode, .authorizeNode:
            .alone
        case .verifyReports, .updateTrust, .payHour, .retain: .job
        }
    }

    /// The node whose row a frequent transaction locks; others come first, in any order.
    var lockOrder: Int32 {
        switch self {
        case .recordHeartbeat(let beat): beat.node.raw
        case .appendLedger(let report): report.node.raw
        case _: .min
        }
    }
}
