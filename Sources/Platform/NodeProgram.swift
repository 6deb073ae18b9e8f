import Base

/// A supporter node: pulls its stream from the RTMP server once and serves viewers from home.
///
/// It pulls while somebody watches, and a while longer; heartbeats go out all day.
public struct NodeProgram: Program {
    static let heartbeatEvery = Interval.seconds(30)
    static let reportEvery = Interval.seconds(60)
    static let pullKept = Interval.seconds(30)

    private enum Pull: Sendable, Hashable { case none, connecting, playing }

    private struct Guest: Sendable {
        var connection: ConnectionID
        var isPlaying: Bool
    }

    private let node: NodeID
    private let stream: StreamID
    private let viewersMax: Int
    private let statsURL: String
    private let sourceBitrate: Rate
    private var pull: Pull = .none
    private var connection = ConnectionID(0)
    private var guests: [Guest] = []
    private var relayedBytes: Int64 = 0
    private var relayedFrom: Instant
    /// The report that nobody has answered yet: sent again as it is, so that it counts once.
    private var report: BandwidthReport?
    private var reportCall: UInt64 = 0
    private var calls: UInt64 = 0
    private var heartbeatAt: Instant
    private var reportAt: Instant
    private var pullAt: Instant = .distantFuture

    /// The first heartbeat goes out at `heartbeatAt`. `sourceBitrate` is what the stream is planned
    /// to have.
    public init(
        node: NodeID, stream: StreamID, viewersMax: Int, statsURL: String, sourceBitrate: Rate,
        heartbeatAt: Instant
    ) {
        check(viewersMax > 0, "a node for nobody")
        self.node = node
        self.stream = stream
        self.viewersMax = viewersMax
        self.statsURL = statsURL
        self.sourceBitrate = sourceBitrate
        self.heartbeatAt = heartbeatAt
        reportAt = heartbeatAt + Self.reportEvery
        relayedFrom = heartbeatAt
    }

    /// The driver counted what went out to a viewer.
    public mutating func relayed(bytes: Int64) {
        check(bytes >= 0, "relaying \(bytes) bytes")
        relayedBytes += bytes
    }

    public mutating func handle(_ input: Input, at now: Instant, into outbox: inout Outbox) {
        switch input {
        case .started: break
        case .woke: work(now, into: &outbox)
        case .called(let ticket, _, _):
            outbox.append(.reply(ticket, .stats(viewers: Int32(guests.count))))
        case .answered(let id, let answer):
            if id.raw == reportCall { reportAnswered(answer) }
        case .opened(let opened):
            if opened == connection {
                outbox.append(.send(opened, .play(stream)))
            } else {
                admit(opened, into: &outbox)
            }
        case .received(let from, let message): receive(from, message, now, into: &outbox)
        case .closed(let closed, _):
            closed == connection
                ? pullLost(now, into: &outbox) : guestLeft(closed, now)
        case .stalled, .playing: break
        }
        wakeNext(into: &outbox)
    }

    private mutating func work(_ now: Instant, into outbox: inout Outbox) {
        if now >= heartbeatAt {
            heartbeatAt += Self.heartbeatEvery
            let share = Int64(guests.count) * 1_000_000 / Int64(viewersMax)
            let beat = Heartbeat(
                node: node, stream: stream, capacity: Share(millionths: share),
                viewers: Int32(guests.count), statsURL: statsURL)
            call(.heartbeat(beat), into: &outbox)
        }
        if now >= reportAt {
            reportAt += Self.reportEvery
            sendReport(now, into: &outbox)
        }
        if now >= pullAt {
            pullAt = .distantFuture
            if guests.isEmpty { dropPull(into: &outbox) } else { startPull(into: &outbox) }
        }
    }

    private mutating func sendReport(_ now: Instant, into outbox: inout Outbox) {
        if report == nil {
            if relayedBytes > 0 {
                report = BandwidthReport(
                    node: node, stream: stream, bytes: relayedBytes, from: relayedFrom,
                    until: now, sourceBitrate: sourceBitrate)
                relayedBytes = 0
            }
            relayedFrom = now
        }
        guard let report else { return }
        call(.bandwidthReport(report), into: &outbox)
        reportCall = calls
    }

    private mutating func reportAnswered(_ answer: Answer) {
        switch answer {
        case .failed, .reply(.unavailable): break
        case .reply, .stored, .cached, .worked: report = nil
        }
    }

    private mutating func call(_ call: Call, into outbox: inout Outbox) {
        calls += 1
        outbox.append(.call(CallID(calls), to: .front, call))
    }

    private func wakeNext(into outbox: inout Outbox) {
        outbox.append(.wake(min(heartbeatAt, min(reportAt, pullAt))))
    }

    // MARK: Viewers

    private mutating func admit(_ guest: ConnectionID, into outbox: inout Outbox) {
        guard guests.count < viewersMax else {
            outbox.append(.send(guest, .rejected(.full)))
            outbox.append(.close(guest))
            return
        }
        guests.append(Guest(connection: guest, isPlaying: false))
    }

    private mutating func receive(
        _ from: ConnectionID, _ message: SessionMessage, _ now: Instant,
        into outbox: inout Outbox
    ) {
        if from == connection {
            switch message {
            case .accepted: pullPlays(into: &outbox)
            case .rejected, .ended:
                outbox.append(.close(from))
                pullLost(now, into: &outbox)
            case .publish, .play: break
            }
            return
        }
        guard case .play(let wanted) = message,
            let index = guests.firstIndex(where: { $0.connection == from })
        else { return }
        guard wanted == stream else {
            guests.remove(at: index)
            outbox.append(.send(from, .rejected(.noStream)))
            outbox.append(.close(from))
            return
        }
        switch pull {
        case .playing: serve(index, into: &outbox)
        case .none: startPull(into: &outbox)
        case .connecting: break
        }
        pullAt = .distantFuture
    }

    private mutating func serve(_ index: Int, into outbox: inout Outbox) {
        guard !guests[index].isPlaying else { return }
        guests[index].isPlaying = true
        outbox.append(.send(guests[index].connection, .accepted))
        outbox.append(.relay(guests[index].connection, stream))
    }

    private mutating func guestLeft(_ guest: ConnectionID, _ now: Instant) {
        guests.removeAll { $0.connection == guest }
        if guests.isEmpty && pull == .playing { pullAt = now + Self.pullKept }
    }

    // MARK: The pull

    private mutating func startPull(into outbox: inout Outbox) {
        guard pull == .none else { return }
        pull = .connecting
        connection = ConnectionID((connection.raw + 1) & 0x7FFF_FFFF)
        outbox.append(.connect(connection, to: .rtmp))
    }

    private mutating func pullPlays(into outbox: inout Outbox) {
        pull = .playing
        for index in guests.indices { serve(index, into: &outbox) }
    }

    private mutating func dropPull(into outbox: inout Outbox) {
        guard pull == .playing else { return }
        pull = .none
        outbox.append(.close(connection))
    }

    /// The stream ended or the server is away: guests hear it, and the pull is not kept alive.
    private mutating func pullLost(_ now: Instant, into outbox: inout Outbox) {
        let wasPlaying = pull == .playing
        pull = .none
        pullAt = .distantFuture
        for guest in guests {
            outbox.append(.send(guest.connection, wasPlaying ? .ended : .rejected(.noStream)))
            outbox.append(.close(guest.connection))
        }
        guests.removeAll()
    }
}
