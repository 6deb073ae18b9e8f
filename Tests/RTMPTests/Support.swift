import Base
import Testing

@testable import RTMP

/// Bytes from hexadecimal digits; blanks are for the reader.
func hex(_ text: String) -> [UInt8] {
    let digits = text.utf8.filter { $0 != 0x20 && $0 != 0x0A }.map { digit -> UInt8 in
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x41...0x46: digit - 0x41 + 10
        default: digit - 0x61 + 10
        }
    }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}

func bytes(_ count: Int, _ random: inout Random) -> [UInt8] {
    (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
}

extension Instant {
    static let zero = Instant(nanoseconds: 0)
}

extension ChunkReader {
    /// All messages in these bytes, given at once.
    mutating func all(_ bytes: [UInt8]) throws(RTMPError) -> [Message] {
        receive(bytes.span)
        var messages: [Message] = []
        while let message = try next() { messages.append(message) }
        return messages
    }
}

/// What a server session said and did, for comparison.
struct ServerTrace: Equatable {
    var events: [ServerEvent] = []
    var error: RTMPError?
    var output: [UInt8] = []
}

/// A server session whose owner accepts everything at once.
struct ServerHarness {
    var session: ServerSession
    var trace = ServerTrace()
    var now = Instant.zero

    init(limits: Limits = Limits(), seed: UInt64 = 1) {
        session = ServerSession(
            limits: limits, chunkSize: 4096, random: Random(seed: seed), at: .zero)
    }

    mutating func receive(_ bytes: some Collection<UInt8>) {
        session.receive(Array(bytes).span)
        run()
    }

    mutating func run() {
        do throws(RTMPError) {
            while trace.error == nil, let event = try session.next(at: now) {
                trace.events.append(event)
                if session.isDeciding { session.accept() }
            }
        } catch {
            trace.error = error
        }
        trace.output += session.takeOutput()
    }

    /// Whether two halves of a cut end alike.
    static func trace(_ recording: [UInt8], pieces: [Int]) -> ServerTrace {
        var harness = ServerHarness()
        var start = 0
        for end in pieces + [recording.count] {
            harness.receive(recording[start..<end])
            start = end
        }
        return harness.trace
    }
}

/// A client and a server session that hear each other, in pieces of at most `piece` bytes.
struct Pair {
    var client: ClientSession
    var server: ServerHarness
    var clientEvents: [ClientEvent] = []
    var clientError: RTMPError?
    /// All that the client ever sent.
    var recording: [UInt8] = []
    var now = Instant.zero
    let piece: Int

    init(
        _ purpose: ClientSession.Purpose, url: String = "rtmp://host/live/name?key=abc",
        form: Handshake.Form = .digest, piece: Int = 1 << 20
    ) {
        client = ClientSession(
            purpose, StreamURL(url)!, handshake: form, limits: Limits(), chunkSize: 1000,
            random: Random(seed: 2), at: .zero)
        server = ServerHarness()
        self.piece = piece
    }

    /// Lets both talk until neither has anything to say.
    mutating func settle() {
        while true {
            let up = client.takeOutput()
            recording += up
            for part in pieces(up) { server.receive(part) }
            let down = server.trace.output
            server.trace.output = []
            for part in pieces(down) { hear(part) }
            if up.isEmpty && down.isEmpty { return }
        }
    }

    mutating func hear(_ bytes: ArraySlice<UInt8>) {
        client.receive(Array(bytes).span)
        do throws(RTMPError) {
            while clientError == nil, let event = try client.next(at: now) {
                clientEvents.append(event)
            }
        } catch {
            clientError = error
        }
    }

    private func pieces(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        stride(from: 0, to: bytes.count, by: piece).map {
            bytes[$0..<min($0 + piece, bytes.count)]
        }
    }
}

extension MediaMessage {
    static func made(
        _ kind: Kind, at milliseconds: Int64, length: Int, fill: UInt8 = 0xAB
    ) -> MediaMessage {
        MediaMessage(
            kind: kind, timestamp: Timestamp(milliseconds: milliseconds),
            payload: [UInt8](repeating: fill, count: length))
    }

    static let metadata = MediaMessage(
        kind: .data, timestamp: .zero,
        payload: AMF0Writer.all([
            .string("onMetaData"), .ecmaArray([AMFProperty("width", .number(1280))]),
        ]))
}
