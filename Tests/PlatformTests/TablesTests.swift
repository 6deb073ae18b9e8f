import Base
import Platform
import Testing
import TransactionSequences

/// Accounts, streams, nodes, jobs.
@Suite struct TablesTests {
    @Test("a name is one account's; another's key or stream is not to be touched")
    func accounts() {
        var store = Store()
        let bob = store.addStranger()
        #expect(store.run(.addUser(name: "ann", PasswordHash("z"))) == .refused(.nameTaken))
        #expect(store.run(.findUser(name: "eve")) == .refused(.noUser))
        let digest = SecretDigest(words: [1, 2, 3, 4])
        let made = store.run(.addKey(Store.user, label: "laptop", .read, digest))
        let row = KeyRow(
            key: KeyID(0), user: Store.user, label: "laptop", scopes: .read, isRevoked: false)
        #expect(made == .key(row))
        #expect(store.run(.findKey(digest)) == .key(row))
        #expect(store.run(.findKey(SecretDigest(words: [1, 2, 3, 5]))) == .refused(.noKey))
        #expect(store.run(.addKey(bob, label: "mine", .all, digest)) == .refused(.nameTaken))
        #expect(store.run(.revokeKey(KeyID(0), by: bob)) == .refused(.notYours))
        #expect(store.run(.revokeKey(KeyID(0), by: Store.user)) == .done)
        #expect(store.run(.findKey(digest)) == .refused(.noKey), "revoked, and it still opens")
        guard case .keys(let rows) = store.run(.keys(Store.user)) else {
            Issue.record("no keys")
            return
        }
        #expect(rows.map(\.isRevoked) == [true])
    }

