import Base

/// The server's end of one RTMP connection. It touches neither clock nor socket.
///
/// The driver hands over what arrived with `receive`, then calls `next(at:)` until it returns
/// nil, carries the events out, and sends what `takeOutput()` gives. At `deadline` it calls
/// `next(at:)` again. An error ends the connection: send what is left in the output, and close.
///
/// `connect`, `publish` and `play` must be answered with `accept()` or `reject(_:)`, at once or
/// later; until then nothing more is parsed, and `next(at:)` returns nil. After the answer call
/// `next(at:)` again.
///
/// Media for players does not pass through here: encode each message once as `EncodedMessage`
/// with this session's `chunkSize` and send its bytes to every player, each behind that player's
/// `takeOutput()`. Whole messages may follow each other in any order.
public struct ServerSession: Sendable {
    enum Phase { case version, packet, echo, connect, open, closing, failed }

    enum Pending { case connect, publish, play }

    /// The smallest window that keeps acknowledgements rare, and what FMS and SRS announce.
    static let windowAnnounced: UInt32 = 2_500_000

    var link: Link
    var phase = Phase.version
    /// Bytes of the handshake, and what follows it until it is done.
    private var greeting = ByteQueue()
    private var random: Random
    /// What shared messages must be encoded with: payload bytes in a chunk.
    public let chunkSize: Int
    private var handshakeDeadline: Instant
    /// When the peer must have asked for something; nil while it does, or waits for us.
    private var requestDeadline: Instant?

    var streams = MessageStreams()
    /// Invariant: nothing is parsed while this is not nil.
    var pending: Pending?
    var pendingStream = MessageStreamID.connection
    var pendingTransaction = 0.0
    var objectEncoding = 0
    var hasAnnouncedPublish = false
    var unwrapper = TimestampUnwrapper()
    var ready = Fifo<ServerEvent>()

    /// Everything since the connection opened.
    public private(set) var bytesReceived: UInt64 = 0

    /// `chunkSize` is used towards the peer once it is accepted; `random` fills the handshake.
    public init(limits: Limits, chunkSize: Int, random: Random, at now: Instant) {
        link = Link(limits: limits, at: now)
        link.reader.allowMedia(false)
        self.chunkSize = chunkSize
        self.random = random
        handshakeDeadline = now + limits.handshakeTimeout
    }

    /// True once a `connect` was refused: send the output, then close.
    public var isClosing: Bool { phase == .closing }

    /// True from the event that asks until `accept()`, `reject(_:)` or `redirect(to:)`.
    public var isDeciding: Bool { pending != nil && ready.isEmpty }

    public mutating func receive(_ bytes: Span<UInt8>) {
        bytesReceived += UInt64(bytes.count)
        switch phase {
        case .version, .packet, .echo: greeting.append(bytes)
        case .connect, .open: link.receive(bytes)
        case .closing, .failed: break
        }
    }

    /// What happened next; nil if more bytes, time or an answer are needed.
    public mutating func next(at now: Instant) throws(RTMPError) -> ServerEvent? {
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
        case .version, .packet, .echo: handshakeDeadline
        case .connect, .open: min(link.deadline, requestDeadline ?? .distantFuture)
        case .closing, .failed: .distantFuture
        }
    }

    /// The bytes to send, in order; each is given once.
    public mutating func takeOutput() -> [UInt8] { link.takeOutput() }

    private mutating func step(at now: Instant) throws(RTMPError) -> ServerEvent? {
        while true {
            switch phase {
            case .version, .packet, .echo:
                guard try shakeHands(at: now) else { return nil }
            case .connect, .open:
                link.listen(at: now)
                limitIdleness(at: now)
                if let event = ready.popFirst() { return event }
                guard pending == nil else {
                    try refuseFlood()
                    return nil
                }
                guard let event = try link.next() else { return nil }
                try handle(event)
            case .closing, .failed:
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
            let c1 = greeting.take(Handshake.packetLength)
            link.append(Handshake.answer(c1: c1, time: link.clock(at: now), random: &random))
            phase = .echo
        case .echo:
            guard greeting.count >= Handshake.packetLength else { return false }
            greeting.drop(Handshake.packetLength)
            link.receive(greeting.take(greeting.count).span)
            greeting = ByteQueue()
            phase = .connect
        case .connect, .open, .closing, .failed:
            check(false, "a handshake after the handshake")
        }
        return true
    }

    private mutating func limitIdleness(at now: Instant) {
        if pending != nil || streams.isAnyInUse {
            requestDeadline = nil
        } else if requestDeadline == nil {
            requestDeadline = now + link.limits.requestTimeout
        }
    }

    private func refuseFlood() throws(RTMPError) {
        guard link.reader.bytesWaiting <= link.limits.pendingMax else {
            throw .tooManyBytesBuffered(limit: link.limits.pendingMax)
        }
    }

    private mutating func watch(at now: Instant) throws(RTMPError) {
        switch phase {
        case .version, .packet, .echo:
            guard now < handshakeDeadline else { throw .timedOut(.handshake) }
        case .connect, .open:
            if let requestDeadline, now >= requestDeadline {
                throw .timedOut(phase == .connect ? .connect : .stream)
            }
            try link.watch(at: now)
        case .closing, .failed:
            break
        }
    }
}
