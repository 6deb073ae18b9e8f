import Base
import Foundation
import Platform
import Storage
import TestServers

/// What the store costs with 10,000 nodes registered: heartbeats as fast as they are answered,
/// heartbeats at half of what is wanted, and the pages, on SQLite and on PostgreSQL.
///
/// CPU time is the kernel's own account of this process (load included) and of the server's
/// processes. Give it one core: `taskset -c 1 bench-store`.
@main
struct BenchStore {
    static let nodes = 10_000
    static let start = Instant(nanoseconds: 1_790_000_000_000_000_000)

    static func main() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "bench-store-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        print("this disk: \(try Disk.flushes(in: folder)) a flush")
        try await measure(
            "SQLite", .file(path: folder.appending(path: "store.db").path), server: nil,
            wanted: 2_000)
        let server = try PostgresServer()
        defer { server.stop() }
        try await measure(
            "PostgreSQL", .server(url: try server.database()), server: server, wanted: 1_000)
    }

    private static func measure(
        _ name: String, _ place: Store.Place, server: PostgresServer?, wanted: Int
    ) async throws {
        try await populate(place)
        let store = Store(place)
        var load = Load(store: store, server: server)
        let flood = try await load.flood(seconds: 5)
        print("\(name): \(flood.rate) heartbeats/s, \(flood.cost)")
        let paced = try await load.pace(perSecond: wanted / 2, seconds: 10)
        print("\(name): at \(wanted / 2)/s: \(paced.quantiles), \(paced.cost)")
        let pages: [(String, Transaction)] = [
            ("overview", .overview), ("leaderboard", .leaderboard), ("economics", .economics),
            ("node", .nodeFigures(NodeID(77))), ("streamer", .streamerFigures(UserID(0))),
            ("active nodes", .activeNodes),
        ]
        for (page, transaction) in pages {
            let outcome = try await load.repeatedly(transaction, times: 20)
            print("\(name): \(page): \(outcome.quantiles), \(outcome.cost)")
        }
        await store.close()
    }

    /// One stream with all the nodes, every one with a heartbeat, a check and two reports.
    private static func populate(_ place: Store.Place) async throws {
        let store = Store(hasty(place))
        _ = try await store.execute(.addUser(name: "ada", PasswordHash("x")), at: start)
        _ = try await store.execute(.addStream(owner: UserID(0), title: "a", key: 7), at: start)
        // On a server they would be in each other's way: all want the next number.
        try await inParallel(hasty(place) == place ? 64 : 1) { node in
            _ = try await store.execute(
                .addNode(
                    StreamID(0), key: 7, name: "node-\(node)",
                    NodeAddress(host: "127.0.0.1", rtmpPort: 1_935, httpPort: 8_080)), at: start)
        }
        try await inParallel(64) { try await prepare($0, store) }
        _ = try await store.execute(.verifyReports, at: start + .minutes(3))
        _ = try await store.execute(.payHour(start.hoursSinceEpoch), at: start + .hours(2))
        await store.close()
    }

    /// A server that does not wait for its disk, until the rows are there.
    private static func hasty(_ place: Store.Place) -> Store.Place {
        switch place {
        case .file: place
        case .server(let url): .server(url: url + "?options=-csynchronous_commit%3Doff")
        }
    }

    private static func inParallel(
        _ width: Int, _ body: @escaping @Sendable (Int) async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup { group in
            for first in 0..<width {
                group.addTask {
                    for node in stride(from: first, to: nodes, by: width) { try await body(node) }
                }
            }
            try await group.waitForAll()
        }
    }

    private static func prepare(_ node: Int, _ store: Store) async throws {
        _ = try await store.execute(Load.heartbeat(node), at: start)
        _ = try await store.execute(
            .recordSpotCheck(NodeID(Int32(node)), passed: true), at: start + .seconds(1))
        for minute in 0..<2 as Range<Int64> {
            let from = start + .minutes(minute)
            _ = try await store.execute(
                .appendLedger(
                    BandwidthReport(
                        node: NodeID(Int32(node)), stream: StreamID(0),
                        bytes: 300_000_000 + Int64(node), from: from, until: from + .minutes(1),
                        sourceBitrate: .megabits(3))), at: from + .minutes(1))
        }
    }
}
