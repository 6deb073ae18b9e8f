import Base

/// The cache's keys as the platform uses them: nodes and viewers of streams, counters, sessions.
///
/// Memory is what `CacheEngine` counts for the same keys, fields and values, in the same words
/// (`KeyspaceMemory`, `Allocation`): `used` is Redis' `used_memory`. What has an expiry goes when
/// that has passed. While more is used than there is, writes fail, or what expires soonest makes
/// room where the policy is to evict: that is `volatile-ttl`, and nearly `volatile-lru` here, as
/// counters and sessions are hardly touched after they were made. Nodes never go, as theirs have no
/// expiry.
public struct CacheTables: Sendable {
    /// Of each kind: what 384 MiB hold and more.
    static let entriesMax = 4_000_000
    /// Streams have small numbers; others' are not kept.
    static let streamsMax: Int32 = 1_000_000
    /// Numbers from here on are objects of their own.
    private static let sharedIntegers = Keyspace.sharedIntegers

    private struct Stream: Sendable {
        /// By identifier.
        var nodes: [NodeRow] = []
        /// Of the same nodes: how long they are in the cache.
        var lengths: [NodeRow.CacheTextLength] = []
        var nodesMemory = FieldsMemory()
        var viewers = Lookup<UInt64, NodeID?>()
        var viewersMemory = FieldsMemory()
        /// The whole hash goes at once.
        var viewersUntil = Instant.distantFuture

        /// Where the node is, or would be.
        func place(of node: NodeID) -> Int {
            var low = 0
            var high = nodes.count
            while low < high {
                let middle = (low + high) / 2
                if nodes[middle].node.raw < node.raw { low = middle + 1 } else { high = middle }
            }
            return low
        }
    }

    private struct Counter: Sendable, Hashable {
        var limit: CacheCommand.Limit
        var address: ClientAddress
        var window: Int64

        var key: String { CacheKey.counter(limit, address, window: window) }
    }

    private struct Session: Sendable {
        var holder: Credential
        var until: Instant
    }

    private var streams: [Stream] = []
    private var nodesCount = 0
    private var viewersCount = 0
    private var counters = Lookup<Counter, Int64>()
    private var counterExpiries = Expiries<Counter>()
    private var sessions = Lookup<SessionID, Session>()
    private var sessionExpiries = Expiries<SessionID>()
    private var viewerExpiries = Expiries<Int>()
    private var memory: KeyspaceMemory
    private var tendAt = Instant(nanoseconds: .min)
    public let memoryMax: Int64
    private let evicts: Bool
    /// Keys that made room for others.
    public private(set) var evicted: Int64 = 0

    /// `evicts` is ElastiCache's policy as it comes; Redis' own is not to.
    public init(memoryMax: Int64, evicts: Bool = false) {
        self.memoryMax = memoryMax
        self.evicts = evicts
        memory = KeyspaceMemory(Allocation(quantum: CacheEngine.Settings().quantum))
    }

    public var used: Int64 { Int64(memory.used) }

    public mutating func execute(_ command: CacheCommand, at now: Instant) -> CacheAnswer {
        if now >= tendAt { tend(now) }
        switch command {
        case .ping: return .done
        case .putNode(let row): return put(row)
        case .nodes(let stream):
            let index = Int(stream.raw)
            return .nodes(streams.indices.contains(index) ? streams[index].nodes : [])
        case .putViewer(let stream, let viewer, let node): return put(viewer, node, stream, now)
        case .sweep(let before): return sweep(before)
        case .count(let limit, let address, let every): return count(limit, address, every, now)
        case .putSession(let session, let holder, let lifetime):
            return put(session, holder, until: now + lifetime)
        case .takeSession(let session): return .session(take(session, now))
        }
    }

    /// A restart: everything is gone.
    public mutating func flush() {
        let evicted = self.evicted
        self = CacheTables(memoryMax: memoryMax, evicts: evicts)
        self.evicted = evicted
    }

