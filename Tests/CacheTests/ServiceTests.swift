import Foundation
import Logging
import Platform
import RESP
import Sockets
import Testing

/// Ours on real sockets, for one test.
func withService(
    _ change: (inout CacheService.Options) -> Void = { _ in },
    _ body: (CacheService) async throws -> Void
) async throws {
    var options = CacheService.Options()
    options.port = 0
    change(&options)
    var logger = Logger(label: "test")
    logger.logLevel = .error
    let service = try await CacheService.start(options, logger: logger)
    do {
        try await body(service)
        await service.stop()
    } catch {
        await service.stop()
        throw error
    }
}

/// The server on sockets, with the clients that others wrote.
@Suite(.serialized) struct ServiceTests {
    @Test("redis-cli works: commands, pipes and pages of keys")
    func commandLine() async throws {
        try await withService { service in
            let port = "\(service.port)"
            func ask(_ words: String...) throws -> String {
                try output("/usr/bin/redis-cli", ["-p", port] + words)
                    .trimmingCharacters(in: .whitespacesAndNewlines)
            }
            #expect(try ask("set", "greeting", "hello world") == "OK")
            #expect(try ask("get", "greeting") == "hello world")
            #expect(try ask("hset", "h", "a", "1", "b", "2") == "2")
            #expect(try ask("info", "server").contains("redis_version:7.0.15"))
            #expect(try ask("config", "set", "maxmemory", "100mb") == "OK")
            #expect(try ask("config", "get", "maxmemory") == "maxmemory\n104857600")
            #expect(try ask("nosuch").hasPrefix("ERR unknown command 'nosuch'"))
            let pairs = (0..<1_000).map {
                String(decoding: wire(words("SET key:\($0) \($0)")), as: UTF8.self)
            }
            let piped = try output(
                "/usr/bin/redis-cli", ["-p", port, "--pipe"], input: pairs.joined())
            #expect(piped.contains("errors: 0, replies: 1000"))
            let keys = try ask("--scan", "--pattern", "key:*").split(separator: "\n")
            #expect(Set(keys).count == 1_000)
            #expect(try ask("--bigkeys").contains("Sampled 1002 keys in the keyspace!"))
        }
    }

    @Test("redis-benchmark runs through its tests")
    func benchmark() async throws {
        try await withService { service in
            let text = try output(
                "/usr/bin/redis-benchmark",
                [
                    "-p", "\(service.port)", "-n", "5000", "-c", "20", "-P", "8", "--csv", "-t",
                    "ping,set,get,incr,lpush,rpush,lpop,rpop,sadd,hset,spop,zadd,zpopmin,lrange,mset",
                ])
            let rows = text.split(separator: "\n").filter { $0.hasPrefix("\"") }
            #expect(rows.count >= 19, "\(text)")
            #expect(!text.contains("Error"))
        }
    }

    @Test(
        "the PyPI client redis works: types, pipelines, transactions, locks, messages",
        arguments: [[], ["2"], ["3"]])
    func python(protocol version: [String]) async throws {
        let script = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "client.py").path
        try await withService {
            $0.server.password = Array("secret".utf8)
        } _: { service in
            let text = try output(
                "/usr/bin/env", ["python3", script, "\(service.port)", "secret"] + version)
            #expect(text.hasSuffix("everything works\n"), "\(text)")
        }
    }

    @Test("a client that does not read its replies is not read either; others go on")
    func backPressure() async throws {
        try await withService { service in
            let greedy = try Link(port: service.port)
            let other = try Link(port: service.port)
            let value = [UInt8](repeating: 1, count: 1 << 20)
            #expect(try other.command([Array("SET".utf8), Array("k".utf8), value]) == .ok)
            // 400 MB of replies, of which nothing is read at first.
            try greedy.send((0..<400).flatMap { _ in wire(words("GET k")) })
            for _ in 0..<100 { #expect(try other.command("PING") == .simple(Array("PONG".utf8))) }
            for _ in 0..<400 { #expect(try greedy.reply() == .bulk(value)) }
            #expect(try greedy.command("PING") == .simple(Array("PONG".utf8)))
        }
    }

    @Test("garbage ends one connection and disturbs no other")
    func garbage() async throws {
        try await withService { service in
            let good = try Link(port: service.port)
            for bytes in ["*1000000000\r\n", "*1\r\n$-5\r\n", "*1\r\n:3\r\n", "GET \"a\r\n"] {
                let bad = try Link(port: service.port)
                try bad.send(Array(bytes.utf8))
                guard case .error(let text)? = try bad.reply() else {
                    Issue.record("no error for \(bytes)")
                    continue
                }
                #expect(String(decoding: text, as: UTF8.self).hasPrefix("ERR Protocol error: "))
                #expect(try bad.reply() == nil)
            }
            let endless = try Link(port: service.port)
            try endless.send([UInt8](repeating: 0x61, count: 70_000))
            #expect(
                try endless.reply() == .refused("ERR Protocol error: too big inline request"))
            #expect(try good.command("SET a b") == .ok)
        }
    }

    @Test("a browser's request ends its connection before its body is read")
    func browsers() async throws {
        try await withService { service in
            let good = try Link(port: service.port)
            #expect(try good.command("SET keep 1") == .ok)
            for head in ["POST / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: a\r\n"] {
                let browser = try Link(port: service.port)
                try browser.send(Array((head + "\r\nDEL keep\r\n").utf8))
                while try browser.reply() != nil {}
            }
            #expect(try good.command("GET keep") == .text("1"))
        }
    }

    @Test("stopping answers what was asked and ends connections")
    func stopping() async throws {
        var options = CacheService.Options()
        options.port = 0
        let service = try await CacheService.start(options, logger: Logger(label: "test"))
        let link = try Link(port: service.port)
        #expect(try link.command("SET a b") == .ok)
        await service.stop()
        #expect(try link.reply() == nil)
        #expect(throws: (any Error).self) { try Link(port: service.port) }
    }

    @Test("a port in use is said so")
    func portInUse() async throws {
        try await withService { service in
            var options = CacheService.Options()
            options.port = service.port
            await #expect(throws: StartError.self) {
                _ = try await CacheService.start(options, logger: Logger(label: "test"))
            }
        }
    }
}
