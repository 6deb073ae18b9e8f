import Base

/// The cache's keys as the platform uses them: nodes and viewers of streams, counters, sessions.
///
/// Memory is counted the way Redis' `used_memory` grows: a fixed start, and for each entry its
/// share of the hash table with its key and value. Nothing is evicted: what has an expiry goes
/// when that has passed, and writes fail while all the rest fills the memory.
public struct CacheTables: Sendable {
    /// Redis 7 with nothing in it; what a hash field with a JSON value of a node costs (dictEntry
    /// 24, sds headers, 200 bytes of JSON, allocator rounding); then a short field, and a key of
    /// its own with an expiry, which has an entry in both of the database's tables.
    static let usedEmpty: Int64 = 1_000_000
    static let usedPerNode: Int64 = 320
    static let usedPerViewer: Int64 = 144
    static let usedPerKey: Int64 = 208
    /// Of each kind: what 384 MiB hold and more.
    static let entriesMax = 4_000_000
    /// Streams have small numbers; others' are not kept.
    static let streamsMax: Int32 = 1_000_000

    private struct Stream: Sendable {
        /// By identifier.
        var nodes: [NodeRow] = []
        var viewers = Lookup<UInt64, NodeID?>()
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
    public let memoryMax: Int64

    public init(memoryMax: Int64) { self.memoryMax = memoryMax }

    public var used: Int64 {
        Self.usedEmpty + Int64(nodesCount) * Self.usedPerNode
            + Int64(viewersCount) * Self.usedPerViewer
            + Int64(counters.count + sessions.count) * Self.usedPerKey
    }

    public mutating func execute(_ command: CacheCommand, at now: Instant) -> CacheAnswer {
        switch command {
        case .ping: return .done
        case .putNode(let row): return put(row)
        case .nodes(let stream):
            let index = Int(stream.raw)
            return .nodes(streams.indices.contains(index) ? streams[index].nodes : [])
        case .putViewer(let stream, let viewer, let node): return put(viewer, node, stream, now)
        case .sweep(let before): return sweep(before, now)
        case .count(let limit, let address, let every): return count(limit, address, every, now)
        case .putSession(let session, let holder, let lifetime):
            return put(session, holder, until: now + lifetime, now)
        case .takeSession(let session): return .session(take(session, now))
        }
    }

    /// A restart: everything is gone.
    public mutating func flush() { self = CacheTables(memoryMax: memoryMax) }

    private func hasRoom(for bytes: Int64, beside count: Int) -> Bool {
        used + bytes <= memoryMax && count < Self.entriesMax
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
        let place = streams[index].place(of: row.node)
        if place < streams[index].nodes.count, streams[index].nodes[place].node == row.node {
            streams[index].nodes[place] = row
            return .done
        }
        guard hasRoom(for: Self.usedPerNode, beside: nodesCount) else { return .outOfMemory }
        streams[index].nodes.insert(row, at: place)
        nodesCount += 1
        return .done
    }

    private mutating func put(
        _ viewer: UInt64, _ node: NodeID?, _ stream: StreamID, _ now: Instant
    ) -> CacheAnswer {
        guard let index = index(of: stream) else { return .done }
        expireViewers(index, now)
        if streams[index].viewers[viewer] == nil {
            guard hasRoom(for: Self.usedPerViewer, beside: viewersCount) else {
                return .outOfMemory
            }
            viewersCount += 1
        }
        streams[index].viewers[viewer] = .some(node)
        streams[index].viewersUntil = now + CacheCommand.viewersLifetime
        return .done
    }

    private mutating func expireViewers(_ index: Int, _ now: Instant) {
        guard streams[index].viewersUntil <= now else { return }
        viewersCount -= streams[index].viewers.count
        streams[index].viewers = Lookup()
        streams[index].viewersUntil = .distantFuture
    }

    private mutating func sweep(_ before: Instant, _ now: Instant) -> CacheAnswer {
        for index in streams.indices {
            let count = streams[index].nodes.count
            streams[index].nodes.removeAll { $0.heartbeatAt < before }
            nodesCount -= count - streams[index].nodes.count
            expireViewers(index, now)
        }
        return .done
    }

    // MARK: Counters and sessions

    private mutating func count(
        _ limit: CacheCommand.Limit, _ address: ClientAddress, _ every: Interval, _ now: Instant
    ) -> CacheAnswer {
        while let gone = counterExpiries.next(at: now) { counters[gone] = nil }
        let window = now.nanoseconds / max(1, every.nanoseconds)
        let key = Counter(limit: limit, address: address, window: window)
        let count = counters[key] ?? 0
        if count == 0 {
            guard hasRoom(for: Self.usedPerKey, beside: counters.count) else {
                return .outOfMemory
            }
            counterExpiries.add(key, at: now + every)
        }
        counters[key] = count + 1
        return .count(count + 1)
    }

    private mutating func put(
        _ session: SessionID, _ holder: Credential, until: Instant, _ now: Instant
    ) -> CacheAnswer {
        while let gone = sessionExpiries.next(at: now) {
            if let old = sessions[gone], old.until <= now { sessions[gone] = nil }
        }
        if sessions[session] == nil {
            guard hasRoom(for: Self.usedPerKey, beside: sessionExpiries.count) else {
                return .outOfMemory
            }
        }
        sessions[session] = Session(holder: holder, until: until)
        sessionExpiries.add(session, at: until)
        return .done
    }

    private mutating func take(_ session: SessionID, _ now: Instant) -> Credential? {
        guard let found = sessions[session] else { return nil }
        sessions[session] = nil
        return found.until > now ? found.holder : nil
    }
}

/// Keys in the order in which they expire. Most are added with the latest expiry so far.
struct Expiries<Key: Sendable>: Sendable {
    private var entries: [(at: Instant, key: Key)] = []
    private var head = 0

    var count: Int { entries.count - head }

    mutating func add(_ key: Key, at: Instant) {
        var low = head
        var high = entries.count
        if let last = entries.last, last.at <= at { low = high }
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].at <= at { low = middle + 1 } else { high = middle }
        }
        entries.insert((at, key), at: low)
    }

    /// The next one whose time has come.
    mutating func next(at now: Instant) -> Key? {
        guard head < entries.count, entries[head].at <= now else { return nil }
        defer { head += 1 }
        if head >= 1_024 && head > entries.count / 2 {
            let key = entries[head].key
            entries.removeFirst(head)
            head = 0
            return key
        }
        return entries[head].key
    }
}
