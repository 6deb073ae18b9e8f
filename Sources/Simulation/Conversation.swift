import Base
import Platform
import RTMP

/// What is said on one RTMP connection, byte for byte: both ends, and the bytes between them.
///
/// The same sessions speak on sockets. The programs on either side know a connection by its
/// `SessionMessage`s, which stand for what the sessions report and what they are told.
struct Conversation: Sendable {
    /// Begins with the client's first request; a connection on which nobody speaks has none.
    private var client: ClientSession?
    private var server: ServerSession
    /// What the client asked the server for, and whether it was granted and goes on.
    private var asked: MessageStreamID?
    private var isServing = false
    /// What is on its way, in the order sent; each entry arrives at once.
    private var toServer = Fifo<[UInt8]>()
    private var toClient = Fifo<[UInt8]>()

    init(random: Random, at now: Instant) {
        server = ServerSession(limits: Self.limits, chunkSize: 60_000, random: random, at: now)
    }

    /// The fluid stands for media, so no bytes flow while a stream does: silence is no fault.
    private static let limits: Limits = {
        var limits = Limits()
        limits.idleTimeout = .days(3_650)
        limits.requestTimeout = .days(3_650)
        limits.handshakeTimeout = .days(3_650)
        return limits
    }()

    // MARK: The client's program speaks

    /// A client's request; the handshake and everything before the request go with it.
    mutating func request(_ message: SessionMessage, random: Random, at now: Instant) {
        guard client == nil, let (purpose, name) = Self.request(message) else { return }
        let url = StreamURL(host: "streamr", app: "live", name: name)
        // OBS' librtmp and ffmpeg send chunks of 4,096 and 128 bytes; only publishers need one.
        client = ClientSession(
            purpose, url, handshake: .simple, limits: Self.limits, chunkSize: 4_096,
            random: random, at: now)
    }

    mutating func endClient() { client?.end() }

    private static func request(
        _ message: SessionMessage
    ) -> (ClientSession.Purpose, name: String)? {
        switch message {
        case .publish(let stream, let key):
            (.publish, "\(stream.raw)?key=\(String(key, radix: 16))")
        case .play(let stream): (.play, "\(stream.raw)")
        case .accepted, .rejected, .ended: nil
        }
    }

    // MARK: The server's program speaks

    /// What the server's program says; nothing where the session has nothing to say it to.
    mutating func say(_ message: SessionMessage) {
        switch message {
        case .accepted:
            guard server.isDeciding else { return }
            server.accept()
            isServing = true
        case .rejected(let why):
            if server.isDeciding { server.reject(why.status(for: client?.purpose ?? .play)) }
        case .ended:
            if let asked, isServing { server.end(asked) }
            isServing = false
        case .publish, .play: break
        }
    }

    // MARK: Bytes

    /// What the client has to send; counted, and under way until `receiveAtServer`.
    mutating func takeClientOutput() -> Int {
        guard let bytes = client?.takeOutput(), !bytes.isEmpty else { return 0 }
        toServer.append(bytes)
        return bytes.count
    }

    mutating func takeServerOutput() -> Int {
        let bytes = server.takeOutput()
        guard !bytes.isEmpty else { return 0 }
        toClient.append(bytes)
        return bytes.count
    }

    mutating func receiveAtServer() {
        if let bytes = toServer.popFirst() { server.receive(bytes.span) }
    }

    mutating func receiveAtClient() {
        if let bytes = toClient.popFirst() { client?.receive(bytes.span) }
    }

    /// What the server's program hears next; nil once everything that arrived is used up.
    mutating func nextAtServer(at now: Instant) throws(RTMPError) -> SessionMessage? {
        while let event = try server.next(at: now) {
            switch event {
            case .connect: server.accept()
            case .publish(let request):
                guard let stream = StreamID(name: request.name) else {
                    server.reject(Rejection.noStream.status(for: .publish))
                    continue
                }
                asked = request.stream
                return .publish(stream, key: Self.key(request.query))
            case .play(let request):
                guard let stream = StreamID(name: request.name) else {
                    server.reject(Rejection.noStream.status(for: .play))
                    continue
                }
                asked = request.stream
                return .play(stream)
            case .unpublished, .stopped: isServing = false
            case .media, .paused, .wants: break
            }
        }
        return nil
    }

