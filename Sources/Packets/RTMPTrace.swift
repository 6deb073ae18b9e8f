import Base
import RTMP

/// Which end of a connection: the client opened it.
public enum Side: Sendable, Hashable, CaseIterable {
    case client, server
}

/// Follows what both ends of a connection say to each other in RTMP.
///
/// Call `next()` until it returns nil before the next `receive`. A stream that is joined in its
/// middle, or of which a part was missed, is taken up again at the next message that can be told
/// for sure. What breaks the protocol is counted and skipped in the same way.
struct RTMPTrace: Sendable {
    enum Event: Sendable, Hashable {
        case connect(app: String)
        /// Without what follows `?`, where keys are.
        case publish(name: String)
        case play(name: String)
        /// What a publisher calls its stream, at its begin or its end.
        case named(String)
        /// The `code` of a status the server sent.
        case status(String)
        case media(Side, MediaMessage)
        /// A side was lost and is found again: its clock may begin anew.
        case resumed(Side)
    }

    enum Talk: Sendable, Hashable {
        /// Nothing was said yet, or nothing that tells.
        case unknown
        case rtmp
        case tls
        case http
        case other
    }

    private(set) var talk = Talk.unknown
    private var client = TraceHalf()
    private var server = TraceHalf()
    private var pending = Fifo<Event>()
    private var badMessages: Int64 = 0

    /// More than any sender needs: we look on and cannot refuse.
    static let limits: Limits = {
        var limits = Limits()
        limits.chunkSizeMin = 1
        return limits
    }()
    static let textLengthMax = 200

    /// What the memory of the connection's readers amounts to.
    var bytesHeld: Int { client.bytesHeld + server.bytesHeld }

    /// Times the protocol was broken.
    var errors: Int64 { client.errors + server.errors + badMessages }

    /// Bytes of RTMP that could not be read, after a loss or before the first message.
    func unreadBytes(of side: Side) -> Int64 {
        switch side {
        case .client: client.unreadBytes
        case .server: server.unreadBytes
        }
    }

    mutating func receive(_ bytes: Span<UInt8>, from side: Side) {
        guard !bytes.isEmpty else { return }
        switch side {
        case .client:
            if client.isAtStart { talk = Self.talk(bytes[0], from: .client) }
            client.receive(bytes, isRTMP: talk == .rtmp)
        case .server:
            if server.isAtStart, talk == .unknown { talk = Self.talk(bytes[0], from: .server) }
            server.receive(bytes, isRTMP: talk == .rtmp)
        }
    }

    /// The capture has not got the next `count` bytes; 0 where it began in mid-stream.
    mutating func miss(_ count: Int64, from side: Side) {
        switch side {
        case .client: client.miss(count)
        case .server: server.miss(count)
        }
    }

    mutating func next() -> Event? {
        while true {
            if let event = pending.popFirst() { return event }
            if client.takeResumed() { return .resumed(.client) }
            if server.takeResumed() { return .resumed(.server) }
            if let message = client.next() {
                handle(message, from: .client)
            } else if let message = server.next() {
                handle(message, from: .server)
            } else {
                return nil
            }
        }
    }

    /// Forgets both halves: they hold more than there is room for.
    mutating func giveUp() {
        client.giveUp()
        server.giveUp()
    }

    /// What a connection is about, by the first byte of a side.
    private static func talk(_ first: UInt8, from side: Side) -> Talk {
        switch (first, side) {
        case (Handshake.version, _): .rtmp
        case (0x16, _): .tls  // RFC 8446, 5.1: a handshake record
        case (UInt8(ascii: "A")...UInt8(ascii: "Z"), .client): .http
        case (_, .client), (_, .server): .other
        }
    }

    // MARK: Messages

    private mutating func handle(_ message: Message, from side: Side) {
        talk = .rtmp
        switch message.type {
        case .aggregate:
            guard let parts = try? Aggregate.split(message) else {
                badMessages += 1
                return
            }
            for part in parts where part.type != .aggregate { handle(part, from: side) }
        case .commandAMF0, .commandAMF3:
            guard let command = try? Command(message) else {
                badMessages += 1
                return
            }
            handle(command, from: side)
        case _:
            let media =
                switch side {
                case .client: MediaMessage(message, unwrapper: &client.unwrapper)
                case .server: MediaMessage(message, unwrapper: &server.unwrapper)
                }
            if let media { pending.append(.media(side, media)) }
        }
    }

    private mutating func handle(_ command: Command, from side: Side) {
        switch (side, command.name) {
        case (.client, "connect"):
            guard let app = command.values.first?["app"]?.string else { return }
            pending.append(.connect(app: Self.tidy(app)))
        case (.client, "publish"):
            pending.append(.publish(name: Self.tidy(command.argument(0)?.string ?? "")))
        case (.client, "play"):
            pending.append(.play(name: Self.tidy(command.argument(0)?.string ?? "")))
        case (.client, "FCPublish"), (.client, "FCUnpublish"):
            pending.append(.named(Self.tidy(command.argument(0)?.string ?? "")))
        case (.server, "onStatus"), (.server, "_error"):
            guard let code = command.argument(0)?["code"]?.string else { return }
            pending.append(.status(Self.tidy(code)))
        case _: break
        }
    }

    /// A name that can be shown: no query, no control characters, not too long.
    private static func tidy(_ text: String) -> String {
        let name = text.prefix { $0 != "?" }.prefix(textLengthMax)
        let shown = name.unicodeScalars.map { scalar in
            scalar.properties.generalCategory == .control ? "\u{FFFD}" : Character(scalar)
        }
        return String(shown)
    }
}
