import Base
import Platform
import RTMP
import Testing

@testable import Simulation

/// Sessions that speak in real bytes, as one link of a run carries them.
@Suite struct ConversationTests {
    struct Exchange {
        var conversation = Conversation(random: Random(seed: 1), at: Instant(nanoseconds: 0))
        var atServer: [SessionMessage] = []
        var atClient: [SessionMessage] = []
        var refused: Rejection?
        var bytesToServer = 0
        var bytesToClient = 0
        /// One-way trips towards the server.
        var trips = 0

        /// Carries bytes both ways until nobody has anything to say; at most 20 trips.
        mutating func run() throws {
            for _ in 0..<20 {
                let sent = conversation.takeClientOutput()
                bytesToServer += sent
                if sent > 0 {
                    trips += 1
                    conversation.receiveAtServer()
                }
                while let message = try conversation.nextAtServer(at: Instant(nanoseconds: 0)) {
                    atServer.append(message)
                }
                let answered = conversation.takeServerOutput()
                bytesToClient += answered
                if answered > 0 { conversation.receiveAtClient() }
                do {
                    while let message = try conversation.nextAtClient(at: Instant(nanoseconds: 0)) {
                        atClient.append(message)
                    }
                } catch {
                    refused = Rejection(error)
                }
                if sent == 0 && answered == 0 { return }
            }
            Issue.record("the two never fall silent")
        }

        mutating func ask(_ message: SessionMessage) throws {
            conversation.request(message, random: Random(seed: 2), at: Instant(nanoseconds: 0))
            try run()
        }

        mutating func answer(_ message: SessionMessage) throws {
            conversation.say(message)
            try run()
        }
    }

    @Test("a publish and its key cross as bytes, in four trips to the server")
    func publish() throws {
        var exchange = Exchange()
        try exchange.ask(.publish(StreamID(3), key: 0xFEED_0BEE))
        #expect(exchange.atServer == [.publish(StreamID(3), key: 0xFEED_0BEE)])
        // C0 C1; C2 and connect; createStream; publish (Adobe RTMP 5.2, 7.2).
        #expect(exchange.trips == 4)
        #expect(exchange.bytesToServer > 1 + 2 * 1_536)
        #expect(exchange.atClient.isEmpty)
        try exchange.answer(.accepted)
        #expect(exchange.atClient == [.accepted])
        #expect(exchange.bytesToClient > 1 + 2 * 1_536)
    }

    @Test(
        "a refusal reaches the client as what it was, through its status",
        arguments: [Rejection.badKey, .busy, .full, .unavailable])
    func refuse(_ why: Rejection) throws {
        var exchange = Exchange()
        try exchange.ask(.publish(StreamID(0), key: 1))
        try exchange.answer(.rejected(why))
        #expect(exchange.refused == why)
        #expect(exchange.atClient.isEmpty)
    }

    @Test("a player of what is not there hears so")
    func noStream() throws {
        var exchange = Exchange()
        try exchange.ask(.play(StreamID(9)))
        #expect(exchange.atServer == [.play(StreamID(9))])
        try exchange.answer(.rejected(.noStream))
        #expect(exchange.refused == .noStream)
    }

    @Test("a player hears that its stream ended, once")
    func ended() throws {
        var exchange = Exchange()
        try exchange.ask(.play(StreamID(2)))
        try exchange.answer(.accepted)
        try exchange.answer(.ended)
        #expect(exchange.atClient == [.accepted, .ended])
        let bytes = exchange.bytesToClient
        try exchange.answer(.ended)
        #expect(exchange.bytesToClient == bytes)
    }

    @Test("a client that says goodbye is served no more")
    func goodbye() throws {
        var exchange = Exchange()
        try exchange.ask(.play(StreamID(2)))
        try exchange.answer(.accepted)
        exchange.conversation.endClient()
        try exchange.run()
        let bytes = exchange.bytesToClient
        try exchange.answer(.ended)
        #expect(exchange.bytesToClient == bytes)
        #expect(exchange.atClient == [.accepted])
    }

    @Test("an answer before the question says nothing")
    func early() throws {
        var exchange = Exchange()
        try exchange.answer(.accepted)
        try exchange.answer(.rejected(.full))
        try exchange.answer(.ended)
        #expect(exchange.bytesToClient == 0)
    }
}
