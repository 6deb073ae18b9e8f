import Base
import Foundation
import Platform
import Synchronization
import TestServers
import Testing

@testable import Storage

/// What was acknowledged is there once, whoever is killed: each report has its node and minute,
/// so the ledger itself says what is missing and what is there twice.
@Suite struct DurabilityTests {
    struct Entry: Hashable {
        var node: Int64
        var minute: Int64
    }

    /// What tasks share: the reports that have an answer, and whether to stop.
    private final class Load: Sendable {
        let answered = Mutex<Set<Entry>>([])
        let isOver = Mutex(false)

        var count: Int { answered.withLock { $0.count } }
    }

    /// Every row of the ledger, in any order.
    private func ledger(_ place: Store.Place) throws -> [Entry] {
        let connection = try Connection(place, isReader: true)
        defer { connection.close() }
        return try connection.query("SELECT node, ends_at FROM ledger") {
            Entry(
                node: $0.integer(0), minute: $0.integer(1) / Interval.minutes(1).nanoseconds)
        }
    }

    private func holds(_ acknowledged: Set<Entry>, _ place: Store.Place) throws {
        let rows = try ledger(place)
        let missing = acknowledged.subtracting(rows)
        #expect(missing.isEmpty, "acknowledged and lost: \(missing)")
        #expect(Set(rows).count == rows.count, "there twice")
    }

    @Test(
        "a process killed while it writes loses nothing that it acknowledged",
        .timeLimit(.minutes(10)), arguments: Engine.allCases)
    func processKilled(engine: Engine) async throws {
        try await engine.withPlace { place in
            let store = Store(place)
            try await store.populate(nodes: 8)
            await store.close()
            var acknowledged: Set<Entry> = []
            for round in 0..<3 {
                let said = try writeAndKill(
                    place, ["\((round + 1) * 1_000_000)"], lines: 150 * (round + 1))
                acknowledged.formUnion(said.map { Entry(node: $0.0, minute: $0.1) })
            }
            #expect(acknowledged.count >= 900)
            try holds(acknowledged, place)
        }
    }

    /// Forty hours in each of which eight nodes earn the same; two workers that pay them are killed
    /// again and again, and the ones that come after them begin anew with the first hour.
    @Test(
        "hours are paid once, whatever is killed between", .timeLimit(.minutes(10)),
        arguments: Engine.allCases)
    func payingKilled(engine: Engine) async throws {
        let (nodes, hours, each) = (8, 40, Int64(92_500_000))  // 2 GB at $0.05, less 7.5 %
        try await engine.withPlace { place in
            let store = Store(place)
            try await store.populate(nodes: nodes)
            let first = start.hoursSinceEpoch + 1
            for hour in 0..<hours {
                let until = Instant(nanoseconds: 0) + .hours(first + Int64(hour)) + .minutes(30)
                for node in 0..<nodes {
                    let report = BandwidthReport(
                        node: NodeID(Int32(node)), stream: StreamID(0), bytes: 2_000_000_000,
                        from: until - .minutes(1), until: until, sourceBitrate: .megabits(3))
                    _ = try await store.execute(.appendLedger(report), at: until)
                    _ = try await store.execute(
                        .recordSpotCheck(NodeID(Int32(node)), passed: true), at: until)
                }
                _ = try await store.execute(.verifyReports, at: until)
            }
            await store.close()
            let last = first + Int64(hours) - 1
            var acknowledged: [(Int64, Int64)] = []  // hour and nano-dollars
            for lines in [3, 5, 8] {
                acknowledged += try writeAndKill(
                    place, ["pay", "\(first)", "\(last)"], lines: lines)
            }
            #expect(acknowledged.count >= 3 && acknowledged.count <= hours)
            acknowledged += try writeAndKill(place, ["pay", "\(first)", "\(last)"], lines: .max)
            #expect(Set(acknowledged.map(\.0)).count == acknowledged.count, "paid twice")
            #expect(acknowledged.allSatisfy { $0.1 == each * Int64(nodes) })
            let connection = try Connection(place, isReader: true)
            defer { connection.close() }
            let paid = try connection.query(
                "SELECT COUNT(*), MIN(nanodollars(amount)), MAX(nanodollars(amount)) FROM payouts"
            ) { [$0.integer(0), $0.integer(1), $0.integer(2)] }
            #expect(paid == [[Int64(nodes * hours), each, each]])
            let balances = try connection.query("SELECT nanodollars(balance) FROM accounts") {
                $0.integer(0)
            }
            #expect(balances == Array(repeating: each * Int64(hours), count: nodes))
        }
    }

