import Base

// What a server does with each message of a client.
extension ServerSession {
    mutating func handle(_ event: Link.Event) throws(RTMPError) {
        switch event {
        case .message(let message): try handle(message)
        case .user: break  // a player's buffer length changes nothing for live streams
        }
    }

    private mutating func handle(_ message: Message) throws(RTMPError) {
        switch message.type {
        case .commandAMF0, .commandAMF3:
            let command = try Command(message)
            guard phase == .open || command.name == "connect" else {
                throw .unexpectedCommand(String(command.name.prefix(64)))
            }
            try handle(
                ServerCommand(command), transaction: command.transaction, on: message.stream)
        case .audio, .video, .dataAMF0, .dataAMF3:
            handleMedia(message)
        case .aggregate:
            for part in try Aggregate.split(message) { handleMedia(part) }
        case _:
            break  // shared objects, and types nobody defined
        }
    }

    /// Media of a stream that is not (or no longer) published are dropped.
    private mutating func handleMedia(_ message: Message) {
        guard let stream = streams.publishing(for: message.stream),
            let media = MediaMessage(message, unwrapper: &unwrapper)
        else { return }
        ready.append(.media(stream, media))
    }

    private mutating func handle(
        _ command: ServerCommand, transaction: AMFNumber, on stream: MessageStreamID
    ) throws(RTMPError) {
        switch command {
        case .connect(let request): try handleConnect(request, transaction)
        case .createStream: try createStream(transaction)
        case .releaseStream: link.send(.result(transaction, .null, .undefined))
        case .fcPublish:
            hasAnnouncedPublish = true
            link.send(.result(transaction, .null, .undefined))
        case .fcUnpublish(let name): handleUnpublish(name, transaction)
        case .publish(let name, let mode): try handlePublish(name, mode, on: stream)
        case .play(let name, let start, let duration, let reset):
            let parts = NameAndQuery(name)
            try handlePlay(
                PlayRequest(
                    stream: stream, name: parts.name, query: parts.query, start: start,
                    duration: duration, reset: reset), fullName: name)
        case .play2(let name): handlePlay2(name, on: stream)
        case .getStreamLength:
            // A live stream has none.
            link.send(.result(transaction, .null, .number(0)))
        case .pause(let isPaused): handlePause(isPaused, on: stream)
        case .seek: handleSeek(on: stream)
        case .receiveAudio(let wanted): want(.audio, wanted, on: stream)
        case .receiveVideo(let wanted): want(.video, wanted, on: stream)
        case .deleteStream(let id): handleDelete(id ?? stream)
        case .closeStream: handleClose(stream)
        case .courtesy: link.send(.result(transaction, .null, .undefined))
        case .other(let name): refuseUnknown(name, transaction)
        }
    }

    private mutating func handleConnect(
        _ request: ConnectRequest, _ transaction: AMFNumber
    ) throws(RTMPError) {
        guard phase == .connect else { throw .unexpectedCommand("connect") }
        objectEncoding = request.objectEncoding
        wait(.connect, .connection, transaction)
        ready.append(.connect(request))
    }

    private mutating func createStream(_ transaction: AMFNumber) throws(RTMPError) {
        let id = try streams.create(limit: link.limits.streamsMax)
        link.send(.result(transaction, .null, .number(AMFNumber(id.raw))))
    }

    private mutating func handlePublish(
        _ name: String, _ mode: PublishRequest.Mode, on stream: MessageStreamID
    ) throws(RTMPError) {
        guard streams.use(of: stream) == .idle else { throw .unexpectedCommand("publish") }
        try streams.add(stream, limit: link.limits.streamsMax)
        streams.set(stream, .idle, name: name)
        wait(.publish, stream, 0)
        let parts = NameAndQuery(name)
        ready.append(
            .publish(
                PublishRequest(
                    stream: stream, name: parts.name, query: parts.query, mode: mode)))
    }

