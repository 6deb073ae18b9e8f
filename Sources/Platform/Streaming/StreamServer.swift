import Base
import RTMP

/// A live-streaming server: takes streams from publishers and gives them to players over RTMP and
/// HTTP-FLV. It touches neither clock nor socket.
///
/// The driver tells it what happened with `handle`, hands over what arrived with `receive`, carries
/// out the effects in order, and calls `handle(.woke)` at `deadline`, which may have changed after
/// every call. A peer's fault ends that peer's connection and nothing else.
///
/// Each message is encoded once and gathered with its neighbours into a batch; every player is
/// sent the same batches. See `StreamLog` for what a slow one costs.
public struct StreamServer: ~Copyable, Sendable {
    /// Connections that the server asks for have identifiers from here on.
    public static let outgoing: UInt32 = 1 << 31
    /// Bytes sent to one player before others have their turn.
    static let turnMax = 1 << 20
    static let sweepEvery = Interval.seconds(1)

    public internal(set) var configuration: StreamConfiguration
    let chunkSize: Int
    var random: Random
    public let startedAt: Instant

    /// By connection identifier.
    var clients: [Client?] = []
    var clientsCount = 0
    var streams: [LiveStream?] = []
    var directory = Lookup<StreamName, Int>()
    var players: [Player?] = []
    var relays: [Relay?] = []
    var fetchers: [Fetcher] = []
    var addresses: [AddressUse] = []
    var addressIndex = Lookup<String, Int>()

    /// Streams with something to flush.
    var dirty: [Int] = []
    var flushAt: Instant?
    /// Players that can take more than one turn had.
    var behind: [Int] = []
    var sweepAt: Instant
    /// Nobody new is let in, and once all have gone nothing happens any more.
    var isStopping = false
    private var lastSerial: UInt64 = 0

    var bytesReceived: UInt64 = 0
    var bytesSent: UInt64 = 0
    var received = Meter()
    var sent = Meter()
    var tally = StreamTally()

    /// `random` makes handshakes and the jitter of reconnects.
    public init(_ configuration: StreamConfiguration, random: Random, at now: Instant) {
        self.configuration = configuration
        self.random = random
        chunkSize = configuration.chunkSize
        startedAt = now
        sweepAt = now
        for relay in configuration.relays { addRelay(relay, isFixed: true, at: now) }
    }

    /// Connections of all kinds that were made to us and are not gone.
    public var connectionsCount: Int { clientsCount }

    /// Call `handle(.woke)` no later than this.
    public var deadline: Instant {
        if isStopping, clientsCount == 0 { return .distantFuture }
        guard behind.isEmpty else { return startedAt }
        return min(flushAt ?? .distantFuture, sweepAt)
    }

    public mutating func handle(
        _ input: StreamInput, at now: Instant, into outbox: inout StreamOutbox
    ) {
        switch input {
        case .opened(let id, let peer): open(id, peer, at: now, into: &outbox)
        case .watched(let id, let peer, let name, let query):
            watch(id, peer, name, query: query, at: now, into: &outbox)
        case .connected(let id): startRelay(id, at: now, into: &outbox)
        case .stalled(let id): setStalled(id, now)
        case .flowing(let id): resume(id, at: now, into: &outbox)
        case .closed(let id): forget(id, at: now, into: &outbox)
        case .answered(let hook, let allowed): decide(hook, allowed, at: now, into: &outbox)
        case .kicked(let serial): kick(serial, at: now, into: &outbox)
        case .configured(let configuration): configure(configuration, at: now, into: &outbox)
        case .woke: wake(at: now, into: &outbox)
        case .stopping: stop(at: now, into: &outbox)
        }
    }

    /// Bytes that arrived on a connection, in any pieces.
    public mutating func receive(
        _ bytes: Span<UInt8>, from id: ConnectionID, at now: Instant,
        into outbox: inout StreamOutbox
    ) {
        bytesReceived += UInt64(bytes.count)
        guard id.raw < Self.outgoing else {
            return receive(bytes, relay: id, at: now, into: &outbox)
        }
        let slot = Int(id.raw)
        guard slot < clients.count, clients[slot]?.phase == .open else { return }
        clients[slot]!.bytesReceived += UInt64(bytes.count)
        addresses[clients[slot]!.address].bytes += UInt64(bytes.count)
        clients[slot]!.session?.receive(bytes)
        advance(slot, at: now, into: &outbox)
    }

    mutating func nextSerial() -> UInt64 {
        lastSerial += 1
        return lastSerial
    }

    // MARK: Time

    private mutating func wake(at now: Instant, into outbox: inout StreamOutbox) {
        if let flushAt, now >= flushAt { flush(at: now, into: &outbox) }
        continueBehind(at: now, into: &outbox)
        if now >= sweepAt { sweep(at: now, into: &outbox) }
    }

    private mutating func setStalled(_ id: ConnectionID, _ now: Instant) {
        guard let slot = slot(id), clients[slot]!.stalledAt == nil else { return }
        clients[slot]!.stalledAt = now
    }

    private mutating func resume(
        _ id: ConnectionID, at now: Instant, into outbox: inout StreamOutbox
    ) {
        guard let slot = slot(id) else { return }
        clients[slot]!.stalledAt = nil
        for use in clients[slot]!.uses {
            if case .player(let player) = use.role { catchUp(player, into: &outbox) }
        }
    }

    /// The index of an open client.
    func slot(_ id: ConnectionID) -> Int? {
        guard id.raw < Self.outgoing, Int(id.raw) < clients.count,
            clients[Int(id.raw)]?.phase == .open
        else { return nil }
        return Int(id.raw)
    }
}

/// What happened since the server began.
public struct StreamTally: Sendable, Hashable {
    public var connections: Int64 = 0
    public var refused: Int64 = 0
    public var faults: Int64 = 0
    public var publishes: Int64 = 0
    public var plays: Int64 = 0
    public var dropped = MediaCounts()
    /// Clients that fetched HLS, and what they fetched.
    public var hlsBytes: UInt64 = 0

    public init() {}
}

/// What one address uses.
struct AddressUse: Sendable {
    let address: String
    var connections = 0
    var bytes: UInt64 = 0
    var meter = Meter()
}
