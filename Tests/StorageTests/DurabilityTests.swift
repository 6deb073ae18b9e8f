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
                acknowledged.formUnion(
                    try writeAndKill(place, from: (round + 1) * 1_000_000, lines: 150 * (round + 1))
                )
            }
            #expect(acknowledged.count >= 900)
            try holds(acknowledged, place)
        }
    }

    /// Starts the writer, kills it after so many lines, and gives what it acknowledged till then.
    private func writeAndKill(
        _ place: Store.Place, from first: Int, lines: Int
    ) throws -> [Entry] {
        let process = Process()
        process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
            .deletingLastPathComponent().appending(path: "store-writer")
        let text =
            switch place {
            case .file(let path): path
            case .server(let url): url
            }
        process.arguments = [text, String(first)]
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
            guard words.count == 2, let node = Int64(words[0]), let minute = Int64(words[1])
            else { return nil }
            return Entry(node: node, minute: minute)
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
