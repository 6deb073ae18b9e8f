import Base

/// The HTTP API: takes typed calls, asks store and cache, and replies.
///
/// Every call under way holds one slot; the slot's number and generation are the `CallID`s of what
/// it asks, so an answer to a call of a former life finds nobody. With the cache away it serves
/// from the store; with the store away it refuses.
public struct Coordinator: Program {
    /// Calls under way at once; more are refused (uvicorn's `--limit-concurrency`).
    public static let callsMax = 10_000
    static let watchTrustMin = Share(millionths: 500_000)
    static let watchCapacityMax = Share(millionths: 900_000)
    static let watchAge = Interval.seconds(90)

    private enum Stage: Sendable {
        case free
        case pingStore, pingCache(storeUp: Bool)
        case heartbeatStore, heartbeatCache
        case ledger
        case watchCache, watchStore, watchKeep(NodeID?)
        case open(StreamID), end(StreamID)
        case overview
    }

    private struct Slot: Sendable {
        var stage: Stage = .free
        var ticket: Ticket
        var stream: StreamID
        var generation: UInt32 = 0
    }

    private var slots: [Slot] = []
    private var free: [Int] = []
    private var cacheIsUp = true

    public init() {}

    public mutating func handle(_ input: Input, at now: Instant, into outbox: inout Outbox) {
        switch input {
        case .started: reset()
        case .called(let ticket, let call): receive(call, ticket, now, into: &outbox)
        case .answered(let id, let answer): resume(id, answer, now, into: &outbox)
        case .woke, .opened, .received, .closed, .stalled, .playing: break
        }
    }

    private mutating func reset() {
        for index in slots.indices {
            guard case .free = slots[index].stage else {
                release(index)
                continue
            }
        }
        cacheIsUp = true
    }

    // MARK: Calls

    private mutating func receive(
        _ call: Call, _ ticket: Ticket, _ now: Instant, into outbox: inout Outbox
    ) {
        guard slots.count - free.count < Self.callsMax else {
            outbox.append(.reply(ticket, .unavailable))
            return
        }
        switch call {
        case .health: begin(.pingStore, ticket, .ping, into: &outbox)
        case .heartbeat(let beat):
            begin(.heartbeatStore, ticket, .recordHeartbeat(beat), beat.stream, into: &outbox)
        case .bandwidthReport(let report):
            begin(.ledger, ticket, .appendLedger(report), report.stream, into: &outbox)
        case .watch(let stream):
            let id = take(.watchCache, ticket, stream)
            outbox.append(.cache(id, .nodes(stream)))
        case .onPublish(let stream, let key):
            begin(.open(stream), ticket, .openStream(stream, key: key), stream, into: &outbox)
        case .onUnpublish(let stream):
            begin(.end(stream), ticket, .endStream(stream), stream, into: &outbox)
        case .onPlay, .onStop: outbox.append(.reply(ticket, .ok))
        case .dashboard: begin(.overview, ticket, .overview, into: &outbox)
        case .stats: outbox.append(.reply(ticket, .notFound))
        }
    }

    private mutating func begin(
        _ stage: Stage, _ ticket: Ticket, _ transaction: Transaction,
        _ stream: StreamID = StreamID(-1), into outbox: inout Outbox
    ) {
        outbox.append(.transact(take(stage, ticket, stream), transaction))
    }

    private mutating func take(_ stage: Stage, _ ticket: Ticket, _ stream: StreamID) -> CallID {
        let index: Int
        if let slot = free.popLast() {
            index = slot
            slots[index].stage = stage
            slots[index].ticket = ticket
            slots[index].stream = stream
        } else {
            index = slots.count
            slots.append(Slot(stage: stage, ticket: ticket, stream: stream))
        }
        return id(index)
    }

    private func id(_ index: Int) -> CallID {
        CallID(UInt64(slots[index].generation) << 32 | UInt64(index))
    }

    private mutating func release(_ index: Int) {
        slots[index].stage = .free
        slots[index].generation &+= 1
        free.append(index)
    }

    private mutating func finish(_ index: Int, _ reply: Reply, into outbox: inout Outbox) {
        outbox.append(.reply(slots[index].ticket, reply))
        release(index)
    }

    // MARK: Answers

