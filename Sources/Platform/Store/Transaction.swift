import Base

/// The closed set of things that are done to the store, each all or nothing.
///
/// `Tables` executes them in memory and is the reference; `Storage` executes them as SQL. Every
/// executor gives the same answer to the same sequence. The driver passes `now` with each.
/// Identifiers of each kind begin at zero and count up; nothing is ever deleted. What could be
/// refused for several reasons is refused for the first that is named here.
public enum Transaction: Sendable {
    case ping

    // Accounts
    /// `.user`, `nameTaken`, or `full` at `Tables.usersMax`. Names are compared as they are: the
    /// edge lowers their case.
    indirect case addUser(name: String, PasswordHash)
    /// `.user`, or `noUser`.
    case findUser(name: String)
    /// `.key`, `noUser`, `nameTaken` for a digest that exists, or `full` at `Tables.keysMax`.
    indirect case addKey(UserID, label: String, Scopes, SecretDigest)
    /// `.key` of one that is not revoked, or `noKey`.
    indirect case findKey(SecretDigest)
    /// `.keys`, by identifier, revoked ones among them.
    case keys(UserID)
    /// `.done` (also when it was revoked before), `noKey`, or `notYours`.
    case revokeKey(KeyID, by: UserID)
    /// `.done`, or `full` at `Tables.feedbackMax`.
    case addFeedback(UserID?, String)

    // Streams
    /// `.stream` with status READY, `noUser`, or `full` at `Tables.streamsMax`.
    case addStream(owner: UserID, title: String, key: UInt64)
    /// `.streams` by identifier, at most `Overview.rowsMax`; archived ones only if asked for.
    case streams(StreamStatus?)
    /// `.stream`, or `noStream`.
    case findStream(StreamID)
    /// `.moved`, `noStream`, `notYours` or `badStep`.
    case moveStream(StreamID, to: StreamStatus, by: UserID)
    /// Archives by whatever steps lead there; `.moved` from where it was, `noStream`,
    /// `notYours`, or `busy` while it is LIVE or TESTING. Archived before: `badStep`.
    case removeStream(StreamID, by: UserID)
    /// `.stream`, `noStream`, `notYours`, or `busy` for an archived one.
    case replaceKey(StreamID, by: UserID, key: UInt64)
    /// Checks the key and moves the stream to LIVE, from OFFLINE and STALE by way of READY.
    /// `.moved` from where it was (from LIVE to LIVE where the RTMP server forgot its last
    /// publisher), `noStream`, `badKey`, or `busy` for an archived one.
    case openStream(StreamID, key: UInt64)
    /// Moves the stream to OFFLINE: `.moved`, or `noStream` also where that is no step.
    case endStream(StreamID)
    /// Streams that were OFFLINE for an hour become STALE: `.done`.
    case staleStreams

    // Nodes
    /// By the stream's key: `.nodes` with the one row; the node of that name and stream if there
    /// is one, with its new address. `noStream`, `badKey`, `notAuthorized`, or `full` at
    /// `Tables.nodesMax`. A new one never beat (`Tables.never`) and is not active.
    indirect case addNode(StreamID, key: UInt64, name: String, NodeAddress)
    /// `.done`, `noStream`, `noNode` (also one of another stream), or `notYours`.
    case authorizeNode(StreamID, NodeID, allowed: Bool, by: UserID)
    /// Writes the node's row: active, its last heartbeat, what it said of itself. `.nodes` with
    /// the one row, `noNode` (also one of another stream), `notAuthorized`, or `tooOften` within
    /// `Tables.heartbeatGapMin` of the last one.
    case recordHeartbeat(Heartbeat)
    /// `.nodes`: the active and authorised nodes of a stream, by identifier; or `noStream`.
    case nodesForStream(StreamID)
    /// `.nodes`: all nodes of a stream, active or not, by identifier; or `noStream`.
    case peers(StreamID)
    /// `.nodes`: all active nodes, by identifier, for the jobs.
    case activeNodes
    /// Nodes without a heartbeat for five minutes become inactive: `.changed`.
    case sweepInactive
    /// Appends a probe result: `.done`, or `noNode`.
    case recordProbe(NodeID, isReachable: Bool, viewers: Int32)
    /// Appends a spot check: `.done`, or `noNode`.
    case recordSpotCheck(NodeID, passed: Bool)

    // Ledger
    /// Appends an unverified row: `.done`, `noNode` (also one of another stream),
    /// `badInterval`, or `full`. An interval is bad that is shorter than
    /// `Tables.reportLengthMin`, not within `Tables.reportAgeMax` before `now` (give or take
    /// `reportSkewMax` at its end), or begins before the end of the node's newest one: a report
    /// that is sent again counts once. So are negative bytes, and more than 10 Gbit/s would carry.
    case appendLedger(BandwidthReport)
    /// A waiting report with a passed spot check of its node within its interval ± 5 min
    /// becomes verified; one that ended more than 5 min ago without, stays unverified. `.done`.
    case verifyReports
    /// Recomputes every node's trust by the selected rule: `.changed` with those newly flagged.
    case updateTrust
    /// Pays each node what is verified and unpaid of this hour (hours since the epoch, by which a
    /// report ended) and of hours before it, in one row; less than a cent is carried on. An hour
    /// that is not over, or not after the newest one paid, pays nothing: `.paid` with zero.
    case payHour(Int64)
    /// Sums up the ledger of days (UTC) over 90 before today by node and month, verified and paid
    /// or not; drops probes of days over 60 before and spot checks of days over 30: `.done`.
    case retain

    // Figures: one statement each
    /// `.overview`
    case overview
    /// `.leaderboard`: by bytes verified, most first, then by identifier; only nodes with any.
    case leaderboard
    /// `.payouts` of the last hours, newest first, then by node; at most `PayoutRow.rowsMax`.
    case payouts(since: Int64)
    /// `.node`, or `noNode`.
    case nodeFigures(NodeID)
    /// `.economics`
    case economics
    /// `.streamer`, or `noUser`.
    case streamerFigures(UserID)

    // Jobs
    /// Takes the job's lease until then, if nobody else's holds: `.claimed`. Whoever has it may
    /// renew it.
    case claim(Job, by: UInt64, until: Instant)
}

/// What the worker does, and holds a lease for while it does.
public enum Job: UInt8, Sendable, Hashable, CaseIterable {
    case poll, spotCheck, sweep, verify, pay, retain
}

public enum StoreAnswer: Sendable, Hashable {
    case done
    indirect case user(UserRow)
    case key(KeyRow)
    case keys([KeyRow])
    case stream(StreamRow)
    case streams([StreamRow])
    case moved(StreamTransition)
    case nodes([NodeRow])
    /// The nodes that a sweep or a trust update changed, by identifier.
    case changed([NodeID])
    /// Nano-dollars paid for the hour; zero where it was already paid.
    case paid(nanodollars: Int64)
    case claimed(Bool)
    indirect case overview(Overview)
    case leaderboard([LeaderRow])
    case payouts([PayoutRow])
    indirect case node(NodeFigures)
    indirect case economics(Economics)
    indirect case streamer(StreamerFigures)
    case refused(Refusal)
}
