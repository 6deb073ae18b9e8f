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
        plan.follow(
            LoadArrivals(
                publishers: .population(4), players: try #require(Arrivals("0s:20,30s:20")),
                flvPlayers: .population(0), hlsPlayers: .population(0)))
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
    func shard() throws {
        var ceilings = Ceilings.none
        ceilings.bytes = ByteCount(bytes: 3_000)
        ceilings.rate = Rate(bitsPerSecond: 24_000)
        func excess(_ bytes: Int, of shards: Int) throws -> String? {
            let allowance = try #require(Allowance(ceilings, shards: shards))
            let isLeft = allowance.spend(sent: bytes, received: 0, at: .init(nanoseconds: 0))
            #expect(isLeft == (allowance.excess == nil))
            return allowance.excess
        }
        #expect(try excess(3_000, of: 1) == nil)
        #expect(try excess(1_000, of: 3) == nil)
        #expect(try excess(1_001, of: 3)?.contains("1000 bytes, this shard's part,") == true)
        ceilings.bytes = nil
        #expect(try excess(1_001, of: 3)?.contains("8000 bit/s") == true)
        #expect(Allowance(.none, shards: 1) == nil)
    }

    @Test("the rate's ceiling is its mean, with one second's worth at once and no more")
    func bucket() throws {
        var ceilings = Ceilings.none
        ceilings.rate = Rate(bitsPerSecond: 8_000)
        /// How often 250 bytes may pass each way, a pause after each time; 100 is for ever.
        func times(_ pause: Interval) throws -> Int {
            let allowance = try #require(Allowance(ceilings, shards: 1))
            var now = Instant(nanoseconds: 0)
            for time in 0..<100 {
                guard allowance.spend(sent: 250, received: 250, at: now) else { return time }
                now = now + pause
            }
            return 100
        }
        #expect(try times(.milliseconds(500)) == 100)
        #expect(try times(.zero) == 2)
        // Half a second's worth was in hand, and a tenth of it goes each time.
        #expect(try times(.milliseconds(450)) == 11)
    }

    @Test("bytes beyond a ceiling end the load where they are read", .timeLimit(.minutes(1)))
    func bytes() async throws {
        let body = String(repeating: "x", count: 8 << 20)
        let words = "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        let result = try await Faulty.answers(words).with { port in
            var plan = try LoadPlan.calls(port: port, ["GET / 4 callers"], seconds: 20)
            plan.ceilings.bytes = ByteCount(bytes: 1_000_000)
            #expect(plan.refusal == nil)
            return try await plan.run()
        }
        #expect(result.partial == "the ceiling of 1000000 bytes was reached")
        #expect(result.length < .seconds(10))
        #expect(try result.status("ceilings") == .inconclusive)
        // Each of four connections may have had a read or two under way.
        let received = try #require(result.count("bytes_received"))
        #expect(received > Fixed(900_000) && received < Fixed(2_000_000), "\(received)")
    }

    @Test("callers come along the ramp", .timeLimit(.minutes(1)))
    func callersRamp() async throws {
        var calls: [(Interval, Fixed)] = []
        _ = try await Faulty.stalls.with { port in
            var plan = try LoadPlan.calls(port: port, ["GET / 10 callers"], seconds: 6)
            plan.ramp = .seconds(5)
            let addresses = LoadAddresses(media: nil, web: try plan.web?.resolve(), figures: nil)
            return try await LoadRun.result(
                of: plan, at: addresses, start: Instant(nanoseconds: 0), isStopped: { false }
            ) { view in
                calls.append(
                    (view.elapsed, view.counts.first { $0.name == "calls" }?.value ?? .zero))
            }
        }
        // One every half second.
        #expect(calls.first?.0 == .seconds(1) && (calls.first?.1 ?? .zero) <= Fixed(4), "\(calls)")
        #expect(calls.last?.1 == Fixed(10))
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
            let hurts = watch.take(HurtWatch.Second(failures: 3, answers: 97))
            #expect(hurts == nil)
        }
        var hurts: String?
        for _ in 0..<3 { hurts = watch.take(HurtWatch.Second(failures: 100)) }
        #expect(hurts == "too many of its clients failed")
    }

    @Test("what is not taken, and players that stand still, hurt as failures do")
    func hurtInSilence() {
        var watch = HurtWatch()
        for _ in 0..<20 {
            let hurts = watch.take(HurtWatch.Second(messagesSent: 90, messagesHeldBack: 10))
            #expect(hurts == nil)
        }
        var held: [String?] = []
        for _ in 0..<10 { held.append(watch.take(HurtWatch.Second(messagesHeldBack: 100))) }
        #expect(held.last == "it takes too little of what publishers send")
        watch = HurtWatch()
        var stuck: [String?] = []
        for seconds in 0..<9 {
            // In the third second all of them go on for a moment.
            let second = HurtWatch.Second(players: 10, playersStuck: seconds == 2 ? 0 : 2)
            stuck.append(watch.take(second))
        }
        #expect(stuck.prefix(7).allSatisfy { $0 == nil })
        #expect(stuck[7] == "its players stand still")
    }

    @Test("a call that nobody answered in time was late by that much at least")
    func timedOut() async throws {
        let plan = try LoadPlan.calls(port: 1, ["GET / 1/s"], seconds: 60)
        let web = try #require(plan.web)
        let address = try web.resolve()
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        let late = try await eventLoop.submit {
            let addresses = LoadAddresses(media: nil, web: address, figures: nil)
            let loop = LoadLoop(plan, [], at: addresses, within: nil, nil, on: eventLoop)
            let share = LoadPlan.CallShare(place: 0, stride: 1, connections: 1)
            let pool = WebPool(
                web, at: address, share, began: (clock: RTMPClient.now, day: RTMPClient.now), loop)
            let order = WebPool.Order(call: 0, due: RTMPClient.now - .seconds(31))
            pool.fail(order, .noHTTPAnswer, "")
            return loop.tally[.httpCall].least
        }.get()
        #expect(late > Fixed(30_900) && late < Fixed(60_000))
    }

    @Test("a stall that outlasts a window is one of it, and one of the whole")
    func outlasting() throws {
        let plan = try LoadPlan.small(
            port: 1, seconds: 4, ["stall{before:2s}: count<1", "stall: count<1"])
        var ledger = LoadLedger(plan, start: Instant(nanoseconds: 0))
        for second in Int64(1)...4 {
            var (tally, standing) = (Tally(), Distribution())
            if second == 4 {
                tally.add(.seconds(3), to: .stall)
            } else {
                standing.add(.seconds(second))
            }
            let row = LoadRow(
                tally: tally, publishers: 1, players: 1, cpuPercent: .zero, clientsNotCalled: 0,
                clients: 2, standing: standing, playersStuck: 0, length: .seconds(1))
            #expect(ledger.take(row, until: .seconds(second), []) == nil)
            // While it lasts it is as long as it is by then.
            let whole = ledger.basis(of: plan.thresholds[1]).0[.stall]
            #expect(whole.count == 1 && whole.most >= Fixed(min(second, 3) * 1_000))
        }
        #expect(ledger.basis(of: plan.thresholds[0]).0[.stall].count == 1)
        #expect(ledger.basis(of: plan.thresholds[0]).0[.stall].most < Fixed(2_100))
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
            let cut = ledger.take(row, until: .seconds(Int64(second)), [])
            #expect(cut == nil)
        }
        let (tally, length) = ledger.basis(of: plan.thresholds[0])
        #expect(plan.thresholds[0].measured(in: tally, over: length) == Fixed.ratio(3, 11))
    }
}
