import Base
import RTMP

/// One stream that is fetched from another server.
struct Relay: Sendable {
    enum Phase: Sendable, Hashable {
        /// Until `retryAt`.
        case idle
        case connecting
        /// The source's session runs.
        case open
    }

    let name: StreamName
    let source: StreamURL
    /// Fetched whether somebody plays it or not.
    let isFixed: Bool
    var phase = Phase.idle
    /// Where it is fetched from now: a source may redirect.
    var url: StreamURL
    var connection = ConnectionID(0)
    var session: ClientSession?
    /// The stream it feeds, once media may come.
    var stream: Int?
    var attempts: Int64 = 0
    var retryAt: Instant
    var startedAt: Instant?
    /// Since when nobody plays what is fetched on demand.
    var unwatchedAt: Instant?
}

extension StreamServer {
    static let retryMin = Interval.seconds(1)
    static let retryMax = Interval.seconds(30)
    /// A source that lasted this long begins its retries anew.
    static let retryReset = Interval.seconds(30)
    /// How long a stream is fetched that nobody plays any more.
    static let unwatchedMax = Interval.seconds(10)
    static let relaysMax = 1_000

    mutating func addRelay(
        _ rule: StreamConfiguration.Relay, isFixed: Bool, at now: Instant
    ) {
        let relay = Relay(
            name: rule.name, source: rule.source, isFixed: isFixed, url: rule.source,
            retryAt: now)
        let index = relays.firstIndex { $0 == nil } ?? relays.count
        guard index < Self.relaysMax else { return }
        if index < relays.count { relays[index] = relay } else { relays.append(relay) }
        sweepAt = min(sweepAt, now)
    }

    /// Fetches what somebody wants to play and nobody publishes, if there is where to look.
    mutating func fetch(_ name: StreamName, at now: Instant) {
        guard var source = configuration.origin,
            !relays.contains(where: { $0?.name == name })
        else { return }
        source.app = name.app
        source.name = name.name
        addRelay(.init(name: name, source: source), isFixed: false, at: now)
    }

    mutating func dropRelay(
        _ index: Int, at now: Instant, into outbox: inout StreamOutbox
    ) {
        guard let relay = relays[index] else { return }
        if relay.phase != .idle { outbox.append(.close(relay.connection, .stopping)) }
        relays[index] = nil
        guard let stream = relay.stream, streams[stream]?.source == .relay(index) else { return }
        end(stream, at: now, into: &outbox)
    }

    /// Connects what is due; lets go of what nobody wants.
    mutating func sweepRelay(_ index: Int, at now: Instant, into outbox: inout StreamOutbox) {
        guard let relay = relays[index] else { return }
        if !relay.isFixed, isUnwatched(relay.name) {
            relays[index]!.unwatchedAt = relay.unwatchedAt ?? now
            if now >= relays[index]!.unwatchedAt! + Self.unwatchedMax {
                return dropRelay(index, at: now, into: &outbox)
            }
        } else {
            relays[index]!.unwatchedAt = nil
        }
        switch relay.phase {
        case .idle: if now >= relay.retryAt { connect(index, into: &outbox) }
        case .connecting: break
        case .open: advanceRelay(index, at: now, into: &outbox)
        }
    }

    private func isUnwatched(_ name: StreamName) -> Bool {
        (directory[name].map { streams[$0]!.players.isEmpty } ?? true)
            && !fetchers.contains { $0.name == name }
    }

    private mutating func connect(_ index: Int, into outbox: inout StreamOutbox) {
        // Somebody publishes it here by now.
        if let stream = directory[relays[index]!.name], streams[stream]!.source != .none { return }
        let serial = nextSerial()
        relays[index]!.phase = .connecting
        relays[index]!.connection = ConnectionID(
            Self.outgoing | UInt32(truncatingIfNeeded: serial & 0x7FFF_FFFF))
        outbox.append(.connect(relays[index]!.connection, relays[index]!.url))
    }

    private func relayIndex(_ id: ConnectionID) -> Int? {
        relays.firstIndex { $0.map { $0.connection == id && $0.phase != .idle } ?? false }
    }

