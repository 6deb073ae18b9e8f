import Base
import Platform
import Testing

@Suite struct CacheTablesTests {
    static let start = ProgramHarness<Coordinator>.start

    func row(_ node: Int32, stream: Int32 = 0, at: Instant = start) -> NodeRow {
        NodeRow(
            node: NodeID(node), stream: StreamID(stream), name: "n", address: Store.address,
            statsURL: "", trust: .whole, capacity: .zero, viewers: 0, heartbeatAt: at,
            isActive: true, isFlagged: false)
    }

    @Test("a stream's nodes are kept by identifier, each once, until they fall silent")
    func nodes() {
        var cache = CacheTables(memoryMax: 10_000_000)
        for node in [5, 1, 9, 5] as [Int32] {
            #expect(cache.execute(.putNode(row(node)), at: Self.start) == .done)
        }
        let later = Self.start + .seconds(40)
        #expect(cache.execute(.putNode(row(9, at: later)), at: later) == .done)
        _ = cache.execute(.putNode(row(2, stream: 7)), at: Self.start)
        #expect(
            cache.execute(.nodes(StreamID(0)), at: later)
                == .nodes([row(1), row(5), row(9, at: later)]))
        _ = cache.execute(.sweep(before: later), at: later)
        #expect(cache.execute(.nodes(StreamID(0)), at: later) == .nodes([row(9, at: later)]))
        #expect(cache.execute(.nodes(StreamID(7)), at: later) == .nodes([]))
        #expect(cache.execute(.nodes(StreamID(-1)), at: later) == .nodes([]))
    }

    @Test("what is counted is counted by kind and address, and from nothing in the next window")
    func counters() {
        var cache = CacheTables(memoryMax: 10_000_000)
        func count(
            _ limit: CacheCommand.Limit, _ address: UInt32, after: Interval = .zero
        ) -> CacheAnswer {
            cache.execute(
                .count(limit, ClientAddress(ipv4: address), every: .minutes(1)),
                at: Self.start + after)
        }
        #expect(count(.page, 1) == .count(1))
        #expect(count(.page, 1, after: .seconds(59)) == .count(2))
        #expect(count(.watch, 1, after: .seconds(59)) == .count(1))
        #expect(count(.page, 2, after: .seconds(59)) == .count(1))
        #expect(count(.page, 1, after: .seconds(60)) == .count(1))
    }

    @Test("a session is given out once, and not after its time")
    func sessions() {
        var cache = CacheTables(memoryMax: 10_000_000)
        let holder = Credential.node(NodeID(3))
        func take(_ session: UInt64, after: Interval) -> CacheAnswer {
            cache.execute(.takeSession(SessionID(session)), at: Self.start + after)
        }
        for session in [1, 2] as [UInt64] {
            _ = cache.execute(
                .putSession(SessionID(session), holder, lifetime: .hours(1)), at: Self.start)
        }
        #expect(take(1, after: .minutes(59)) == .session(holder))
        #expect(take(1, after: .minutes(59)) == .session(nil))
        #expect(take(2, after: .hours(1)) == .session(nil))
    }

    @Test("memory rises and falls with what is kept, and full is full for every write")
    func memory() {
        var cache = CacheTables(memoryMax: 900_000)
        let empty = cache.used
        var viewers: UInt64 = 0
        while cache.execute(.putViewer(StreamID(0), viewer: viewers, nil), at: Self.start) == .done
        {
            viewers += 1
            guard viewers < 10_000 else { break }
        }
        #expect(viewers > 100 && cache.used > 900_000 && cache.used < 910_000)
        #expect(cache.execute(.putNode(row(1)), at: Self.start) == .outOfMemory)
        let again = CacheCommand.putViewer(StreamID(0), viewer: 0, NodeID(4))
        #expect(cache.execute(again, at: Self.start + .minutes(30)) == .outOfMemory)
        // An hour after the latest viewer the whole hash goes.
        _ = cache.execute(.sweep(before: Self.start), at: Self.start + .minutes(89))
        #expect(cache.used > empty)
        _ = cache.execute(.sweep(before: Self.start), at: Self.start + .minutes(90))
        #expect(cache.used == empty)
        #expect(cache.execute(.putNode(row(1)), at: Self.start) == .done)
        cache.flush()
        #expect(cache.used == empty)
    }

    /// As ElastiCache comes: `volatile-lru`.
    @Test("where keys make room, writes go on; those without an expiry never go")
    func eviction() {
        var cache = CacheTables(memoryMax: 1_000_000, evicts: true)
        for node in Int32(0)..<100 { _ = cache.execute(.putNode(row(node)), at: Self.start) }
        let holder = Credential.streamer(UserID(1))
        for number in 0..<UInt64(10_000) {
            let put = CacheCommand.putSession(
                SessionID(number), holder, lifetime: .hours(1) + .seconds(Int64(number)))
            #expect(cache.execute(put, at: Self.start) == .done)
        }
        #expect(cache.evicted > 1_000 && cache.used < 1_010_000)
        #expect(cache.execute(.takeSession(SessionID(0)), at: Self.start) == .session(nil))
        #expect(cache.execute(.takeSession(SessionID(9_999)), at: Self.start) == .session(holder))
        guard case .nodes(let nodes) = cache.execute(.nodes(StreamID(0)), at: Self.start) else {
            Issue.record("no nodes")
            return
        }
        #expect(nodes.count == 100)
        // With nothing left that expires, full is full.
        for node in Int32(100)..<20_000 {
            guard cache.execute(.putNode(row(node)), at: Self.start) == .done else { break }
        }
        #expect(cache.execute(.putNode(row(30_000)), at: Self.start) == .outOfMemory)
        #expect(
            cache.execute(.count(.page, .local, every: .minutes(1)), at: Self.start)
                == .outOfMemory)
    }

    @Test("counters and sessions that are over cost nothing")
    func expiry() {
        var cache = CacheTables(memoryMax: 100_000_000)
        let empty = cache.used
        var random = Random(seed: 4)
        var now = Self.start
        for number in 0..<UInt64(20_000) {
            now += .milliseconds(random.within(0...20))
            let address = ClientAddress(high: 1, low: number)
            _ = cache.execute(.count(.page, address, every: .minutes(1)), at: now)
            _ = cache.execute(
                .putSession(
                    SessionID(number), .streamer(UserID(1)),
                    lifetime: random.interval(.zero ... .minutes(2))),
                at: now)
        }
        #expect(cache.used > empty + 1_000_000)
        now += .minutes(3)
        _ = cache.execute(.count(.page, .local, every: .minutes(1)), at: now)
        _ = cache.execute(
            .putSession(SessionID(0), .streamer(UserID(1)), lifetime: .minutes(1)), at: now)
        #expect(cache.used < empty + 1_000, "\(cache.used)")
    }
}
