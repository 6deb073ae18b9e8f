import Base
import RTMP

// Connections: how they begin, what their sessions say, how they end.
extension StreamServer {
    mutating func open(
        _ id: ConnectionID, _ peer: Peer, at now: Instant, into outbox: inout StreamOutbox
    ) {
        let random = Random(seed: self.random.next())
        let session = ServerSession(
            limits: configuration.session, chunkSize: chunkSize, random: random, at: now)
        add(id, peer, session: session, at: now)
        let slot = Int(id.raw)
        if !hasRoom(for: clients[slot]!.address) {
            tally.refused += 1
            close(slot, .full, at: now, into: &outbox)
        }
    }

    /// Enters a connection that was made to us in the table.
    mutating func add(
        _ id: ConnectionID, _ peer: Peer, session: ServerSession?, at now: Instant
    ) {
        let slot = Int(id.raw)
        check(id.raw < Self.outgoing, "an identifier of ours for a client")
        while clients.count <= slot { clients.append(nil) }
        check(clients[slot] == nil, "two connections of one name")
        let address = enter(peer.address)
        clients[slot] = Client(
            id: id, serial: nextSerial(), peer: peer, address: address, session: session, at: now)
        clientsCount += 1
        tally.connections += 1
        sweepAt = min(sweepAt, now + Self.sweepEvery)
    }

    /// Counts somebody in from this address, until `leave`.
    mutating func enter(_ address: String) -> Int {
        let index = addressIndex[address] ?? addAddress(address)
        addresses[index].connections += 1
        return index
    }

    mutating func leave(_ address: Int) {
        addresses[address].connections -= 1
        check(addresses[address].connections >= 0, "more left an address than came from it")
    }

    private mutating func addAddress(_ address: String) -> Int {
        let use = AddressUse(address: address)
        let index = addresses.firstIndex { $0.connections == 0 } ?? addresses.count
        if index < addresses.count {
            addressIndex[addresses[index].address] = nil
            addresses[index] = use
        } else {
            addresses.append(use)
        }
        addressIndex[address] = index
        return index
    }

    /// Whether the connection just entered is within the limits.
    func hasRoom(for address: Int) -> Bool {
        !isStopping && clientsCount + fetchers.count <= configuration.connectionsMax
            && addresses[address].connections <= configuration.connectionsPerAddressMax
    }

    /// Lets the client's session go on as far as it can.
    mutating func advance(_ slot: Int, at now: Instant, into outbox: inout StreamOutbox) {
        do {
            while clients[slot]?.phase == .open,
                let event = try clients[slot]!.session?.next(at: now)
            {
                handle(event, slot, at: now, into: &outbox)
            }
        } catch {
            tally.faults += 1
            return close(slot, .fault(error), at: now, into: &outbox)
        }
        sendOutput(slot, into: &outbox)
        if clients[slot]?.phase == .open, clients[slot]?.session?.isClosing == true {
            close(slot, .refused, at: now, into: &outbox)
        }
    }

    /// Sends what the session has to say.
    mutating func sendOutput(_ slot: Int, into outbox: inout StreamOutbox) {
        guard clients[slot]?.phase == .open,
            let output = clients[slot]!.session?.takeOutput(), !output.isEmpty
        else { return }
        outbox.append(.send(clients[slot]!.id, output))
        countSent(output.count, slot)
    }

    mutating func countSent(_ count: Int, _ slot: Int) {
        clients[slot]!.bytesSent += UInt64(count)
        addresses[clients[slot]!.address].bytes += UInt64(count)
        bytesSent += UInt64(count)
    }

    private mutating func handle(
        _ event: ServerEvent, _ slot: Int, at now: Instant, into outbox: inout StreamOutbox
    ) {
        switch event {
        case .connect(let request):
            note(request, slot)
            ask(.connect, .connect(request), slot, at: now, into: &outbox)
        case .publish(let request):
            requestPublish(request, slot, at: now, into: &outbox)
        case .play(let request):
            requestPlay(request, slot, at: now, into: &outbox)
        case .media(let stream, let message):
            take(message, on: stream, slot, at: now, into: &outbox)
        case .unpublished(let stream), .stopped(let stream):
            endUse(slot, stream, at: now, into: &outbox)
        case .paused(let stream, let isPaused):
            change(slot, stream, into: &outbox) { $0.isPaused = isPaused }
        case .wants(let stream, let kind, let wanted):
            change(slot, stream, into: &outbox) { player in
                switch kind {
                case .audio: player.wantsAudio = wanted
                case .video: player.wantsVideo = wanted
                case .data: break
                }
            }
        }
    }

    private mutating func note(_ request: ConnectRequest, _ slot: Int) {
        clients[slot]!.app = request.app
        clients[slot]!.query = request.query
        clients[slot]!.tcURL = request.tcURL
        clients[slot]!.pageURL = request.pageURL
    }

    // MARK: Questions to the coordinator

    /// Asks whether the client may, or goes ahead if nobody is to be asked.
    mutating func ask(
        _ kind: Hook.Kind, _ question: Client.Question, _ slot: Int, at now: Instant,
        into outbox: inout StreamOutbox
    ) {
        clients[slot]!.question = question
        guard configuration.hooks.contains(kind) else {
            return answer(slot, true, at: now, into: &outbox)
        }
        let id = HookID(UInt64(slot) << 32 | (nextSerial() & 0xFFFF_FFFF))
        clients[slot]!.hook = id
        let client = clients[slot]!
        let name = StreamName(app: client.app, name: client.name)
        let isStream = kind != .connect
        var streamID = isStream ? directory[name].flatMap { streams[$0]?.serial } : nil
        if kind == .publish, streamID == nil {
            streamID = nextSerial()
            clients[slot]!.streamID = streamID
        }
        outbox.append(
            .call(
                id,
                client.hook(
                    kind, stream: isStream ? client.name : "",
                    query: isStream ? client.nameQuery : "", streamID: streamID)))
    }

