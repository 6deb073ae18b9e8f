import Base

@testable import RTMP

/// Bytes of a client, put together by hand.
enum Recording {
    /// A plain handshake and what follows it.
    static func whole(_ chunks: [UInt8]) -> [UInt8] {
        var random = Random(seed: 4)
        return Handshake.hello(.simple, time: 0, random: &random)
            + [UInt8](repeating: 0, count: Handshake.packetLength) + chunks
    }

    /// The commands in a server's output, handshake included.
    static func commands(_ output: [UInt8]) -> [Command] {
        messages(output).compactMap { $0.type == .commandAMF0 ? try? Command($0) : nil }
    }

    /// The codes of the `onStatus` in a server's output, in order.
    static func statuses(_ output: [UInt8]) -> [String] {
        commands(output).filter { $0.name == "onStatus" }
            .compactMap { Status($0.values.last)?.code }
    }

    static func controls(_ output: [UInt8]) -> [ControlMessage] {
        messages(output).compactMap { $0.type.raw <= 6 ? try? ControlMessage($0) : nil }
    }

    private static func messages(_ output: [UInt8]) -> [Message] {
        var reader = ChunkReader(limits: Limits())
        return (try? reader.all(Array(output.dropFirst(1 + 2 * Handshake.packetLength)))) ?? []
    }
}

/// A client that says what it is told to, whatever it hears.
struct CommandStream {
    private var writer = ChunkWriter()
    private var chunks: [UInt8] = []

    init() { writer.setChunkSize(4096, into: &chunks) }

    var recording: [UInt8] { Recording.whole(chunks) }

    mutating func connect() {
        send(
            "connect", transaction: 1,
            [.object([AMFProperty("app", .string("live")), AMFProperty("tcUrl", .string("x"))])])
    }

    mutating func send(
        _ name: String, transaction: Double = 0, _ values: [AMFValue],
        on stream: MessageStreamID = .connection
    ) {
        send(Command(name, transaction: transaction, values).message(on: stream))
    }

    mutating func media(_ media: MediaMessage, on stream: MessageStreamID = .first) {
        send(media.publishedMessage(on: stream))
    }

    mutating func control(_ control: ControlMessage) { send(control.message) }

    mutating func send(_ message: Message) {
        writer.write(message, on: .command, into: &chunks)
    }
}
