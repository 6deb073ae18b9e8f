import Base
import RTMP

/// A TCP connection of a capture, and what it carries.
struct Connection: Sendable {
    /// What one side sends: its bytes, and the media among them.
    struct Direction: Sendable {
        var flow = ByteFlow()
        var media = MediaFigures()
        var series = StreamSeries()
        var position: Publications.Position?
        /// The flow's counters at the last media message, to tell what held up the next.
        fileprivate var retransmissionsSeen: Int64 = 0
        fileprivate var zeroWindowsSeen: Int64 = 0
    }

    enum Role: Sendable, Hashable { case none, publisher, player }

    let clientEnd: Endpoint
    let serverEnd: Endpoint
    let openedAt: Instant
    private(set) var lastAt: Instant
    private(set) var isClosed = false
    /// From the SYN to the client's first acknowledgement.
    private(set) var roundTrip: Interval?
    /// What the client sends, and what the server sends.
    private var directions = [Direction(), Direction()]
    private(set) var trace = RTMPTrace()
    private(set) var app = ""
    private(set) var name = ""
    private(set) var role = Role.none
    /// The last few status codes that the server sent.
    private(set) var statuses: [String] = []
    private let depth: Watch.Depth
    private var synAt: Instant?
    private var place: Int?
    /// Looked at since the table's hand last came by.
    var isRecent = true

    private static let statusesMax = 8

    /// The client is who sent the SYN; where it was not seen, who has the higher port.
    init(_ segment: Segment, _ depth: Watch.Depth, at now: Instant) {
        let flags = segment.flags
        let isFromClient =
            flags.contains(.syn)
            ? !flags.contains(.ack) : segment.source.port > segment.destination.port
        clientEnd = isFromClient ? segment.source : segment.destination
        serverEnd = isFromClient ? segment.destination : segment.source
        self.depth = depth
        openedAt = now
        lastAt = now
        if flags == .syn { synAt = now }
    }

    var bytesHeld: Int {
        self[.client].flow.waitingBytes + self[.server].flow.waitingBytes + trace.bytesHeld
    }

    var transfer: Transfer {
        Transfer(
            client: clientEnd, server: serverEnd, fromClient: self[.client].flow.next,
            fromServer: self[.server].flow.next,
            missed: Side.allCases.reduce(0) { $0 + self[$1].flow.figures.missedBytes })
    }

    /// The side whose media count: a publisher's client, a player's server.
    var mediaSide: Side {
        switch role {
        case .publisher: .client
        case .player: .server
        case .none:
            self[.client].media.videoFrames >= self[.server].media.videoFrames ? .client : .server
        }
    }

    /// In place: a direction is too large to be copied for each segment.
    subscript(side: Side) -> Direction {
        _read { yield directions[side == .client ? 0 : 1] }
        _modify { yield &directions[side == .client ? 0 : 1] }
    }

    /// Whether a segment belongs to a later connection between the same ends.
    func isOver(by segment: Segment) -> Bool {
        guard segment.flags.contains(.syn) else { return false }
        return self[side(of: segment)].flow.isAnotherStart(segment)
    }

    private func side(of segment: Segment) -> Side {
        segment.source == clientEnd ? .client : .server
    }

    // MARK: Segments

    mutating func receive(
        _ segment: Segment, _ bytes: Span<UInt8>, at now: Instant, row: Int,
        _ context: inout WatchContext
    ) {
        let side = side(of: segment)
        let other: Side = side == .client ? .server : .client
        lastAt = now
        isRecent = true
        noteHandshake(segment, side, at: now)
        let isSame = self[side].flow.offersSameWindow(segment)
        self[other].flow.acknowledge(
            segment, at: now, windowIsSame: isSame, &context.deliveries)
        deliver(bytes, from: other, at: now, row: row, &context)
        let wasStarted = self[side].flow.isStarted
        let retransmissions = self[side].flow.figures.retransmissions
        self[side].flow.receive(
            segment, bytes, at: now, roundTrip: roundTrip, &context.deliveries)
        if !wasStarted, !segment.flags.contains(.syn) { trace.miss(0, from: side) }
        let again = self[side].flow.figures.retransmissions - retransmissions
        if again > 0, context.keepsSeries { self[side].series[row].retransmissions += again }
        deliver(bytes, from: side, at: now, row: row, &context)
        if segment.flags.contains(.reset) { isClosed = true }
        if segment.flags.contains(.fin), self[other].flow.isFinished { isClosed = true }
    }

    private mutating func noteHandshake(_ segment: Segment, _ side: Side, at now: Instant) {
        guard roundTrip == nil, let synAt, side == .client, segment.flags.contains(.ack) else {
            return
        }
        roundTrip = now - synAt
    }

