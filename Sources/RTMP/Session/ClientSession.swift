import Base

/// What a client session tells the program that owns it.
public enum ClientEvent: Sendable, Hashable {
    /// The server lets us publish or play on this stream.
    case started(MessageStreamID)
    /// What is played, in the order sent.
    case media(MediaMessage)
    /// The server says that what we played or published is over.
    case ended(Status)
    /// Anything else the server says about the stream, for instance that a publisher is back.
    case status(Status)
}

/// A client's end of one RTMP connection: publishes or plays one stream of any server. It touches
/// neither clock nor socket.
///
/// The driver connects to `url.host`, then sends `takeOutput()`, hands over what arrives with
/// `receive`, and calls `next(at:)` until it returns nil, each time and at `deadline`. A refusal,
/// a redirect or a demand for a password is thrown. An error ends the connection.
public struct ClientSession: Sendable {
    public enum Purpose: Sendable, Hashable { case publish, play }

    enum Phase { case version, packet, echo, connect, create, request, started, failed }

    public let url: StreamURL
    public let purpose: Purpose

    var link: Link
    var phase = Phase.version
    /// The stream that media go by, once the server named it.
    public internal(set) var stream = MessageStreamID.connection
    private var greeting = ByteQueue()
    private var random: Random
    private let form: Handshake.Form
    /// The last transaction used; each wants an answer.
    var transaction = 0.0
    var deadlineOfPhase: Instant
    var unwrapper = TimestampUnwrapper()
    var ready = Fifo<ClientEvent>()
    let outgoingChunkSize: Int

    /// `chunkSize` is what a publisher uses towards the server; `random` fills the handshake.
    public init(
        _ purpose: Purpose, _ url: StreamURL, handshake form: Handshake.Form, limits: Limits,
        chunkSize: Int, random: Random, at now: Instant
    ) {
        self.url = url
        self.purpose = purpose
        self.form = form
        self.random = random
        outgoingChunkSize = chunkSize
        link = Link(limits: limits, at: now)
        deadlineOfPhase = now + limits.handshakeTimeout
        link.append(Handshake.hello(form, time: 0, random: &self.random))
    }

    public var isStarted: Bool { phase == .started }

    /// Whether the handshake is behind us.
    public var isGreeted: Bool {
        switch phase {
        case .version, .packet, .echo: false
        case .connect, .create, .request, .started: true
        case .failed: false
        }
    }

    public mutating func receive(_ bytes: Span<UInt8>) {
        switch phase {
        case .version, .packet, .echo: greeting.append(bytes)
        case .connect, .create, .request, .started: link.receive(bytes)
        case .failed: break
        }
    }

    /// What happened next; nil if more bytes or time are needed.
    public mutating func next(at now: Instant) throws(RTMPError) -> ClientEvent? {
        do {
            if let event = try step(at: now) { return event }
            try watch(at: now)
            return nil
        } catch {
            phase = .failed
            throw error
        }
    }

    /// Call `next(at:)` no later than this.
    public var deadline: Instant {
        switch phase {
        case .version, .packet, .echo: deadlineOfPhase
        case .connect, .create, .request: deadlineOfPhase
        case .started: link.deadline
        case .failed: .distantFuture
        }
    }

    /// The bytes to send, in order; each is given once.
    public mutating func takeOutput() -> [UInt8] { link.takeOutput() }

    /// Publishes one message. Traps before `started` and when playing.
    ///
    /// Headers are shortened against the message before, so do not mix in `EncodedMessage`s.
    public mutating func send(_ media: MediaMessage) {
        check(phase == .started && purpose == .publish, "media before the server agreed")
        link.send(media.publishedMessage(on: stream), on: media.kind.chunkStream)
    }

    /// Says goodbye; send the output, then close.
    public mutating func end() {
        guard phase == .started else { return }
        if purpose == .publish { call("FCUnpublish", [.null, .string(url.name)]) }
        call("deleteStream", [.null, .number(AMFNumber(stream.raw))])
    }

    private mutating func step(at now: Instant) throws(RTMPError) -> ClientEvent? {
        while true {
            switch phase {
            case .version, .packet, .echo:
                guard try shakeHands(at: now) else { return nil }
            case .connect, .create, .request, .started:
                link.listen(at: now)
                if let event = ready.popFirst() { return event }
                guard let event = try link.next() else { return nil }
                guard case .message(let message) = event else { continue }
                if phase == .started, let media = played(message) { return .media(media) }
                try handle(message)
            case .failed:
                return nil
            }
        }
    }

    /// Goes one packet on; false if more bytes are needed.
    private mutating func shakeHands(at now: Instant) throws(RTMPError) -> Bool {
        switch phase {
        case .version:
            guard greeting.count >= 1 else { return false }
            try Handshake.refuse(version: greeting[0])
            greeting.drop(1)
            phase = .packet
        case .packet:
            guard greeting.count >= Handshake.packetLength else { return false }
            let s1 = greeting.take(Handshake.packetLength)
            link.append(Handshake.answer(s1: s1, form, random: &random))
            phase = .echo
        case .echo:
            guard greeting.count >= Handshake.packetLength else { return false }
            greeting.drop(Handshake.packetLength)
            link.receive(greeting.take(greeting.count).span)
            greeting = ByteQueue()
            phase = .connect
            deadlineOfPhase = now + link.limits.requestTimeout
            sendConnect()
        case .connect, .create, .request, .started, .failed:
            check(false, "a handshake after the handshake")
        }
        return true
    }

    private mutating func watch(at now: Instant) throws(RTMPError) {
        switch phase {
        case .version, .packet, .echo:
            guard now < deadlineOfPhase else { throw .timedOut(.handshake) }
        case .connect:
            guard now < deadlineOfPhase else { throw .timedOut(.connect) }
        case .create, .request:
            guard now < deadlineOfPhase else { throw .timedOut(.stream) }
        case .started:
            try link.watch(at: now)
        case .failed:
            break
        }
    }

    mutating func call(
        _ name: String, _ values: [AMFValue], on stream: MessageStreamID = .connection
    ) {
        transaction += 1
        link.send(Command(name, transaction: transaction, values), on: stream)
    }
}
