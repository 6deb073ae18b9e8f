import Base
import Platform
import Testing

@testable import Storage

/// Pages and other reads are one statement each, however many rows they show.
@Suite struct PageTests {
    private static let reads: [Transaction] = [
        .ping, .findUser(name: "ada"), .keys(UserID(0)), .streams(nil), .findStream(StreamID(0)),
        .nodesForStream(StreamID(0)), .peers(StreamID(0)), .activeNodes, .overview, .leaderboard,
        .payouts(since: 0), .nodeFigures(NodeID(1)), .economics, .streamerFigures(UserID(0)),
    ]

    @Test("every page and every read is one statement", arguments: Engine.allCases)
    func one(engine: Engine) async throws {
        try await engine.withStore { store in
            try await store.populate(nodes: 30)
            for transaction in Self.reads {
                let before = store.figures.statements
                _ = try await store.execute(transaction, at: start)
                #expect(store.figures.statements - before == 1, "\(transaction)")
            }
        }
    }

    /// A heartbeat is the hot path.
    @Test("a heartbeat is one statement", arguments: Engine.allCases)
    func heartbeat(engine: Engine) async throws {
        try await engine.withStore { store in
            try await store.populate(nodes: 2)
            let before = store.figures.statements
            _ = try await store.execute(beat(1), at: start + .seconds(30))
            #expect(store.figures.statements - before == 1)
        }
    }
}
