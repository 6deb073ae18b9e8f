import Base
import Platform

/// One program, told things at times of the test's choosing.
struct ProgramHarness<Subject: Program & Copyable> {
    var program: Subject
    var now: Instant

    init(_ program: Subject, at now: Instant = start) {
        self.program = program
        self.now = now
    }

    /// A Monday, midnight UTC.
    static var start: Instant { Instant(nanoseconds: 1_795_996_800_000_000_000) }

    /// What the program asks for in answer to one input.
    mutating func tell(_ input: Input, after: Interval = .zero) -> [Effect] {
        now += after
        var outbox = Outbox()
        program.handle(input, at: now, into: &outbox)
        var effects: [Effect] = []
        while let effect = outbox.next() { effects.append(effect) }
        return effects
    }

    /// Wakes the program whenever it asks to be, until `end`; gives all it asked for, with times.
    mutating func sleep(
        _ first: [Effect], until end: Instant, answering: (Effect) -> Input? = { _ in nil }
    ) -> [(at: Instant, effect: Effect)] {
        var all = first.map { (at: now, effect: $0) }
        var wake = first.wake
        for _ in 0..<100_000 {
            guard let at = wake, at <= end else { return all }
            now = max(now, at)
            var effects = tell(.woke)
            wake = effects.wake ?? wake
            all += effects.map { (at: now, effect: $0) }
            while let next = effects.firstIndex(where: { answering($0) != nil }) {
                guard let input = answering(effects.remove(at: next)) else { break }
                let more = tell(input)
                wake = more.wake ?? wake
                all += more.map { (at: now, effect: $0) }
                effects += more
            }
        }
        return all
    }
}

extension [Effect] {
    /// The wake that counts: the last one asked for.
    var wake: Instant? {
        reversed().lazy.compactMap { if case .wake(let at) = $0 { at } else { nil } }.first
    }

    var connects: [(ConnectionID, Address)] {
        compactMap { if case .connect(let id, let to) = $0 { (id, to) } else { nil } }
    }

    var sent: [SessionMessage] {
        compactMap { if case .send(_, let message) = $0 { message } else { nil } }
    }

    var closed: [ConnectionID] {
        compactMap { if case .close(let id) = $0 { id } else { nil } }
    }

    var calls: [(id: CallID, to: Address, call: Call)] {
        compactMap { if case .call(let id, let to, let call) = $0 { (id, to, call) } else { nil } }
    }

    var replies: [Reply] {
        compactMap { if case .reply(_, let reply) = $0 { reply } else { nil } }
    }

    var transactions: [(id: CallID, transaction: Transaction)] {
        compactMap {
            if case .transact(let id, let transaction) = $0 { (id, transaction) } else { nil }
        }
    }

    var commands: [(id: CallID, command: CacheCommand)] {
        compactMap { if case .cache(let id, let command) = $0 { (id, command) } else { nil } }
    }

    var observations: [Observation] {
        compactMap { if case .observe(let seen) = $0 { seen } else { nil } }
    }

    var ingested: [StreamID] {
        compactMap { if case .ingest(_, let stream) = $0 { stream } else { nil } }
    }

    var relayed: [ConnectionID] {
        compactMap { if case .relay(let id, _) = $0 { id } else { nil } }
    }
}
