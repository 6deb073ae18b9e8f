import Base
import RESP
import Testing

@testable import Platform
@testable import Sockets

/// The cache of the simulation is held to the cache itself: the same calls, one in tables and one
/// in the words of the wire, take the same memory and have the same room.
///
/// What the tables do at once is done to its end in the cache before both are compared: keys that
/// have expired go, and hash tables that grow or shrink have moved.
@Suite struct TablesMemoryTests {
    private struct Both {
        var tables: CacheTables
        var local: LocalServer
        var random: Random
        var refusals = 0
        /// The most that was used.
        var peak: Int64 = 0

        init(seed: UInt64, memoryMax: Int) {
            var settings = CacheServer.Settings()
            settings.engine.memoryMax = memoryMax
            tables = CacheTables(memoryMax: Int64(memoryMax))
            local = LocalServer(settings)
            _ = local.connect()
            // The platform's one client is not counted by the tables.
            local.server.engine.otherMemory = 0
            random = Random(seed: seed)
        }

        mutating func pass(_ interval: Interval) {
            local.now += interval
            local.server.engine.settle(at: local.now)
            _ = tables.execute(.ping, at: local.now)
        }

        mutating func ask(_ command: CacheCommand) throws {
            let wire = words(of: command)
            let answer = tables.execute(command, at: local.now)
            var isRefused = false
            for words in wire {
                let reply = try local.command(words.map { [UInt8]($0.utf8) })
                if case .error(let text) = reply {
                    #expect(
                        text.starts(with: "OOM".utf8), "\(String(decoding: text, as: UTF8.self))")
                    isRefused = true
                }
                local.server.engine.finishMoving()
            }
            try #require(isRefused == (answer == .outOfMemory), "\(command)")
            if isRefused { refusals += 1 }
            peak = max(peak, tables.used)
            try #require(Int64(local.server.engine.usedMemory) == tables.used, "\(command)")
        }

        /// As `CacheClient` says it. A sweep is one field after the other, by what is there.
        private mutating func words(of command: CacheCommand) -> [[String]] {
            switch command {
            case .ping: return [["PING"]]
            case .putNode(let row):
                return [
                    ["HSET", CacheKey.nodes(row.stream), CacheKey.field(row.node), row.cacheText]
                ]
            case .nodes(let stream): return [["HGETALL", CacheKey.nodes(stream)]]
            case .putViewer(let stream, let viewer, let node):
                let key = CacheKey.viewers(stream)
                return [
                    ["HSET", key, CacheKey.viewer(viewer), CacheKey.place(node)],
                    ["EXPIRE", key, "3600"],
                ]
            case .sweep(let before):
                var all: [[String]] = []
                for stream in (0..<TablesMemoryTests.streams).map(StreamID.init) {
                    guard
                        case .nodes(let rows) = tables.execute(.nodes(stream), at: local.now)
                    else { continue }
                    all += rows.reversed().filter { $0.heartbeatAt < before }.map {
                        ["HDEL", CacheKey.nodes(stream), CacheKey.field($0.node)]
                    }
                }
                return all
            case .count(let limit, let address, let every):
                let key = CacheKey.counter(
                    limit, address, window: local.now.nanoseconds / every.nanoseconds)
                return [["SET", key, "0", "EX", "\(every.wholeSeconds)", "NX"], ["INCR", key]]
            case .putSession(let session, let holder, let lifetime):
                let key = CacheKey.session(session)
                return [["SET", key, holder.text ?? "", "EX", "\(lifetime.wholeSeconds)"]]
            case .takeSession(let session): return [["GETDEL", CacheKey.session(session)]]
            }
        }

        /// More comes than goes, or the other way round.
        mutating func step(isGrowing: Bool) throws {
            pass(.milliseconds(random.within(100...(isGrowing ? 400 : 60_000))))
            let kind = random.below(isGrowing ? 40 : 8)
            switch kind {
            case 0: try ask(.sweep(before: local.now - .seconds(random.within(20...300))))
            case 1: try ask(.takeSession(SessionID(random.below(500))))
            case 2: try ask(.ping)
            case 3...14: try ask(.putNode(row()))
            case 15...29:
                // Some of these names are numbers, which take less.
                let viewer = random.below(3) == 0 ? random.below(700) : random.next() >> 20
                let node = NodeID(Int32(random.within(0...2_000)))
                try ask(.putViewer(stream(), viewer: viewer, random.below(3) == 0 ? nil : node))
            case 30...34:
                let address = ClientAddress(
                    high: random.below(2) == 0 ? 0 : random.next(), low: random.below(100_000))
                try ask(.count(.page, address, every: .minutes(1)))
            case _:
                let holder = Credential.streamer(UserID(Int32(random.within(0...10_000))))
                try ask(
                    .putSession(
                        SessionID(random.below(500)), holder,
                        lifetime: .seconds(random.within(1...900))))
            }
        }