    @Test("every step of the life cycle is allowed or refused as the picture shows")
    func lifeCycle() {
        let allowed: [(StreamStatus, [StreamStatus])] = [
            (.ready, [.testing, .live]), (.testing, [.live, .offline, .ready]),
            (.live, [.offline]), (.offline, [.ready, .stale, .archived]),
            (.stale, [.ready, .offline, .archived]), (.archived, []),
        ]
        for (from, steps) in allowed {
            for to in StreamStatus.allCases {
                var store = Store()
                guard reach(from, &store) else { continue }
                let answer = store.run(.moveStream(Store.stream, to: to, by: Store.user))
                #expect(
                    answer
                        == (steps.contains(to)
                            ? .moved(StreamTransition(from: from, to: to)) : .refused(.badStep)),
                    "\(from) to \(to)")
            }
        }
    }

    private func reach(_ status: StreamStatus, _ store: inout Store) -> Bool {
        let ways: [StreamStatus: [StreamStatus]] = [
            .ready: [], .testing: [.testing], .live: [.live], .offline: [.live, .offline],
            .stale: [.live, .offline, .stale], .archived: [.live, .offline, .archived],
        ]
        for step in ways[status] ?? [] {
            store.run(.moveStream(Store.stream, to: step, by: Store.user))
        }
        guard case .stream(let row) = store.run(.findStream(Store.stream)) else { return false }
        #expect(row.status == status)
        return row.status == status
    }

    @Test("a publish needs the key, and opens from everywhere but the archive")
    func publish() {
        var store = Store()
        #expect(store.run(.openStream(StreamID(9), key: 7)) == .refused(.noStream))
        #expect(store.run(.openStream(Store.stream, key: 8)) == .refused(.badKey))
        for from: StreamStatus in [.ready, .testing, .live, .offline, .stale] {
            var store = Store()
            guard reach(from, &store) else { continue }
            let answer = store.run(.openStream(Store.stream, key: Store.key))
            #expect(answer == .moved(StreamTransition(from: from, to: .live)))
        }
        guard reach(.archived, &store) else { return }
        #expect(store.run(.openStream(Store.stream, key: Store.key)) == .refused(.busy))
    }

    @Test("the end of a stream is OFFLINE, an hour of it STALE, and no sooner")
    func stale() {
        var store = Store()
        #expect(store.run(.endStream(Store.stream)) == .refused(.noStream), "it never began")
        store.run(.openStream(Store.stream, key: Store.key))
        let ended = store.run(.endStream(Store.stream), after: .minutes(5))
        #expect(ended == .moved(StreamTransition(from: .live, to: .offline)))
        for (after, status) in [
            (Interval.minutes(59), StreamStatus.offline), (.minutes(1), .stale),
        ] {
            store.run(.staleStreams, after: after)
            guard case .streams(let rows) = store.run(.streams(status)) else { continue }
            #expect(rows.count == 1, "not \(status)")
        }
    }

    @Test("only the owner moves, removes or rekeys; what is on the air is not removed")
    func owner() {
        var store = Store()
        let bob = store.addStranger()
        let theirs: [Transaction] = [
            .moveStream(Store.stream, to: .live, by: bob), .removeStream(Store.stream, by: bob),
            .replaceKey(Store.stream, by: bob, key: 1),
            .authorizeNode(Store.stream, Store.node, allowed: false, by: bob),
        ]
        for transaction in theirs { #expect(store.run(transaction) == .refused(.notYours)) }
        store.run(.replaceKey(Store.stream, by: Store.user, key: 99))
        #expect(store.run(.openStream(Store.stream, key: Store.key)) == .refused(.badKey))
        store.run(.openStream(Store.stream, key: 99))
        let remove = Transaction.removeStream(Store.stream, by: Store.user)
        #expect(store.run(remove) == .refused(.busy))
        store.run(.endStream(Store.stream))
        #expect(store.run(remove) == .moved(StreamTransition(from: .offline, to: .archived)))
        #expect(store.run(remove) == .refused(.badStep))
        #expect(store.run(.streams(nil)) == .streams([]), "archived ones are shown if asked for")
        guard case .streams(let rows) = store.run(.streams(.archived)) else { return }
        #expect(rows.count == 1)
    }

    @Test("the same name at the same stream is the same node, which may have moved")
    func register() {
        var store = Store()
        let moved = NodeAddress(host: "elsewhere.example", rtmpPort: 1_936, httpPort: 0)
        guard
            case .nodes(let rows) = store.run(
                .addNode(Store.stream, key: Store.key, name: "attic", moved))
        else { return }
        #expect(rows.map(\.node) == [Store.node])
        #expect(rows.map(\.address) == [moved])
        let add = Transaction.addNode(Store.stream, key: 1, name: "cellar", moved)
        #expect(store.run(add) == .refused(.badKey))
    }

    @Test("a node whose permission is taken back neither beats nor registers nor serves")
    func authorisation() {
        var store = Store()
        #expect(store.beat() != .refused(.notAuthorized))
        store.run(.authorizeNode(Store.stream, Store.node, allowed: false, by: Store.user))
        #expect(store.beat(after: .seconds(30)) == .refused(.notAuthorized))
        let again = Transaction.addNode(Store.stream, key: 7, name: "attic", Store.address)
        #expect(store.run(again) == .refused(.notAuthorized))
        #expect(store.run(.nodesForStream(Store.stream)) == .nodes([]))
        store.run(.authorizeNode(Store.stream, Store.node, allowed: true, by: Store.user))
        guard case .nodes(let rows) = store.beat(after: .seconds(30)) else {
            Issue.record("it does not beat again")
            return
        }
        #expect(rows[0].isActive)
    }

    @Test("a heartbeat says what it says, and leaves the rest as it was")
    func heartbeat() {
        var store = Store()
        _ = store.beat(capacity: .percent(40), viewers: 3)
        guard case .nodes(let rows) = store.beat(viewers: 5, after: .seconds(30)) else { return }
        #expect(rows[0].capacity == .percent(40) && rows[0].viewers == 5)
        #expect(rows[0].heartbeatAt == store.now)
        #expect(store.beat(after: .milliseconds(999)) == .refused(.tooOften))
        #expect(store.beat(after: .milliseconds(1)) != .refused(.tooOften))
        #expect(store.beat(NodeID(1)) == .refused(.noNode))
    }

    @Test("five minutes without a heartbeat make a node inactive, once")
    func sweep() {
        var store = Store()
        _ = store.beat()
        #expect(store.run(.sweepInactive, after: .seconds(299)) == .changed([]))
        #expect(store.run(.sweepInactive, after: .seconds(1)) == .changed([Store.node]))
        #expect(store.run(.sweepInactive, after: .hours(1)) == .changed([]))
        #expect(store.run(.activeNodes) == .nodes([]))
    }

    @Test("a job is one worker's until its lease is over; whoever has it may renew it")
    func leases() {
        var store = Store()
        func claim(_ holder: UInt64, after: Interval = .zero) -> StoreAnswer {
            store.now += after
            return store.run(.claim(.pay, by: holder, until: store.now + .minutes(10)))
        }
        #expect(claim(1) == .claimed(true))
        #expect(claim(2, after: .minutes(9)) == .claimed(false))
        #expect(claim(1) == .claimed(true))
        #expect(claim(2, after: .seconds(599)) == .claimed(false))
        #expect(claim(2, after: .seconds(1)) == .claimed(true))
        #expect(claim(1) == .claimed(false))
        let other = Transaction.claim(.poll, by: 1, until: store.now + .minutes(1))
        #expect(store.run(other) == .claimed(true), "leases are by job")
    }

    @Test("ten thousand nodes fit, and no more")
    func bound() {
        var store = Store()
        for number in 1..<Tables.nodesMax {
            store.run(.addNode(Store.stream, key: 7, name: "n\(number)", Store.address))
        }
        let more = Transaction.addNode(Store.stream, key: 7, name: "more", Store.address)
        #expect(store.run(more) == .refused(.full))
        let known = Transaction.addNode(Store.stream, key: 7, name: "n5", Store.address)
        #expect(store.run(known) != .refused(.full), "one that is known may still move")
    }

    /// What random sequences reach: without it a store could be held to nothing.
    @Test("random sequences meet every answer and nearly every refusal", arguments: [1, 2])
    func sequences(_ seed: UInt64) {
        var source = TransactionSource(seed: seed, start: ProgramHarness<Coordinator>.start)
        var tables = Tables(trustRule: .spotChecks)
        var refusals: [Refusal: Int] = [:]
        var paid = 0
        var flagged = 0
        var months = 0
        for _ in 0..<20_000 {
            let step = source.next()
            switch tables.execute(step.transaction, at: step.at) {
            case .refused(let why): refusals[why, default: 0] += 1
            case .paid(let amount): paid += amount > 0 ? 1 : 0
            case .changed(let nodes): flagged += nodes.count
            case .economics(let figures): months = max(months, figures.months.count)
            case .done, .user, .key, .keys, .stream, .streams, .moved, .nodes, .claimed,
                .overview, .leaderboard, .payouts, .node, .streamer:
                break
            }
        }
        for why in Refusal.allCases where why != .notSignedIn && why != .full {
            #expect(refusals[why, default: 0] > 0, "seed \(seed): never \(why)")
        }
        #expect(paid > 20 && flagged > 20 && months > 3, "\(seed): \(paid) \(flagged) \(months)")
    }
}
