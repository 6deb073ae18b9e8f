import Base
import Platform
import RESP
import Testing

/// What happens when memory is full.
@Suite struct EvictionTests {
    private func server(_ policy: CacheEngine.Policy, megabytes: Int = 2) -> LocalServer {
        var settings = CacheServer.Settings()
        settings.engine.memoryMax = megabytes << 20
        settings.engine.policy = policy
        var local = LocalServer(settings)
        _ = local.connect()
        return local
    }

    /// Cheaper than `#expect`, of which there would be many.
    private func require(_ reply: RESPReply) throws {
        guard reply == .ok else { throw Unexpected(reply: reply) }
    }

    private struct Unexpected: Error { var reply: RESPReply }

    private static let full = RESPReply.refused(
        "OOM command not allowed when used memory > 'maxmemory'.")

    @Test("noeviction refuses what grows, and nothing else")
    func noEviction() throws {
        var local = server(.noEviction)
        var stored = 0
        while try local.command("SET key\(stored) \(String(repeating: "v", count: 100))") == .ok {
            stored += 1
            try #require(stored < 20_000)
        }
        #expect(try local.command("INCR n") == Self.full)
        #expect(try local.command("GET key0") != .null)
        #expect(try local.command("DBSIZE").integer == stored)
        // Just over, by less than one key and the table's next doubling.
        #expect((2 << 20..<(2 << 20) + 1_000).contains(local.server.engine.usedMemory))
        for number in 0..<100 { _ = try local.command("DEL key\(number)") }
        #expect(try local.command("INCR n") == .integer(1))
        _ = try local.command("MULTI")
        #expect(try local.command("SET a b") == .simple(Array("QUEUED".utf8)))
        #expect(try local.command("EXEC") == .array([.ok]))
    }

    @Test("allkeys-lru keeps what is used")
    func allKeysLRU() throws {
        var local = server(.allKeysLRU)
        let value = String(repeating: "v", count: 100)
        for number in 0..<100 { _ = try local.command("SET used\(number) \(value)") }
        for number in 0..<20_000 {
            try require(local.command("SET key\(number) \(value)"))
            if number % 100 == 0 { local.now += .seconds(1) }
            _ = try local.command("GET used\(number % 100)")
        }
        let used = try (0..<100).filter { try local.command("EXISTS used\($0)") == .integer(1) }
        #expect(used.count >= 95)
        #expect(local.server.engine.usedMemory <= (2 << 20) + 1_000)
    }

    @Test("volatile-lru spares what does not expire, and refuses when nothing else is left")
    func volatileLRU() throws {
        var local = server(.volatileLRU)
        let value = String(repeating: "v", count: 100)
        for number in 0..<1_000 { _ = try local.command("SET kept\(number) \(value)") }
        for number in 0..<10_000 {
            try require(local.command("SET key\(number) \(value) EX 10000"))
        }
        let kept = try (0..<1_000).filter { try local.command("EXISTS kept\($0)") == .integer(1) }
        #expect(kept.count == 1_000)
        var number = 0
        while try local.command("SET more\(number) \(value)") == .ok {
            number += 1
            try #require(number < 20_000)
        }
        #expect(try local.command("SET more x") == Self.full)
    }

    @Test("volatile-ttl lets go first what expires first")
    func volatileTTL() throws {
        var local = server(.volatileTTL)
        let value = String(repeating: "v", count: 100)
        for number in 0..<8_000 {
            let seconds = number % 2 == 0 ? 10_000 + number : 100_000 + number
            try require(local.command("SET key\(number) \(value) EX \(seconds)"))
        }
        let left = try (0..<8_000).filter { try local.command("EXISTS key\($0)") == .integer(1) }
        let late = left.filter { $0 % 2 == 1 }.count
        // Of 4,000 each, about 3,000 had to go.
        #expect(left.count < 7_000 && late >= 3_900)
    }

    @Test("the same commands at the same times leave the same keys")
    func deterministic() throws {
        var results: [[RESPReply]] = []
        for _ in 0..<2 {
            var local = server(.allKeysLRU, megabytes: 1)
            for number in 0..<5_000 { _ = try local.command("SET key\(number) value\(number)") }
            results.append([try local.command("KEYS *"), try local.command("RANDOMKEY")])
        }
        #expect(results[0] == results[1])
    }
}
