import Base

/// Someone who watches one stream for a while, and leaves when playing stalls for too long.
public struct ViewerClient: Program {
    private static let connectingMin = Interval.seconds(15)

    /// How long one who bears so long a stall waits for a connection to bring media.
    public static func connectingMax(patience: Interval) -> Interval {
        max(patience, connectingMin)
    }

    /// How long one who left is away: between half and one and a half of `returnsAfter`.
    public static func absence(_ returnsAfter: Interval, _ random: inout Random) -> Interval {
        let half = Interval(nanoseconds: returnsAfter.nanoseconds / 2)
        return random.interval(half...returnsAfter + half)
    }

    private enum Phase: Sendable, Hashable {
        case away, asking, connecting, playing, stalled, waiting, left
    }

    private let stream: StreamID
    private let identity: UInt64
    private let asksCoordinator: Bool
    private let from: Instant
    private let until: Instant
    private let patience: Interval
    private let returnsAfter: Interval?
    private var random: Random
    private var phase: Phase = .away
    private var connection = ConnectionID(0)
    private var calls: UInt64 = 0
    private var deadline: Instant
    private var backOff = BackOff(.player, jitterPerMille: 1_000)

    /// `patience` is the longest stall that is borne. Who lost it returns after between half and
    /// one and a half of `returnsAfter`, drawn each time; nil is never.
    public init(
        stream: StreamID, asksCoordinator: Bool, from: Instant, until: Instant,
        patience: Interval, returnsAfter: Interval?, random: Random
    ) {
        check(from < until, "a visit that ends before it begins")
        self.stream = stream
        self.asksCoordinator = asksCoordinator
        self.from = from
        self.until = until
        self.patience = patience
        self.returnsAfter = returnsAfter
        var random = random
        identity = random.next()
        self.random = random
        deadline = from
    }

    public mutating func handle(_ input: Input, at now: Instant, into outbox: inout Outbox) {
        switch input {
        case .started: break
        case .woke: advance(now, into: &outbox)
        case .answered(let id, let answer):
            if phase == .asking && id.raw == calls { dial(answer, now, into: &outbox) }
        case .opened(let opened):
            if opened == connection && phase == .connecting {
                outbox.append(.send(opened, .play(stream)))
            }
        case .received(let sender, let message):
            if sender == connection { receive(message, now, into: &outbox) }
        case .closed(let closed, _):
            if closed == connection { lost(now) }
        case .stalled(let at):
            if at == connection && phase == .playing {
                phase = .stalled
                deadline = now + patience
            }
        case .playing(let at):
            if at == connection && (phase == .connecting || phase == .stalled) { phase = .playing }
        case .called: break
        }
        wakeNext(into: &outbox)
    }

    private mutating func advance(_ now: Instant, into outbox: inout Outbox) {
        if now >= until {
            leave(into: &outbox)
            return
        }
        guard now >= deadline else { return }
        switch phase {
        case .away, .waiting: ask(now, into: &outbox)
        case .stalled, .connecting: loseHeart(now, into: &outbox)
        case .asking, .playing, .left: break
        }
    }

    private mutating func ask(_ now: Instant, into outbox: inout Outbox) {
        guard asksCoordinator else {
            connect(to: .rtmp, now, into: &outbox)
            return
        }
        calls += 1
        phase = .asking
        outbox.append(.call(CallID(calls), to: .front, .watch(stream, viewer: identity)))
    }

    /// Without an answer the RTMP server itself is tried.
    private mutating func dial(_ answer: Answer, _ now: Instant, into outbox: inout Outbox) {
        if case .reply(.watch(.node(let node, _))) = answer {
            connect(to: .node(node), now, into: &outbox)
        } else {
            connect(to: .rtmp, now, into: &outbox)
        }
    }

    private mutating func connect(
        to address: Address, _ now: Instant, into outbox: inout Outbox
    ) {
        connection = ConnectionID((connection.raw + 1) & 0x7FFF_FFFF)
        phase = .connecting
        deadline = now + Self.connectingMax(patience: patience)
        outbox.append(.connect(connection, to: address))
    }

    private mutating func receive(
        _ message: SessionMessage, _ now: Instant, into outbox: inout Outbox
    ) {
        switch message {
        case .rejected, .ended:
            outbox.append(.close(connection))
            lost(now)
        case .accepted, .publish, .play: break
        }
    }

    /// The connection is gone: try again, ever more slowly.
    private mutating func lost(_ now: Instant) {
        switch phase {
        case .connecting, .playing, .stalled:
            if phase != .connecting { backOff.reset() }
            guard let wait = backOff.next() else {
                phase = .left
                return
            }
            phase = .waiting
            deadline = now + wait
        case .away, .asking, .waiting, .left: break
        }
    }

    private mutating func loseHeart(_ now: Instant, into outbox: inout Outbox) {
        outbox.append(.close(connection))
        outbox.append(.observe(.lostPatience(stream)))
        guard let returnsAfter else {
            phase = .left
            return
        }
        phase = .waiting
        deadline = now + Self.absence(returnsAfter, &random)
    }

    private mutating func leave(into outbox: inout Outbox) {
        switch phase {
        case .connecting, .playing, .stalled: outbox.append(.close(connection))
        case .away, .asking, .waiting, .left: break
        }
        phase = .left
    }

    private func wakeNext(into outbox: inout Outbox) {
        switch phase {
        case .away, .waiting, .stalled, .connecting: outbox.append(.wake(min(deadline, until)))
        case .asking, .playing: outbox.append(.wake(until))
        case .left: break
        }
    }
}
