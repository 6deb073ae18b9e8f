/// The information object of `onStatus`, `_result` and `_error`. Adobe RTMP 7.2.2.
public struct Status: Sendable, Hashable {
    public enum Level: String, Sendable, Hashable, CaseIterable {
        case status, warning, error
    }

    public var level: Level
    /// See `Status.Code` for those we send; servers have many more.
    public var code: String
    public var description: String

    public init(_ level: Level, _ code: Code, _ description: String) {
        self.level = level
        self.code = code.rawValue
        self.description = description
    }

    /// What an information object says; nil if it is none.
    public init?(_ value: AMFValue?) {
        guard let value, let code = value["code"]?.string else { return nil }
        self.code = code
        level = value["level"]?.string.flatMap(Level.init(rawValue:)) ?? .status
        description = value["description"]?.string ?? ""
    }

    public var value: AMFValue {
        .object([
            AMFProperty("level", .string(level.rawValue)),
            AMFProperty("code", .string(code)),
            AMFProperty("description", .string(description)),
        ])
    }

    /// Codes as Flash Media Server and the servers after it use them.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        case connectSuccess = "NetConnection.Connect.Success"
        case connectRejected = "NetConnection.Connect.Rejected"
        case connectClosed = "NetConnection.Connect.Closed"
        case invalidApp = "NetConnection.Connect.InvalidApp"
        case callFailed = "NetConnection.Call.Failed"
        case publishStart = "NetStream.Publish.Start"
        case publishBadName = "NetStream.Publish.BadName"
        case publishDenied = "NetStream.Publish.Denied"
        case publishFailed = "NetStream.Publish.Failed"
        case publishIdle = "NetStream.Publish.Idle"
        case unpublishSuccess = "NetStream.Unpublish.Success"
        case playReset = "NetStream.Play.Reset"
        case playStart = "NetStream.Play.Start"
        case playStop = "NetStream.Play.Stop"
        case playComplete = "NetStream.Play.Complete"
        case playFailed = "NetStream.Play.Failed"
        case playStreamNotFound = "NetStream.Play.StreamNotFound"
        case playPublishNotify = "NetStream.Play.PublishNotify"
        case playUnpublishNotify = "NetStream.Play.UnpublishNotify"
        case playInsufficientBandwidth = "NetStream.Play.InsufficientBW"
        case playTransition = "NetStream.Play.Transition"
        case pauseNotify = "NetStream.Pause.Notify"
        case unpauseNotify = "NetStream.Unpause.Notify"
        case seekNotify = "NetStream.Seek.Notify"
        case seekFailed = "NetStream.Seek.Failed"
        case failed = "NetStream.Failed"
    }
}
