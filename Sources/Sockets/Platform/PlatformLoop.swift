import Base
import Logging
import NIOCore
import NIOPosix
import Platform
import RTMP

/// Runs one transaction on the store and answers once, on any thread.
public typealias Transact =
    @Sendable (Transaction, Instant, @escaping @Sendable (Result<StoreAnswer, any Error>) -> Void)
    ->
    Void

/// One event loop, and the coordinator and the worker that it runs: turns requests, answers and
/// time into inputs, and effects into calls of the store, the cache and other machines.
///
/// Everything but `call`, `tally` and `stop` runs on the event loop. What happens while effects are
/// carried out waits its turn.
final class PlatformLoop: @unchecked Sendable {
    enum Part: Int, CaseIterable, Sendable { case coordinator, worker }

    private struct Asking {
        var continuation: CheckedContinuation<Reply, Never>
        var since: NIODeadline
    }

    let eventLoop: any EventLoop
    private let clock = SocketClock()
    private let store: Transact
    private let cache: CacheClient
    private let passwords: Passwords
    private let stats: StatsCaller
    private let logger: Logger

    private var coordinator: Coordinator
    private var worker: Worker
    private var outbox = Outbox()
    private var inputs: [(part: Part, input: Input)] = []
    private var isBusy = false
    private var isStopped = false
    private var timers: [(at: Instant, task: Scheduled<Void>)?] = Part.allCases.map { _ in nil }
    private var watch: RepeatedTask?

    /// Who waits for a reply, by ticket.
    private var asking: [UInt64: Asking] = [:]
    private var tickets: UInt64 = 0
    /// Nodes as they last came out of the store: where `Address.node` leads.
    private var nodes: [NodeID: NodeRow] = [:]
    private var connections: [ConnectionID: SpotCheck] = [:]
    private var figures = PlatformTally()

    /// A spot check's connection: first wanted, then open.
    private enum SpotCheck {
        case wanted(NodeAddress)
        case opening(SocketAddress, NodeAddress)
        case open(any Channel)
    }

    /// Rows kept; twice what the store has.
    private static let nodesMax = 20_000
    private static let connectTimeout = TimeAmount.seconds(5)
    /// Whoever asks is told no later than this that there is no answer.
    private static let callTimeout = TimeAmount.seconds(30)

    init(
        _ coordinator: Coordinator, _ worker: Worker, on eventLoop: any EventLoop,
        store: @escaping Transact, cache: CacheClient, passwords: Passwords, stats: StatsCaller,
        logger: Logger
    ) {
        self.coordinator = coordinator
        self.worker = worker
        self.eventLoop = eventLoop
        self.store = store
        self.cache = cache
        self.passwords = passwords
        self.stats = stats
        self.logger = logger
        for part in Part.allCases { submit(.started, to: part) }
        eventLoop.execute {
            self.watch = eventLoop.scheduleRepeatedTask(
                initialDelay: Self.callTimeout, delay: .seconds(5)
            ) { _ in self.giveUp() }
        }
    }

    // MARK: From outside

    /// The coordinator's reply to a call, from any thread.
    func call(_ call: Call, by caller: Caller) async -> Reply {
        await withCheckedContinuation { continuation in
            eventLoop.execute {
                guard !self.isStopped else { return continuation.resume(returning: .unavailable) }
                self.tickets += 1
                self.asking[self.tickets] = Asking(continuation: continuation, since: .now())
                self.run(.called(Ticket(self.tickets), call, caller), of: .coordinator)
            }
        }
    }

    func tally() async throws -> PlatformTally {
        try await eventLoop.submit { self.figures }.get()
    }

    /// Runs nothing more; whoever still waits is told so.
    func stop() async {
        try? await eventLoop.submit {
            self.isStopped = true
            self.watch?.cancel()
            for timer in self.timers { timer?.task.cancel() }
            for asking in self.asking.values { asking.continuation.resume(returning: .unavailable) }
            self.asking.removeAll()
            for case .open(let channel) in self.connections.values { channel.close(promise: nil) }
        }.get()
    }

    private func giveUp() {
        let limit = NIODeadline.now() - Self.callTimeout
        for (ticket, late) in asking where late.since < limit {
            asking.removeValue(forKey: ticket)
            late.continuation.resume(returning: .unavailable)
        }
    }

    private func submit(_ input: Input, to part: Part) {
        eventLoop.execute { self.run(input, of: part) }
    }

    // MARK: The turn of the crank

    private func run(_ input: Input, of part: Part) {
        eventLoop.preconditionInEventLoop()
        guard !isStopped else { return }
        inputs.append((part, input))
        guard !isBusy else { return }
        isBusy = true
        var taken = 0
        while taken < inputs.count {
            let (part, input) = inputs[taken]
            taken += 1
            switch part {
            case .coordinator: coordinator.handle(input, at: clock.now, into: &outbox)
            case .worker: worker.handle(input, at: clock.now, into: &outbox)
            }
            while let effect = outbox.next() { perform(effect, for: part) }
        }
        inputs.removeAll(keepingCapacity: true)
        isBusy = false
    }

    private func perform(_ effect: Effect, for part: Part) {
        switch effect {
        case .reply(let ticket, let reply):
            asking.removeValue(forKey: ticket.raw)?.continuation.resume(returning: reply)
        case .transact(let id, let transaction): transact(id, transaction, for: part)
        case .cache(let id, let command):
            cache.execute(command, at: clock.now) { answer in
                self.submit(
                    .answered(id, answer.map { .cached($0) } ?? .failed(.refused)), to: part)
            }
        case .work(let id, let work):
            passwords.perform(work) { answer in
                self.submit(
                    .answered(id, answer.map { .worked($0) } ?? .failed(.refused)), to: part)
            }
        case .call(let id, let address, _): ask(id, address, for: part)
        case .connect(let connection, let address): connect(connection, address)
        case .send(let connection, let message): send(connection, message)
        case .close(let connection): close(connection)
        case .wake(let instant): wake(part, at: instant)
        case .observe(let observation): note(observation)
        case .ingest, .relay: preconditionFailure("media is the stream server's")
        }
    }