    /// As Redis looks at it: before a command, not after.
    private mutating func hasRoom(beside count: Int) -> Bool {
        while used > memoryMax {
            guard evicts, evict() else { return false }
        }
        return count < Self.entriesMax
    }

    /// The key that expires soonest goes; false where none has an expiry.
    private mutating func evict() -> Bool {
        let soonest = min(counterExpiries.nextAt, sessionExpiries.nextAt, viewerExpiries.nextAt)
        guard soonest < .distantFuture else { return false }
        let before = used
        if let gone = counterExpiries.next(at: soonest) {
            remove(gone)
        } else if let gone = sessionExpiries.next(at: soonest) {
            if let old = sessions[gone], old.until <= soonest { remove(gone, old) }
        } else if let gone = viewerExpiries.next(at: soonest) {
            expireViewers(gone, soonest)
        }
        // Else it was gone already, or is kept for longer.
        if used < before { evicted += 1 }
        return true
    }

    /// What has expired goes, and sparse tables shrink.
    private mutating func tend(_ now: Instant) {
        tendAt = now + CacheEngine.cycle
        while let gone = counterExpiries.next(at: now) { remove(gone) }
        while let gone = sessionExpiries.next(at: now) {
            if let old = sessions[gone], old.until <= now { remove(gone, old) }
        }
        while let gone = viewerExpiries.next(at: now) { expireViewers(gone, now) }
        memory.tend()
    }

    // MARK: Streams

    private mutating func index(of stream: StreamID) -> Int? {
        guard stream.raw >= 0, stream.raw < Self.streamsMax else { return nil }
        let index = Int(stream.raw)
        while streams.count <= index { streams.append(Stream()) }
        return index
    }

    private mutating func put(_ row: NodeRow) -> CacheAnswer {
        guard let index = index(of: row.stream) else { return .done }
        guard hasRoom(beside: nodesCount) else { return .outOfMemory }
        let place = streams[index].place(of: row.node)
        if place < streams[index].nodes.count, streams[index].nodes[place].node == row.node {
            replace(index, place, row)
            return .done
        }
        let length = NodeRow.CacheTextLength(of: row)
        streams[index].nodes.insert(row, at: place)
        streams[index].lengths.insert(length, at: place)
        nodesCount += 1
        let field = CacheKey.field(row.node)
        let growth = streams[index].nodesMemory.add(field, length.whole, memory.allocation)
        if streams[index].nodes.count == 1 {
            memory.add(CacheKey.nodes(row.stream).utf8.count, growth)
        } else {
            memory.change(by: growth)
        }
        return .done
    }

    @inline(__always)
    private mutating func replace(_ index: Int, _ place: Int, _ row: NodeRow) {
        let before = streams[index].lengths[place].whole
        streams[index].lengths[place].follow(row, after: streams[index].nodes[place])
        streams[index].nodes[place] = row
        let after = streams[index].lengths[place].whole
        guard after != before else { return }
        memory.change(
            by: streams[index].nodesMemory.replace(before, by: after, memory.allocation))
    }

    private mutating func put(
        _ viewer: UInt64, _ node: NodeID?, _ stream: StreamID, _ now: Instant
    ) -> CacheAnswer {
        guard let index = index(of: stream) else { return .done }
        expireViewers(index, now)
        guard hasRoom(beside: viewersCount) else {
            // Only the first of two commands is refused.
            if streams[index].viewers.count > 0 { keepViewers(index, now) }
            return .outOfMemory
        }
        let value = CacheKey.place(node)
        if let old = streams[index].viewers[viewer] {
            memory.change(
                by: streams[index].viewersMemory.replace(
                    CacheKey.place(old), by: value, memory.allocation))
        } else {
            viewersCount += 1
            let growth = streams[index].viewersMemory.add(
                CacheKey.viewer(viewer), value, memory.allocation)
            if streams[index].viewers.count == 0 {
                memory.add(CacheKey.viewers(stream).utf8.count, growth)
                memory.addExpiry()
            } else {
                memory.change(by: growth)
            }
        }
        streams[index].viewers[viewer] = .some(node)
        keepViewers(index, now)
        return .done
    }