    /// What the client's program hears next.
    mutating func nextAtClient(at now: Instant) throws(RTMPError) -> SessionMessage? {
        while let event = try client?.next(at: now) {
            switch event {
            case .started: return .accepted
            case .ended: return .ended
            case .media, .status: break
            }
        }
        return nil
    }

    // MARK: Media

    /// Grants what is asked, and carries everything up to the client's start at once. Returns what
    /// went over the path, in order.
    mutating func establish(at now: Instant) -> [(toServer: Bool, bytes: [UInt8])] {
        var said: [(toServer: Bool, bytes: [UInt8])] = []
        while true {
            let request = client?.takeOutput() ?? []
            if !request.isEmpty { said.append((true, request)) }
            server.receive(request.span)
            while let message = try? nextAtServer(at: now) {
                if case .publish = message { say(.accepted) }
                if case .play = message { say(.accepted) }
            }
            let answer = server.takeOutput()
            if !answer.isEmpty { said.append((false, answer)) }
            client?.receive(answer.span)
            while (try? nextAtClient(at: now)) != nil {}
            if request.isEmpty && answer.isEmpty { return said }
        }
    }

    /// One message from the publisher: its bytes, and what the server makes of them.
    mutating func publish(
        _ message: MediaMessage, at now: Instant
    ) -> (bytes: [UInt8], heard: [MediaMessage]) {
        guard client?.isStarted == true else { return ([], []) }
        client?.send(message)
        let bytes = client?.takeOutput() ?? []
        server.receive(bytes.span)
        var heard: [MediaMessage] = []
        while let event = try? server.next(at: now) {
            if case .media(_, let message) = event { heard.append(message) }
        }
        let back = server.takeOutput()
        client?.receive(back.span)
        while (try? client?.next(at: now)) != nil {}
        return (bytes, heard)
    }

    /// One message to a player, in the form that all players share.
    mutating func relay(
        _ message: MediaMessage, at now: Instant
    ) -> (bytes: [UInt8], heard: [MediaMessage]) {
        guard client?.isStarted == true, let asked else { return ([], []) }
        var bytes: [UInt8] = []
        EncodedMessage(message, chunkSize: server.chunkSize)
            .append(to: &bytes, stream: asked, timestamp: message.timestamp)
        client?.receive(bytes.span)
        var heard: [MediaMessage] = []
        while let event = try? client?.next(at: now) {
            if case .media(let message) = event { heard.append(message) }
        }
        let back = client?.takeOutput() ?? []
        server.receive(back.span)
        while (try? server.next(at: now)) != nil {}
        return (bytes, heard)
    }

    private static func key(_ query: String) -> UInt64 {
        guard query.hasPrefix("key=") else { return 0 }
        return UInt64(query.dropFirst(4), radix: 16) ?? 0
    }
}

extension StreamID {
    /// A stream's name on the wire is its number.
    init?(name: String) {
        guard let raw = Int32(name), raw >= 0 else { return nil }
        self.init(raw)
    }
}

extension Rejection {
    /// The words of a refusal, as the server on sockets has them.
    func status(for purpose: ClientSession.Purpose) -> Status {
        switch (self, purpose) {
        case (.badKey, _): Status(.error, .publishDenied, "The stream's key was refused.")
        case (.busy, _): Status(.error, .publishBadName, "Already publishing.")
        case (.noStream, .publish): Status(.error, .publishBadName, "There is no such stream.")
        case (.noStream, .play): Status(.error, .playStreamNotFound, "There is no such stream.")
        case (.full, _): Status(.error, .connectRejected, "The server is full.")
        case (.unavailable, .publish): Status(.error, .publishFailed, "Nobody to ask.")
        case (.unavailable, .play): Status(.error, .playFailed, "Nobody to ask.")
        }
    }

    /// What a client makes of an error that ended its session.
    init(_ error: RTMPError) {
        guard case .rejected(let status) = error else {
            self = .unavailable
            return
        }
        switch Status.Code(rawValue: status.code) {
        case .publishDenied?: self = .badKey
        case .publishBadName?: self = .busy
        case .playStreamNotFound?: self = .noStream
        case .connectRejected?: self = .full
        case _: self = .unavailable
        }
    }
}