    private mutating func handlePlay(
        _ request: PlayRequest, fullName: String
    ) throws(RTMPError) {
        switch streams.use(of: request.stream) {
        case .idle: break
        case .playing: ready.append(.stopped(request.stream))
        case .publishing: throw .unexpectedCommand("play")
        }
        try streams.add(request.stream, limit: link.limits.streamsMax)
        streams.set(request.stream, .idle, name: fullName)
        wait(.play, request.stream, 0)
        ready.append(.play(request))
    }

    private mutating func wait(
        _ what: Pending, _ stream: MessageStreamID, _ transaction: AMFNumber
    ) {
        check(pending == nil, "a second request while one is being decided on")
        pending = what
        pendingStream = stream
        pendingTransaction = transaction
    }

    /// Switching between qualities needs two streams that know each other; a live server has
    /// only the one that plays.
    private mutating func handlePlay2(_ name: String, on stream: MessageStreamID) {
        let isSame =
            streams.entries.first { $0.id == stream }.map { $0.name == name } ?? false
        send(
            isSame
                ? Status(.status, .playTransition, "Already playing this stream.")
                : Status(.error, .playFailed, "Streams cannot be switched; use play."),
            on: stream)
    }

    private mutating func handlePause(_ isPaused: Bool, on stream: MessageStreamID) {
        guard streams.use(of: stream) == .playing else { return }
        if isPaused {
            send(Status(.status, .pauseNotify, "Paused stream."), on: stream)
            link.send(.user(.streamEnd(stream)))
        } else {
            send(Status(.status, .unpauseNotify, "Unpaused stream."), on: stream)
            link.send(.user(.streamBegin(stream)))
        }
        ready.append(.paused(stream, isPaused))
    }

    /// There is nowhere to seek in a live stream: it goes on where it is.
    private mutating func handleSeek(on stream: MessageStreamID) {
        guard streams.use(of: stream) == .playing else { return }
        send(Status(.status, .seekNotify, "Live streams stay at their end."), on: stream)
    }

    private mutating func want(
        _ kind: MediaMessage.Kind, _ wanted: Bool, on stream: MessageStreamID
    ) {
        guard streams.use(of: stream) == .playing else { return }
        ready.append(.wants(stream, kind, wanted))
    }

    private mutating func handleUnpublish(_ name: String, _ transaction: AMFNumber) {
        if let stream = streams.publishing(named: name) {
            link.send(
                Command(
                    "onFCUnpublish",
                    [.null, Status(.status, .unpublishSuccess, "Stop publishing.").value]))
            finish(stream)
        }
        link.send(.result(transaction, .null, .undefined))
    }

    private mutating func handleDelete(_ stream: MessageStreamID) {
        finish(stream)
        streams.remove(stream)
    }

    private mutating func handleClose(_ stream: MessageStreamID) {
        let wasPlaying = streams.use(of: stream) == .playing
        finish(stream)
        if wasPlaying { send(Status(.status, .playStop, "Stopped playing."), on: stream) }
    }

    /// Ends whatever the stream was used for.
    private mutating func finish(_ stream: MessageStreamID) {
        switch streams.use(of: stream) {
        case .idle: return
        case .publishing:
            send(Status(.status, .unpublishSuccess, "Stream is now unpublished."), on: stream)
            ready.append(.unpublished(stream))
        case .playing:
            ready.append(.stopped(stream))
        }
        streams.set(stream, .idle, name: "")
    }

    private mutating func refuseUnknown(_ name: String, _ transaction: AMFNumber) {
        // Answers to our own status messages, and calls that want no answer.
        guard transaction != 0, name != "_result", name != "_error" else { return }
        link.send(
            .error(transaction, Status(.error, .callFailed, "Unknown method \(name.prefix(64)).")))
    }
}

extension Command {
    static func result(_ transaction: AMFNumber, _ object: AMFValue, _ value: AMFValue) -> Command {
        Command("_result", transaction: transaction, [object, value])
    }

    static func error(_ transaction: AMFNumber, _ status: Status) -> Command {
        Command("_error", transaction: transaction, [.null, status.value])
    }

    static func onStatus(_ status: Status) -> Command {
        Command("onStatus", [.null, status.value])
    }
}
