import Base

@testable import Platform

/// A coordinator with a store and a cache in memory, which answer at once unless they are away.
struct PlatformHarness {
    var coordinator = ProgramHarness(Coordinator())
    var tables = Tables(trustRule: .spotChecks)
    var cache = CacheTables(memoryMax: 10_000_000)
    var storeIsUp = true
    var cacheIsUp = true
    /// What the latest call asked for.
    private(set) var transactions: [Transaction] = []
    private(set) var commands: [CacheCommand] = []
    private(set) var work: [Work] = []
    private(set) var observations: [Observation] = []
    private var tickets: UInt64 = 0

    static let home = ClientAddress(ipv4: 0xCB00_7107)

    init(_ configuration: Coordinator.Configuration = .init()) {
        coordinator = ProgramHarness(Coordinator(configuration))
        _ = coordinator.tell(.started)
    }

    var now: Instant {
        get { coordinator.now }
        set { coordinator.now = newValue }
    }

    /// Calls, and answers whatever the coordinator asks for; nil where it never replies.
    mutating func call(
        _ call: Call, as credential: Credential = .none, from address: ClientAddress = Self.home
    ) -> Reply? {
        transactions = []
        commands = []
        work = []
        observations = []
        tickets += 1
        var effects = coordinator.tell(
            .called(Ticket(tickets), call, Caller(credential, from: address)))
        for _ in 0..<20 {
            observations += effects.observations
            if let reply = effects.replies.first { return reply }
            var next: [Effect] = []
            for effect in effects {
                guard let (id, answer) = answer(effect) else { continue }
                next += coordinator.tell(.answered(id, answer))
            }
            effects = next
        }
        return nil
    }

    private mutating func answer(_ effect: Effect) -> (CallID, Answer)? {
        switch effect {
        case .transact(let id, let transaction):
            transactions.append(transaction)
            return (
                id,
                storeIsUp
                    ? .stored(tables.execute(transaction, at: now)) : .failed(.refused)
            )
        case .cache(let id, let command):
            commands.append(command)
            return (
                id, cacheIsUp ? .cached(cache.execute(command, at: now)) : .failed(.timedOut)
            )
        case .work(let id, .hash(let password)):
            work.append(.hash(password: password))
            return (id, .worked(.hashed(PasswordHash("hash of \(password)"))))
        case .work(let id, .verify(let password, let hash)):
            work.append(.verify(password: password, hash))
            return (id, .worked(.verified(hash.text == "hash of \(password)")))
        case .call, .reply, .connect, .send, .close, .ingest, .relay, .wake, .observe:
            return nil
        }
    }

    // MARK: People

    /// Signs up; addresses differ, so that no limit is met.
    mutating func signUp(_ name: String, password: String = "correct horse") -> Grant? {
        tickets += 1
        let call = Call.account(
            .registerStreamer(name: name, password: password, fresh: SessionID(tickets)))
        let address = ClientAddress(ipv4: UInt32(tickets))
        guard case .granted(let grant)? = self.call(call, from: address) else { return nil }
        return grant
    }

    mutating func addStream(key: UInt64 = 7, as user: UserID = UserID(0)) -> StreamRow? {
        guard
            case .stream(let row)? = call(
                .stream(.create(title: "Evenings", freshKey: key)), as: .streamer(user))
        else { return nil }
        return row
    }

    mutating func addNode(_ name: String, stream: StreamID, key: UInt64 = 7) -> Grant? {
        tickets += 1
        let call = Call.account(
            .registerNode(
                stream, key: key, name: name,
                NodeAddress(host: "\(name).example", rtmpPort: 1_935, httpPort: 8_080),
                fresh: SessionID(tickets)))
        let address = ClientAddress(ipv4: UInt32(tickets))
        guard case .granted(let grant)? = self.call(call, from: address) else { return nil }
        return grant
    }
}
