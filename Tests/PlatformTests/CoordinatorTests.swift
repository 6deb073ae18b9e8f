import Base
import Platform
import Testing

@Suite struct CoordinatorTests {
    typealias Harness = ProgramHarness<Coordinator>

    let stream = StreamID(0)

    func coordinator() -> Harness {
        var harness = Harness(Coordinator())
        _ = harness.tell(.started)
        return harness
    }

    func row(
        _ node: Int32, trust: Int64 = 800_000, capacity: Int64 = 0, viewers: Int32 = 0,
        age: Interval = .seconds(10), flagged: Bool = false
    ) -> NodeRow {
        NodeRow(
            node: NodeID(node), stream: stream, trust: Share(millionths: trust),
            capacity: Share(millionths: capacity), viewers: viewers,
            heartbeatAt: Harness.start - age, flagged: flagged)
    }

    /// Where a viewer is sent when the cache holds these nodes; nil if the call was not answered.
    func watch(_ rows: [NodeRow]) -> Reply? {
        var harness = coordinator()
        let asked = harness.tell(.called(Ticket(1), .watch(stream)))
        var next = harness.tell(.answered(asked.commands[0].id, .cached(.nodes(rows))))
        if let store = next.transactions.first {
            next = harness.tell(.answered(store.id, .stored(.nodes(rows))))
        }
        guard let kept = next.commands.first else { return next.replies.first }
        return harness.tell(.answered(kept.id, .cached(.done))).replies.first
    }

    @Test("a viewer goes to the most trusted node, then the least used, then the lowest number")
    func watchOrder() {
        #expect(watch([row(1), row(2, trust: 900_000)]) == .watch(NodeID(2)))
        #expect(watch([row(1, viewers: 3), row(2, viewers: 1)]) == .watch(NodeID(2)))
        #expect(watch([row(2), row(1)]) == .watch(NodeID(1)))
        // Trust comes before emptiness.
        #expect(
            watch([row(1, trust: 700_000), row(2, trust: 710_000, viewers: 50)])
                == .watch(NodeID(2)))
    }

    @Test("a node that is full, mistrusted, flagged or silent gets nobody")
    func watchExclusions() {
        let useless = [
            row(1, capacity: 900_000), row(2, trust: 499_999), row(3, flagged: true),
            row(4, age: .seconds(91)),
        ]
        for node in useless { #expect(watch([node]) == .watch(nil), "\(node)") }
        let borderline = [
            row(1, capacity: 899_999), row(2, trust: 500_000), row(4, age: .seconds(90)),
        ]
        for node in borderline { #expect(watch([node]) == .watch(node.node), "\(node)") }
        #expect(watch([]) == .watch(nil))
    }

    @Test("with the cache away the store says where to watch, and that is noted once")
    func cacheAway() {
        var harness = coordinator()
        for turn in 0..<3 {
            let asked = harness.tell(.called(Ticket(UInt64(turn)), .watch(stream)))
            let next = harness.tell(.answered(asked.commands[0].id, .failed(.refused)))
            #expect(next.observations == (turn == 0 ? [.cacheDown] : []))
            let chosen = harness.tell(
                .answered(next.transactions[0].id, .stored(.nodes([row(4)]))))
            let kept = harness.tell(.answered(chosen.commands[0].id, .failed(.refused)))
            #expect(kept.replies == [.watch(NodeID(4))])
        }
        let asked = harness.tell(.called(Ticket(9), .watch(stream)))
        let back = harness.tell(.answered(asked.commands[0].id, .cached(.nodes([row(4)]))))
        #expect(back.observations.contains(.cacheUp))
    }

    @Test("with cache and store away a viewer is told that it is unavailable")
    func bothAway() {
        var harness = coordinator()
        let asked = harness.tell(.called(Ticket(1), .watch(stream)))
        let next = harness.tell(.answered(asked.commands[0].id, .failed(.refused)))
        let last = harness.tell(.answered(next.transactions[0].id, .failed(.timedOut)))
        #expect(last.replies == [.unavailable])
    }

    @Test(
        "health: degraded without the cache, unhealthy without the database",
        arguments: [
            (true, true, Health.healthy), (true, false, .degraded), (false, true, .unhealthy),
            (false, false, .unhealthy),
        ])
    func health(_ store: Bool, _ cache: Bool, _ health: Health) {
        var harness = coordinator()
        let asked = harness.tell(.called(Ticket(1), .health))
        let next = harness.tell(
            .answered(asked.transactions[0].id, store ? .stored(.done) : .failed(.refused)))
        let last = harness.tell(
            .answered(next.commands[0].id, cache ? .cached(.done) : .failed(.refused)))
        #expect(last.replies == [.health(health)])
    }

    @Test("a publish is allowed or refused as the store says; without the store it is refused")
    func publish() {
        let live = StreamTransition(from: .ready, to: .live)
        let outcomes: [(Answer, Reply)] = [
            (.stored(.stream(live)), .ok), (.stored(.refused(.badKey)), .refused(.badKey)),
            (.failed(.timedOut), .unavailable),
        ]
        for (answer, reply) in outcomes {
            var harness = coordinator()
            let asked = harness.tell(.called(Ticket(1), .onPublish(stream, key: 3)))
            #expect(harness.tell(.answered(asked.transactions[0].id, answer)).replies == [reply])
        }
    }

    @Test("a heartbeat is kept in the store, then in the cache; an unknown node is told so")
    func heartbeat() {
        let beat = Heartbeat(node: NodeID(1), stream: stream, capacity: .zero, viewers: 0)
        var harness = coordinator()
        let asked = harness.tell(.called(Ticket(1), .heartbeat(beat)))
        let next = harness.tell(
            .answered(asked.transactions[0].id, .stored(.nodes([row(1)]))))
        guard case .putNode(row(1))? = next.commands.first?.command else {
            Issue.record("\(next)")
            return
        }
        let last = harness.tell(.answered(next.commands[0].id, .failed(.refused)))
        #expect(last.replies == [.ok], "a heartbeat counts without the cache")
        let unknown = harness.tell(.called(Ticket(2), .heartbeat(beat)))
        let refused = harness.tell(
            .answered(unknown.transactions[0].id, .stored(.refused(.noStream))))
        #expect(refused.replies == [.notFound])
    }

    @Test("an answer that belongs to a call of a former life finds nobody")
    func formerLife() {
        var harness = coordinator()
        let asked = harness.tell(.called(Ticket(1), .dashboard))
        _ = harness.tell(.started)
        #expect(harness.tell(.answered(asked.transactions[0].id, .stored(.done))).isEmpty)
        let again = harness.tell(.called(Ticket(2), .dashboard))
        let late = harness.tell(.answered(asked.transactions[0].id, .stored(.done)))
        #expect(late.isEmpty, "the new call was answered with the old answer")
        let answer = StoreAnswer.overview(streamsLive: 2, nodesActive: 3)
        let page = harness.tell(.answered(again.transactions[0].id, .stored(answer)))
        #expect(page.replies == [.page(streams: 2, nodes: 3)])
    }

    @Test("more calls at once than it takes are refused, and answered ones make room")
    func limit() {
        var harness = coordinator()
        var first: CallID?
        for ticket in 0..<UInt64(Coordinator.callsMax) {
            let asked = harness.tell(.called(Ticket(ticket), .dashboard))
            first = first ?? asked.transactions[0].id
        }
        #expect(harness.tell(.called(Ticket(1), .dashboard)).replies == [.unavailable])
        _ = harness.tell(.answered(first!, .failed(.timedOut)))
        #expect(harness.tell(.called(Ticket(1), .dashboard)).replies.isEmpty)
    }
}
