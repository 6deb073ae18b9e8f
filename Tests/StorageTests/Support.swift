import Base
import Foundation
import Platform
import TestServers
import Testing

@testable import Storage

/// A folder of its own, removed at the end of `body`; in memory where nothing need last.
func withFolder<Value>(
    isDurable: Bool = true, _ body: (URL) async throws -> Value
) async throws -> Value {
    let memory = URL(filePath: "/dev/shm", directoryHint: .isDirectory)
    let isInMemory = !isDurable && FileManager.default.isWritableFile(atPath: memory.path)
    let parent = isInMemory ? memory : FileManager.default.temporaryDirectory
    let folder = parent.appending(path: "storage-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try await body(folder)
}

/// Both engines, each with a new and empty database.
enum Engine: String, CaseIterable, Sendable {
    case sqlite, postgres

    /// Gives `body` a place; without `isDurable`, no disk is waited for.
    func withPlace<Value>(
        isDurable: Bool = true, _ body: (Store.Place) async throws -> Value
    ) async throws -> Value {
        switch self {
        case .sqlite:
            return try await withFolder(isDurable: isDurable) { folder in
                try await body(.file(path: folder.appending(path: "store.db").path))
            }
        case .postgres:
            let url = try PostgresServer.shared.get().database(isDurable: isDurable)
            return try await body(.server(url: url))
        }
    }

    func withStore<Value>(
        _ settings: Store.Settings = Store.Settings(), _ body: (Store) async throws -> Value
    ) async throws -> Value {
        try await withPlace(isDurable: false) { place in
            let store = Store(place, settings)
            do {
                let value = try await body(store)
                await store.close()
                return value
            } catch {
                await store.close()
                throw error
            }
        }
    }
}

let start = Instant(nanoseconds: 1_790_000_000_000_000_000)

extension Store {
    /// A user, a stream with key 7 and so many nodes, all of which beat at `start`.
    func populate(nodes: Int) async throws {
        _ = try await execute(.addUser(name: "ada", PasswordHash("x")), at: start)
        _ = try await execute(.addStream(owner: UserID(0), title: "a", key: 7), at: start)
        for index in 0..<nodes {
            _ = try await execute(
                .addNode(
                    StreamID(0), key: 7, name: "node-\(index)",
                    NodeAddress(host: "127.0.0.1", rtmpPort: 1_935, httpPort: 8_080)), at: start)
            _ = try await execute(beat(index), at: start)
        }
    }
}

func beat(_ node: Int) -> Transaction {
    .recordHeartbeat(
        Heartbeat(
            node: NodeID(Int32(node)), stream: StreamID(0), capacity: .percent(20), viewers: 3,
            statsURL: "http://127.0.0.1/stats"))
}

/// The minute of a node's reports that ends so many minutes after `start`.
func report(_ node: Int, minute: Int) -> Transaction {
    .appendLedger(
        BandwidthReport(
            node: NodeID(Int32(node)), stream: StreamID(0), bytes: 1_000_000,
            from: start + .minutes(Int64(minute - 1)), until: start + .minutes(Int64(minute)),
            sourceBitrate: .megabits(3)))
}
