import Base

/// The store in memory: it executes every `Transaction`, and is what the SQL stores are held to.
///
/// Rows are indexed by their identifiers. The bandwidth ledger keeps one row for each node and
/// hour of payment, which gives the same answers as one row a report: reports are verified within
/// a day of their interval or never, and are paid by the hour in which they end.
public struct Tables: Sendable {
    public enum TrustRule: Sendable, Hashable { case spotChecks, verifiedReports }

    public struct StreamRow: Sendable, Hashable {
        public var key: UInt64
        public var status: StreamStatus = .ready
        public var changedAt: Instant
    }

    public struct StoredNode: Sendable, Hashable {
        public var stream: StreamID
        public var isActive = false
        public var isFlagged = false
        public var heartbeatAt: Instant
        public var capacity: Share = .zero
        public var viewers: Int32 = 0
        public var trust = Tables.trustUnknown
        public var reports: Int64 = 0
        public var reportsVerified: Int64 = 0
        public var balanceNanodollars: Int64 = 0
        public var probes: Int64 = 0
        public var probesFailed: Int64 = 0
    }

    struct SpotCheck: Sendable, Hashable {
        var at: Instant
        var passed: Bool
    }

    struct Report: Sendable, Hashable {
        var node: NodeID
        var from: Instant
        var until: Instant
        var bytes: Int64
    }

    /// Verified bytes of one node in one hour, waiting to be paid.
    struct Due: Sendable, Hashable {
        var node: NodeID
        var hour: Int64
        var bytes: Int64
    }

    public static let inactiveAfter = Interval.minutes(5)
    public static let staleAfter = Interval.hours(1)
    /// A report is verified by a check within its interval, give or take this.
    public static let verifyMargin = Interval.minutes(5)
    public static let checksKept = Interval.days(30)
    public static let trustUnknown = Share(millionths: 750_000)
    public static let checksForTrust = 5
    public static let trustFlagged = Share(millionths: 300_000)
    public static let trustHalved = Share(millionths: 500_000)
    /// $0.05 for a verified gigabyte (1e9 bytes), less a margin of 7.5 %, from one cent up.
    public static let payPerGigabyte: Int64 = 50_000_000
    public static let marginPerMille: Int64 = 75
    public static let payMin: Int64 = 10_000_000
    /// Reports that may wait for verification at once: 10,000 nodes for three hours.
    public static let reportsMax = 2_000_000
    public static let spotChecksMax = 20_000

    public private(set) var streams: [StreamRow]
    public private(set) var nodes: [StoredNode]
    public let trustRule: TrustRule
    private var checks: [[SpotCheck]]
    private var waiting: [Report] = []
    private var due: [Due] = []
    /// Invariant: ascending; an hour in it is never paid again.
    private var hoursPaid: [Int64] = []
    public private(set) var paidNanodollars: Int64 = 0
    public private(set) var ledgerRows: Int64 = 0
    public private(set) var payoutRows: Int64 = 0

    public init(keys: [UInt64], nodeStreams: [StreamID], trustRule: TrustRule, at now: Instant) {
        streams = keys.map { StreamRow(key: $0, changedAt: now) }
        nodes = nodeStreams.map { StoredNode(stream: $0, heartbeatAt: now) }
        checks = [[SpotCheck]](repeating: [], count: nodeStreams.count)
        self.trustRule = trustRule
    }

    public mutating func execute(_ transaction: Transaction, at now: Instant) -> StoreAnswer {
        switch transaction {
        case .ping: .done
        case .recordHeartbeat(let beat): recordHeartbeat(beat, now)
        case .appendLedger(let report): appendLedger(report)
        case .openStream(let stream, let key): openStream(stream, key, now)
        case .endStream(let stream): endStream(stream, now)
        case .staleStreams: staleStreams(now)
        case .nodesForStream(let stream): .nodes(active { $0.stream == stream })
        case .activeNodes: .nodes(active { _ in true })
        case .overview: overview()
        case .sweepInactive: sweepInactive(now)
        case .recordProbe(let node, let reachable): recordProbe(node, reachable)
        case .recordSpotCheck(let node, let passed): recordCheck(node, passed, now)
        case .verifyReports: verifyReports(now)
        case .updateTrust: updateTrust(now)
        case .payHour(let hour): payHour(hour)
        case .retain: retain(now)
        }
    }