    private func wake(_ part: Part, at instant: Instant) {
        if let timer = timers[part.rawValue] {
            guard timer.at != instant else { return }
            timer.task.cancel()
        }
        timers[part.rawValue] = nil
        guard instant < .distantFuture else { return }
        let wait = max((instant - clock.now).nanoseconds, 0)
        let task = eventLoop.scheduleTask(in: .nanoseconds(wait)) {
            self.timers[part.rawValue] = nil
            self.run(.woke, of: part)
        }
        timers[part.rawValue] = (instant, task)
    }

    // MARK: The store

    private func transact(_ id: CallID, _ transaction: Transaction, for part: Part) {
        figures.transactions += 1
        store(transaction, clock.now) { result in
            self.eventLoop.execute {
                switch result {
                case .success(let answer):
                    self.keep(answer)
                    self.run(.answered(id, .stored(answer)), of: part)
                case .failure(let error):
                    self.logger.warning("no answer of the store", metadata: ["error": "\(error)"])
                    self.figures.transactionsFailed += 1
                    self.run(.answered(id, .failed(.refused)), of: part)
                }
            }
        }
    }

    /// Remembers where nodes are.
    private func keep(_ answer: StoreAnswer) {
        guard case .nodes(let rows) = answer else { return }
        for row in rows where nodes.count < Self.nodesMax || nodes[row.node] != nil {
            nodes[row.node] = row
        }
    }

    // MARK: Nodes

    private func ask(_ id: CallID, _ address: Address, for part: Part) {
        guard case .node(let node) = address, let row = nodes[node], !row.statsURL.isEmpty else {
            inputs.append((part, .answered(id, .failed(.refused))))
            return
        }
        Task {
            let answer: Answer
            do {
                answer = .reply(.stats(viewers: try await stats.ask(row.statsURL)))
            } catch {
                logger.debug(
                    "no statistics",
                    metadata: [
                        "node": "\(node.raw)", "url": "\(row.statsURL)", "error": "\(error)",
                    ])
                answer = .failed(error is AddressGuard.Refusal ? .refused : .timedOut)
            }
            submit(.answered(id, answer), to: part)
        }
    }

    /// Resolves where to; the connection is made when it is known what to play there.
    private func connect(_ connection: ConnectionID, _ address: Address) {
        guard case .node(let node) = address, let row = nodes[node] else {
            inputs.append((.worker, .closed(connection, .refused)))
            return
        }
        let place = row.address
        connections[connection] = .wanted(place)
        Task {
            let target = try? await stats.guardian.resolve(
                host: place.host, port: Int(place.rtmpPort))
            eventLoop.execute { self.resolved(connection, target, place) }
        }
    }

    private func resolved(
        _ connection: ConnectionID, _ target: SocketAddress?, _ place: NodeAddress
    ) {
        guard connections[connection] != nil else { return }
        guard let target else { return lost(connection, .refused) }
        connections[connection] = .opening(target, place)
        run(.opened(connection), of: .worker)
    }

    private func send(_ connection: ConnectionID, _ message: SessionMessage) {
        guard case .opening(let target, let place)? = connections[connection],
            case .play(let stream) = message
        else { return }
        let url = Self.url(of: stream, at: place)
        ClientBootstrap(group: eventLoop)
            .connectTimeout(Self.connectTimeout)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        SpotCheckHandler(url, clock: self.clock) { message in
                            self.run(.received(connection, message), of: .worker)
                        })
                }
            }
            .connect(to: target)
            .whenComplete { result in
                switch result {
                case .success(let channel): self.opened(connection, channel)
                case .failure: self.lost(connection, .timedOut)
                }
            }
    }

    private static func url(of stream: StreamID, at place: NodeAddress) -> StreamURL {
        var url = StreamURL(host: place.host, app: app, name: String(stream.raw))
        url.port = place.rtmpPort
        return url
    }

    private func opened(_ connection: ConnectionID, _ channel: any Channel) {
        guard connections[connection] != nil else { return channel.close(promise: nil) }
        connections[connection] = .open(channel)
        channel.closeFuture.whenComplete { _ in self.lost(connection, .byPeer) }
    }

    private func lost(_ connection: ConnectionID, _ reason: CloseReason) {
        guard connections.removeValue(forKey: connection) != nil else { return }
        run(.closed(connection, reason), of: .worker)
    }

    private func close(_ connection: ConnectionID) {
        guard let check = connections.removeValue(forKey: connection) else { return }
        if case .open(let channel) = check { channel.close(promise: nil) }
        inputs.append((.worker, .closed(connection, .byPeer)))
    }

    // MARK: What is told to people

    private func note(_ observation: Observation) {
        figures.note(observation)
        switch observation {
        case .cacheDown, .gaveUp, .lostPatience, .nodeFlagged, .nodeInactive, .publishRejected:
            logger.warning("\(observation)")
        case .cacheUp, .nodeActive, .paid, .publishAccepted, .spotCheck, .streamChanged:
            logger.info("\(observation)")
        case .routed: logger.debug("\(observation)")
        }
    }

    /// The name of the application in the addresses of streams.
    static let app = "live"
}
