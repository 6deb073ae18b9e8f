import Base
import Platform
import Testing

@Suite struct RTMPServerTests {
    typealias Harness = ProgramHarness<RTMPServer>

    let stream = StreamID(1)

    func server(connectionsMax: Int = 10, asks: Bool = true) -> Harness {
        var harness = Harness(
            RTMPServer(
                .init(connectionsMax: connectionsMax, streams: 3, asksCoordinator: asks)))
        _ = harness.tell(.started)
        return harness
    }

    func connection(_ raw: UInt32) -> ConnectionID { ConnectionID(raw) }

    /// Opens a connection, publishes, and has the coordinator agree.
    func publish(_ harness: inout Harness, on id: ConnectionID) {
        _ = harness.tell(.opened(id))
        let asked = harness.tell(.received(id, .publish(stream, key: 5)))
        _ = harness.tell(.answered(asked.calls[0].id, .reply(.ok)))
    }

    func play(_ harness: inout Harness, on id: ConnectionID) -> [Effect] {
        _ = harness.tell(.opened(id))
        let asked = harness.tell(.received(id, .play(stream)))
        return harness.tell(.answered(asked.calls[0].id, .reply(.ok)))
    }

    @Test("a publish is put to the coordinator with its key, and goes ahead once it agrees")
    func publishAgreed() throws {
        var harness = server()
        _ = harness.tell(.opened(connection(1)))
        let asked = harness.tell(.received(connection(1), .publish(stream, key: 0xAB)))
        let call = try #require(asked.calls.first)
        guard case .onPublish(stream, key: 0xAB) = call.call else {
            Issue.record("\(call.call)")
            return
        }
        #expect(asked.sent.isEmpty && asked.ingested.isEmpty)
        let agreed = harness.tell(.answered(call.id, .reply(.ok)))
        #expect(agreed.sent == [.accepted])
        #expect(agreed.ingested == [stream])
    }

    @Test(
        "a publish is refused when the coordinator refuses it or cannot be asked",
        arguments: [
            (Answer.reply(.refused(.badKey)), Rejection.badKey),
            (.reply(.unavailable), .unavailable), (.failed(.timedOut), .unavailable),
            (.failed(.refused), .unavailable),
        ])
    func publishRefused(_ answer: Answer, _ why: Rejection) {
        var harness = server()
        _ = harness.tell(.opened(connection(1)))
        let asked = harness.tell(.received(connection(1), .publish(stream, key: 5)))
        let refused = harness.tell(.answered(asked.calls[0].id, answer))
        #expect(refused.sent == [.rejected(why)])
        #expect(refused.closed == [connection(1)])
        #expect(refused.ingested.isEmpty)
    }

    @Test("a stream has one publisher: the second is refused and the first goes on")
    func onePublisher() {
        var harness = server()
        publish(&harness, on: connection(1))
        _ = harness.tell(.opened(connection(2)))
        let asked = harness.tell(.received(connection(2), .publish(stream, key: 5)))
        let refused = harness.tell(.answered(asked.calls[0].id, .reply(.ok)))
        #expect(refused.sent == [.rejected(.busy)])
        let gone = harness.tell(.closed(connection(2), .byPeer))
        #expect(gone.calls.isEmpty)
        #expect(play(&harness, on: connection(3)).sent == [.accepted])
    }

    @Test("who leaves while being asked about does not end the stream that another publishes")
    func leavesWhileAsked() {
        var harness = server()
        publish(&harness, on: connection(1))
        _ = harness.tell(.opened(connection(2)))
        _ = harness.tell(.received(connection(2), .publish(stream, key: 5)))
        let gone = harness.tell(.closed(connection(2), .reset))
        #expect(gone.calls.isEmpty, "the coordinator was told that the stream is over")
    }

    @Test("who leaves while being asked about is unpublished, for the coordinator may hold it live")
    func leavesAlone() {
        var harness = server()
        _ = harness.tell(.opened(connection(1)))
        let asked = harness.tell(.received(connection(1), .publish(stream, key: 5)))
        let gone = harness.tell(.closed(connection(1), .reset))
        #expect(gone.calls.count == 1)
        let late = harness.tell(.answered(asked.calls[0].id, .reply(.ok)))
        #expect(late.ingested.isEmpty && late.sent.isEmpty)
    }

    @Test("players hear the end of their stream and are closed, those of others stay")
    func endsPlayers() {
        var harness = server()
        publish(&harness, on: connection(1))
        _ = play(&harness, on: connection(2))
        _ = play(&harness, on: connection(3))
        let ended = harness.tell(.closed(connection(1), .reset))
        #expect(ended.sent == [.ended, .ended])
        #expect(ended.closed == [connection(2), connection(3)])
        // One unpublish and a stop for each player.
        #expect(ended.calls.count == 3)
        #expect(play(&harness, on: connection(4)).sent == [.rejected(.noStream)])
    }

    @Test("connections beyond the limit are refused, and one that closes makes room")
    func connectionsMax() {
        var harness = server(connectionsMax: 2)
        #expect(harness.tell(.opened(connection(1))).isEmpty)
        #expect(harness.tell(.opened(connection(2))).isEmpty)
        let refused = harness.tell(.opened(connection(3)))
        #expect(refused.sent == [.rejected(.full)])
        #expect(refused.closed == [connection(3)])
        _ = harness.tell(.closed(connection(1), .byPeer))
        #expect(harness.tell(.opened(connection(4))).isEmpty)
    }

    @Test("a stream that the server does not have is refused without asking")
    func unknownStream() {
        var harness = server()
        _ = harness.tell(.opened(connection(1)))
        for raw in [Int32(3), -1, .max, .min] {
            var copy = harness
            let refused = copy.tell(.received(connection(1), .publish(StreamID(raw), key: 1)))
            #expect(refused.sent == [.rejected(.noStream)])
            #expect(refused.calls.isEmpty)
        }
    }

    @Test("without callbacks everybody may, and nobody is told")
    func asksNobody() {
        var harness = server(asks: false)
        _ = harness.tell(.opened(connection(1)))
        let published = harness.tell(.received(connection(1), .publish(stream, key: 0)))
        #expect(published.sent == [.accepted])
        #expect(harness.tell(.closed(connection(1), .byPeer)).calls.isEmpty)
    }

    @Test("a restart forgets everybody")
    func restart() {
        var harness = server()
        publish(&harness, on: connection(1))
        _ = harness.tell(.started)
        #expect(play(&harness, on: connection(2)).sent == [.rejected(.noStream)])
    }
}
