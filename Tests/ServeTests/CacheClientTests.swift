import Base
import Foundation
import NIOCore
import NIOPosix
import Platform
import TestServers
import Testing

@testable import Sockets

/// Our client against Debian's Redis.
@Suite(.serialized) struct CacheClientTests {
    /// One client for one test.
    private struct Client {
        let client: CacheClient
        let loop = MultiThreadedEventLoopGroup.singleton.next()

        init(_ port: Int, password: String? = nil) {
            var target = CacheClient.Target(host: "127.0.0.1", port: port)
            target.password = password
            client = CacheClient(target, on: loop, logger: TestPlatform.logger)
        }

        func ask(_ command: CacheCommand, at seconds: Int64 = 1_000_000) async -> CacheAnswer? {
            await withCheckedContinuation { continuation in
                loop.execute {
                    client.execute(
                        command, at: Instant(nanoseconds: seconds * 1_000_000_000)
                    ) { continuation.resume(returning: $0) }
                }
            }
        }

        func isUp() async throws -> Bool { try await wait { await ask(.ping) == .done } }
    }

    static func row(_ node: Int32, stream: Int32, beat: Int64) -> NodeRow {
        NodeRow(
            node: NodeID(node), stream: StreamID(stream), name: "n\"ode",
            address: NodeAddress(host: "2a00::1", rtmpPort: 1935, httpPort: 0),
            statsURL: "http://a/stats", trust: Share(millionths: 750_001), capacity: .percent(3),
            viewers: 4, heartbeatAt: Instant(nanoseconds: beat), isActive: true, isFlagged: false)
    }

    @Test("nodes, viewers, counters and sessions are kept as each command says")
    func commands() async throws {
        let redis = try await Redis.start()
        defer { redis.stop() }
        let client = Client(redis.port)
        #expect(try await client.isUp())
        #expect(await client.ask(.nodes(StreamID(1))) == .nodes([]))
        let rows = [
            Self.row(9, stream: 1, beat: 5), Self.row(10, stream: 1, beat: 50),
            Self.row(3, stream: 2, beat: 5),
        ]
        for row in rows { #expect(await client.ask(.putNode(row)) == .done) }
        #expect(await client.ask(.nodes(StreamID(1))) == .nodes([rows[0], rows[1]]))
        #expect(await client.ask(.sweep(before: Instant(nanoseconds: 50))) == .done)
        #expect(await client.ask(.nodes(StreamID(1))) == .nodes([rows[1]]))
        #expect(await client.ask(.nodes(StreamID(2))) == .nodes([]))
        #expect(await client.ask(.putViewer(StreamID(1), viewer: 7, NodeID(9))) == .done)

        let here = ClientAddress(high: 0, low: 1)
        let count = CacheCommand.count(.signIn, here, every: .minutes(1))
        #expect(await client.ask(count) == .count(1))
        #expect(await client.ask(count) == .count(2))
        #expect(await client.ask(.count(.watch, here, every: .minutes(1))) == .count(1))
        #expect(await client.ask(count, at: 1_000_060) == .count(1))

        let session = SessionID(.max)
        let put = CacheCommand.putSession(session, .node(NodeID(4)), lifetime: .days(30))
        #expect(await client.ask(put) == .done)
        #expect(await client.ask(.takeSession(session)) == .session(.node(NodeID(4))))
        #expect(await client.ask(.takeSession(session)) == .session(nil))
        await client.client.stop()
    }

    @Test("every key but the nodes' own expires")
    func expiry() async throws {
        let redis = try await Redis.start()
        defer { redis.stop() }
        let client = Client(redis.port)
        #expect(try await client.isUp())
        _ = await client.ask(.putViewer(StreamID(1), viewer: 7, nil))
        _ = await client.ask(.count(.page, .local, every: .minutes(1)))
        _ = await client.ask(.putSession(SessionID(1), .streamer(UserID(1)), lifetime: .days(1)))
        let script =
            "local n=0 for _,k in ipairs(redis.call('KEYS','*')) do "
            + "if redis.call('TTL',k)<1 then n=n+1 end end return {n,#redis.call('KEYS','*')}"
        let tool = try Tool("redis-cli", "-p", "\(redis.port)", "EVAL", script, "0")
        #expect(try await tool.finish(within: 10) == 0)
        #expect(tool.text == "0\n3\n")
        await client.client.stop()
    }

    @Test("a cache that goes away and comes back is used again; a full one says so")
    func away() async throws {
        let port = try FreePort.any()
        let first = try await Redis.start(on: port, [])
        let client = Client(port)
        #expect(try await client.isUp())
        first.stop()
        #expect(try await wait { await client.ask(.ping) == nil })
        let second = try await Redis.start(on: port, ["--maxmemory", "1"])
        defer { second.stop() }
        #expect(try await client.isUp())
        #expect(await client.ask(.putNode(Self.row(1, stream: 1, beat: 1))) == .outOfMemory)
        await client.client.stop()
    }

    @Test("a password opens, and a wrong one does not")
    func password() async throws {
        let redis = try await Redis.start("--requirepass", "open sesame")
        defer { redis.stop() }
        let right = Client(redis.port, password: "open sesame")
        #expect(try await right.isUp())
        let wrong = Client(redis.port, password: "sesame")
        for _ in 0..<10 { #expect(await wrong.ask(.ping) != .done) }
        await right.client.stop()
        await wrong.client.stop()
    }

    @Test("addresses are read whole")
    func targets() {
        let target = CacheClient.Target("rediss://me:pass@[::1]:7000/3")
        #expect(target?.host == "::1" && target?.port == 7_000 && target?.database == 3)
        #expect(target?.isSecure == true && target?.user == "me" && target?.password == "pass")
        #expect(CacheClient.Target("redis://cache")?.port == 6_379)
        for text in ["", "cache:6379", "http://cache", "redis://", "redis://cache/a"] {
            #expect(CacheClient.Target(text) == nil, "\(text)")
        }
    }
}