    private mutating func resume(
        _ id: CallID, _ answer: Answer, _ now: Instant, into outbox: inout Outbox
    ) {
        let index = Int(id.raw & 0xFFFF_FFFF)
        guard slots.indices.contains(index), slots[index].generation == UInt32(id.raw >> 32)
        else { return }
        switch slots[index].stage {
        case .free: break
        case .pingStore:
            slots[index].stage = .pingCache(storeUp: answer.isStored)
            outbox.append(.cache(id, .ping))
        case .pingCache(let storeUp):
            noteCache(answer, into: &outbox)
            let health: Health = storeUp ? (answer.isCached ? .healthy : .degraded) : .unhealthy
            finish(index, .health(health), into: &outbox)
        case .heartbeatStore: keepHeartbeat(index, id, answer, into: &outbox)
        case .heartbeatCache:
            noteCache(answer, into: &outbox)
            finish(index, .ok, into: &outbox)
        case .ledger: finish(index, answer.isStored ? .ok : .unavailable, into: &outbox)
        case .watchCache: chooseFromCache(index, id, answer, now, into: &outbox)
        case .watchStore: chooseFromStore(index, id, answer, now, into: &outbox)
        case .watchKeep(let node): finish(index, .watch(node), into: &outbox)
        case .open(let stream), .end(let stream): changed(index, stream, answer, into: &outbox)
        case .overview: showOverview(index, answer, into: &outbox)
        }
    }

    private mutating func keepHeartbeat(
        _ index: Int, _ id: CallID, _ answer: Answer, into outbox: inout Outbox
    ) {
        guard case .stored(.nodes(let rows)) = answer, let row = rows.first else {
            finish(index, answer.isStored ? .notFound : .unavailable, into: &outbox)
            return
        }
        slots[index].stage = .heartbeatCache
        outbox.append(.cache(id, .putNode(row)))
    }

    private mutating func chooseFromCache(
        _ index: Int, _ id: CallID, _ answer: Answer, _ now: Instant, into outbox: inout Outbox
    ) {
        noteCache(answer, into: &outbox)
        guard case .cached(.nodes(let rows)) = answer, !rows.isEmpty else {
            slots[index].stage = .watchStore
            outbox.append(.transact(id, .nodesForStream(slots[index].stream)))
            return
        }
        keep(index, id, best(rows, now), into: &outbox)
    }

    private mutating func chooseFromStore(
        _ index: Int, _ id: CallID, _ answer: Answer, _ now: Instant, into outbox: inout Outbox
    ) {
        guard case .stored(.nodes(let rows)) = answer else {
            finish(index, .unavailable, into: &outbox)
            return
        }
        keep(index, id, best(rows, now), into: &outbox)
    }

    private mutating func keep(
        _ index: Int, _ id: CallID, _ node: NodeID?, into outbox: inout Outbox
    ) {
        slots[index].stage = .watchKeep(node)
        outbox.append(.observe(.routed(slots[index].stream, node)))
        outbox.append(.cache(id, .putViewer(slots[index].stream, node)))
    }

    /// Nodes with room and trust; the highest trust, then the fewest viewers, then the lowest id.
    private func best(_ rows: [NodeRow], _ now: Instant) -> NodeID? {
        var best: NodeRow?
        for row in rows {
            guard !row.flagged, row.capacity < Self.watchCapacityMax,
                row.trust >= Self.watchTrustMin, now - row.heartbeatAt <= Self.watchAge
            else { continue }
            guard let other = best else {
                best = row
                continue
            }
            if (row.trust, -row.viewers, -row.node.raw)
                > (other.trust, -other.viewers, -other.node.raw)
            {
                best = row
            }
        }
        return best?.node
    }

    private mutating func changed(
        _ index: Int, _ stream: StreamID, _ answer: Answer, into outbox: inout Outbox
    ) {
        switch answer {
        case .stored(.stream(let step)):
            outbox.append(.observe(.streamChanged(stream, from: step.from, to: step.to)))
            finish(index, .ok, into: &outbox)
        case .stored(.refused(let why)): finish(index, .refused(why), into: &outbox)
        case .stored, .reply, .cached, .failed: finish(index, .unavailable, into: &outbox)
        }
    }

    private mutating func showOverview(
        _ index: Int, _ answer: Answer, into outbox: inout Outbox
    ) {
        guard case .stored(.overview(let live, let active)) = answer else {
            finish(index, .unavailable, into: &outbox)
            return
        }
        finish(index, .page(streams: live, nodes: active), into: &outbox)
    }

    private mutating func noteCache(_ answer: Answer, into outbox: inout Outbox) {
        guard answer.isCached != cacheIsUp else { return }
        cacheIsUp = answer.isCached
        outbox.append(.observe(cacheIsUp ? .cacheUp : .cacheDown))
    }
}

extension Answer {
    var isStored: Bool {
        if case .stored = self { return true }
        return false
    }
    var isCached: Bool {
        if case .cached = self { return true }
        return false
    }
}
