import Base
import Media
import RTMP

// Playing: from the request to the end, and everything that is sent in between.
extension StreamServer {
    mutating func requestPlay(
        _ request: PlayRequest, _ slot: Int, at now: Instant, into outbox: inout StreamOutbox
    ) {
        clients[slot]!.name = request.name
        clients[slot]!.nameQuery = request.query
        let name = StreamName(app: clients[slot]!.app, name: request.name)
        guard name.isUsable else {
            return refusePlay(
                slot, .playStreamNotFound, "The name cannot be used.", at: now, into: &outbox)
        }
        guard hasBandwidth(for: clients[slot]!.address, at: now) else {
            tally.refused += 1
            return refusePlay(slot, .playFailed, "The server is full.", at: now, into: &outbox)
        }
        ask(.play, .play(request), slot, at: now, into: &outbox)
    }

    mutating func refusePlay(
        _ slot: Int, _ code: Status.Code, _ reason: String, at now: Instant,
        into outbox: inout StreamOutbox
    ) {
        clients[slot]!.session!.reject(Status(.error, code, reason))
        close(slot, .refused, at: now, into: &outbox)
    }

    mutating func startPlay(
        _ request: PlayRequest, _ slot: Int, at now: Instant, into outbox: inout StreamOutbox
    ) {
        clients[slot]!.session!.accept()
        sendOutput(slot, into: &outbox)
        let name = StreamName(app: clients[slot]!.app, name: request.name)
        addPlayer(name, slot, request.stream, .rtmp, at: now, into: &outbox)
    }

    private mutating func addPlayer(
        _ name: StreamName, _ slot: Int, _ messageStream: MessageStreamID,
        _ format: Player.Format, at now: Instant, into outbox: inout StreamOutbox
    ) {
        let index = findStream(name, at: now)
        let log = streams[index]!.log
        let player = Player(
            client: slot, stream: index, messageStream: messageStream, format: format,
            cursor: configuration.cachesGOP ? 0 : log.nextSequence)
        let place = players.firstIndex { $0 == nil } ?? players.count
        if place < players.count { players[place] = player } else { players.append(player) }
        streams[index]!.players.append(place)
        clients[slot]!.uses.append(
            Client.Use(messageStream: messageStream, role: .player(place)))
        tally.plays += 1
        if streams[index]!.source == .none { fetch(name, at: now) }
        catchUp(place, into: &outbox)
    }

    mutating func endPlay(
        _ player: Int, _ slot: Int, at now: Instant, into outbox: inout StreamOutbox
    ) {
        guard let known = players[player] else { return }
        tally.dropped += known.dropped
        players[player] = nil
        behind.removeAll { $0 == player }
        streams[known.stream]!.players.removeAll { $0 == player }
        let stream = streams[known.stream]!
        tell(
            .stop, slot, stream: stream.name.name, query: clients[slot]!.nameQuery,
            streamID: stream.serial, into: &outbox)
        removeIfIdle(known.stream)
    }

    /// Changes what a player wants, and sends it what it may now have.
    mutating func change(
        _ slot: Int, _ messageStream: MessageStreamID, into outbox: inout StreamOutbox,
        _ body: (inout Player) -> Void
    ) {
        for use in clients[slot]!.uses where use.messageStream == messageStream {
            guard case .player(let player) = use.role, players[player] != nil else { continue }
            let wasPaused = players[player]!.isPaused
            body(&players[player]!)
            guard wasPaused, !players[player]!.isPaused else { continue }
            // A live stream goes on where it is now, at a key frame.
            players[player]!.phase = .waiting
            sendOutput(slot, into: &outbox)
            catchUp(player, into: &outbox)
        }
    }

    // MARK: HTTP-FLV

    mutating func watch(
        _ id: ConnectionID, _ peer: Peer, _ name: StreamName, query: String, at now: Instant,
        into outbox: inout StreamOutbox
    ) {
        add(id, peer, session: nil, at: now)
        let slot = Int(id.raw)
        clients[slot]!.app = name.app
        clients[slot]!.name = name.name
        clients[slot]!.nameQuery = query
        let address = clients[slot]!.address
        guard name.isUsable, hasRoom(for: address), hasBandwidth(for: address, at: now) else {
            tally.refused += 1
            return close(slot, .full, at: now, into: &outbox)
        }
        ask(.play, .watch, slot, at: now, into: &outbox)
    }

    mutating func startWatch(_ slot: Int, at now: Instant, into outbox: inout StreamOutbox) {
        let name = StreamName(app: clients[slot]!.app, name: clients[slot]!.name)
        guard mayWatch(name) else {
            return close(slot, .ended, at: now, into: &outbox)
        }
        outbox.append(.begin(clients[slot]!.id))
        addPlayer(name, slot, .first, .flv, at: now, into: &outbox)
    }

    /// Whether there is such a stream, or where to look for it.
    public func mayWatch(_ name: StreamName) -> Bool {
        configuration.origin != nil || directory[name].map { streams[$0]!.source != .none } ?? false
    }

    // MARK: Sending

    /// Sends everything that was gathered.
    mutating func flush(at now: Instant, into outbox: inout StreamOutbox) {
        flushAt = nil
        let ready = dirty
        dirty.removeAll(keepingCapacity: true)
        for index in ready where streams[index] != nil { flush(index, into: &outbox) }
    }

