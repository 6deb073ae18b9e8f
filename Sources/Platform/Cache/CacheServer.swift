import Base
import RESP

public enum CacheInput: Sendable {
    /// Somebody connected from this address.
    case opened(ConnectionID, address: String)
    /// A connection that had too much to send can take more.
    case flowing(ConnectionID)
    /// A connection ended, whoever ended it.
    case closed(ConnectionID)
    /// The deadline has come.
    case woke
}

public enum CacheEffect: Sendable {
    /// Bytes of the outbox for a connection.
    case send(ConnectionID, Range<Int>)
    /// Send what there is, then close.
    case close(ConnectionID)
    /// Tell that it flows once everything before is sent; read nothing from it until then.
    case stalled(ConnectionID)
}

/// What is to be done, in order.
public struct CacheOutbox: Sendable {
    public internal(set) var bytes: [UInt8] = []
    public internal(set) var effects: [CacheEffect] = []
    /// More room than this is given back.
    private static let keptRoom = 1 << 20

    public init() {}

    public mutating func removeAll() {
        bytes.removeAll(keepingCapacity: bytes.capacity <= Self.keptRoom)
        effects.removeAll(keepingCapacity: true)
    }
}

/// A Redis-compatible server: bytes of connections in, bytes out.
///
/// Commands of a connection are carried out as they come, several at a time when they come so. A
/// connection whose replies have grown past `replyMax` in one go waits until the driver says that
/// it flows again, so nobody makes the server hold more than that, and one reply, for them.
public struct CacheServer: Sendable {
    public struct Settings: Sendable, Hashable {
        public var engine = CacheEngine.Settings()
        public var clientsMax = 10_000
        /// Seconds without a command after which a client is disconnected; 0 for never.
        public var timeout = 0
        /// Empty for none.
        public var password: [UInt8] = []
        /// Of all commands that wait for their rest, of all clients together.
        public var queryMax = 256 << 20

        public init() {}
    }

    /// One client.
    struct Client: Sendable {
        var id: Int64
        var connection: ConnectionID
        var address: String
        var openedAt: Instant
        var usedAt: Instant
        var reader: RequestReader
        var isAuthenticated: Bool
        var version = RESPVersion.two
        var database = 0
        var name: [UInt8] = []
        var library: [UInt8] = []
        var libraryVersion: [UInt8] = []
        var isClosing = false
        /// Replies wait for the driver.
        var isStalled = false
        var transaction = Transaction()
        var channels: [[UInt8]] = []
        var patterns: [[UInt8]] = []

        var subscriptions: Int { channels.count + patterns.count }
    }

    /// Bytes of replies after which a connection's next commands wait.
    static let replyMax = 1 << 20
    /// Figures of INFO.
    struct Figures: Sendable {
        var commands = 0
        var connections = 0
        var rejected = 0
        var bytesIn = 0
        var bytesOut = 0
    }

    public internal(set) var engine: CacheEngine
    public internal(set) var settings: Settings
    let table = CommandTable()
    /// By connection identifier.
    var clients: [Client?] = []
    var clientCount = 0
    var waitingBytes = 0
    var figures = Figures()
    let startedAt: Instant
    var now: Instant
    var topics = Topics()
    /// Where replies are written, so that its room is used again.
    private var scratch = ReplyWriter()
    /// Connections to be closed behind what they are sent.
    private var leaving: [ConnectionID] = []
    private var nextID: Int64 = 1
    /// The connection that idleness is looked at from, next time.
    private var idleCursor = 0

    public init(_ settings: Settings, random: Random, at now: Instant) {
        self.settings = settings
        engine = CacheEngine(settings.engine, random: random, at: now)
        startedAt = now
        self.now = now
    }

    // MARK: Inputs

    public mutating func handle(
        _ input: CacheInput, at now: Instant, into outbox: inout CacheOutbox
    ) {
        self.now = now
        switch input {
        case .opened(let id, let address): open(id, address, &outbox)
        case .flowing(let id):
            guard isOpen(id) else { return }
            clients[Int(id.raw)]!.isStalled = false
            run(Int(id.raw), into: &outbox)
        case .closed(let id): close(id)
        case .woke: tend(into: &outbox)
        }
    }

