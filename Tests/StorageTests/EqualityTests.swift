import Base
import Platform
import Testing
import TransactionSequences

@testable import Storage

/// The SQL stores are held to the one in memory: the same transactions, the same answers.
@Suite struct EqualityTests {
    private static let steps = 1_500

    @Test(
        "random transactions have the answers of the tables in memory", .timeLimit(.minutes(10)),
        arguments: Engine.allCases, [UInt64(5), 8, 10])
    func answers(engine: Engine, seed: UInt64) async throws {
        var settings = Store.Settings()
        settings.trustRule = seed % 2 == 0 ? .verifiedReports : .spotChecks
        var tables = Tables(trustRule: settings.trustRule)
        var source = TransactionSource(seed: seed, start: start)
        var reached = Reached()
        try await engine.withStore(settings) { store in
            for number in 0..<Self.steps {
                let step = source.next()
                let expected = tables.execute(step.transaction, at: step.at)
                let answer = try await store.execute(step.transaction, at: step.at)
                try #require(
                    answer == expected,
                    "seed \(seed), step \(number): \(step.transaction)")
                reached.note(answer)
            }
        }
        #expect(reached.payments > 0 && reached.changes > 0 && reached.months > 0, "\(reached)")
    }

    /// What a sequence must come to, so that equal answers mean something.
    private struct Reached {
        var payments = 0
        var changes = 0
        var months = 0

        mutating func note(_ answer: StoreAnswer) {
            if case .paid(let nano) = answer, nano > 0 { payments += 1 }
            if case .changed(let nodes) = answer, !nodes.isEmpty { changes += 1 }
            if case .economics(let page) = answer, !page.months.isEmpty { months += 1 }
        }
    }
}