    /// Sends what this stream gathered, and forgets what everybody has.
    mutating func flush(_ index: Int, into outbox: inout StreamOutbox) {
        streams[index]!.isDirty = false
        streams[index]!.seal()
        var slowest = streams[index]!.log.sealedEnd
        for player in streams[index]!.players {
            catchUp(player, into: &outbox)
            if let known = players[player], known.phase == .playing {
                slowest = min(slowest, known.cursor)
            }
        }
        streams[index]!.trim(before: slowest, configuration)
    }

    mutating func continueBehind(at now: Instant, into outbox: inout StreamOutbox) {
        guard !behind.isEmpty else { return }
        let waiting = behind
        behind.removeAll(keepingCapacity: true)
        for player in waiting { catchUp(player, into: &outbox) }
    }

    /// Sends a player what it may have: as much as one turn allows, unless its connection is
    /// stalled; then it falls behind, and at the limit gives up what is between it and a later
    /// key frame.
    mutating func catchUp(_ index: Int, into outbox: inout StreamOutbox) {
        guard var player = players[index], !player.isPaused,
            clients[player.client]?.phase == .open
        else { return }
        if player.phase == .playing { limitLag(&player) }
        if clients[player.client]!.stalledAt == nil {
            var budget = Self.turnMax
            if player.phase == .waiting { start(&player, &budget, into: &outbox) }
            let end = streams[player.stream]!.log.sealedEnd
            while player.phase == .playing, player.cursor < end, budget > 0 {
                send(&player, &budget, into: &outbox)
            }
            if player.phase == .playing, player.cursor < end { behind.append(index) }
        }
        players[index] = player
    }

    /// Leaves out whole groups of pictures once the player is too far behind.
    private func limitLag(_ player: inout Player) {
        let stream = streams[player.stream]!
        let isLost = player.cursor < stream.log.firstSequence
        let lag = stream.log.lag(at: player.cursor)
        guard
            isLost || lag.time > configuration.queueTimeMax
                || lag.bytes > Int64(configuration.queueBytesMax)
        else { return }
        player.phase = .waiting
        // To the newest start there is; if there is none, to the next.
        player.cursor = stream.log.start(from: player.cursor + 1) ?? stream.log.nextSequence
    }

    /// Begins at the newest key frame at or after the player's position.
    private mutating func start(
        _ player: inout Player, _ budget: inout Int, into outbox: inout StreamOutbox
    ) {
        guard let sequence = streams[player.stream]!.log.start(from: player.cursor) else {
            return
        }
        let (headers, time, before) = startOf(player.stream, sequence)
        if player.hasBegun { player.dropped += before - player.seen }
        player.seen = before
        var bytes: [UInt8] = []
        if player.format == .flv, !player.hasBegun {
            bytes = FLVTags.header(
                hasAudio: headers.configuration(.audio) != nil,
                hasVideo: headers.configuration(.video) != nil)
        }
        for message in headers.messages(at: time) where player.wants(message.kind) {
            switch player.format {
            case .flv: FLVTags.append(message, to: &bytes)
            case .rtmp:
                EncodedMessage(message, chunkSize: chunkSize)
                    .append(to: &bytes, stream: player.messageStream, timestamp: time)
            }
        }
        player.hasBegun = true
        player.phase = .playing
        player.cursor = sequence
        guard !bytes.isEmpty else { return }
        outbox.append(.send(clients[player.client]!.id, bytes))
        count(bytes.count, player, &budget)
    }

    private func startOf(
        _ stream: Int, _ sequence: Int64
    ) -> (StreamHeaders, Timestamp, MediaCounts) {
        let batch = streams[stream]!.log[sequence]
        return (batch.headers ?? StreamHeaders(), batch.firstTime, batch.before)
    }

    /// Sends the batch at the player's position.
    private mutating func send(
        _ player: inout Player, _ budget: inout Int, into outbox: inout StreamOutbox
    ) {
        let id = clients[player.client]!.id
        if player.needsOwnBytes {
            let bytes = ownBytes(player)
            outbox.append(.send(id, bytes))
            count(bytes.count, player, &budget)
        } else {
            let shared: SharedBytes
            switch player.format {
            case .rtmp: shared = streams[player.stream]!.log[player.cursor].shared
            case .flv:
                shared = streams[player.stream]!.flv(
                    player.cursor, chunkSize: chunkSize)
            }
            outbox.append(.share(id, shared))
            count(shared.bytes.count, player, &budget)
        }
        player.seen = streams[player.stream]!.log[player.cursor].after
        player.cursor += 1
    }

    private func ownBytes(_ player: Player) -> [UInt8] {
        let batch = streams[player.stream]!.log[player.cursor]
        var bytes: [UInt8] = []
        bytes.reserveCapacity(batch.bytes.count)
        for part in batch.parts.indices where player.wants(batch.parts[part].kind) {
            batch.message(part, chunkSize: chunkSize).append(
                to: &bytes, stream: player.messageStream, timestamp: batch.parts[part].timestamp)
        }
        return bytes
    }

    private mutating func count(_ count: Int, _ player: Player, _ budget: inout Int) {
        budget -= count
        countSent(count, player.client)
        streams[player.stream]!.bytesSent += UInt64(count)
    }
}
