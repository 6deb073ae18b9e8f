/// A command that clients send to servers, parsed once. Adobe RTMP 7.2; releaseStream, FCPublish
/// and FCUnpublish are Flash Media Live Encoder's.
enum ServerCommand: Sendable, Hashable {
    case connect(ConnectRequest)
    case createStream
    case releaseStream(String)
    case fcPublish(String)
    case fcUnpublish(String)
    case publish(name: String, PublishRequest.Mode)
    case play(name: String, start: Int64, duration: Int64, reset: Bool)
    case play2(name: String)
    case getStreamLength(String)
    case pause(Bool)
    case seek
    case receiveAudio(Bool)
    case receiveVideo(Bool)
    case deleteStream(MessageStreamID?)
    case closeStream
    /// What only wants to be answered: FMS's bandwidth check, librtmp's `FCSubscribe`.
    case courtesy
    /// `_result`, `_error`, `onStatus` from a client, and whatever else there is.
    case other(String)

    init(_ command: Command) throws(RTMPError) {
        switch command.name {
        case "connect": self = .connect(try ConnectRequest(command))
        case "createStream": self = .createStream
        case "releaseStream": self = .releaseStream(command.argument(0)?.string ?? "")
        case "FCPublish": self = .fcPublish(command.argument(0)?.string ?? "")
        case "FCUnpublish": self = .fcUnpublish(command.argument(0)?.string ?? "")
        case "publish": self = try Self.publish(command)
        case "play": self = try Self.play(command)
        case "play2":
            self = .play2(name: command.argument(0)?["streamName"]?.string ?? "")
        case "getStreamLength": self = .getStreamLength(command.argument(0)?.string ?? "")
        case "pause", "pauseRaw": self = .pause(command.argument(0)?.boolean ?? true)
        case "seek": self = .seek
        case "receiveAudio": self = .receiveAudio(command.argument(0)?.boolean ?? true)
        case "receiveVideo": self = .receiveVideo(command.argument(0)?.boolean ?? true)
        case "deleteStream": self = .deleteStream(Self.stream(command.argument(0)))
        case "closeStream": self = .closeStream
        case "_checkbw", "checkBandwidth", "FCSubscribe", "FCUnsubscribe": self = .courtesy
        case _: self = .other(command.name)
        }
    }

    private static func publish(_ command: Command) throws(RTMPError) -> ServerCommand {
        guard let name = command.argument(0)?.string else { throw .badCommand("publish") }
        // Encoders that leave the mode out, or write their own, mean live.
        let mode = command.argument(1)?.string.flatMap(PublishRequest.Mode.init(rawValue:))
        return .publish(name: name, mode ?? .live)
    }

    private static func play(_ command: Command) throws(RTMPError) -> ServerCommand {
        guard let name = command.argument(0)?.string else { throw .badCommand("play") }
        // Start and duration are seconds on the wire, but some clients write -2000 for -2.
        // Fractions mean nothing to a live stream.
        return .play(
            name: name, start: milliseconds(command.argument(1), absent: -2),
            duration: milliseconds(command.argument(2), absent: -1),
            reset: command.argument(3)?.boolean ?? (command.argument(3)?.integer != 0))
    }

    private static func milliseconds(_ value: AMFValue?, absent: Int64) -> Int64 {
        guard let number = value?.number else { return absent }
        guard number >= 0 else { return number == -1 || number == -1000 ? -1 : -2 }
        return number < 1e12 ? Int64(number) * 1000 : absent
    }

    private static func stream(_ value: AMFValue?) -> MessageStreamID? {
        value?.number.flatMap { UInt32(exactly: $0) }.map(MessageStreamID.init)
    }
}