    /// Bytes on disk, at what PostgreSQL needs for such rows with their indexes (assumption).
    public var bytes: Int64 {
        ledgerRows * 240 + payoutRows * 120 + Int64(nodes.count + streams.count) * 1_024
    }

    // MARK: Streams

    /// The steps of the life cycle; every other step is refused.
    public static func allows(_ from: StreamStatus, _ to: StreamStatus) -> Bool {
        switch from {
        case .ready: to == .testing || to == .live
        case .testing: to == .live || to == .offline || to == .ready
        case .live: to == .offline
        case .offline: to == .ready || to == .stale || to == .archived
        case .stale: to == .ready || to == .offline || to == .archived
        case .archived: false
        }
    }

    private mutating func openStream(
        _ stream: StreamID, _ key: UInt64, _ now: Instant
    ) -> StoreAnswer {
        let index = Int(stream.raw)
        guard streams.indices.contains(index) else { return .refused(.noStream) }
        guard streams[index].key == key else { return .refused(.badKey) }
        let from = streams[index].status
        switch from {
        case .offline, .stale: move(index, to: .ready, now)
        case .ready, .testing: break
        // The RTMP server admits one publisher. If it asks again, it died and forgot the last.
        case .live: return .stream(StreamTransition(from: .live, to: .live))
        case .archived: return .refused(.busy)
        }
        move(index, to: .live, now)
        return .stream(StreamTransition(from: from, to: .live))
    }

    private mutating func endStream(_ stream: StreamID, _ now: Instant) -> StoreAnswer {
        let index = Int(stream.raw)
        guard streams.indices.contains(index) else { return .refused(.noStream) }
        let from = streams[index].status
        guard Self.allows(from, .offline) else { return .refused(.noStream) }
        move(index, to: .offline, now)
        return .stream(StreamTransition(from: from, to: .offline))
    }

    private mutating func move(_ index: Int, to status: StreamStatus, _ now: Instant) {
        check(Self.allows(streams[index].status, status), "an illegal step of a stream")
        streams[index].status = status
        streams[index].changedAt = now
    }

    private mutating func staleStreams(_ now: Instant) -> StoreAnswer {
        for index in streams.indices where streams[index].status == .offline {
            guard now - streams[index].changedAt >= Self.staleAfter else { continue }
            move(index, to: .stale, now)
        }
        return .done
    }

    // MARK: Nodes

    private mutating func recordHeartbeat(_ beat: Heartbeat, _ now: Instant) -> StoreAnswer {
        let index = Int(beat.node.raw)
        guard nodes.indices.contains(index) else { return .refused(.noStream) }
        nodes[index].isActive = true
        nodes[index].heartbeatAt = now
        nodes[index].capacity = beat.capacity
        nodes[index].viewers = beat.viewers
        return .nodes([row(index)])
    }

    private func row(_ index: Int) -> NodeRow {
        let node = nodes[index]
        return NodeRow(
            node: NodeID(Int32(index)), stream: node.stream, trust: node.trust,
            capacity: node.capacity, viewers: node.viewers, heartbeatAt: node.heartbeatAt,
            flagged: node.isFlagged)
    }

    private func active(_ matches: (StoredNode) -> Bool) -> [NodeRow] {
        nodes.indices.filter { nodes[$0].isActive && matches(nodes[$0]) }.map(row)
    }

    private func overview() -> StoreAnswer {
        var live: Int32 = 0
        for stream in streams where stream.status == .live { live += 1 }
        var active: Int32 = 0
        for node in nodes where node.isActive { active += 1 }
        return .overview(streamsLive: live, nodesActive: active)
    }

    private mutating func sweepInactive(_ now: Instant) -> StoreAnswer {
        var changed: [NodeID] = []
        for index in nodes.indices where nodes[index].isActive {
            guard now - nodes[index].heartbeatAt >= Self.inactiveAfter else { continue }
            nodes[index].isActive = false
            changed.append(NodeID(Int32(index)))
        }
        return .changed(changed)
    }

    private mutating func recordProbe(_ node: NodeID, _ reachable: Bool) -> StoreAnswer {
        let index = Int(node.raw)
        guard nodes.indices.contains(index) else { return .refused(.noStream) }
        nodes[index].probes += 1
        if !reachable { nodes[index].probesFailed += 1 }
        return .done
    }