    mutating func startRelay(
        _ id: ConnectionID, at now: Instant, into outbox: inout StreamOutbox
    ) {
        guard let index = relayIndex(id) else {
            return outbox.append(.close(id, .stopping))
        }
        relays[index]!.phase = .open
        relays[index]!.session = ClientSession(
            .play, relays[index]!.url, handshake: .simple, limits: configuration.session,
            chunkSize: chunkSize, random: Random(seed: random.next()), at: now)
        advanceRelay(index, at: now, into: &outbox)
    }

    mutating func receive(
        _ bytes: Span<UInt8>, relay id: ConnectionID, at now: Instant,
        into outbox: inout StreamOutbox
    ) {
        guard let index = relayIndex(id) else { return }
        relays[index]!.session?.receive(bytes)
        advanceRelay(index, at: now, into: &outbox)
    }

    private mutating func advanceRelay(
        _ index: Int, at now: Instant, into outbox: inout StreamOutbox
    ) {
        do {
            while let event = try relays[index]?.session?.next(at: now) {
                handle(event, index, at: now, into: &outbox)
            }
            sendRelay(index, into: &outbox)
        } catch .redirected(let target) {
            relays[index]!.url = StreamURL(target) ?? relays[index]!.source
            stopRelay(index, at: now, into: &outbox)
        } catch {
            relays[index]!.url = relays[index]!.source
            stopRelay(index, at: now, into: &outbox)
        }
    }

    private mutating func sendRelay(_ index: Int, into outbox: inout StreamOutbox) {
        guard let output = relays[index]?.session?.takeOutput(), !output.isEmpty else { return }
        bytesSent += UInt64(output.count)
        outbox.append(.send(relays[index]!.connection, output))
    }

    private mutating func handle(
        _ event: ClientEvent, _ index: Int, at now: Instant, into outbox: inout StreamOutbox
    ) {
        switch event {
        case .started: feed(index, at: now, into: &outbox)
        case .media(let message):
            guard let stream = relays[index]!.stream, streams[stream]?.source == .relay(index)
            else { return }
            ingest(message, stream, at: now, into: &outbox)
        case .ended: stopRelay(index, at: now, into: &outbox)
        case .status: break
        }
    }

    /// The source agreed: its media are the stream's from now on.
    private mutating func feed(
        _ index: Int, at now: Instant, into outbox: inout StreamOutbox
    ) {
        let stream = findStream(relays[index]!.name, at: now)
        guard streams[stream]!.source == .none else {
            return stopRelay(index, at: now, into: &outbox)
        }
        relays[index]!.stream = stream
        relays[index]!.startedAt = now
        begin(stream, .relay(index), query: "", at: now, into: &outbox)
    }

    /// Hangs up; the driver's `closed` is what begins the wait.
    private mutating func stopRelay(
        _ index: Int, at now: Instant, into outbox: inout StreamOutbox
    ) {
        guard relays[index]?.phase == .open else { return }
        sendRelay(index, into: &outbox)
        outbox.append(.close(relays[index]!.connection, .ended))
        rest(index, at: now, into: &outbox)
    }

    mutating func loseRelay(
        _ id: ConnectionID, at now: Instant, into outbox: inout StreamOutbox
    ) {
        guard let index = relayIndex(id) else { return }
        rest(index, at: now, into: &outbox)
    }

    /// Waits before the next try: twice as long each time, with a tenth of jitter.
    private mutating func rest(_ index: Int, at now: Instant, into outbox: inout StreamOutbox) {
        let relay = relays[index]!
        if let startedAt = relay.startedAt, now >= startedAt + Self.retryReset {
            relays[index]!.attempts = 0
        }
        let doublings = min(relays[index]!.attempts, 5)
        let wait = min(Self.retryMin * (1 << doublings), Self.retryMax)
        let jitter = Interval(nanoseconds: wait.nanoseconds / 10)
        relays[index]!.attempts += 1
        relays[index]!.retryAt = now + wait + random.interval(.zero...jitter)
        relays[index]!.phase = .idle
        relays[index]!.session = nil
        relays[index]!.stream = nil
        relays[index]!.startedAt = nil
        guard let stream = relay.stream, streams[stream]?.source == .relay(index) else { return }
        end(stream, at: now, into: &outbox)
    }
}
