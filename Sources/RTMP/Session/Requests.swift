/// What a client says of itself with `connect`. Adobe RTMP 7.2.1.1.
public struct ConnectRequest: Sendable, Hashable {
    /// Without slashes at its ends and without the query.
    public var app: String
    /// What follows `?` in the app, without it.
    public var query: String
    public var tcURL: String
    public var pageURL: String
    public var swfURL: String
    /// The client's software, as `FMLE/3.0 (compatible; Lavf60.3.100)`.
    public var flashVersion: String
    /// 0 for AMF0, 3 for AMF3.
    public var objectEncoding: Int
    /// Codecs beyond H.264 and AAC that the client can receive (Enhanced RTMP 1), as `hvc1`.
    public var fourCCs: [String]

    init(_ command: Command) throws(RTMPError) {
        guard let values = command.values.first, let app = values["app"]?.string else {
            throw .badCommand("connect")
        }
        let parts = NameAndQuery(app)
        self.app = parts.name.trimmingSlashes
        query = parts.query
        tcURL = values["tcUrl"]?.string ?? ""
        pageURL = values["pageUrl"]?.string ?? ""
        swfURL = values["swfUrl"]?.string ?? ""
        flashVersion = values["flashVer"]?.string ?? ""
        objectEncoding = values["objectEncoding"]?.integer ?? 0
        fourCCs = []
        if case .strictArray(let list)? = values["fourCcList"] {
            fourCCs = list.compactMap(\.string)
        }
    }
}

/// A client wants to publish. Adobe RTMP 7.2.2.6.
public struct PublishRequest: Sendable, Hashable {
    public enum Mode: String, Sendable, Hashable, CaseIterable {
        case live, record, append
    }

    public var stream: MessageStreamID
    /// The stream's name without its query.
    public var name: String
    /// What follows `?` in the name, without it: `key=SECRET`.
    public var query: String
    public var mode: Mode
}

/// A client wants to play. Adobe RTMP 7.2.2.1.
public struct PlayRequest: Sendable, Hashable {
    public var stream: MessageStreamID
    public var name: String
    public var query: String
    /// Milliseconds; -2 live or recorded, -1 live only.
    public var start: Int64
    /// Milliseconds; -1 to the end.
    public var duration: Int64
    /// Whether the play list is to be emptied first.
    public var reset: Bool
}

/// `name?query`, split at the first question mark.
struct NameAndQuery: Sendable, Hashable {
    var name: String
    var query: String

    init(_ text: String) {
        let parts = text.split(
            separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        name = String(parts[0])
        query = parts.count > 1 ? String(parts[1]) : ""
    }
}

extension String {
    var trimmingSlashes: String {
        var text = self[...]
        while text.first == "/" { text.removeFirst() }
        while text.last == "/" { text.removeLast() }
        return String(text)
    }
}
