import Base
import Testing

@testable import Platform

/// Where a viewer is sent.
@Suite struct WatchTests {
    typealias Harness = ProgramHarness<Coordinator>

    let stream = StreamID(0)

    func row(
        _ node: Int32, trust: Int64 = 800_000, capacity: Int64 = 0, viewers: Int32 = 0,
        age: Interval = .seconds(10), flagged: Bool = false
    ) -> NodeRow {
        NodeRow(
            node: NodeID(node), stream: stream, name: "n", address: Store.address, statsURL: "",
            trust: Share(millionths: trust), capacity: Share(millionths: capacity),
            viewers: viewers, heartbeatAt: Harness.start - age, isActive: true,
            isFlagged: flagged)
    }

    func node(_ number: Int32) -> Reply { .watch(.node(NodeID(number), Store.address)) }

    /// Where a viewer is sent when the cache holds these nodes.
    func watch(_ rows: [NodeRow]) -> Reply? {
        var harness = Harness(Coordinator())
        var effects = harness.tell(.called(Ticket(1), .watch(stream, viewer: 5), .local))
        if let command = effects.commands.first {
            effects = harness.tell(.answered(command.id, .cached(.nodes(rows))))
        }
        if let store = effects.transactions.first {
            effects = harness.tell(.answered(store.id, .stored(.nodes(rows))))
        }
        guard let kept = effects.commands.first else { return effects.replies.first }
        return harness.tell(.answered(kept.id, .cached(.done))).replies.first
    }

    @Test("a viewer goes to the most trusted node, then the least used, then the lowest number")
    func order() {
        #expect(watch([row(1), row(2, trust: 900_000)]) == node(2))
        #expect(watch([row(1, viewers: 3), row(2, viewers: 1)]) == node(2))
        #expect(watch([row(2), row(1)]) == node(1))
        // Trust comes before emptiness.
        #expect(
            watch([row(1, trust: 700_000), row(2, trust: 710_000, viewers: 50)]) == node(2))
    }

    @Test("a node that is full, mistrusted, flagged or silent gets nobody")
    func exclusions() {
        let useless = [
            row(1, capacity: 900_000), row(2, trust: 499_999), row(3, flagged: true),
            row(4, age: .seconds(91)),
        ]
        for row in useless { #expect(watch([row]) == .watch(.server), "\(row)") }
        let borderline = [
            row(1, capacity: 899_999), row(2, trust: 500_000), row(4, age: .seconds(90)),
        ]
        for row in borderline { #expect(watch([row]) == node(row.node.raw), "\(row)") }
        #expect(watch([]) == .watch(.server))
    }

    /// A stream with one node that has just beaten.
    func platform() throws -> PlatformHarness {
        var platform = PlatformHarness()
        _ = platform.signUp("ann")
        let added = platform.addStream()
        let stream = try #require(added).stream
        _ = platform.addNode("attic", stream: stream)
        let beat = Heartbeat(
            node: NodeID(0), stream: stream, capacity: nil, viewers: nil, statsURL: "")
        #expect(platform.call(.heartbeat(beat), as: .node(NodeID(0))) == .ok)
        return platform
    }

    @Test("with the cache away the store says where to watch, and that is noted once")
    func cacheAway() throws {
        var platform = try platform()
        let place = WatchPlace.node(
            NodeID(0), NodeAddress(host: "attic.example", rtmpPort: 1_935, httpPort: 8_080))
        #expect(platform.call(.watch(stream, viewer: 1)) == .watch(place))
        #expect(platform.transactions.isEmpty, "the cache knows the nodes")
        platform.cacheIsUp = false
        for turn in 0..<3 {
            #expect(platform.call(.watch(stream, viewer: 1)) == .watch(place))
            #expect(platform.observations.contains(.cacheDown) == (turn == 0))
        }
        platform.cacheIsUp = true
        platform.cache.flush()
        #expect(platform.call(.watch(stream, viewer: 1)) == .watch(place))
        #expect(platform.observations.contains(.cacheUp))
    }

    @Test("with cache and store away a viewer is told that it is unavailable")
    func bothAway() throws {
        var platform = try platform()
        platform.cacheIsUp = false
        platform.storeIsUp = false
        #expect(platform.call(.watch(stream, viewer: 1)) == .unavailable)
        #expect(platform.call(.figures(.watchPage(stream))) == .unavailable)
    }

    @Test("a stream that does not exist is not watched; a page shows its stream without the key")
    func page() throws {
        var platform = try platform()
        #expect(platform.call(.watch(StreamID(8), viewer: 1)) == .refused(.noStream))
        #expect(platform.call(.figures(.watchPage(StreamID(8)))) == .refused(.noStream))
        guard
            case .watchPage(let row, .node(NodeID(0), _))? = platform.call(
                .figures(.watchPage(stream)), as: .streamer(UserID(0)))
        else {
            Issue.record("no page")
            return
        }
        #expect(row.key == 0 && row.title == "Evenings")
        #expect(!platform.observations.contains(.routed(stream, NodeID(0))), "nobody watches yet")
    }
}