    /// Passes on what is in order now, and hears what it says.
    private mutating func deliver(
        _ bytes: Span<UInt8>, from side: Side, at now: Instant, row: Int,
        _ context: inout WatchContext
    ) {
        if depth == .bytes { context.deliveries.removeAll(keepingCapacity: true) }
        guard !context.deliveries.isEmpty else { return }
        for delivery in context.deliveries {
            var count = 0
            switch delivery {
            case .segment(let range):
                count = range.count
                trace.receive(bytes.extracting(range), from: side)
            case .waited(let waited):
                count = waited.count
                trace.receive(waited.span, from: side)
            case .missed(let missed):
                trace.miss(missed, from: side)
            }
            if context.keepsSeries { self[side].series[row].bytes += Int64(count) }
            while let event = trace.next() { handle(event, at: now, row: row, &context) }
        }
        context.deliveries.removeAll(keepingCapacity: true)
    }

    /// Lets go of the memory it holds; what was on the way is lost.
    mutating func giveUp() {
        var ignored: [ByteFlow.Delivery] = []
        for side in Side.allCases {
            while self[side].flow.waitingBytes > 0 { self[side].flow.giveUpHole(&ignored) }
        }
        trace.giveUp()
    }

    mutating func finish(at now: Instant, row: Int, _ context: inout WatchContext) {
        for side in Side.allCases {
            self[side].flow.finish(at: now, &context.deliveries)
            deliver([UInt8]().span, from: side, at: now, row: row, &context)
        }
    }

    mutating func fold() {
        for side in Side.allCases { self[side].series.fold() }
    }

    // MARK: What is said

    private mutating func handle(
        _ event: RTMPTrace.Event, at now: Instant, row: Int, _ context: inout WatchContext
    ) {
        switch event {
        case .connect(let app): self.app = app
        case .publish(let name): begin(.publisher, name, &context)
        case .play(let name): begin(.player, name, &context)
        case .named(let name): if self.name.isEmpty { self.name = name }
        case .status(let code):
            if statuses.last != code { statuses.append(code) }
            if statuses.count > Self.statusesMax { statuses.removeFirst() }
        case .resumed(let side): self[side].media.restart()
        case .media(let side, let message):
            receive(message, from: side, at: now, row: row, &context)
        }
    }

    private mutating func begin(_ role: Role, _ name: String, _ context: inout WatchContext) {
        self.role = role
        self.name = name
        place = context.publications.place(of: "\(app)/\(name)")
        if role == .player { self[.server].position = place.map(context.publications.position) }
    }

    private mutating func receive(
        _ message: MediaMessage, from side: Side, at now: Instant, row: Int,
        _ context: inout WatchContext
    ) {
        noteStall(side, at: now)
        let kind = self[side].media.add(message, at: now)
        switch kind {
        case .key, .other: compare(message, from: side, &context)
        case .audio, .configuration, .data: break
        }
        if context.keepsSeries { note(kind, message.payload.count, side, row) }
        if context.keepsMedia {
            context.media.append(
                CapturedMedia(connection: context.connection, side: side, message: message))
        }
    }

    private mutating func note(_ kind: MediaFigures.Kind, _ size: Int, _ side: Side, _ row: Int) {
        let lag = self[side].media.lagNow
        switch kind {
        case .key, .other:
            self[side].series[row].videoBytes += Int64(size)
            self[side].series[row].frames += 1
            self[side].series[row].lag = max(self[side].series[row].lag, lag)
        case .audio: self[side].series[row].audioBytes += Int64(size)
        case .configuration, .data: break
        }
    }

    private mutating func compare(
        _ message: MediaMessage, from side: Side, _ context: inout WatchContext
    ) {
        let frame = Publications.digest(of: message.payload)
        switch side {
        case .client:
            if let place { context.publications.publish(frame, in: place) }
        case .server:
            guard var position = self[.server].position else { return }
            context.publications.play(frame, &position)
            self[.server].position = position
        }
    }

    private mutating func noteStall(_ side: Side, at now: Instant) {
        let receiver: Side = side == .client ? .server : .client
        let retransmissions = self[side].flow.figures.retransmissions
        let zeroWindows = self[receiver].flow.figures.zeroWindows
        if let last = self[side].media.last, now - last >= Stalls.shortest {
            let cause: Stalls.Cause =
                zeroWindows > self[side].zeroWindowsSeen
                ? .receiver
                : retransmissions > self[side].retransmissionsSeen ? .network : .sender
            self[side].media.stalls.add(now - last, cause)
        }
        self[side].retransmissionsSeen = retransmissions
        self[side].zeroWindowsSeen = zeroWindows
    }
}
