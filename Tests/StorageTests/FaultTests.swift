import Base
import Foundation
import Platform
import TestServers
import Testing

@testable import Storage

/// What the world does to a store, and what its users hear then.
@Suite struct FaultTests {
    @Test("many that change one row at once all get their turn", arguments: Engine.allCases)
    func conflicts(engine: Engine) async throws {
        try await engine.withStore { store in
            try await store.populate(nodes: 1)
            let answers = try await withThrowingTaskGroup(of: StoreAnswer.self) { group in
                for index in 0..<200 {
                    group.addTask {
                        try await store.execute(
                            .addStream(owner: UserID(0), title: "s\(index)", key: 1), at: start)
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            var identifiers: [Int32] = []
            for case .stream(let row) in answers { identifiers.append(row.stream.raw) }
            #expect(identifiers.sorted() == Array(1...200))
            // Those that run alone are not in each other's way in the first place.
            #expect(store.figures.retries == 0)
        }
    }

    @Test("an hour that many pay at once is paid once", arguments: Engine.allCases)
    func hourPaidOnce(engine: Engine) async throws {
        try await engine.withStore { store in
            try await store.populate(nodes: 1)
            let until = start + .minutes(1)
            _ = try await store.execute(
                .appendLedger(
                    BandwidthReport(
                        node: NodeID(0), stream: StreamID(0), bytes: 50_000_000_000, from: start,
                        until: until, sourceBitrate: .megabits(3))), at: until)
            _ = try await store.execute(.recordSpotCheck(NodeID(0), passed: true), at: until)
            _ = try await store.execute(.verifyReports, at: until)
            let hour = until.hoursSinceEpoch
            let sums = try await withThrowingTaskGroup(of: StoreAnswer.self) { group in
                for _ in 0..<10 {
                    group.addTask {
                        try await store.execute(.payHour(hour), at: until + .hours(2))
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            // 50 GB at $0.05, less 7.5 %.
            #expect(sums.count { $0 == .paid(nanodollars: 2_312_500_000) } == 1)
            #expect(sums.count { $0 == .paid(nanodollars: 0) } == 9)
        }
    }

    @Test("a report sent twice at once counts once", arguments: Engine.allCases)
    func reportedOnce(engine: Engine) async throws {
        try await engine.withStore { store in
            try await store.populate(nodes: 1)
            let answers = try await withThrowingTaskGroup(of: StoreAnswer.self) { group in
                for _ in 0..<12 {
                    group.addTask {
                        try await store.execute(report(0, minute: 1), at: start + .minutes(1))
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers.count { $0 == .done } == 1)
            #expect(answers.count { $0 == .refused(.badInterval) } == 11)
        }
    }

    @Test("a slow statement is ended and its connection goes on", arguments: Engine.allCases)
    func statementTimeout(engine: Engine) async throws {
        try await engine.withPlace(isDurable: false) { place in
            let connection = try Connection(place, isReader: false)
            defer { connection.close() }
            connection.limit(to: .seconds(1))
            #expect(throws: StoreError.self) {
                try connection.run(
                    """
                    WITH RECURSIVE endless (n) AS (
                        SELECT 1 UNION ALL SELECT n % 1000 + 1 FROM endless
                    )
                    SELECT COUNT(*) FROM endless
                    """)
            }
            connection.limit(to: .seconds(5))
            #expect(try connection.query("SELECT 1") { $0.integer(0) } == [1])
        }
    }

    @Test("what finds no room is told so at once, and the rest is done", arguments: Engine.allCases)
    func bounded(engine: Engine) async throws {
        var settings = Store.Settings()
        settings.waitingMax = 10
        settings.connections = 1
        try await engine.withStore(settings) { store in
            try await store.populate(nodes: 1)
            let outcomes = await withTaskGroup(of: Result<StoreAnswer, StoreError>.self) { group in
                for index in 0..<500 {
                    group.addTask {
                        do throws(StoreError) {
                            return .success(
                                try await store.execute(
                                    .addUser(name: "u\(index)", PasswordHash("x")), at: start))
                        } catch {
                            return .failure(error)
                        }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            let refused = outcomes.count { $0 == .failure(.unavailable("too much waits for it")) }
            var added = 0
            for case .success(.user) in outcomes { added += 1 }
            #expect(refused > 0)
            #expect(added >= 10)
            #expect(added + refused == 500)
        }
    }

    @Test(
        "a text with a NUL, which PostgreSQL cannot keep, is refused by both",
        arguments: Engine.allCases)
    func nul(engine: Engine) async throws {
        try await engine.withStore { store in
            await #expect(throws: StoreError.refused("a text with a NUL character")) {
                try await store.execute(.addFeedback(nil, "a\0b"), at: start)
            }
            let next = try await store.execute(.addFeedback(nil, "a"), at: start)
            #expect(next == .done)
        }
    }

    @Test("nobody there: unavailable at once, and in words", .timeLimit(.minutes(10)))
    func absent() async throws {
        let store = Store(.server(url: "postgres://x:secret@127.0.0.1:\(try FreePort.any())/x"))
        for _ in 0..<50 {
            let error = await #expect(throws: StoreError.self) {
                try await store.execute(.ping, at: start)
            }
            guard case .unavailable(let why) = error else { throw StoreError.refused("\(error!)") }
            #expect(!why.contains("secret"))
        }
        await store.close()
        await #expect(throws: StoreError.unavailable("the store is closed")) {
            try await store.execute(.ping, at: start)
        }
    }

    @Test("TLS to PostgreSQL is used, and a certificate that does not fit is refused")
    func encrypted() async throws {
        let server = try PostgresServer.shared.get()
        func connect(_ settings: String, host: String) throws -> [Bool] {
            let connection = try PostgresConnection(
                url: server.url("postgres", host: host) + "?" + settings)
            defer { connection.close() }
            return try connection.query(
                "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()", []
            ) { $0.flag(0) }
        }
        let root = "sslrootcert=\(server.certificate)"
        #expect(try connect("sslmode=disable", host: "127.0.0.1") == [false])
        #expect(try connect("sslmode=require", host: "127.0.0.1") == [true])
        #expect(try connect("sslmode=verify-full&\(root)", host: "localhost") == [true])
        #expect(throws: StoreError.self) {  // the certificate is for another name
            try connect("sslmode=verify-full&\(root)", host: "127.0.0.1")
        }
        #expect(throws: StoreError.self) {  // and nobody vouches for it
            try connect(
                "sslmode=verify-full&sslrootcert=/etc/ssl/certs/ca-certificates.crt",
                host: "localhost")
        }
    }
}