    /// Starts the writer, kills it after so many lines, and gives what it acknowledged till then:
    /// two numbers a line.
    private func writeAndKill(
        _ place: Store.Place, _ words: [String], lines: Int
    ) throws -> [(Int64, Int64)] {
        let process = Process()
        process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
            .deletingLastPathComponent().appending(path: "store-writer")
        let text =
            switch place {
            case .file(let path): path
            case .server(let url): url
            }
        process.arguments = [text] + words
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        var said = Data()
        while said.count(where: { $0 == UInt8(ascii: "\n") }) < lines {
            let more = output.fileHandleForReading.availableData
            guard !more.isEmpty else { break }
            said += more
        }
        kill(process.processIdentifier, SIGKILL)
        said += output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let whole = said.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .dropLast()  // what follows the last line's end
        return whole.compactMap { line in
            let words = String(decoding: line, as: UTF8.self).split(separator: " ")
            guard words.count == 2, let first = Int64(words[0]), let second = Int64(words[1])
            else { return nil }
            return (first, second)
        }
    }

    /// Nodes go on reporting while the server is killed and comes back. Each sends a report again
    /// until it has an answer, as real ones do, so one that was written without an answer must be
    /// refused the second time.
    @Test(
        "PostgreSQL killed in mid-load loses and doubles nothing, and the store finds it again",
        .timeLimit(.minutes(10)))
    func serverKilled() async throws {
        let server = try PostgresServer()
        defer { server.stop() }
        let place = Store.Place.server(url: try server.database())
        let store = Store(place)
        try await store.populate(nodes: 8)
        let load = Load()
        try await withThrowingTaskGroup { group in
            for node in 0..<8 {
                group.addTask { try await reportAll(node, to: store, load) }
            }
            for round in 1...3 {
                try await until { load.count >= round * 200 }
                try server.killAll()
                try await until {
                    (try? await store.execute(.ping, at: start)) == nil
                }
                try server.start()
                try await until { (try? await store.execute(.ping, at: start)) == .done }
            }
            load.isOver.withLock { $0 = true }
            try await group.waitForAll()
        }
        await store.close()
        try holds(load.answered.withLock { $0 }, place)
        let rows = try ledger(place)
        #expect(rows.count == load.count, "each report was answered in the end")
    }

    private func reportAll(
        _ node: Int, to store: Store, _ load: Load
    ) async throws {
        let base = Int(start.nanoseconds / Interval.minutes(1).nanoseconds)
        for minute in 1..<100_000 {
            if load.isOver.withLock({ $0 }) { return }
            var answer: StoreAnswer?
            while answer == nil {
                answer = try? await store.execute(
                    report(node, minute: minute), at: start + .minutes(Int64(minute)))
                if answer == nil { try await Task.sleep(for: .milliseconds(5)) }
            }
            try #require(answer == .done || answer == .refused(.badInterval))
            load.answered.withLock {
                _ = $0.insert(Entry(node: Int64(node), minute: Int64(base + minute)))
            }
        }
    }

    /// Waits for a fact, half a minute at most.
    private func until(_ fact: () async -> Bool) async throws {
        for _ in 0..<3_000 {
            if await fact() { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        Issue.record("it did not come true")
        throw StoreError.unavailable("in a test")
    }
}