    mutating func decide(
        _ hook: HookID, _ allowed: Bool, at now: Instant, into outbox: inout StreamOutbox
    ) {
        let slot = Int(hook.raw >> 32)
        guard slot < clients.count, clients[slot]?.hook == hook,
            clients[slot]?.phase == .open
        else { return }
        clients[slot]!.hook = nil
        answer(slot, allowed, at: now, into: &outbox)
        advance(slot, at: now, into: &outbox)
    }

    private mutating func answer(
        _ slot: Int, _ allowed: Bool, at now: Instant, into outbox: inout StreamOutbox
    ) {
        guard let question = clients[slot]!.question else { return }
        clients[slot]!.question = nil
        switch question {
        case .connect:
            clients[slot]!.wasAdmitted = allowed
            if allowed {
                clients[slot]!.session!.accept()
            } else {
                clients[slot]!.session!.reject(
                    Status(.error, .connectRejected, "The connection was refused."))
            }
        case .publish(let request):
            if allowed {
                startPublish(request, slot, at: now, into: &outbox)
            } else {
                refusePublish(
                    slot, .publishDenied, "The stream's key was refused.", at: now,
                    into: &outbox)
            }
        case .play(let request):
            if allowed {
                startPlay(request, slot, at: now, into: &outbox)
            } else {
                refusePlay(slot, .playFailed, "Playing was refused.", at: now, into: &outbox)
            }
        case .watch:
            if allowed {
                startWatch(slot, at: now, into: &outbox)
            } else {
                close(slot, .refused, at: now, into: &outbox)
            }
        }
    }

    /// Tells the coordinator, who has no say in it.
    mutating func tell(
        _ kind: Hook.Kind, _ slot: Int, stream: String, query: String, streamID: UInt64?,
        into outbox: inout StreamOutbox
    ) {
        guard configuration.hooks.contains(kind) else { return }
        outbox.append(
            .call(
                nil,
                clients[slot]!.hook(kind, stream: stream, query: query, streamID: streamID)))
    }

    // MARK: Ends

    /// Ends what the client does and has its connection closed.
    mutating func close(
        _ slot: Int, _ cause: CloseCause, at now: Instant, into outbox: inout StreamOutbox
    ) {
        guard clients[slot]?.phase == .open else { return }
        endUses(slot, at: now, into: &outbox)
        sendOutput(slot, into: &outbox)
        clients[slot]!.phase = .closing
        clients[slot]!.session = nil
        outbox.append(.close(clients[slot]!.id, cause))
    }

    /// The connection is gone.
    mutating func forget(_ id: ConnectionID, at now: Instant, into outbox: inout StreamOutbox) {
        guard id.raw < Self.outgoing else {
            return loseRelay(id, at: now, into: &outbox)
        }
        let slot = Int(id.raw)
        guard slot < clients.count, clients[slot] != nil else { return }
        endUses(slot, at: now, into: &outbox)
        if clients[slot]!.wasAdmitted {
            tell(.close, slot, stream: "", query: "", streamID: nil, into: &outbox)
        }
        leave(clients[slot]!.address)
        clients[slot] = nil
        clientsCount -= 1
        check(clientsCount >= 0, "more connections ended than began")
    }

    private mutating func endUses(
        _ slot: Int, at now: Instant, into outbox: inout StreamOutbox
    ) {
        while let use = clients[slot]!.uses.last {
            endUse(slot, use.messageStream, at: now, into: &outbox)
        }
    }

    mutating func kick(_ serial: UInt64, at now: Instant, into outbox: inout StreamOutbox) {
        for slot in clients.indices where clients[slot]?.serial == serial {
            close(slot, .kicked, at: now, into: &outbox)
        }
        endFetches(into: &outbox) { $0.serial == serial }
    }

    mutating func stop(at now: Instant, into outbox: inout StreamOutbox) {
        isStopping = true
        // Sources first, so that players get what was gathered and hear that it is over.
        for slot in clients.indices where isPublishing(slot) {
            close(slot, .stopping, at: now, into: &outbox)
        }
        for index in relays.indices { dropRelay(index, at: now, into: &outbox) }
        for slot in clients.indices { close(slot, .stopping, at: now, into: &outbox) }
        endFetches(into: &outbox) { _ in true }
    }

    private func isPublishing(_ slot: Int) -> Bool {
        clients[slot]?.uses.contains { use in
            if case .publisher = use.role { return true }
            return false
        } ?? false
    }

    mutating func configure(
        _ configuration: StreamConfiguration, at now: Instant, into outbox: inout StreamOutbox
    ) {
        let before = self.configuration.relays
        self.configuration = configuration
        for index in relays.indices {
            guard let relay = relays[index], relay.isFixed else { continue }
            let rule = StreamConfiguration.Relay(name: relay.name, source: relay.source)
            if !configuration.relays.contains(rule) { dropRelay(index, at: now, into: &outbox) }
        }
        for relay in configuration.relays where !before.contains(relay) {
            addRelay(relay, isFixed: true, at: now)
        }
        sweepAt = min(sweepAt, now)
    }
}