    public mutating func receive(
        _ bytes: Span<UInt8>, from id: ConnectionID, at now: Instant,
        into outbox: inout CacheOutbox
    ) {
        self.now = now
        let index = Int(id.raw)
        guard isOpen(id), !clients[index]!.isClosing else { return }
        figures.bytesIn += bytes.count
        clients[index]!.usedAt = now
        clients[index]!.reader.receive(bytes)
        waitingBytes += bytes.count
        run(index, into: &outbox)
        guard waitingBytes > settings.queryMax else { return }
        disconnect(index)
        closeLeaving(into: &outbox)
    }

    /// `woke` is to come as often.
    public static let cycle = CacheEngine.cycle

    private func isOpen(_ id: ConnectionID) -> Bool {
        Int(id.raw) < clients.count && clients[Int(id.raw)] != nil
    }

    // MARK: Connections

    private mutating func open(
        _ id: ConnectionID, _ address: String, _ outbox: inout CacheOutbox
    ) {
        guard clientCount < settings.clientsMax else {
            figures.rejected += 1
            var reply = ReplyWriter()
            reply.error([UInt8]("ERR max number of clients reached".utf8))
            send(reply.bytes, to: id, into: &outbox)
            outbox.effects.append(.close(id))
            return
        }
        figures.connections += 1
        clientCount += 1
        var limits = RequestReader.Limits()
        limits.isAuthenticated = settings.password.isEmpty
        while clients.count <= Int(id.raw) { clients.append(nil) }
        clients[Int(id.raw)] = Client(
            id: nextID, connection: id, address: address, openedAt: now, usedAt: now,
            reader: RequestReader(limits: limits), isAuthenticated: limits.isAuthenticated)
        nextID += 1
        accountClients()
    }

    private mutating func close(_ id: ConnectionID) {
        guard isOpen(id), let client = clients[Int(id.raw)] else { return }
        waitingBytes -= client.reader.waiting
        forgetTransaction(Int(id.raw))
        forgetSubscriptions(Int(id.raw))
        clients[Int(id.raw)] = nil
        clientCount -= 1
        accountClients()
    }

    /// The connection is of no more use: what was sent goes out, and what it sends is not read.
    mutating func disconnect(_ index: Int) {
        guard let client = clients[index], !client.isClosing else { return }
        clients[index]?.isClosing = true
        leaving.append(client.connection)
    }

    /// Closes behind what is sent.
    private mutating func closeLeaving(into outbox: inout CacheOutbox) {
        for id in leaving { outbox.effects.append(.close(id)) }
        leaving.removeAll(keepingCapacity: true)
    }

    /// Redis' structures of a client that is idle, without its socket.
    private static let clientMemory = 1_928 + 1_024

    private mutating func accountClients() {
        engine.otherMemory = clientCount * Self.clientMemory
    }

    mutating func send(_ bytes: [UInt8], to id: ConnectionID, into outbox: inout CacheOutbox) {
        let start = outbox.bytes.count
        outbox.bytes += bytes
        figures.bytesOut += bytes.count
        outbox.effects.append(.send(id, start..<outbox.bytes.count))
    }

    // MARK: Commands

    /// Carries out what a connection has sent in full.
    private mutating func run(_ index: Int, into outbox: inout CacheOutbox) {
        guard let client = clients[index]?.connection, isListening(index) else { return }
        // Taken out, or the reader's bytes would have two owners and be copied.
        var reader = RequestReader()
        var reply = ReplyWriter()
        swap(&reader, &clients[index]!.reader)
        swap(&reply, &scratch)
        reply.version = clients[index]!.version
        waitingBytes -= reader.waiting
        do throws(RESPError) {
            while isListening(index), try reader.next() {
                guard !reader.words.isEmpty else { continue }
                execute(reader.words, index, &reply, into: &outbox)
                reader.limits.isAuthenticated = clients[index]!.isAuthenticated
                if reply.bytes.count > Self.replyMax { clients[index]!.isStalled = true }
            }
        } catch {
            reply.error([UInt8]("ERR Protocol error: \(error.text)".utf8))
            disconnect(index)
        }
        waitingBytes += reader.waiting
        swap(&reader, &clients[index]!.reader)
        if !reply.bytes.isEmpty { send(reply.bytes, to: client, into: &outbox) }
        if clients[index]!.isStalled { outbox.effects.append(.stalled(client)) }
        reply.bytes.removeAll(keepingCapacity: reply.bytes.capacity <= 2 * Self.replyMax)
        swap(&reply, &scratch)
        closeLeaving(into: &outbox)
    }

