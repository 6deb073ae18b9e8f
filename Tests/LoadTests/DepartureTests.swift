import Base
import Load
import Results
import Testing

/// Players that say goodbye and close with bytes unread reset their connections, in the middle of
/// the server's writes to them.
@Suite(.serialized) struct DepartureTests {
    @Test("a server that many leave at once goes on", .timeLimit(.minutes(1)))
    func departures() async throws {
        try await TestServer.with { port in
            for _ in 0..<3 {
                let plan = try LoadPlan.small(port: port, publishers: 1, players: 30, seconds: 2)
                let crowd = try await plan.run()
                #expect(try #require(crowd.count("players_started")) > .zero)
            }
            let last = try await LoadPlan.small(port: port, seconds: 3).run()
            #expect(try last.status("connections") == .pass, "\(last.failures)")
            #expect(try #require(last.count("pictures")) > .zero)
        }
    }
}
