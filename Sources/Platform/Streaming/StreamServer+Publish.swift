import Base
import RTMP

// Publishing: from the request to the end.
extension StreamServer {
    mutating func requestPublish(
        _ request: PublishRequest, _ slot: Int, at now: Instant, into outbox: inout StreamOutbox
    ) {
        clients[slot]!.name = request.name
        clients[slot]!.nameQuery = request.query
        let name = StreamName(app: clients[slot]!.app, name: request.name)
        guard name.isUsable else {
            return refusePublish(
                slot, .publishBadName, "The name cannot be used.", at: now, into: &outbox)
        }
        guard hasBandwidth(for: clients[slot]!.address, at: now) else {
            tally.refused += 1
            return refusePublish(
                slot, .publishFailed, "The server is full.", at: now, into: &outbox)
        }
        guard mayTake(name) else {
            return refusePublish(
                slot, .publishBadName, "Already publishing.", at: now, into: &outbox)
        }
        ask(.publish, .publish(request), slot, at: now, into: &outbox)
    }

    private func mayTake(_ name: StreamName) -> Bool {
        guard configuration.secondPublisher == .refused, let index = directory[name] else {
            return true
        }
        switch streams[index]!.source {
        case .none, .relay: return true
        case .client: return false
        }
    }

    /// Encoders give up at once on a refusal that is followed by the end, and try again later.
    mutating func refusePublish(
        _ slot: Int, _ code: Status.Code, _ reason: String, at now: Instant,
        into outbox: inout StreamOutbox
    ) {
        clients[slot]!.session!.reject(Status(.error, code, reason))
        close(slot, .refused, at: now, into: &outbox)
    }

    mutating func startPublish(
        _ request: PublishRequest, _ slot: Int, at now: Instant, into outbox: inout StreamOutbox
    ) {
        let name = StreamName(app: clients[slot]!.app, name: request.name)
        // Somebody may have come first while the hook was asked.
        guard mayTake(name) else {
            return refusePublish(
                slot, .publishBadName, "Already publishing.", at: now, into: &outbox)
        }
        clearSource(name, at: now, into: &outbox)
        let index = findStream(name, serial: clients[slot]!.streamID, at: now)
        clients[slot]!.streamID = nil
        clients[slot]!.session!.accept()
        clients[slot]!.uses.append(
            Client.Use(messageStream: request.stream, role: .publisher(index)))
        begin(index, .client(slot, request.stream), query: request.query, at: now, into: &outbox)
        tally.publishes += 1
    }

    /// Throws out whoever publishes the stream now.
    private mutating func clearSource(
        _ name: StreamName, at now: Instant, into outbox: inout StreamOutbox
    ) {
        guard let index = directory[name] else { return }
        switch streams[index]!.source {
        case .none: break
        case .client(let slot, _): close(slot, .replaced, at: now, into: &outbox)
        case .relay(let relay): dropRelay(relay, at: now, into: &outbox)
        }
    }

    /// The stream of that name, made if there is none.
    mutating func findStream(
        _ name: StreamName, serial: UInt64? = nil, at now: Instant
    ) -> Int {
        if let index = directory[name] { return index }
        let stream = LiveStream(serial: serial ?? nextSerial(), name: name, at: now)
        let index = streams.firstIndex { $0 == nil } ?? streams.count
        if index < streams.count { streams[index] = stream } else { streams.append(stream) }
        directory[name] = index
        return index
    }

    /// A source is there: players hear of it and wait for its first key frame.
    mutating func begin(
        _ index: Int, _ source: LiveStream.Source, query: String, at now: Instant,
        into outbox: inout StreamOutbox
    ) {
        streams[index]!.begin(source, query: query, at: now)
        for player in streams[index]!.players {
            guard let known = players[player], known.hasBegun else { continue }
            clients[known.client]!.session?.resume(known.messageStream)
            sendOutput(known.client, into: &outbox)
        }
    }

    mutating func take(
        _ message: MediaMessage, on messageStream: MessageStreamID, _ slot: Int,
        at now: Instant, into outbox: inout StreamOutbox
    ) {
        for use in clients[slot]!.uses where use.messageStream == messageStream {
            if case .publisher(let index) = use.role {
                ingest(message, index, at: now, into: &outbox)
            }
        }
    }

    mutating func ingest(
        _ message: MediaMessage, _ index: Int, at now: Instant, into outbox: inout StreamOutbox
    ) {
        streams[index]!.append(message, chunkSize: chunkSize, at: now)
        if !streams[index]!.isDirty {
            streams[index]!.isDirty = true
            dirty.append(index)
        }
        flushAt = flushAt ?? now + configuration.latency
    }

    /// The source is gone: players get what there is, and hear that it is over.
    mutating func end(_ index: Int, at now: Instant, into outbox: inout StreamOutbox) {
        flush(index, into: &outbox)
        streams[index]!.finish()
        for player in streams[index]!.players {
            guard players[player] != nil else { continue }
            let known = players[player]!
            players[player]!.phase = .waiting
            players[player]!.cursor = streams[index]!.log.nextSequence
            players[player]!.seen = streams[index]!.log.sealedCounts
            switch known.format {
            case .rtmp:
                guard known.hasBegun else { continue }
                clients[known.client]!.session?.end(known.messageStream)
                sendOutput(known.client, into: &outbox)
            case .flv:
                close(known.client, .ended, at: now, into: &outbox)
            }
        }
        removeIfIdle(index)
    }

    mutating func removeIfIdle(_ index: Int) {
        guard let stream = streams[index], stream.isIdle, !stream.hasSegments else { return }
        remove(index)
    }

    mutating func remove(_ index: Int) {
        guard let stream = streams[index] else { return }
        directory[stream.name] = nil
        streams[index] = nil
        dirty.removeAll { $0 == index }
    }

    /// The client stops publishing or playing on this message stream.
    mutating func endUse(
        _ slot: Int, _ messageStream: MessageStreamID, at now: Instant,
        into outbox: inout StreamOutbox
    ) {
        guard
            let position = clients[slot]!.uses.firstIndex(where: {
                $0.messageStream == messageStream
            })
        else { return }
        let use = clients[slot]!.uses.remove(at: position)
        switch use.role {
        case .publisher(let index):
            let stream = streams[index]!
            tell(
                .unpublish, slot, stream: stream.name.name, query: stream.query,
                streamID: stream.serial, into: &outbox)
            end(index, at: now, into: &outbox)
        case .player(let player):
            endPlay(player, slot, at: now, into: &outbox)
        }
    }
}