    /// Whether more commands of this connection are to be carried out. Asked for each command, and
    /// so of the client where it lies: a copy of it has a dozen owners to count.
    private func isListening(_ index: Int) -> Bool {
        guard clients[index] != nil else { return false }
        return !clients[index]!.isClosing && !clients[index]!.isStalled
    }

    /// The checks that come before any command, in Redis' order; then the command, or its place in
    /// the queue of a transaction.
    private mutating func execute(
        _ words: Words, _ index: Int, _ reply: inout ReplyWriter, into outbox: inout CacheOutbox
    ) {
        // A web page that had its browser send HTTP here, with commands in its body: Redis hangs up
        // too (networking.c, `securityWarningCommand`).
        guard !words.matches(0, "POST"), !words.matches(0, "HOST:") else {
            return disconnect(index)
        }
        figures.commands += 1
        let hasRoom = engine.prepare(at: now)
        do throws(CacheFault) {
            let spec = try admitted(words, index, hasRoom: hasRoom)
            let isQueued = clients[index]!.transaction.isOpen && !spec.flags.contains(.immediate)
            if isQueued {
                queue(words, spec, index)
                reply.simple("QUEUED")
            } else {
                perform(spec, words, index, &reply, into: &outbox)
            }
        } catch {
            clients[index]!.transaction.isBroken = true
            reply.error(error.bytes)
        }
    }

    /// The command that the words name, if this client may give it now.
    private func admitted(
        _ words: Words, _ index: Int, hasRoom: Bool
    ) throws(CacheFault) -> CommandSpec {
        guard let place = table.find(words[0]) else { throw .unknown(words) }
        let spec = table.specs[place]
        try spec.check(words)
        guard clients[index]!.isAuthenticated || spec.flags.contains(.open) else {
            throw CacheFault("NOAUTH Authentication required.")
        }
        let grows =
            spec.flags.contains(.grows)
            || spec.flags.contains(.immediate) && clients[index]!.transaction.grows
        guard hasRoom || !grows else { throw .outOfMemory }
        let isConfined = clients[index]!.subscriptions > 0 && clients[index]!.version == .two
        guard !isConfined || spec.flags.contains(.subscribed) else {
            throw CacheFault(
                "ERR Can't execute '\(spec.name)': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING "
                    + "/ QUIT / RESET are allowed in this context")
        }
        return spec
    }

    /// Carries out a command; an error leaves nothing else of its reply.
    mutating func perform(
        _ spec: CommandSpec, _ words: Words, _ index: Int, _ reply: inout ReplyWriter,
        into outbox: inout CacheOutbox
    ) {
        if spec.isHelp(words) {
            reply.array(spec.subcommands.count)
            return spec.subcommands.forEach { reply.simple($0.name) }
        }
        let place = reply.bytes.count
        let database = clients[index]!.database
        do throws(CacheFault) {
            switch spec.command {
            case .string, .key, .hash, .list, .set, .sortedSet:
                try engine.run(spec.command, words, database, &reply)
            case .connection(let command): try run(command, words, index, &reply)
            case .transaction(let command): try run(command, words, index, &reply, into: &outbox)
            case .channel(let command): try run(command, words, index, &reply, into: &outbox)
            case .server(let command): try run(command, words, index, &reply)
            }
        } catch {
            reply.bytes.removeLast(reply.bytes.count - place)
            reply.error(error.bytes)
        }
        if !engine.databases[database].disturbed.isEmpty { disturb() }
    }

    // MARK: Housekeeping

    private mutating func tend(into outbox: inout CacheOutbox) {
        engine.advance(to: now)
        disturb()
        guard settings.timeout > 0, !clients.isEmpty else { return }
        // A part of them each time, all within two seconds.
        for _ in 0..<clients.count / 20 + 1 {
            idleCursor = idleCursor + 1 < clients.count ? idleCursor + 1 : 0
            guard let client = clients[idleCursor], client.subscriptions == 0,
                now - client.usedAt >= .seconds(Int64(settings.timeout))
            else { continue }
            disconnect(idleCursor)
        }
        closeLeaving(into: &outbox)
    }

    /// Marks the transactions whose watched keys have changed.
    mutating func disturb() {
        for database in engine.databases.indices {
            for client in engine.databases[database].disturbed {
                clients[Int(client)]?.transaction.isDisturbed = true
            }
            engine.databases[database].disturbed.removeAll(keepingCapacity: true)
        }
    }
}
