import Base

// What the program that owns a server session says to the client.
extension ServerSession {
    /// Lets the request that was reported last go ahead. Traps if none waits for an answer.
    public mutating func accept() {
        let stream = pendingStream
        switch takePending() {
        case .connect: acceptConnect()
        case .publish: acceptPublish(stream)
        case .play: acceptPlay(stream)
        }
    }

    /// Refuses the request that was reported last, in these words. After a refused `connect` the
    /// session is closing; after another the client may try again. Traps if none waits.
    public mutating func reject(_ status: Status) {
        let stream = pendingStream
        switch takePending() {
        case .connect:
            link.send(.error(pendingTransaction, status))
            phase = .closing
        case .publish, .play:
            send(status, on: stream)
        }
    }

    /// Sends a client that wants to connect elsewhere: `url` is a whole `rtmp://host/app`. The
    /// session is closing afterwards. Traps unless a `connect` waits.
    public mutating func redirect(to url: String) {
        guard case .connect = takePending() else {
            return check(false, "only a connect can be redirected")
        }
        var pairs = [
            AMFProperty("level", .string("error")),
            AMFProperty("code", .string(Status.Code.connectRejected.rawValue)),
            AMFProperty("description", .string("RTMP 302 Redirect")),
        ]
        let target = [
            AMFProperty("code", .number(302)), AMFProperty("redirect", .string(url)),
        ]
        pairs.append(AMFProperty("ex", .object(target)))
        link.send(Command("_error", transaction: pendingTransaction, [.null, .object(pairs)]))
        phase = .closing
    }

    /// An `onStatus` about this stream, for instance before a publisher is thrown out.
    public mutating func send(_ status: Status, on stream: MessageStreamID) {
        link.send(.onStatus(status), on: stream)
    }

    /// Tells a player that its stream is over. It stays a player: media may follow again after
    /// `resume(_:)`.
    public mutating func end(_ stream: MessageStreamID) {
        check(streams.use(of: stream) == .playing, "the end of what is not played")
        link.send(.user(.streamEnd(stream)))
        send(Status(.status, .playUnpublishNotify, "The stream is now unpublished."), on: stream)
    }

    /// Tells a player that its stream's publisher is back.
    public mutating func resume(_ stream: MessageStreamID) {
        check(streams.use(of: stream) == .playing, "going on with what is not played")
        link.send(.user(.streamBegin(stream)))
        send(Status(.status, .playPublishNotify, "The stream is now published."), on: stream)
    }

    private mutating func takePending() -> Pending {
        check(ready.isEmpty, "an answer before the question was heard")
        guard let what = pending else {
            check(false, "an answer without a request")
            return .connect
        }
        pending = nil
        return what
    }

    private mutating func acceptConnect() {
        link.send(.windowAcknowledgementSize(Self.windowAnnounced))
        link.send(.setPeerBandwidth(Self.windowAnnounced, .dynamic))
        link.setChunkSize(chunkSize)
        let server: AMFValue = .object([
            AMFProperty("fmsVer", .string("FMS/3,5,3,888")),
            AMFProperty("capabilities", .number(127)),
            AMFProperty("mode", .number(1)),
        ])
        let information: AMFValue = .object([
            AMFProperty("level", .string("status")),
            AMFProperty("code", .string(Status.Code.connectSuccess.rawValue)),
            AMFProperty("description", .string("Connection succeeded.")),
            AMFProperty("objectEncoding", .number(AMFNumber(objectEncoding))),
        ])
        link.send(.result(pendingTransaction, server, information))
        phase = .open
    }

    private mutating func acceptPublish(_ stream: MessageStreamID) {
        let name = streams.entries.first { $0.id == stream }?.name ?? ""
        streams.set(stream, .publishing, name: name)
        link.reader.allowMedia(true)
        let status = Status(.status, .publishStart, "Started publishing stream.")
        link.send(.user(.streamBegin(stream)))
        if hasAnnouncedPublish {
            link.send(Command("onFCPublish", [.null, status.value]))
        }
        send(status, on: stream)
    }

    /// In SRS's order. Its `NetStream.Data.Start` is left out, as SRS does by now: ffmpeg would
    /// show an empty data track.
    private mutating func acceptPlay(_ stream: MessageStreamID) {
        let name = streams.entries.first { $0.id == stream }?.name ?? ""
        streams.set(stream, .playing, name: name)
        link.send(.user(.streamBegin(stream)))
        send(Status(.status, .playReset, "Playing and resetting stream."), on: stream)
        send(Status(.status, .playStart, "Started playing stream."), on: stream)
        let access: [AMFValue] = [
            .string("|RtmpSampleAccess"), .boolean(true), .boolean(true),
        ]
        link.send(
            Message(
                type: .dataAMF0, stream: stream, timestamp: 0, payload: AMF0Writer.all(access)),
            on: .command)
    }
}
