import Base
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import Results
import Sockets
import Testing

@testable import Load

/// What is seen of a target from outside, and of the generator's own sockets.
@Suite(.serialized) struct LookTests {
    @Test(
        "a target that stands still is never green, even if nobody plays", .timeLimit(.minutes(2)))
    func frozen() async throws {
        let result = try await TestServer.with { port in
            let start = NIODeadline.now()
            return try await Faulty.freezes(
                from: start + .seconds(9), until: start + .seconds(600), to: port
            ).with { frozen in
                // So little that the kernel holds all of it.
                try await LoadPlan.small(port: frozen, players: 0, seconds: 11).run()
            }
        }
        #expect(try result.status("connections") == .pass)
        #expect(try result.status("answers") == .fail)
        #expect(result.status != .pass)
        #expect(try #require(result.count("looks_missed")) >= Fixed(1))
        #expect(result.events.contains { $0.kind == "target-silent" })
    }

    @Test("a target that greets is looked at once a second", .timeLimit(.minutes(1)))
    func greets() async throws {
        let result = try await TestServer.with { port in
            try await LoadPlan.small(port: port, players: 0, seconds: 4).run()
        }
        #expect(try result.status("answers") == .pass, "\(result.ruling("answers")?.evidence)")
        let looks = try #require(result.count("looks"))
        // The last is made at the end.
        #expect(looks >= Fixed(2) && looks <= Fixed(6), "\(looks)")
        #expect(result.spread("target_answer").map { Fixed($0.count) } == looks)
        #expect(result.count("looks_missed") == .zero)
    }

    @Test("a target that greets nobody is hurt, one that missed a look now and then is not")
    func hurt() {
        var watch = HurtWatch()
        for second in 0..<20 {
            let missed: Int64 = second % 5 == 0 ? 1 : 0
            let hurts = watch.take(HurtWatch.Second(looks: 1, looksMissed: missed))
            #expect(hurts == nil)
        }
        watch = HurtWatch()
        #expect(watch.take(HurtWatch.Second(looks: 1, looksMissed: 1)) == nil)
        let hurts = watch.take(HurtWatch.Second(looks: 1, looksMissed: 1))
        #expect(hurts == "it greets nobody who comes")
    }