        private mutating func stream() -> StreamID {
            StreamID(random.below(4) > 0 ? 0 : Int32(random.below(UInt64(streams))))
        }

        mutating func row() -> NodeRow {
            let node = Int32(random.below(3) == 0 ? random.below(900) : random.below(60))
            let url = "http://\"a\\b\"/" + String(repeating: "c", count: Int(random.below(9)))
            return NodeRow(
                node: NodeID(node), stream: stream(), name: "node-\(node)",
                address: NodeAddress(host: "10.0.0.\(node)", rtmpPort: 1_935, httpPort: 8_080),
                statsURL: random.below(2) == 0 ? "" : url,
                trust: Share(millionths: random.within(0...1_000_000)),
                capacity: Share(millionths: random.within(0...1_000_000)),
                viewers: Int32(random.within(0...20_000)), heartbeatAt: local.now,
                isActive: random.below(4) > 0, isFlagged: random.below(9) == 0)
        }
    }

    private static let streams: Int32 = 4

    @Test("random calls take the same memory", arguments: [1, 2, 3] as [UInt64])
    func memory(seed: UInt64) throws {
        var both = Both(seed: seed, memoryMax: 0)
        both.tables = CacheTables(memoryMax: .max)
        let empty = both.tables.used
        for isGrowing in [true, false, true, false] {
            for _ in 0..<(isGrowing ? 3_000 : 400) { try both.step(isGrowing: isGrowing) }
        }
        #expect(both.peak > empty + 100_000, "\(both.peak - empty)")
        both.pass(.hours(2))
        try both.ask(.sweep(before: both.local.now))
        #expect(both.tables.used == empty)
        #expect(both.local.server.engine.count == 0)
    }

    @Test("both refuse the same calls once memory is full", arguments: [4, 5] as [UInt64])
    func refusals(seed: UInt64) throws {
        var both = Both(seed: seed, memoryMax: CacheEngine.startupMemory + 25_000)
        for isGrowing in [true, false, true] {
            for _ in 0..<(isGrowing ? 1_500 : 200) { try both.step(isGrowing: isGrowing) }
        }
        #expect(both.refusals > 100, "\(both.refusals)")
    }

    @Test("a counter that has become large is an object of its own")
    func largeCounter() throws {
        var both = Both(seed: 6, memoryMax: 0)
        both.tables = CacheTables(memoryMax: .max)
        both.pass(.minutes(1))
        for _ in 0..<10_010 { try both.ask(.count(.watch, .local, every: .hours(1))) }
        both.pass(.hours(1))
        try both.ask(.ping)
    }

    @Test("a row is as long in the cache as is counted, and is read back as it was")
    func rows() {
        var both = Both(seed: 7, memoryMax: 0)
        var last = both.row()
        var length = NodeRow.CacheTextLength(of: last)
        for _ in 0..<2_000 {
            var row = both.row()
            row.heartbeatAt = Instant(
                nanoseconds: Int64(bitPattern: both.random.next()) >> both.random.below(64))
            if both.random.below(2) == 0 { row.name = last.name }
            if both.random.below(9) == 0 { row.name = "a\u{1}\"\\ü\u{1F600}/\n" }
            length.follow(row, after: last)
            let text = Array(row.cacheText.utf8)
            #expect(length.whole == text.count)
            #expect(NodeRow(cacheText: text) == row)
            last = row
        }
    }
}

extension CacheEngine {
    /// What many cycles of housekeeping come to.
    fileprivate mutating func settle(at now: Instant) {
        _ = prepare(at: now)
        while let slot = databases[0].expiring.first(where: { databases[0].hasExpired(Int($0)) }) {
            databases[0].removeExpired(Int(slot))
        }
        databases[0].tend()
        finishMoving()
    }

    fileprivate mutating func finishMoving() {
        while databases[0].table.isMoving { _ = databases[0].find([]) }
        for slot in 0..<databases[0].count {
            guard case .hash(let index) = databases[0][slot].value else { continue }
            while databases[0].hashes[index].table.isMoving {
                let layout = databases[0].layout
                let (field, value) = databases[0].hashes[index].element(0)
                databases[0].editHash(index) { $0.set(field[...], value, layout) }
            }
        }
    }
}
