import Base
import Foundation
import Platform
import RESP
import Testing

/// `used_memory` is held to a real Redis, loaded with the same commands.
@Suite struct MemoryTests {
    /// Name, how many commands, and the command of a number.
    static let loads: [(String, Int, @Sendable (Int) -> String)] = [
        ("short strings", 8_000, { "SET key:\($0) value:\($0)" }),
        ("small numbers", 8_000, { "SET key:\($0) \($0 % 5_000)" }),
        ("large numbers", 8_000, { "SET key:\($0) \(1_000_000 + $0)" }),
        ("long strings", 2_000, { "SET k\($0) \(String(repeating: "x", count: 50 + $0 % 900))" }),
        ("sessions", 8_000, { "SET session:\($0) \(String(repeating: "s", count: 64)) EX 10000" }),
        ("appended", 8_000, { "APPEND log:\($0 % 200) \(String(repeating: "y", count: 20))" }),
        (
            "nodes of streams", 8_000,
            {
                "HSET stream:\($0 % 50):nodes node-\($0) "
                    + "{\"address\":\"10.0.0.1:8080\",\"trust\":0.91,\"viewers\":\($0)}"
            }
        ),
        ("small hashes", 8_000, { "HSET user:\($0 % 2_000) field\($0 % 10) \($0)" }),
        ("a large hash", 8_000, { "HSET big f\($0) \($0)" }),
        ("lists", 8_000, { "RPUSH list:\($0 % 100) element-\($0)" }),
        ("a long list", 8_000, { "LPUSH long \($0)" }),
        ("integer sets", 8_000, { "SADD ints:\($0 % 100) \($0)" }),
        ("sets", 8_000, { "SADD set:\($0 % 100) member-\($0)" }),
        ("small sorted sets", 8_000, { "ZADD zs:\($0 % 1_000) \($0) m\($0 % 50)" }),
        ("a large sorted set", 8_000, { "ZADD board \($0 * 7 % 1_000).5 player-\($0)" }),
    ]

    private func used(_ link: Link) throws -> Int {
        guard case .bulk(let text) = try link.command("INFO memory"),
            let line = String(decoding: text, as: UTF8.self).split(whereSeparator: \.isNewline)
                .first(where: { $0.hasPrefix("used_memory:") }),
            let value = Int(line.dropFirst("used_memory:".count))
        else { throw POSIXError(.EINVAL) }
        return value
    }

    @Test("what keys take is what Redis takes, within three in a hundred")
    func loads() throws {
        let redis = try RealRedis(["--activerehashing", "yes"])
        let link = try Link(port: redis.port)
        var isWarm = false
        // A first load is not looked at: the client's buffers grow with it.
        for (name, count, command) in [Self.loads[0]] + Self.loads {
            var settings = CacheServer.Settings()
            settings.engine.quantum = 16  // Debian's jemalloc
            var ours = LocalServer(settings)
            _ = ours.connect()
            let ourBefore = ours.server.engine.usedMemory
            // A few at a time, or the buffer for commands would grow with them.
            for start in stride(from: 0, to: count, by: 20) {
                let commands = (start..<min(start + 20, count)).flatMap {
                    wire(words(command($0)))
                }
                try link.send(commands)
                ours.send(commands)
                for _ in start..<min(start + 20, count) {
                    let theirs = try link.reply()
                    guard try ours.reply() == theirs else { throw POSIXError(.EBADMSG) }
                }
            }
            // Both have moved to their new tables by then.
            for _ in 0..<20 { ours.wait(.milliseconds(100)) }
            // Emptied at once, so that the client's buffers are in both figures.
            let full = try settled(link)
            _ = try link.command("FLUSHALL")
            let theirs = try full - used(link)
            let our = ours.server.engine.usedMemory - ourBefore
            defer { isWarm = true }
            guard isWarm else { continue }
            let permille = (our - theirs) * 1_000 / theirs
            print("memory of \(name): Redis \(theirs), ours \(our), \(permille) in a thousand")
            #expect(abs(permille) <= 30, "\(name)")
        }
    }

    /// What Redis uses when it has stopped moving things, waited for.
    private func settled(_ link: Link) throws -> Int {
        var last = 0
        for _ in 0..<100 {
            let now = try used(link)
            if now == last { return now }
            last = now
            usleep(150_000)
        }
        return last
    }

    @Test("memory comes back when keys go, whatever was done to them")
    func returns() throws {
        var ours = LocalServer()
        _ = ours.connect()
        let empty = ours.server.engine.usedMemory
        var grammar = CommandGrammar(CommandGrammar.templates, seed: 99)
        for _ in 0..<8_000 { _ = try ours.command(grammar.next().words) }
        _ = try ours.command("DISCARD")
        _ = try ours.command("UNWATCH")
        guard case .array(let keys) = try ours.command("KEYS *") else { return }
        #expect(!keys.isEmpty)
        for case .bulk(let key) in keys { _ = try ours.command([Array("DEL".utf8), key]) }
        #expect(try ours.command("DBSIZE") == .integer(0))
        // The table keeps a few buckets.
        #expect(ours.server.engine.usedMemory - empty <= 1_024)
    }
}