    private static func answer(_ status: String, _ body: String) -> String {
        "HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    @Test("a target that says that it is not well is reported", .timeLimit(.minutes(1)))
    func unwell() async throws {
        let times = NIOLockedValueBox<[NIODeadline]>([])
        let answers = [
            Self.answer("200 OK", "fine"), Self.answer("503 Service Unavailable", "store down"),
        ]
        let result = try await Faulty.answersInTurn(answers, times).with { sick in
            try await TestServer.with { port in
                var plan = try LoadPlan.small(port: port, seconds: 4)
                plan.health = try WebTarget("http://127.0.0.1:\(sick)/health", consent: nil)
                return try await plan.run()
            }
        }
        #expect(try result.status("health") == .fail)
        #expect(result.status != .pass)
        let looks = try #require(result.count("health_looks"))
        #expect(looks >= Fixed(2) && looks <= Fixed(6))
        #expect(result.count("health_bad").map { $0.millionths + 1_000_000 } == looks.millionths)
        let said = result.events.filter { $0.kind == "target-health" }.map(\.detail)
        #expect(said == ["200: fine", "503: store down"])
        #expect(result.spread("target_health").map { Fixed($0.count) } == looks)
    }

    @Test("a target whose health says nothing has failed as well", .timeLimit(.minutes(1)))
    func silentHealth() async throws {
        let result = try await Faulty.stalls.with { silent in
            try await TestServer.withPorts { ports in
                var plan = try LoadPlan.calls(
                    port: ports.api, ["GET /api/v1/streams 20/s"], seconds: 6)
                plan.health = try WebTarget("http://127.0.0.1:\(silent)/health", consent: nil)
                return try await plan.run()
            }
        }
        #expect(try result.status("calls") == .pass)
        #expect(try result.status("health") == .fail)
        #expect(result.events.contains { $0.detail == "no answer" })
        // It has no RTMP, so nobody is asked for a greeting.
        #expect(result.ruling("answers") == nil)
    }

    @Test(
        "a page of health that never ends is paid from the ceilings, and ends the load",
        .timeLimit(.minutes(1)), arguments: [false, true])
    func endlessHealth(isOfBudget: Bool) async throws {
        let result = try await Faulty.pours.with { endless in
            try await TestServer.withPorts { ports in
                var plan = try LoadPlan.calls(
                    port: ports.api, ["GET /api/v1/streams 20/s"], seconds: 20)
                plan.health = try WebTarget("http://127.0.0.1:\(endless)/health", consent: nil)
                let most = ByteCount(bytes: 1_000_000)
                if isOfBudget { plan.ceilings.egress = most } else { plan.ceilings.bytes = most }
                return try await plan.run()
            }
        }
        let words =
            isOfBudget ? "the budget is spent" : "the ceiling of 1000000 bytes was reached"
        #expect(result.partial?.hasPrefix(words) == true, "\(result.partial ?? "whole")")
        #expect(result.length < .seconds(10))
        #expect(try result.status("ceilings") == .inconclusive)
        #expect(try result.status("health") == .fail)
        // A read or two may have been under way.
        let received = try #require(result.count("health_bytes_received"))
        #expect(received > Fixed(900_000) && received < Fixed(1_500_000), "\(received)")
    }

    @Test(
        "looks that fail are counted as far as they came", .timeLimit(.minutes(1)),
        arguments: [
            (Faulty.pours, Int64(4_000_000)),
            (.answersAndResets("HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\nfi"), 40),
        ])
    func failedLooks(_ faulty: Faulty, _ least: Int64) async throws {
        let result = try await faulty.with { sick in
            try await TestServer.withPorts { ports in
                var plan = try LoadPlan.calls(
                    port: ports.api, ["GET /api/v1/streams 20/s"], seconds: 3)
                plan.health = try WebTarget("http://127.0.0.1:\(sick)/health", consent: nil)
                return try await plan.run()
            }
        }
        #expect(try result.status("health") == .fail)
        #expect(result.spread("target_health")?.count == 0)
        #expect(try #require(result.count("health_bytes_sent")) > Fixed(40))
        let received = try #require(result.count("health_bytes_received"))
        #expect(received >= Fixed(least), "\(received)")
        #expect(result.count("figures_bytes_received") == nil)
    }

    @Test("what stands in a socket's buffers is seen", .timeLimit(.minutes(1)))
    func queues() async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let listener = try await ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                // It goes once the channel is there.
                channel.writeAndFlush(ByteBuffer(repeating: 1, count: 100_000), promise: nil)
                return channel.eventLoop.makeSucceededVoidFuture()
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(listener.localAddress?.port)
        let reader = try await ClientBootstrap(group: group).channelOption(.autoRead, value: false)
            .connect(host: "127.0.0.1", port: port).get()
        let back = try #require(reader.localAddress?.port)
        var (mine, theirs) = (SocketQueues(), SocketQueues())
        // The kernel may take its time on a busy machine; it holds what it has room for.
        for _ in 0..<2_000 where mine.unread + theirs.unsent < 100_000 || mine.behind == 0 {
            (mine, theirs) = (
                SocketQueues.sample(to: [port]), SocketQueues.sample(to: [back])
            )
            try await Task.sleep(for: .milliseconds(5))
        }
        #expect(mine.sockets == 1 && mine.unreadMost == mine.unread && mine.unsent == 0)
        #expect(mine.unread > SocketQueues.backlog && mine.unread <= 100_000)
        #expect(mine.behind == 1 && mine.behindPercent == Fixed(100))
        #expect(theirs.sockets == 1 && theirs.unread == 0 && theirs.behind == 0)
        #expect(SocketQueues.sample(to: [1]).sockets == 0)
        try await reader.close()
        try await listener.close()
    }

    @Test("a generator that does not read what came says that it was the bottleneck")
    func behind() {
        var health = GeneratorHealth(
            lateness: .zero, latenessCount: 0, lag: .zero, lagCount: 0, cpuPercent: .zero,
            clientsNotCalled: 0, queues: SocketQueues())
        for number in 0..<100 {
            health.queues.add(unread: number % 10 == 0 ? 70_000 : 0, unsent: 500_000)
        }
        // What the target does not take is not the generator's.
        #expect(health.doubts.isEmpty)
        for _ in 0..<10 { health.queues.add(unread: 70_000, unsent: 0) }
        #expect(health.doubts.count == 1)
        #expect(health.doubts.first?.contains("18 % of its connections") == true)
    }
}
