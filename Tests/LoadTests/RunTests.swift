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
        #expect(try result.status("connections") == .pass)
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
        #expect(try result.status("delivery_delay: p(95)<100") != .pass)
        #expect(try result.status("delivery_delay: min>300") != .fail)
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
        #expect(try result.status("pictures{before:2s}: count<60") != .fail)
        #expect(try result.status("pictures{after:2s,before:4s}: count>40") != .fail)
        #expect(try result.status("pictures{after:100s}: count>0") == .inconclusive)
        #expect(try result.status("connect: count==0") != .fail)
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
        #expect(try result.status("pictures: count<10") != .pass)
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
