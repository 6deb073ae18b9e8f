import Base
import Platform
import RESP
import Testing

/// What the differential test does not reach: connections, limits, memory, housekeeping.
@Suite struct ServerTests {
    private static func authenticated() -> CacheServer.Settings {
        var settings = CacheServer.Settings()
        settings.password = Array("secret".utf8)
        return settings
    }

    @Test("nothing is answered before the password")
    func password() throws {
        var local = LocalServer(Self.authenticated())
        let client = local.connect()
        #expect(try local.command("GET a") == .refused("NOAUTH Authentication required."))
        #expect(
            try local.command("AUTH wrong")
                == .refused("WRONGPASS invalid username-password pair or user is disabled."))
        #expect(
            try local.command("AUTH secre")
                == .refused("WRONGPASS invalid username-password pair or user is disabled."))
        #expect(try local.command("AUTH default secret") == .ok)
        #expect(try local.command("GET a") == .null)
        #expect(try local.command("RESET") == .simple(Array("RESET".utf8)))
        #expect(try local.command("GET a") == .refused("NOAUTH Authentication required."))
        // A stranger may not make the server hold much.
        local.send(Array("*2\r\n$3\r\nGET\r\n$20000\r\n".utf8))
        #expect(
            try local.reply() == .refused("ERR Protocol error: unauthenticated bulk length"))
        #expect(local.closed == [client])
    }

    @Test("HELLO tells about the server and changes the protocol, which RESET changes back")
    func hello() throws {
        var local = LocalServer(Self.authenticated())
        _ = local.connect()
        #expect(try local.command("HELLO 4") == .refused("NOPROTO unsupported protocol version"))
        let unknown = "NOAUTH HELLO must be called with the client already authenticated, otherwise"
        guard case .error(let why) = try local.command("HELLO 3") else {
            Issue.record("a stranger was greeted")
            return
        }
        #expect(String(decoding: why, as: UTF8.self).hasPrefix(unknown))
        let reply = try local.command("HELLO 2 AUTH default secret SETNAME me")
        guard case .array(let facts) = reply else {
            Issue.record("\(reply)")
            return
        }
        #expect(facts.count == 14 && facts[0] == .text("server"))
        #expect(try local.command("CLIENT GETNAME") == .text("me"))
        guard case .map(let facts) = try local.command("HELLO 3") else {
            Issue.record("not the version that was asked for")
            return
        }
        #expect(facts.count == 14 && facts[5] == .integer(3))
        #expect(try local.command("HSET h f v") == .integer(1))
        #expect(try local.command("HGETALL h") == .map([.text("f"), .text("v")]))
        guard case .verbatim(let line) = try local.command("CLIENT INFO") else {
            Issue.record("not a text for people")
            return
        }
        #expect(String(decoding: line, as: UTF8.self).contains(" resp=3 "))
        _ = try local.command("RESET")
        _ = try local.command("AUTH secret")
        #expect(try local.command("HGETALL h") == .array([.text("f"), .text("v")]))
    }

    @Test("who subscribes in version 3 goes on with other commands; messages are pushed")
    func pushes() throws {
        var local = LocalServer()
        let (old, new) = (local.connect(), local.connect())
        _ = try local.command("HELLO 3", from: new)
        let names: [RESPReply] = [.text("subscribe"), .text("news"), .integer(1)]
        #expect(try local.command("SUBSCRIBE news", from: new) == .push(names))
        #expect(try local.command("SUBSCRIBE news", from: old) == .array(names))
        #expect(try local.command("PING", from: new) == .simple(Array("PONG".utf8)))
        #expect(try local.command("SET k v", from: new) == .ok)
        guard case .error = try local.command("SET k v", from: old) else {
            Issue.record("version 2 knows no commands between messages")
            return
        }
        let message: [RESPReply] = [.text("message"), .text("news"), .text("hello")]
        #expect(try local.command("PUBLISH news hello", from: new) == .push(message))
        #expect(try local.reply(new) == .integer(2))
        #expect(try local.reply(old) == .array(message))
    }

    @Test("commands in one piece, byte by byte, or inline are the same")
    func pieces() throws {
        let commands = ["SET k v", "INCRBY n 5", "RPUSH l 1 2 3", "LRANGE l 0 -1", "GET none"]
        let bytes = commands.flatMap { wire(words($0)) } + Array("GET \"k\"\r\nNOSUCH\n".utf8)
        var replies: [[RESPReply]] = []
        for size in [1, 2, 3, 7, bytes.count] {
            var local = LocalServer()
            _ = local.connect()
            for start in stride(from: 0, to: bytes.count, by: size) {
                local.send(Array(bytes[start..<min(start + size, bytes.count)]))
            }
            var found: [RESPReply] = []
            while let reply = try local.reply() { found.append(reply) }
            replies.append(found)
        }
        #expect(replies[0].count == 7)
        for other in replies { #expect(other == replies[0]) }
    }

    @Test("one too many clients is told so; the others go on")
    func clientLimit() throws {
        var settings = CacheServer.Settings()
        settings.clientsMax = 2
        var local = LocalServer(settings)
        let (a, b) = (local.connect(), local.connect())
        let c = local.connect()
        #expect(try local.reply(c) == .refused("ERR max number of clients reached"))
        #expect(local.closed == [c])
        local.end(c)
        #expect(try local.command("PING", from: a) == .simple(Array("PONG".utf8)))
        local.end(a)
        let d = local.connect()
        #expect(try local.command("SET a b", from: d) == .ok)
        #expect(try local.command("GET a", from: b) == .text("b"))
    }

    @Test("idle clients are disconnected, subscribers are not")
    func idle() throws {
        var settings = CacheServer.Settings()
        settings.timeout = 5
        var local = LocalServer(settings)
        let idle = local.connect()
        let subscriber = local.connect()
        _ = try local.command("SUBSCRIBE news", from: subscriber)
        for _ in 0..<100 { local.wait(.milliseconds(100)) }
        #expect(local.closed == [idle])
    }

    @Test("what is published reaches channels and patterns")
    func channels() throws {
        var local = LocalServer()
        let (publisher, listener) = (local.connect(), local.connect())
        _ = try local.command("SUBSCRIBE news", from: listener)
        _ = try local.command("PSUBSCRIBE n*", from: listener)
        #expect(try local.command("PUBLISH news hello", from: publisher) == .integer(2))
        #expect(
            try local.reply(listener)
                == .array([.text("message"), .text("news"), .text("hello")]))
        #expect(
            try local.reply(listener)
                == .array([.text("pmessage"), .text("n*"), .text("news"), .text("hello")]))
        guard case .error = try local.command("GET a", from: listener) else {
            Issue.record("a subscriber may not ask for keys")
            return
        }
        _ = try local.command("UNSUBSCRIBE news", from: listener)
        local.end(listener)
        #expect(try local.command("PUBLISH news hello", from: publisher) == .integer(0))
    }

    @Test("a transaction is abandoned when a watched key expires")
    func watchedExpiry() throws {
        var local = LocalServer()
        _ = local.connect()
        _ = try local.command("SET a 1 PX 100")
        _ = try local.command("WATCH a")
        _ = try local.command("MULTI")
        _ = try local.command("SET b 1")
        local.now += .milliseconds(150)
        #expect(try local.command("EXEC") == .null)
        #expect(try local.command("EXISTS b") == .integer(0))
    }

    @Test("keys that nobody asks for expire as well")
    func activeExpiry() throws {
        var local = LocalServer()
        _ = local.connect()
        for number in 0..<5_000 { _ = try local.command("SET k\(number) v PX 50") }
        for number in 0..<1_000 { _ = try local.command("SET stays\(number) v EX 1000") }
        for _ in 0..<30 { local.wait(.milliseconds(100)) }
        let left = try #require(try local.command("DBSIZE").integer)
        // At most a tenth of what is sampled may have expired when a cycle ends.
        #expect((1_000...1_120).contains(left))
    }

    @Test("replies larger than a client takes at once still all arrive")
    func manyLargeReplies() throws {
        var local = LocalServer()
        _ = local.connect()
        let large = [UInt8](repeating: 7, count: 300_000)
        _ = try local.command([Array("SET".utf8), Array("k".utf8), large])
        local.send((0..<50).flatMap { _ in wire(words("GET k")) })
        for _ in 0..<50 { #expect(try local.reply() == .bulk(large)) }
        #expect(try local.reply() == nil)
    }

    @Test("what waits in queries and transactions is bounded for all clients together")
    func queryLimit() throws {
        var settings = CacheServer.Settings()
        settings.queryMax = 1 << 20
        var local = LocalServer(settings)
        let (a, b, c) = (local.connect(), local.connect(), local.connect())
        local.send(Array("*2\r\n$3\r\nGET\r\n$700000\r\n".utf8), from: a)
        local.send([UInt8](repeating: 1, count: 600_000), from: a)
        #expect(local.closed == [])
        _ = try local.command("MULTI", from: b)
        let value = [UInt8](repeating: 1, count: 100_000)
        for _ in 0..<8 { local.send(wire([Array("ECHO".utf8), value]), from: b) }
        #expect(local.closed == [b])
        local.end(b)
        local.end(a)
        #expect(try local.command("PING", from: c) == .simple(Array("PONG".utf8)))
        _ = try local.command("MULTI", from: c)
        for _ in 0..<8 { _ = try local.command([Array("ECHO".utf8), value], from: c) }
        _ = try local.command("EXEC", from: c)
        #expect(local.closed == [b])
    }

    /// Keys are added and removed while a scan goes on; those that stay must all be seen.
    @Test("a scan sees every key that is there all the time", arguments: [UInt64](1...4))
    func scan(seed: UInt64) throws {
        var local = LocalServer()
        _ = local.connect()
        var random = Random(seed: seed)
        for number in 0..<200 { _ = try local.command("SET stays\(number) v") }
        let growing = random.below(2) == 0
        if !growing {
            for number in 0..<2_000 { _ = try local.command("SET goes\(number) v") }
        }
        var seen: [String: Bool] = [:]
        var cursor = "0"
        var step = 0
        repeat {
            guard case .array(let parts) = try local.command("SCAN \(cursor)"),
                case .bulk(let next) = parts[0], case .array(let names) = parts[1]
            else { return }
            for case .bulk(let name) in names { seen[String(decoding: name, as: UTF8.self)] = true }
            cursor = String(decoding: next, as: UTF8.self)
            for number in step * 40..<(step + 1) * 40 where number < 4_000 {
                _ = try local.command(growing ? "SET new\(number) v" : "DEL goes\(number)")
            }
            if random.below(4) == 0 { local.wait(.milliseconds(100)) }
            step += 1
        } while cursor != "0" && step < 2_000
        #expect(cursor == "0")
        for number in 0..<200 { #expect(seen["stays\(number)"] == true, "seed \(seed)") }
    }
}
