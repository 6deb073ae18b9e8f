import Base

// What a client says, and what it does with each message of a server.
extension ClientSession {
    private static let connectTransaction = 1.0
    /// Acknowledgements this often show a publisher that the server is alive.
    private static let windowAnnounced: UInt32 = 2_500_000
    /// What players ask servers to send ahead, in milliseconds.
    private static let bufferLength: UInt32 = 3_000

    /// In ffmpeg's words, which every server has met.
    mutating func sendConnect() {
        var pairs = [
            AMFProperty("app", .string(url.app)),
            AMFProperty("type", .string("nonprivate")),
        ]
        switch purpose {
        case .publish:
            pairs.append(
                AMFProperty("flashVer", .string("FMLE/3.0 (compatible; streamr-sim)")))
            pairs.append(AMFProperty("tcUrl", .string(url.tcURL)))
        case .play:
            pairs.append(AMFProperty("flashVer", .string("LNX 9,0,124,2")))
            pairs.append(AMFProperty("tcUrl", .string(url.tcURL)))
            pairs.append(AMFProperty("fpad", .boolean(false)))
            pairs.append(AMFProperty("capabilities", .number(15)))
            pairs.append(AMFProperty("audioCodecs", .number(4071)))
            pairs.append(AMFProperty("videoCodecs", .number(252)))
            pairs.append(AMFProperty("videoFunction", .number(1)))
        }
        call("connect", [.object(pairs)])
        check(transaction == Self.connectTransaction)
    }

    mutating func handle(_ message: Message) throws(RTMPError) {
        switch message.type {
        case .commandAMF0, .commandAMF3:
            try handle(try Command(message))
        case .audio, .video, .dataAMF0, .dataAMF3:
            handleMedia(message)
        case .aggregate:
            for part in try Aggregate.split(message) { handleMedia(part) }
        case _:
            break
        }
    }

    /// Servers exist that play without saying so first.
    private mutating func handleMedia(_ message: Message) {
        guard phase == .request || phase == .started, let media = played(message) else { return }
        if phase == .request { start() }
        ready.append(.media(media))
    }

    /// What a player makes of the message; nil for what is not played.
    mutating func played(_ message: Message) -> MediaMessage? {
        guard purpose == .play, let media = MediaMessage(message, unwrapper: &unwrapper),
            !media.isServerTalk
        else { return nil }
        return media
    }

    private mutating func start() {
        phase = .started
        ready.append(.started(stream))
    }

    private mutating func handle(_ command: Command) throws(RTMPError) {
        switch command.name {
        case "_result": try handleResult(command)
        case "_error": try handleError(command)
        case "onStatus": try handleStatus(command.values.dropFirst().first)
        case "close":
            throw .rejected(Status(.error, .connectClosed, "The server closed the connection."))
        case "_checkbw":
            link.send(.result(command.transaction, .null, .undefined))
        case _:
            break  // onBWDone, onFCPublish, onFCUnpublish and whatever servers announce
        }
    }

    private mutating func handleResult(_ command: Command) throws(RTMPError) {
        if phase == .connect, command.transaction == Self.connectTransaction {
            requestStream()
        } else if phase == .create, command.transaction == transaction {
            guard let raw = command.argument(0)?.number.flatMap({ UInt32(exactly: $0) }) else {
                throw .badCommand("createStream")
            }
            stream = MessageStreamID(raw)
            startRequest()
        }
    }

    private mutating func requestStream() {
        phase = .create
        link.send(.windowAcknowledgementSize(Self.windowAnnounced))
        if purpose == .publish {
            link.setChunkSize(outgoingChunkSize)
            call("releaseStream", [.null, .string(url.name)])
            call("FCPublish", [.null, .string(url.name)])
        }
        call("createStream", [.null])
    }

    private mutating func startRequest() {
        phase = .request
        switch purpose {
        case .publish:
            call("publish", [.null, .string(url.name), .string("live")], on: stream)
        case .play:
            // -2: live if there is a publisher, in seconds, but everyone writes thousands.
            call("play", [.null, .string(url.name), .number(-2000)], on: stream)
            link.send(.user(.setBufferLength(stream, Self.bufferLength)))
        }
    }

    /// Only what we wait for can fail us; servers may not know `releaseStream` and `FCPublish`.
    private mutating func handleError(_ command: Command) throws(RTMPError) {
        let isConnect = phase == .connect && command.transaction == Self.connectTransaction
        let isStream = (phase == .create || phase == .request) && command.transaction == transaction
        guard isConnect || isStream else { return }
        throw refusal(command.values.last)
    }

    private mutating func handleStatus(_ value: AMFValue?) throws(RTMPError) {
        guard let status = Status(value) else { throw .badCommand("onStatus") }
        if phase != .started {
            guard status.level != .error, status.code != Status.Code.connectClosed.rawValue else {
                throw refusal(value)
            }
            let awaited = purpose == .publish ? Status.Code.publishStart : .playStart
            if phase == .request, status.code == awaited.rawValue { return start() }
            return ready.append(.status(status))
        }
        ready.append(Self.ends(status) ? .ended(status) : .status(status))
    }

    private static func ends(_ status: Status) -> Bool {
        switch Status.Code(rawValue: status.code) {
        case .playStop, .playComplete, .playUnpublishNotify, .playFailed, .unpublishSuccess,
            .publishDenied, .publishBadName, .publishFailed, .connectClosed, .connectRejected:
            true
        case .connectSuccess, .invalidApp, .callFailed, .publishStart, .publishIdle, .playReset,
            .playStart, .playStreamNotFound, .playPublishNotify, .playInsufficientBandwidth,
            .playTransition, .pauseNotify, .unpauseNotify, .seekNotify, .seekFailed, .failed,
            nil:
            false
        }
    }

    private func refusal(_ value: AMFValue?) -> RTMPError {
        // `redirect2` is SRS's: the whole address, where `redirect` may end with the app.
        if let target = value?["ex"]?["redirect2"]?.string ?? value?["ex"]?["redirect"]?.string {
            return .redirected(to: target)
        }
        let status = Status(value) ?? Status(.error, .connectRejected, "")
        if let challenge = AuthenticationChallenge(description: status.description) {
            return .authenticationRequired(challenge)
        }
        return .rejected(status)
    }
}

extension MediaMessage {
    /// `|RtmpSampleAccess` and `onStatus` come as data but are meant for the player alone.
    fileprivate var isServerTalk: Bool {
        guard kind == .data, payload.count >= 4, payload[0] == 0x02 else { return false }
        var reader = AMF0Reader(payload)
        guard let name = (try? reader.next())?.string else { return false }
        return name.hasPrefix("|") || name == "onStatus"
    }
}
