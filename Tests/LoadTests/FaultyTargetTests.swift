import Base
import Load
import Media
import NIOConcurrencyHelpers
import NIOCore
import Results
import Testing

/// Targets that do wrong: the load says what they did, and is never green.
@Suite(.serialized) struct FaultyTargetTests {
    private func expectDown(
        _ result: LoadResult, _ failure: LoadFailure, clients: Int64 = 2
    ) throws {
        #expect(result.status == .inconclusive)
        #expect(result.doubts.first?.contains("the target was down") == true, "\(result.doubts)")
        #expect(result.doubts.first?.contains(failure.rawValue) == true, "\(result.doubts)")
        #expect(result.failures(failure.rawValue) == Fixed(clients), "\(result.failures)")
        #expect(try result.status("connections") == .fail)
        #expect(result.events.contains { $0.detail.hasPrefix(failure.rawValue) })
    }

    @Test("a target that refuses", .timeLimit(.minutes(1)))
    func refuses() async throws {
        let port = try await Faulty.freePort()
        try expectDown(try await LoadPlan.small(port: port, seconds: 2).run(), .refused)
    }

    @Test("a target that accepts and stalls", .timeLimit(.minutes(1)))
    func stalls() async throws {
        let result = try await Faulty.stalls.with { port in
            try await LoadPlan.small(port: port, seconds: 5).run()
        }
        try expectDown(result, .unanswered)
        #expect(result.spread("connect")?.count == 2)
        #expect(result.spread("handshake")?.count == 0)
    }

    @Test("a target that hangs up", .timeLimit(.minutes(1)))
    func hangsUp() async throws {
        let result = try await Faulty.hangsUp.with { port in
            try await LoadPlan.small(port: port, seconds: 2).run()
        }
        try expectDown(result, .closedEarly)
    }

    @Test("a target that resets", .timeLimit(.minutes(1)))
    func resets() async throws {
        let result = try await Faulty.resets.with { port in
            try await LoadPlan.small(port: port, seconds: 2).run()
        }
        try expectDown(result, .reset)
    }

    @Test("a target that talks garbage", .timeLimit(.minutes(1)))
    func garbage() async throws {
        let result = try await Faulty.talksGarbage.with { port in
            try await LoadPlan.small(port: port, seconds: 2).run()
        }
        try expectDown(result, .notRTMP)
    }

    @Test("a player of a stream that nobody publishes gets no picture", .timeLimit(.minutes(1)))
    func empty() async throws {
        let result = try await TestServer.with { port in
            try await LoadPlan.small(port: port, publishers: 0, players: 2, seconds: 4).run()
        }
        #expect(result.status == .inconclusive)
        #expect(result.targetDoubts.contains { $0.hasPrefix("too few samples") })
        #expect(result.failures(LoadFailure.noPicture.rawValue) == Fixed(2))
    }

    @Test("a target that is hurt is left alone", .timeLimit(.minutes(1)))
    func hurt() async throws {
        let port = try await Faulty.freePort()
        var ceilings = Ceilings.none
        ceilings.stopsWhenHurt = true
        let result = try await LoadPlan.small(
            port: port, publishers: 6, players: 6, seconds: 60, ceilings: ceilings
        ).run()
        #expect(result.partial?.contains("hurt") == true)
        #expect(result.length < .seconds(10))
    }

    /// A load whose target says nothing more from its fourth second on.
    private func frozen(_ plan: @Sendable (Int) throws -> LoadPlan) async throws -> LoadResult {
        try await TestServer.with { port in
            let start = NIODeadline.now()
            return try await Faulty.freezes(
                from: start + .seconds(4), until: start + .seconds(600), to: port
            ).with { frozen in try await plan(frozen).run() }
        }
    }

    @Test("players that stand still at the end have failed", .timeLimit(.minutes(1)))
    func freezes() async throws {
        let result = try await frozen { try LoadPlan.small(port: $0, players: 2, seconds: 10) }
        #expect(try result.status("connections") == .fail)
        #expect(result.failures(LoadFailure.stoodStill.rawValue) == Fixed(2))
        // Each stall is one, however often it was looked at.
        #expect(result.spread("stall")?.count == 2)
        #expect(try #require(result.spread("stall")).least > Fixed(3_000))
    }

    @Test("a stall ends the load while it lasts", .timeLimit(.minutes(1)))
    func aborts() async throws {
        let result = try await frozen {
            try LoadPlan.small(port: $0, seconds: 40, ["stall: max<2000, abortOnFail"])
        }
        #expect(result.partial?.hasPrefix("stall: max<2000 does not hold: 2") == true)
        #expect(result.length < .seconds(15))
        #expect(try result.status("stall: max<2000") != .pass)
    }

    @Test("players that stand still hurt the target", .timeLimit(.minutes(1)))
    func hurtByFreezing() async throws {
        let result = try await frozen { port in
            var ceilings = Ceilings.none
            ceilings.stopsWhenHurt = true
            return try LoadPlan.small(port: port, seconds: 40, ceilings: ceilings)
        }
        #expect(result.partial == "the target is hurt: its players stand still")
        #expect(try result.status("hurt") == .fail)
    }

    @Test("a publisher of whom nothing is taken for seconds has failed", .timeLimit(.minutes(1)))
    func plugged() async throws {
        let result = try await TestServer.with { port in
            try await Faulty.plugs(from: .now() + .seconds(2), to: port).with { plugged in
                var plan = try LoadPlan.small(port: plugged, players: 0, seconds: 20)
                // What fills the sockets' buffers soon.
                plan.shape.videoRate = 60_000_000
                return try await plan.run()
            }
        }
        #expect(try result.status("connections") == .fail)
        #expect(result.failures(LoadFailure.tookNothing.rawValue) == Fixed(1))
    }

    @Test("a target that leaves in mid-run", .timeLimit(.minutes(1)))
    func leaves() async throws {
        var result: LoadResult?
        let port = Box()
        async let load: LoadResult = {
            while port.value == 0 { try await Task.sleep(for: .milliseconds(20)) }
            return try await LoadPlan.small(port: port.value, players: 3, seconds: 8).run()
        }()
        try await TestServer.with { bound in
            port.value = bound
            try await Task.sleep(for: .seconds(4))
        }
        result = try await load
        let found = try #require(result)
        #expect(found.status != .pass)
        #expect(try found.status("connections") == .fail)
        let lost = [LoadFailure.closed, .ended, .reset].map { found.failures($0.rawValue) }
        #expect(lost.reduce(0) { $0 + $1.millionths } == 4_000_000, "\(found.failures)")
        #expect(try #require(found.count("pictures")) > .zero)
    }
}

/// A number that one task writes and another waits for.
private final class Box: @unchecked Sendable {
    private let lock = NIOLock()
    private var number = 0

    var value: Int {
        get { lock.withLock { number } }
        set { lock.withLock { number = newValue } }
    }
}
