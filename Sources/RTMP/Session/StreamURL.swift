/// Where a stream is published to or played from: `rtmp://host[:port]/app[/…]/name[?query]`.
public struct StreamURL: Sendable, Hashable {
    /// `rtmps`: the driver puts TLS around the connection.
    public var isSecure: Bool
    /// Without the brackets of an IPv6 address.
    public var host: String
    public var port: UInt16
    /// Everything between the host and the last slash.
    public var app: String
    /// The stream's name and its query, as they go into `publish` and `play`.
    public var name: String

    public static let portDefault: UInt16 = 1935
    public static let portDefaultSecure: UInt16 = 443

    public init(host: String, app: String, name: String) {
        isSecure = false
        self.host = host
        port = Self.portDefault
        self.app = app
        self.name = name
    }

    /// Nil if the text is no such address.
    public init?(_ text: String) {
        guard let scheme = text.firstRange(of: "://") else { return nil }
        switch text[..<scheme.lowerBound].lowercased() {
        case "rtmp": isSecure = false
        case "rtmps": isSecure = true
        case _: return nil
        }
        let rest = text[scheme.upperBound...]
        guard let slash = rest.firstIndex(of: "/") else { return nil }
        guard let authority = Self.authority(rest[..<slash]) else { return nil }
        host = authority.host
        port = authority.port ?? (isSecure ? Self.portDefaultSecure : Self.portDefault)
        let path = rest[rest.index(after: slash)...]
        let pathEnd = path.firstIndex(of: "?") ?? path.endIndex
        guard let last = path[..<pathEnd].lastIndex(of: "/") else { return nil }
        app = String(path[..<last]).trimmingSlashes
        name = String(path[path.index(after: last)...])
        guard !app.isEmpty, last < path.index(before: path.endIndex) else { return nil }
    }

    /// What `connect` calls `tcUrl`.
    public var tcURL: String {
        let scheme = isSecure ? "rtmps" : "rtmp"
        let shown = host.contains(":") ? "[\(host)]" : host
        let standard = isSecure ? Self.portDefaultSecure : Self.portDefault
        return "\(scheme)://\(shown)\(port == standard ? "" : ":\(port)")/\(app)"
    }

    private static func authority(_ text: Substring) -> (host: String, port: UInt16?)? {
        var host = text
        var port: UInt16?
        let afterAddress = text.lastIndex(of: "]") ?? text.startIndex
        if let colon = text[afterAddress...].lastIndex(of: ":") {
            port = UInt16(text[text.index(after: colon)...])
            guard let port, port > 0 else { return nil }
            host = text[..<colon]
        }
        if host.first == "[", host.last == "]" { host = host.dropFirst().dropLast() }
        guard !host.isEmpty, !host.contains("@") else { return nil }
        return (String(host), port)
    }
}
