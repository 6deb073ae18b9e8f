import Base

/// What both ends of a connection have in common: chunks in and out, acknowledgements, pings,
/// and the watch for silence.
struct Link: Sendable {
    enum Event: Sendable {
        case message(Message)
        case user(UserControl)
    }

    let limits: Limits
    var reader: ChunkReader
    private var writer = ChunkWriter()
    private var output: [UInt8] = []

    /// The peer wants an acknowledgement every so many bytes; nil if it never said.
    private var window: UInt64?
    private var acknowledged: UInt64 = 0

    private let openedAt: Instant
    private var heardAt: Instant
    private var heardCount: UInt64 = 0
    private var isPingSent = false

    /// Acknowledging more often than this would let a peer have us talk more than it does.
    private static let windowMin: UInt64 = 16 << 10

    init(limits: Limits, at now: Instant) {
        self.limits = limits
        reader = ChunkReader(limits: limits)
        openedAt = now
        heardAt = now
    }

    var chunkSize: Int { writer.chunkSize }

    // MARK: In

    mutating func receive(_ bytes: Span<UInt8>) { reader.receive(bytes) }

    /// The next message or event that concerns the session.
    mutating func next() throws(RTMPError) -> Event? {
        while let message = try reader.next() {
            guard output.count <= limits.unsentMax else {
                throw .tooManyBytesUnsent(limit: limits.unsentMax)
            }
            if let event = try handle(message) { return event }
        }
        acknowledge()
        return nil
    }

    private mutating func handle(_ message: Message) throws(RTMPError) -> Event? {
        switch message.type {
        case .acknowledgement, .windowAcknowledgementSize, .setPeerBandwidth, .userControl:
            return handle(try ControlMessage(message))
        case _:
            return .message(message)
        }
    }

    private mutating func handle(_ control: ControlMessage) -> Event? {
        switch control {
        case .windowAcknowledgementSize(let size):
            window = size == 0 ? nil : max(UInt64(size), Self.windowMin)
            return nil
        case .setPeerBandwidth(let size, _):
            // Adobe RTMP 5.4.5: answered with the window now in use.
            send(.windowAcknowledgementSize(size))
            return nil
        case .user(.pingRequest(let time)):
            send(.user(.pingResponse(time)))
            return nil
        case .user(let event):
            return .user(event)
        case .acknowledgement, .setChunkSize, .abort:
            return nil
        }
    }

    /// Tells the peer what arrived, at every half window as SRS does.
    private mutating func acknowledge() {
        guard let window, reader.bytesReceived - acknowledged >= window / 2 else { return }
        acknowledged = reader.bytesReceived
        send(.acknowledgement(UInt32(truncatingIfNeeded: acknowledged)))
    }

    // MARK: Out

    mutating func append(_ bytes: [UInt8]) { output += bytes }

    mutating func send(_ control: ControlMessage) {
        writer.write(control.message, on: .control, into: &output)
    }

    mutating func send(_ command: Command, on stream: MessageStreamID = .connection) {
        writer.write(command.message(on: stream), on: .command, into: &output)
    }

    mutating func send(_ message: Message, on id: ChunkStreamID) {
        writer.write(message, on: id, into: &output)
    }

    mutating func setChunkSize(_ size: Int) { writer.setChunkSize(size, into: &output) }

    mutating func takeOutput() -> [UInt8] {
        var taken: [UInt8] = []
        swap(&taken, &output)
        return taken
    }

    // MARK: Time

    /// Milliseconds since the connection opened, as the wire has them.
    func clock(at now: Instant) -> UInt32 {
        UInt32(truncatingIfNeeded: (now - openedAt).nanoseconds / 1_000_000)
    }

    mutating func listen(at now: Instant) {
        guard reader.bytesReceived != heardCount else { return }
        heardCount = reader.bytesReceived
        heardAt = now
        isPingSent = false
    }

    /// When silence must be broken by a ping, or the connection given up.
    var deadline: Instant {
        heardAt + (isPingSent ? limits.idleTimeout : pingAfter)
    }

    mutating func watch(at now: Instant) throws(RTMPError) {
        guard now < heardAt + limits.idleTimeout else { throw .timedOut(.activity) }
        guard now >= heardAt + pingAfter, !isPingSent else { return }
        isPingSent = true
        send(.user(.pingRequest(clock(at: now))))
    }

    private var pingAfter: Interval {
        Interval(nanoseconds: limits.idleTimeout.nanoseconds / 2)
    }
}
