import Base
import Testing

@testable import Platform

/// Health, what nodes and the RTMP server say, and calls under way.
@Suite struct CoordinatorTests {
    typealias Harness = ProgramHarness<Coordinator>

    let stream = StreamID(0)

    func coordinator() -> Harness {
        var harness = Harness(Coordinator())
        _ = harness.tell(.started)
        return harness
    }

    func row(_ node: Int32) -> NodeRow {
        NodeRow(
            node: NodeID(node), stream: stream, name: "n", address: Store.address, statsURL: "",
            trust: Share(millionths: 800_000), capacity: .zero, viewers: 0,
            heartbeatAt: Harness.start, isActive: true, isFlagged: false)
    }

    @Test(
        "health: degraded without the cache, unhealthy without the database",
        arguments: [
            (true, true, Health.healthy), (true, false, .degraded), (false, true, .unhealthy),
            (false, false, .unhealthy),
        ])
    func health(_ store: Bool, _ cache: Bool, _ health: Health) {
        var platform = PlatformHarness()
        platform.storeIsUp = store
        platform.cacheIsUp = cache
        #expect(platform.call(.health) == .health(health))
        platform.storeIsUp = true
        platform.cacheIsUp = true
        #expect(platform.call(.health) == .health(.healthy), "it does not recover")
    }

    @Test("a publish is allowed or refused as the store says; without the store it is refused")
    func publish() {
        let live = StreamTransition(from: .ready, to: .live)
        let outcomes: [(Answer, Reply)] = [
            (.stored(.moved(live)), .ok), (.stored(.refused(.badKey)), .refused(.badKey)),
            (.failed(.timedOut), .unavailable),
        ]
        for (answer, reply) in outcomes {
            var harness = coordinator()
            let asked = harness.tell(.called(Ticket(1), .onPublish(stream, key: 3), .local))
            let next = harness.tell(.answered(asked.transactions[0].id, answer))
            #expect(next.replies == [reply])
        }
    }

    @Test("callbacks are taken from this machine and the RTMP server, and from nobody else")
    func callbacks() throws {
        var configuration = Coordinator.Configuration()
        configuration.rtmpServers = [ClientAddress(ipv4: 0x0A00_0005)]
        var platform = PlatformHarness(configuration)
        _ = platform.signUp("ann")
        let added = platform.addStream()
        let stream = try #require(added).stream
        let calls: [Call] = [
            .onPublish(stream, key: 7), .onPlay(stream), .onStop(stream), .onUnpublish(stream),
        ]
        for call in calls {
            for credential in [Credential.none, .streamer(UserID(0))] {
                #expect(platform.call(call, as: credential) == .refused(.notYours))
                #expect(platform.transactions.isEmpty)
            }
        }
        for (call, address) in zip(
            calls + calls,
            Array(repeating: ClientAddress.local, count: 4)
                + Array(repeating: configuration.rtmpServers[0], count: 4))
        {
            #expect(platform.call(call, from: address) == .ok)
        }
        #expect(platform.call(.onPublish(stream, key: 8), from: .local) == .refused(.badKey))
    }

    @Test("a heartbeat is kept in the store, then in the cache; an unknown node is told so")
    func heartbeat() {
        let beat = Heartbeat(
            node: NodeID(1), stream: stream, capacity: nil, viewers: nil, statsURL: "")
        let caller = Caller(.node(NodeID(1)), from: PlatformHarness.home)
        var harness = coordinator()
        let asked = harness.tell(.called(Ticket(1), .heartbeat(beat), caller))
        let next = harness.tell(
            .answered(asked.transactions[0].id, .stored(.nodes([row(1)]))))
        guard case .putNode(row(1))? = next.commands.first?.command else {
            Issue.record("\(next)")
            return
        }
        let last = harness.tell(.answered(next.commands[0].id, .failed(.refused)))
        #expect(last.replies == [.ok], "a heartbeat counts without the cache")
        let unknown = harness.tell(.called(Ticket(2), .heartbeat(beat), caller))
        let refused = harness.tell(
            .answered(unknown.transactions[0].id, .stored(.refused(.noNode))))
        #expect(refused.replies == [.refused(.noNode)])
    }

    @Test("a node speaks for itself alone, and figures are held to what it could mean")
    func nodeToken() throws {
        var platform = PlatformHarness()
        _ = platform.signUp("ann")
        let added = platform.addStream()
        let stream = try #require(added).stream
        _ = platform.addNode("attic", stream: stream)
        let beat = Call.heartbeat(
            Heartbeat(
                node: NodeID(0), stream: stream, capacity: Share(millionths: -5),
                viewers: .max, statsURL: ""))
        let report = Call.bandwidthReport(
            BandwidthReport(
                node: NodeID(0), stream: stream, bytes: 1, from: platform.now - .minutes(1),
                until: platform.now, sourceBitrate: Rate.megabits(4)))
        for call in [beat, report] {
            #expect(platform.call(call) == .refused(.notSignedIn))
            for other in [Credential.node(NodeID(1)), .streamer(UserID(0))] {
                #expect(platform.call(call, as: other) == .refused(.notYours))
            }
            #expect(platform.call(call, as: .node(NodeID(0))) == .ok)
        }
        guard case .nodes(let rows)? = platform.call(.stream(.peers(stream))) else { return }
        #expect(rows[0].capacity == .zero && rows[0].viewers == Coordinator.viewersMax)
    }

    @Test("an answer that belongs to a call of a former life finds nobody")
    func formerLife() {
        var harness = coordinator()
        func call(_ ticket: UInt64) -> [Effect] {
            let asked = harness.tell(.called(Ticket(ticket), .health, .local))
            return asked
        }
        let asked = call(1)
        _ = harness.tell(.started)
        #expect(harness.tell(.answered(asked.transactions[0].id, .stored(.done))).isEmpty)
        let again = call(2)
        let late = harness.tell(.answered(asked.transactions[0].id, .stored(.done)))
        #expect(late.isEmpty, "the new call was answered with the old answer")
        let next = harness.tell(.answered(again.transactions[0].id, .stored(.done)))
        let last = harness.tell(.answered(next.commands[0].id, .cached(.done)))
        #expect(last.replies == [.health(.healthy)])
    }

    @Test("more calls at once than it takes are refused, and answered ones make room")
    func limit() {
        var harness = coordinator()
        var first: CallID?
        for ticket in 0..<UInt64(Coordinator.callsMax) {
            let asked = harness.tell(.called(Ticket(ticket), .onUnpublish(stream), .local))
            first = first ?? asked.transactions[0].id
        }
        let call = Input.called(Ticket(1), .onUnpublish(stream), .local)
        #expect(harness.tell(call).replies == [.unavailable])
        _ = harness.tell(.answered(first!, .failed(.timedOut)))
        #expect(harness.tell(call).replies.isEmpty)
    }
}
