import Base

/// The HTTP API: takes typed calls, asks store and cache, and replies.
///
/// Every call under way holds one slot; the slot's number and generation are the `CallID`s of what
/// it asks, so an answer to a call of a former life finds nobody. With the cache away it serves
/// from the store, and counts nobody; with the store away it refuses.
///
/// Heartbeats, reports, callbacks and health go straight to the store (`Coordinator+Nodes`).
/// Every other call has a `Request` beside its slot, is counted against a limit of its caller,
/// shows who calls, and then acts (`Coordinator+Requests`, `+Accounts`, `+Watch`).
public struct Coordinator: Program {
    public struct Configuration: Sendable, Hashable {
        /// Where callbacks may come from, beside this machine.
        public var rtmpServers: [ClientAddress] = []
        /// Calls of one address in one minute.
        public var signInsMax: Int64 = 10
        public var changesMax: Int64 = 60
        public var watchesMax: Int64 = 120
        public var pagesMax: Int64 = 120

        public init() {}
    }

    /// Calls under way at once; more are refused (uvicorn's `--limit-concurrency`).
    public static let callsMax = 10_000

    /// What a slot waits for. The state of a call with a `Request` is there.
    enum Stage: Sendable, Hashable {
        case free
        case pingStore, pingCache(storeIsUp: Bool)
        case heartbeatStore, heartbeatCache
        case ledger
        case openStream(StreamID), endStream(StreamID)
        case count, identify, act
        case hash, addUser, findUser, verify, addNode, findHolder, takeSession, putSession
        case endSession
        case pageStream, watchCache, watchStore, watchKeep
    }

    private struct Slot: Sendable {
        var stage: Stage = .free
        var ticket: Ticket
        var generation: UInt32 = 0
    }

    let configuration: Configuration
    private var slots: [Slot] = []
    private var free: [Int] = []
    /// By slot: what a counted call is about.
    var requests: [Request?] = []
    private var cacheIsUp = true

    public init(_ configuration: Configuration = Configuration()) {
        self.configuration = configuration
    }

    public var callsUnderWay: Int { slots.count - free.count }

    public mutating func handle(_ input: Input, at now: Instant, into outbox: inout Outbox) {
        switch input {
        case .started: reset()
        case .called(let ticket, let call, let caller):
            receive(call, caller, ticket, now, into: &outbox)
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

    private mutating func receive(
        _ call: Call, _ caller: Caller, _ ticket: Ticket, _ now: Instant,
        into outbox: inout Outbox
    ) {
        guard slots.count - free.count < Self.callsMax else {
            outbox.append(.reply(ticket, .unavailable))
            return
        }
        switch call {
        case .health: begin(.pingStore, ticket, .ping, into: &outbox)
        case .heartbeat(let beat): receive(beat, caller, ticket, into: &outbox)
        case .bandwidthReport(let report): receive(report, caller, ticket, into: &outbox)
        case .onPublish(let stream, let key):
            guard admitsCallback(caller, ticket, into: &outbox) else { return }
            begin(.openStream(stream), ticket, .openStream(stream, key: key), into: &outbox)
        case .onUnpublish(let stream):
            guard admitsCallback(caller, ticket, into: &outbox) else { return }
            begin(.endStream(stream), ticket, .endStream(stream), into: &outbox)
        case .onPlay, .onStop:
            guard admitsCallback(caller, ticket, into: &outbox) else { return }
            outbox.append(.reply(ticket, .ok))
        case .stats: outbox.append(.reply(ticket, .refused(.noNode)))
        case .watch, .overview, .account, .stream, .figures:
            let id = take(.count, ticket)
            requests[index(of: id)] = Request(call, caller)
            admit(index(of: id), id, call, caller, now, into: &outbox)
        }
    }

    private mutating func resume(
        _ id: CallID, _ answer: Answer, _ now: Instant, into outbox: inout Outbox
    ) {
        let index = index(of: id)
        guard slots.indices.contains(index), slots[index].generation == UInt32(id.raw >> 32)
        else { return }
        switch slots[index].stage {
        case .free: break
        case .pingStore:
            slots[index].stage = .pingCache(storeIsUp: answer.isStored)
            outbox.append(.cache(id, .ping))
        case .pingCache(let storeIsUp):
            noteCache(answer, into: &outbox)
            let health: Health =
                storeIsUp ? (answer.isCached ? .healthy : .degraded) : .unhealthy
            finish(index, .health(health), into: &outbox)
        case .heartbeatStore: keepHeartbeat(index, id, answer, into: &outbox)
        case .heartbeatCache:
            noteCache(answer, into: &outbox)
            finish(index, .ok, into: &outbox)
        case .ledger: finishStored(index, answer, now, into: &outbox)
        case .openStream(let stream), .endStream(let stream):
            finishMoved(index, stream, answer, into: &outbox)
        case .count: counted(index, id, answer, now, into: &outbox)
        case .identify: identified(index, id, answer, now, into: &outbox)
        case .act: finishStored(index, answer, now, into: &outbox)
        case .hash: hashed(index, id, answer, into: &outbox)
        case .addUser: addedUser(index, id, answer, into: &outbox)
        case .findUser: foundUser(index, id, answer, into: &outbox)
        case .verify: verified(index, id, answer, into: &outbox)
        case .addNode: addedNode(index, id, answer, into: &outbox)
        case .findHolder: foundHolder(index, id, answer, into: &outbox)
        case .takeSession: tookSession(index, id, answer, into: &outbox)
        case .putSession: keptSession(index, answer, into: &outbox)
        case .endSession: endedSession(index, answer, into: &outbox)
        case .pageStream: foundStream(index, id, answer, into: &outbox)
        case .watchCache: chooseFromCache(index, id, answer, now, into: &outbox)
        case .watchStore: chooseFromStore(index, id, answer, now, into: &outbox)
        case .watchKeep: keptViewer(index, answer, into: &outbox)
        }
    }

    // MARK: Slots

    mutating func begin(
        _ stage: Stage, _ ticket: Ticket, _ transaction: Transaction, into outbox: inout Outbox
    ) {
        outbox.append(.transact(take(stage, ticket), transaction))
    }

    private mutating func take(_ stage: Stage, _ ticket: Ticket) -> CallID {
        let index: Int
        if let slot = free.popLast() {
            index = slot
            slots[index].stage = stage
            slots[index].ticket = ticket
        } else {
            index = slots.count
            slots.append(Slot(stage: stage, ticket: ticket))
            requests.append(nil)
        }
        return CallID(UInt64(slots[index].generation) << 32 | UInt64(index))
    }

    private func index(of id: CallID) -> Int { Int(id.raw & 0xFFFF_FFFF) }

    mutating func advance(_ index: Int, to stage: Stage) { slots[index].stage = stage }

    mutating func finish(_ index: Int, _ reply: Reply, into outbox: inout Outbox) {
        outbox.append(.reply(slots[index].ticket, reply))
        release(index)
    }

    private mutating func release(_ index: Int) {
        slots[index].stage = .free
        slots[index].generation &+= 1
        if requests[index] != nil { requests[index] = nil }
        free.append(index)
    }

    mutating func noteCache(_ answer: Answer, into outbox: inout Outbox) {
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