    // MARK: Checks and trust

    private mutating func recordCheck(
        _ node: NodeID, _ passed: Bool, _ now: Instant
    ) -> StoreAnswer {
        let index = Int(node.raw)
        guard checks.indices.contains(index) else { return .refused(.noStream) }
        check(checks[index].count < Self.spotChecksMax, "spot checks without end")
        checks[index].append(SpotCheck(at: now, passed: passed))
        return .done
    }

    private mutating func verifyReports(_ now: Instant) -> StoreAnswer {
        var kept: [Report] = []
        for report in waiting {
            if isVerified(report) {
                nodes[Int(report.node.raw)].reportsVerified += 1
                addDue(report)
            } else if now - report.until < Self.verifyMargin {
                kept.append(report)  // a check may still come
            }
        }
        waiting = kept
        return .done
    }

    private func isVerified(_ report: Report) -> Bool {
        let from = report.from - Self.verifyMargin
        let until = report.until + Self.verifyMargin
        for check in checks[Int(report.node.raw)].reversed() {
            if check.at < from { return false }
            if check.passed && check.at <= until { return true }
        }
        return false
    }

    private mutating func addDue(_ report: Report) {
        let hour = report.until.nanoseconds / Interval.hours(1).nanoseconds
        if let index = due.lastIndex(where: { $0.node == report.node && $0.hour == hour }) {
            due[index].bytes += report.bytes
        } else {
            due.append(Due(node: report.node, hour: hour, bytes: report.bytes))
        }
    }

    private mutating func updateTrust(_ now: Instant) -> StoreAnswer {
        var changed: [NodeID] = []
        for index in nodes.indices {
            checks[index].removeAll { now - $0.at > Self.checksKept }
            nodes[index].trust = trust(index)
            let isFlagged = nodes[index].trust < Self.trustFlagged
            if isFlagged && !nodes[index].isFlagged { changed.append(NodeID(Int32(index))) }
            nodes[index].isFlagged = isFlagged
        }
        return .changed(changed)
    }

    private func trust(_ index: Int) -> Share {
        switch trustRule {
        case .spotChecks:
            let all = checks[index].count
            guard all >= Self.checksForTrust else { return Self.trustUnknown }
            let passed = checks[index].count { $0.passed }
            return Share(millionths: Int64(passed) * 1_000_000 / Int64(all))
        case .verifiedReports:
            let node = nodes[index]
            guard node.reports > 3 else { return Self.trustUnknown }
            return Share(millionths: node.reportsVerified * 1_000_000 / node.reports)
        }
    }

    // MARK: Ledger and payouts

    private mutating func appendLedger(_ report: BandwidthReport) -> StoreAnswer {
        let index = Int(report.node.raw)
        guard nodes.indices.contains(index), report.bytes >= 0, report.from <= report.until,
            waiting.count < Self.reportsMax
        else { return .refused(.full) }
        nodes[index].reports += 1
        ledgerRows += 1
        waiting.append(
            Report(node: report.node, from: report.from, until: report.until, bytes: report.bytes))
        return .done
    }

    private mutating func payHour(_ hour: Int64) -> StoreAnswer {
        guard !hoursPaid.contains(hour) else { return .paid(nanodollars: 0) }
        hoursPaid.append(hour)
        if hoursPaid.count > 2 && hoursPaid[0] < hour - 48 { hoursPaid.removeFirst() }
        var total: Int64 = 0
        for entry in due where entry.hour <= hour {
            let amount = amount(entry)
            guard amount >= Self.payMin else { continue }
            nodes[Int(entry.node.raw)].balanceNanodollars += amount
            total += amount
            payoutRows += 1
        }
        due.removeAll { $0.hour <= hour }
        paidNanodollars += total
        return .paid(nanodollars: total)
    }

    private func amount(_ entry: Due) -> Int64 {
        let gross = multiplyDivide(entry.bytes, Self.payPerGigabyte, 1_000_000_000)
        let net = multiplyDivide(gross, 1_000 - Self.marginPerMille, 1_000)
        return nodes[Int(entry.node.raw)].trust < Self.trustHalved ? net / 2 : net
    }

    private mutating func retain(_ now: Instant) -> StoreAnswer {
        for index in checks.indices { checks[index].removeAll { now - $0.at > Self.checksKept } }
        return .done
    }
}
