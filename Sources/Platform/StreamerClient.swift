import Base

/// OBS at a friend's home: publishes on a schedule and reconnects when it is cut off.
///
/// Reconnecting is OBS's (`BackOff.Rule.encoder`), with a jitter drawn once a session.
public struct StreamerClient: Program {
    public struct Session: Sendable, Hashable {
        public var from: Instant
        public var until: Instant

        public init(from: Instant, until: Instant) {
            check(from < until, "a session that ends before it begins")
            self.from = from
            self.until = until
        }
    }

    /// ± 5 %, as in obs-studio.
    public static let jitterPerMille: ClosedRange<Int64> = 950...1_050

    private enum Phase: Sendable, Hashable { case idle, connecting, publishing, waiting, gaveUp }

    private let stream: StreamID
    private let key: UInt64
    private let sessions: [Session]
    private var next = 0
    private var phase: Phase = .idle
    private var connection = ConnectionID(0)
    private var backOff = BackOff(.encoder, jitterPerMille: 1_000)
    private var retryAt: Instant = .distantFuture
    private var random: Random
    /// How often it came back after being cut.
    public private(set) var reconnects: Int64 = 0

    /// `sessions` are in order and do not overlap.
    public init(stream: StreamID, key: UInt64, sessions: [Session], random: Random) {
        self.stream = stream
        self.key = key
        self.sessions = sessions
        self.random = random
    }

    public mutating func handle(_ input: Input, at now: Instant, into outbox: inout Outbox) {
        switch input {
        case .started: break
        case .woke: advance(now, into: &outbox)
        case .opened(let opened):
            if opened == connection { outbox.append(.send(opened, .publish(stream, key: key))) }
        case .received(let from, let message):
            guard from == connection, phase == .connecting else { break }
            switch message {
            case .accepted: accepted()
            case .rejected: failed(now, close: true, into: &outbox)
            case .ended, .publish, .play: break
            }
        case .closed(let closed, _):
            guard closed == connection else { break }
            switch phase {
            case .connecting, .publishing: failed(now, close: false, into: &outbox)
            case .idle, .waiting, .gaveUp: break
            }
        case .called, .answered, .stalled, .playing: break
        }
        wakeNext(now, into: &outbox)
    }

    private mutating func accepted() {
        if backOff.tries > 0 { reconnects += 1 }
        phase = .publishing
        backOff.reset()
    }

    private mutating func advance(_ now: Instant, into outbox: inout Outbox) {
        guard next < sessions.count else { return }
        let session = sessions[next]
        if now >= session.until {
            end(into: &outbox)
            advance(now, into: &outbox)
        } else if phase == .idle && now >= session.from {
            backOff = BackOff(.encoder, jitterPerMille: random.within(Self.jitterPerMille))
            dial(into: &outbox)
        } else if phase == .waiting && now >= retryAt {
            dial(into: &outbox)
        }
    }

    private mutating func dial(into outbox: inout Outbox) {
        phase = .connecting
        connection = ConnectionID((connection.raw + 1) & 0x7FFF_FFFF)
        outbox.append(.connect(connection, to: .rtmp))
    }

    private mutating func end(into outbox: inout Outbox) {
        switch phase {
        case .connecting, .publishing: outbox.append(.close(connection))
        case .idle, .waiting, .gaveUp: break
        }
        phase = .idle
        next += 1
    }

    private mutating func failed(_ now: Instant, close: Bool, into outbox: inout Outbox) {
        if close { outbox.append(.close(connection)) }
        guard let wait = backOff.next() else {
            phase = .gaveUp
            outbox.append(.observe(.gaveUp(stream)))
            return
        }
        phase = .waiting
        retryAt = now + wait
    }

    private func wakeNext(_ now: Instant, into outbox: inout Outbox) {
        guard next < sessions.count else { return }
        let session = sessions[next]
        switch phase {
        case .idle: outbox.append(.wake(max(now, session.from)))
        case .waiting: outbox.append(.wake(min(retryAt, session.until)))
        case .connecting, .publishing, .gaveUp: outbox.append(.wake(session.until))
        }
    }
}
