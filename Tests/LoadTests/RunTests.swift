import Base
import Load
import Media
import Results
import Testing

/// Loads of real servers on this machine. A busy machine may make the generator late, which it then
/// says; what is asserted here holds all the same.
@Suite(.serialized) struct RunTests {
    @Test("what is sent arrives: every figure of a load of our own server", .timeLimit(.minutes(1)))
    func whole() async throws {
        let result = try await TestServer.with { port in
            try await LoadPlan.small(port: port, publishers: 2, players: 6, seconds: 6).run()
        }
        #expect(result.partial == nil)
        #expect(result.targetDoubts.isEmpty)
        #expect(result.ruling("connections")?.status == .pass)
        #expect(result.count("clients_called") == Fixed(8))
        #expect(result.count("publishers_started") == Fixed(2))
        #expect(result.count("players_started") == Fixed(6))
        #expect(result.failures.isEmpty)
        for name in ["connect", "handshake"] { #expect(result.spread(name)?.count == 8) }
        #expect(result.spread("publish_accepted")?.count == 2)
        for name in ["play_accepted", "first_frame", "first_key_frame"] {
            #expect(result.spread(name)?.count == 6, "\(name)")
        }
        // Five seconds of 30 pictures for each, or a little less.
        #expect(try #require(result.count("pictures")) > Fixed(6 * 100))
        #expect(result.count("pictures_lost") == .zero)
        #expect(result.count("pictures_out_of_order") == .zero)
        #expect(result.count("pictures_without_stamp") == .zero)
        #expect(try #require(result.spread("delivery_delay")).count > 500)
        #expect(try #require(result.spread("delivery_delay")).p50 < Fixed(500))
        #expect(result.series.columns.allSatisfy { $0.values.count == 6 })
        let delays = try #require(result.histograms.first { $0.name == "delivery_delay" })
        #expect(
            Int64(delays.buckets.reduce(0) { $0 + $1.count })
                == result.spread("delivery_delay")?.count)
    }

    @Test("a delay on the way is measured to a few milliseconds", .timeLimit(.minutes(1)))
    func delay() async throws {
        let result = try await TestServer.with { port in
            // Both the publisher and the player go through it.
            try await Faulty.delays(.milliseconds(150), to: port).with { late in
                try await LoadPlan.small(
                    port: late, seconds: 6,
                    ["delivery_delay: p(95)<100", "delivery_delay: min>300"]
                ).run()
            }
        }
        let delay = try #require(result.spread("delivery_delay"))
        #expect(delay.least >= Fixed(300) && delay.p50 < Fixed(600))
        #expect(try #require(result.spread("handshake")).least >= Fixed(300))
        #expect(result.ruling("delivery_delay: p(95)<100")?.status != .pass)
        #expect(result.ruling("delivery_delay: min>300")?.status != .fail)
    }

    @Test(
        "what comes in the warm-up is not ruled on, and windows have their own figures",
        .timeLimit(.minutes(1)))
    func windows() async throws {
        let result = try await TestServer.with { port in
            try await LoadPlan.small(
                port: port, seconds: 6,
                [
                    "pictures{before:2s}: count<60", "pictures{after:2s,before:4s}: count>40",
                    "pictures{after:100s}: count>0", "connect: count==0",
                ], warmUp: .seconds(3)
            ).run()
        }
        #expect(result.spread("connect")?.count == 0)
        #expect(try #require(result.spread("delivery_delay")).count < 110)
        #expect(result.ruling("pictures{before:2s}: count<60")?.status != .fail)
        #expect(result.ruling("pictures{after:2s,before:4s}: count>40")?.status != .fail)
        #expect(result.ruling("pictures{after:100s}: count>0")?.status == .inconclusive)
        #expect(result.ruling("connect: count==0")?.status != .fail)
    }

    @Test("a threshold that aborts ends the load, and says which", .timeLimit(.minutes(1)))
    func abort() async throws {
        let result = try await TestServer.with { port in
            try await LoadPlan.small(
                port: port, seconds: 60,
                ["pictures: count<10, abortOnFail, delayAbortEval=2s"]
            ).run()
        }
        #expect(result.partial?.hasPrefix("pictures: count<10 does not hold") == true)
        #expect(result.length < .seconds(20))
        #expect(result.ruling("pictures: count<10")?.status != .pass)
    }

    @Test("a ceiling that the plan keeps is held against what flows", .timeLimit(.minutes(1)))
    func ceiling() async throws {
        let result = try await TestServer.with { port in
            // Small pictures are larger than asked: the plan's sum is below what goes.
            var plan = try LoadPlan.small(port: port, seconds: 20)
            plan.shape.videoRate = 20_000
            plan.shape.audioRate = 0
            plan.ceilings.bytes = ByteCount(bytes: 2 * 20 * 2_500)
            #expect(plan.refusal == nil)
            return try await plan.run()
        }
        #expect(result.partial == "the ceiling of 100000 bytes was reached")
        #expect(result.length < .seconds(15))
    }

    @Test("an interrupt ends the load soon, with what was measured", .timeLimit(.minutes(1)))
    func interrupt() async throws {
        let start = ContinuousClock.now
        let result = try await TestServer.with { port in
            try await LoadPlan.small(port: port, seconds: 60).run {
                ContinuousClock.now - start > .seconds(3)
            }
        }
        #expect(result.partial == "interrupted")
        #expect(result.length < .seconds(15))
        #expect(try #require(result.count("pictures")) > Fixed(10))
    }
}
