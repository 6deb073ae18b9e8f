import Base

/// A program of the platform: a value that never touches a clock or a socket.
///
/// A driver tells it what happened and carries out what it asks; there is no other way in or out.
/// Effects run in order. `closed` comes exactly once for every connection that was opened or
/// refused. `woke` may be late, and a newer `wake` replaces an older one.
public protocol Program: ~Copyable, Sendable {
    mutating func handle(_ input: Input, at now: Instant, into outbox: inout Outbox)
}

/// What the world tells a program.
public enum Input: Sendable {
    /// The program's process began, with nothing of its former state.
    case started
    /// The time asked for with `Effect.wake` has come.
    case woke
    /// Another program calls; answer with `Effect.reply` and the same ticket.
    case called(Ticket, Call, Caller)
    /// The answer to this program's own call, transaction, cache command or work.
    case answered(CallID, Answer)
    /// Someone connected (server side), or our `connect` succeeded (client side).
    case opened(ConnectionID)
    /// The peer's next message on an open connection.
    case received(ConnectionID, SessionMessage)
    /// The connection is gone; also the only answer to a `connect` that failed.
    case closed(ConnectionID, CloseReason)
    /// Playing on this connection stopped for want of media.
    case stalled(ConnectionID)
    /// Playing on this connection went on after a stall, or began.
    case playing(ConnectionID)
}

/// What a program asks of the world.
public enum Effect: Sendable {
    /// Calls another program's HTTP interface; answered once, with `failed` where nobody answers.
    case call(CallID, to: Address, Call)
    case reply(Ticket, Reply)
    /// Runs one transaction on the store; answered once.
    case transact(CallID, Transaction)
    /// Runs one command on the cache; answered once.
    case cache(CallID, CacheCommand)
    /// Slow pure work, done beside the program; answered once.
    indirect case work(CallID, Work)
    /// Opens a connection; answered with `opened` or `closed`.
    case connect(ConnectionID, to: Address)
    case send(ConnectionID, SessionMessage)
    case close(ConnectionID)
    /// From now on the stream's media comes in over this connection.
    case ingest(ConnectionID, StreamID)
    /// From now on the stream's media goes out over this connection, beginning with a key frame.
    case relay(ConnectionID, StreamID)
    case wake(Instant)
    case observe(Observation)
}

/// The effects of one `handle`, in order; reused from call to call.
public struct Outbox: Sendable {
    public private(set) var effects: [Effect] = []

    public init() {}

    @inlinable public var isEmpty: Bool { effects.isEmpty }

    public mutating func append(_ effect: Effect) {
        check(effects.count < Self.effectsMax, "a program asked for too much at once")
        effects.append(effect)
    }

    /// Turns the order round, so that `takeLast` gives the effects in order.
    public mutating func reverse() { effects.reverse() }

    /// Moves the last effect out: nothing is copied, and nothing is left to be destroyed.
    public mutating func takeLast() -> Effect? { effects.popLast() }

    public mutating func removeAll() { effects.removeAll(keepingCapacity: true) }

    /// One input reaches at most every node and every viewer of one stream.
    public static let effectsMax = 100_000
}

/// Work too slow for a program's own turn.
public enum Work: Sendable, Hashable {
    /// Hashes a new password with a salt of the driver's: `.hashed`.
    case hash(password: String)
    /// `.verified`. An account that does not exist is verified against `PasswordHash.nobody`, so
    /// that its absence takes as long.
    case verify(password: String, PasswordHash)
}

public enum WorkAnswer: Sendable, Hashable {
    case hashed(PasswordHash)
    case verified(Bool)
}

/// Names a call, transaction, cache command or work among those of one program.
public struct CallID: Sendable, Hashable {
    public var raw: UInt64
    public init(_ raw: UInt64) { self.raw = raw }
}

/// Names a call to be replied to; made by the driver.
public struct Ticket: Sendable, Hashable {
    public var raw: UInt64
    public init(_ raw: UInt64) { self.raw = raw }
}

/// Names a connection at one of its ends. A client chooses its own (its driver keeps clients
/// apart); a server is given one.
public struct ConnectionID: Sendable, Hashable {
    public var raw: UInt32
    public init(_ raw: UInt32) { self.raw = raw }
}

public struct StreamID: Sendable, Hashable {
    public var raw: Int32
    public init(_ raw: Int32) { self.raw = raw }
}

public struct NodeID: Sendable, Hashable {
    public var raw: Int32
    public init(_ raw: Int32) { self.raw = raw }
}

/// Where a call or connection goes.
public enum Address: Sendable, Hashable {
    /// The coordinator's public HTTPS address: through the load balancer or whatever ends TLS.
    case front
    /// The coordinator's port on the instance itself, for callbacks and jobs.
    case coordinator
    /// The RTMP server's public address as this client knows it.
    case rtmp
    /// A supporter node's own RTMP and status ports.
    case node(NodeID)
}

/// Why a connection ended.
public enum CloseReason: UInt8, Sendable, Hashable, CaseIterable {
    /// The peer closed it.
    case byPeer
    /// Nobody listens at that address and port.
    case refused
    /// Nothing came back: no route, a rule in the way, or the peer vanished.
    case timedOut
    /// The peer's process died or its machine went away.
    case reset
}

/// What is said on an RTMP connection. The wire form belongs to the protocol; these are the facts.
public enum SessionMessage: Sendable, Hashable {
    case publish(StreamID, key: UInt64)
    case play(StreamID)
    /// The publish or play goes ahead.
    case accepted
    case rejected(Rejection)
    /// The stream that was played has ended.
    case ended
}

public enum Rejection: UInt8, Sendable, Hashable, CaseIterable {
    case badKey, busy, noStream, full, unavailable
}

/// What a program reports about itself for results; never read by another program.
public enum Observation: Sendable, Hashable {
    case publishAccepted(StreamID)
    case publishRejected(StreamID, Rejection)
    case streamChanged(StreamID, from: StreamStatus, to: StreamStatus)
    case nodeInactive(NodeID)
    case nodeActive(NodeID)
    case nodeFlagged(NodeID)
    case spotCheck(NodeID, passed: Bool)
    /// Paid to nodes for one hour, in nano-dollars.
    case paid(hour: Int64, nanodollars: Int64)
    /// The viewer was sent to a node (or to the RTMP server: nil).
    case routed(StreamID, NodeID?)
    case cacheDown
    case cacheUp
    /// The encoder gave up reconnecting; only its user can start it again.
    case gaveUp(StreamID)
    /// The viewer left because playing stalled for too long.
    case lostPatience(StreamID)
}
