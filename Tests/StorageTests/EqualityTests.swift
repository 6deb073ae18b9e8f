import Base
import Platform
import Testing
import TransactionSequences

@testable import Storage

/// The SQL stores are held to the one in memory: the same transactions, the same answers.
@Suite struct EqualityTests {
    private static let steps = 2_500

    @Test(
        "random transactions have the answers of the tables in memory", .timeLimit(.minutes(5)),
        arguments: Engine.allCases, [UInt64(1), 2, 3])
    func answers(engine: Engine, seed: UInt64) async throws {
        var settings = Store.Settings()
        settings.trustRule = seed % 2 == 0 ? .verifiedReports : .spotChecks
        var tables = Tables(trustRule: settings.trustRule)
        var source = TransactionSource(seed: seed, start: start)
        try await engine.withStore(settings) { store in
            for number in 0..<Self.steps {
                let step = source.next()
                let expected = tables.execute(step.transaction, at: step.at)
                let answer = try await store.execute(step.transaction, at: step.at)
                try #require(
                    answer == expected,
                    "seed \(seed), step \(number): \(step.transaction)")
            }
        }
    }
}
