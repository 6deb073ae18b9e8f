import Base
import Platform

/// The store for real: executes every `Transaction` as SQL, with the answers of `Tables`.
///
/// Connections block, so they live on threads of their own (`Lane`), off every event loop. An
/// SQLite file has one writer and readers beside it; a PostgreSQL server has a pool, and one
/// connection for what would fail if two did it at once. What waits while the disk is written to
/// is committed together. Whoever has an answer to a write has it on disk.
///
/// Connections are opened when they are first needed, bring the schema up to date, and are opened
/// again after a failure, with growing pauses: a database that was down needs nobody's help.
public final class Store: Sendable {
    public enum Place: Sendable, Hashable {
        case file(path: String)
        /// libpq's address, TLS and all: `postgres://user@host/database?sslmode=verify-full`.
        /// A pooler in between must keep whole sessions: statements are prepared once in each.
        case server(url: String)

        /// As the command line says it: an address, or else the path of a file.
        public init(_ text: String) {
            let isURL = text.hasPrefix("postgres://") || text.hasPrefix("postgresql://")
            self = isURL ? .server(url: text) : .file(path: text)
        }
    }

    public struct Settings: Sendable {
        /// Connections to a server, beside the one for what runs alone; a file has one writer and
        /// `readers`.
        public var connections = 8
        public var readers = 2
        /// Transactions that may wait for a connection; more are `unavailable` at once.
        public var waitingMax = 4_096
        /// How long one may wait for a connection.
        public var waitMax = Duration.seconds(5)
        /// What a statement may take; the worker's jobs get `jobTimeout`.
        public var statementTimeout = Duration.seconds(5)
        public var jobTimeout = Duration.seconds(60)
        public var trustRule = Tables.TrustRule.spotChecks

        public init() {}
    }

    /// Counted since the start.
    public struct Figures: Sendable, Hashable {
        public var transactions = 0
        /// Without those that begin and end a transaction.
        public var statements = 0
        /// Of transactions that others were in the way of.
        public var retries = 0
        public var connects = 0
        /// Now.
        public var waiting = 0
    }

    public typealias Reply = @Sendable (Result<StoreAnswer, StoreError>) -> Void

    private let writes: Lane
    private let reads: Lane
    private let alone: Lane
    /// Each once.
    private let lanes: [Lane]

    public init(_ place: Place, _ settings: Settings = Settings()) {
        switch place {
        case .file:
            writes = Lane(
                place, .writer, workers: 1, grouped: [.statement, .rows, .alone, .job], settings)
            reads = Lane(place, .reader, workers: settings.readers, grouped: [], settings)
            alone = writes
            lanes = [writes, reads]
        case .server:
            writes = Lane(
                place, .writer, workers: settings.connections, grouped: [.statement, .rows],
                settings)
            reads = writes
            alone = Lane(place, .writer, workers: 1, grouped: [], settings)
            lanes = [writes, alone]
        }
    }

    /// Connects and brings the schema up to date, so that a start that cannot succeed says so.
    public func open() async throws(StoreError) {
        for lane in lanes {
            _ = try await execute(.ping, at: Instant(nanoseconds: 0), lane)
        }
    }

    public func execute(
        _ transaction: Transaction, at now: Instant
    ) async throws(StoreError) -> StoreAnswer {
        try await execute(transaction, at: now, lane(of: transaction))
    }

    private func execute(
        _ transaction: Transaction, at now: Instant, _ lane: Lane
    ) async throws(StoreError) -> StoreAnswer {
        let result = await withCheckedContinuation { continuation in
            lane.submit(
                Lane.Work(transaction: transaction, now: now) { continuation.resume(returning: $0) }
            )
        }
        return try result.get()
    }

    /// Calls `reply` once, on a thread of the store, or at once where there is no room.
    public func submit(_ transaction: Transaction, at now: Instant, _ reply: @escaping Reply) {
        lane(of: transaction).submit(Lane.Work(transaction: transaction, now: now, reply: reply))
    }

    private func lane(of transaction: Transaction) -> Lane {
        switch transaction.manner {
        case .read: reads
        case .statement, .rows, .job: writes
        case .alone: alone
        }
    }

    /// Answers what waits, then ends the connections; what comes later is `unavailable`.
    public func close() async {
        for lane in lanes { await lane.close() }
    }

    public var figures: Figures {
        lanes.reduce(into: Figures()) { sum, lane in
            let figures = lane.figures
            sum.transactions += figures.transactions
            sum.statements += figures.statements
            sum.retries += figures.retries
            sum.connects += figures.connects
            sum.waiting += figures.waiting
        }
    }
}
