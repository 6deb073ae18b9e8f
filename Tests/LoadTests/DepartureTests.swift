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
            for _ in 0..<4 {
                let result = try await LoadPlan.small(
                    port: port, publishers: 1, players: 60, seconds: 2
                ).run()
                #expect(result.count("players_started") == Fixed(60), "\(result.failures)")
            }
        }
    }
}