    private mutating func keepViewers(_ index: Int, _ now: Instant) {
        streams[index].viewersUntil = now + CacheCommand.viewersLifetime
        viewerExpiries.add(index, at: streams[index].viewersUntil)
    }

    private mutating func expireViewers(_ index: Int, _ now: Instant) {
        guard streams[index].viewersUntil <= now else { return }
        viewersCount -= streams[index].viewers.count
        memory.removeExpiry()
        memory.remove(
            CacheKey.viewers(StreamID(Int32(index))).utf8.count,
            streams[index].viewersMemory.whole(memory.allocation))
        streams[index].viewers = Lookup()
        streams[index].viewersMemory = FieldsMemory()
        streams[index].viewersUntil = .distantFuture
    }

    private mutating func sweep(_ before: Instant) -> CacheAnswer {
        for index in streams.indices {
            for place in streams[index].nodes.indices.reversed()
            where streams[index].nodes[place].heartbeatAt < before {
                removeNode(index, place)
            }
        }
        return .done
    }

    private mutating func removeNode(_ index: Int, _ place: Int) {
        let row = streams[index].nodes.remove(at: place)
        let length = streams[index].lengths.remove(at: place)
        nodesCount -= 1
        let old = streams[index].nodesMemory.whole(memory.allocation)
        guard !streams[index].nodes.isEmpty else {
            memory.remove(CacheKey.nodes(row.stream).utf8.count, old)
            streams[index].nodesMemory = FieldsMemory()
            return
        }
        streams[index].nodesMemory.remove(
            CacheKey.field(row.node), length.whole, memory.allocation)
        memory.change(by: streams[index].nodesMemory.whole(memory.allocation) - old)
    }

    // MARK: Counters and sessions

    private mutating func count(
        _ limit: CacheCommand.Limit, _ address: ClientAddress, _ every: Interval, _ now: Instant
    ) -> CacheAnswer {
        let window = now.nanoseconds / max(1, every.nanoseconds)
        let key = Counter(limit: limit, address: address, window: window)
        guard hasRoom(beside: counters.count) else { return .outOfMemory }
        if counters[key] == nil {
            counters[key] = 0
            counterExpiries.add(key, at: now + every)
            memory.add(key.key.utf8.count, 0)
            memory.addExpiry()
            // The second of two commands, which would find room by evicting.
            guard evicts || used <= memoryMax else { return .outOfMemory }
        }
        let count = counters[key] ?? 0
        counters[key] = count + 1
        if count + 1 == Self.sharedIntegers { memory.change(by: memory.allocation.object) }
        return .count(count + 1)
    }

    private mutating func remove(_ counter: Counter) {
        guard let count = counters[counter] else { return }
        counters[counter] = nil
        memory.removeExpiry()
        memory.remove(
            counter.key.utf8.count, count < Self.sharedIntegers ? 0 : memory.allocation.object)
    }

    /// Nobody's is kept, as `CacheClient` does not send it.
    private mutating func put(
        _ session: SessionID, _ holder: Credential, until: Instant
    ) -> CacheAnswer {
        guard let text = holder.text else { return .done }
        guard hasRoom(beside: sessionExpiries.count) else { return .outOfMemory }
        if let old = sessions[session] { remove(session, old) }
        memory.add(
            CacheKey.session(session).utf8.count, memory.allocation.embedded(text.utf8.count))
        memory.addExpiry()
        sessions[session] = Session(holder: holder, until: until)
        sessionExpiries.add(session, at: until)
        return .done
    }

    private mutating func take(_ session: SessionID, _ now: Instant) -> Credential? {
        guard let found = sessions[session] else { return nil }
        remove(session, found)
        return found.until > now ? found.holder : nil
    }

    private mutating func remove(_ session: SessionID, _ old: Session) {
        sessions[session] = nil
        memory.removeExpiry()
        memory.remove(
            CacheKey.session(session).utf8.count,
            memory.allocation.embedded(old.holder.text?.utf8.count ?? 0))
    }
}
