import RESP
import Sockets
import Testing

/// Subscribers that close with bytes unread reset their connections in the middle of the server's
/// writes to them, while what they said last has not been read yet.
@Suite(.serialized) struct CacheDepartureTests {
    @Test("a server that many subscribers leave at once goes on", .timeLimit(.minutes(1)))
    func departures() async throws {
        try await withService { service in
            let publisher = try Link(port: service.port)
            let message = wire([
                Array("PUBLISH".utf8), Array("c".utf8), [UInt8](repeating: 0x61, count: 60_000),
            ])
            for _ in 0..<20 {
                var subscribers = try (0..<30).map { _ in try Link(port: service.port) }
                for subscriber in subscribers { _ = try subscriber.command("SUBSCRIBE c") }
                // More than sockets hold, so the server is writing when they go.
                try publisher.send(Array([[UInt8]](repeating: message, count: 20).joined()))
                for subscriber in subscribers {
                    try? subscriber.send(wire(words("UNSUBSCRIBE c")) + wire(words("PING")))
                }
                subscribers.removeAll()
                for _ in 0..<20 { _ = try publisher.reply() }
            }
            let last = try Link(port: service.port)
            #expect(try last.command("PING") == .simple(Array("PONG".utf8)))
            #expect(try last.command("PUBSUB NUMSUB c") == .array([.text("c"), .integer(0)]))
        }
    }
}
