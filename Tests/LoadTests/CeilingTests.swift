import Base
import NIOCore
import NIOPosix
import RTMP
import Results
import Sockets
import Testing

@testable import Load

/// How ceilings, shards and failures bound a load.
@Suite(.serialized) struct CeilingTests {
    @Test("stages bring no more clients in a second than the ceiling lets come")
    func stages() throws {
        var ceilings = Ceilings.none
        ceilings.clientsPerSecond = 3
        var plan = try LoadPlan.small(port: 1, publishers: 4, seconds: 60, ceilings: ceilings)
        plan.follow(try #require(LoadStages("0s:20,30s:20")))
        let starts = plan.clients.map(\.start).sorted()
        #expect(starts.count == 24)
        for (first, fourth) in zip(starts, starts.dropFirst(3)) {
            #expect(fourth - first >= .seconds(1))
        }
    }

    @Test("shards of any number of loops make each call once, on the whole's connections")
    func shares() throws {
        for (count, connections) in [(1, 64), (3, 64), (5, 3), (1, 1)] {
            var plan = try LoadPlan.calls(
                port: 1, ["GET / 1/s"], seconds: 1, connections: connections)
            var shares: [LoadPlan.CallShare] = []
            for place in 0..<count {
                plan.shard = LoadPlan.Shard(place: place, count: count)
                shares += plan.callShares(loops: place + 1)
            }
            #expect(shares.reduce(0) { $0 + $1.connections } == connections)
            #expect(shares.allSatisfy { $0.connections > 0 })
            for number in 0..<200 {
                #expect(shares.count { number % $0.stride == $0.place } == 1, "\(number)")
            }
        }
    }

    @Test("a shard may have its part of the ceilings")
    func shard() {
        var ceilings = Ceilings.none
        ceilings.bytes = ByteCount(bytes: 3_000)
        ceilings.rate = Rate(bitsPerSecond: 24_000)
        func excess(_ bytes: Int64, second: Int64, of shards: Int) -> String? {
            ceilings.excess(sent: bytes, received: 0, second: second, shards: shards)
        }
        #expect(excess(2_000, second: 2_000, of: 1) == nil)
        #expect(excess(2_000, second: 0, of: 3)?.contains("1000 bytes") == true)
        #expect(excess(0, second: 2_001, of: 3)?.contains("8000 bit/s") == true)
    }

    @Test("all who call keep to one ceiling, whatever makes them call", .timeLimit(.minutes(1)))
    func callers() async throws {
        let result = try await TestServer.withPorts { ports in
            var plan = try LoadPlan.calls(
                port: ports.api,
                ["GET /api/v1/streams 20 callers", "GET /nowhere 9 callers", "GET / 10/s"],
                seconds: 4)
            plan.ceilings.calls = 10
            #expect(plan.refusal?.contains("--max-calls") == true)
            plan.ceilings.calls = 20
            #expect(plan.refusal == nil)
            return try await plan.run()
        }
        let calls = try #require(result.count("calls"))
        #expect(calls >= Fixed(60) && calls <= Fixed(84), "\(calls)")
    }

    @Test("failures of ten seconds are set against the answers of the same ten")
    func hurt() {
        var watch = HurtWatch()
        for _ in 0..<20 {
            let isHurt = watch.isHurt(failures: 3, answers: 97, clients: 0)
            #expect(!isHurt)
        }
        var isHurt = false
        for _ in 0..<3 { isHurt = watch.isHurt(failures: 100, answers: 0, clients: 0) }
        #expect(isHurt)
    }

    @Test("a call that nobody answered in time was late by that much at least")
    func timedOut() async throws {
        let plan = try LoadPlan.calls(port: 1, ["GET / 1/s"], seconds: 60)
        let web = try #require(plan.web)
        let address = try web.resolve()
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        let late = try await eventLoop.submit {
            let addresses = LoadAddresses(media: nil, web: address, figures: nil)
            let loop = LoadLoop(plan, [], at: addresses, on: eventLoop)
            let share = LoadPlan.CallShare(place: 0, stride: 1, connections: 1)
            let pool = WebPool(web, at: address, share, loop)
            let order = WebPool.Order(call: 0, due: RTMPClient.now - .seconds(31))
            pool.fail(order, .noHTTPAnswer, "")
            return loop.tally[.httpCall].least
        }.get()
        #expect(late > Fixed(30_900) && late < Fixed(60_000))
    }

    @Test("errors after a warm-up are a part of those who came before it as well")
    func warmUp() throws {
        let plan = try LoadPlan.small(
            port: 1, seconds: 4, ["errors: rate<0.5"], warmUp: .seconds(2))
        var ledger = LoadLedger(plan, start: Instant(nanoseconds: 0))
        for (second, clients) in [(1, 8), (2, 10), (3, 11), (4, 8)] {
            var tally = Tally()
            tally.attempts = [8, 2, 1, 0][second - 1]
            if second == 4 { for _ in 0..<3 { tally.add(.closed) } }
            let row = LoadRow(
                tally: tally, publishers: 0, players: Int64(clients), cpuPercent: .zero,
                clientsNotCalled: 0, clients: Int64(clients), length: .seconds(1))
            let reason = ledger.take(row, [])
            #expect(reason == nil)
        }
        let (tally, length) = ledger.basis(of: plan.thresholds[0])
        #expect(plan.thresholds[0].measured(in: tally, over: length) == Fixed.ratio(3, 11))
    }
}
