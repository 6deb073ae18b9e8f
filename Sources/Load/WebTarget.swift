import NIOCore
import NIOHTTP1
import RTMP

/// An HTTP server, which its owner allows to be loaded.
public struct WebTarget: Sendable, Hashable {
    /// As it was given.
    public let text: String
    let isSecure: Bool
    /// What stands before every path; no slash at its end.
    let prefix: String
    private let place: TargetHost

    public var host: String { place.name }
    public var isLoopback: Bool { place.isLoopback }

    /// `text` is `http[s]://HOST[:PORT][/PATH]`.
    public init(_ text: String, consent: String?) throws(LoadRefusal) {
        guard let scheme = text.firstRange(of: "://") else { throw .notAnAddress }
        switch text[..<scheme.lowerBound].lowercased() {
        case "http": isSecure = false
        case "https": isSecure = true
        case _: throw .notAnAddress
        }
        // What a stream's address may have before its application, an address of HTTP may as well.
        let rest = text[scheme.upperBound...]
        let end = rest.firstIndex(of: "/") ?? rest.endIndex
        let authority = rest[..<end]
        var path = rest[end...]
        while path.hasSuffix("/") { path.removeLast() }
        guard let url = StreamURL("rtmp://\(authority)/a/b"),
            path.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), !path.contains("?"),
            !authority.contains("?"), !authority.contains("#"), !path.contains("#")
        else { throw .notAnAddress }
        // A port that equals RTMP's default may not have been written at all.
        let afterAddress = authority.lastIndex(of: "]") ?? authority.startIndex
        let hasPort = authority[afterAddress...].contains(":")
        let port = hasPort ? Int(url.port) : isSecure ? 443 : 80
        self.text = text
        prefix = String(path)
        place = try TargetHost(url.host, port: port, consent: consent)
    }

    /// The address that all connections go to; a name is looked up for it.
    public func resolve() throws(LoadRefusal) -> SocketAddress { try place.resolve() }

    /// The value of `Host`: RFC 9110, 7.2.
    var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return place.port == (isSecure ? 443 : 80) ? name : "\(name):\(place.port)"
    }

    /// A request for what lies at the path behind the prefix.
    func asking(for path: String) -> HTTPRequestHead {
        HTTPRequestHead(
            version: .http1_1, method: .GET, uri: prefix + path,
            headers: ["Host": authority, "User-Agent": "streamr-sim"])
    }

    /// What TLS is told; its path is nobody's.
    var connectionURL: StreamURL {
        var url = StreamURL(host: host, app: "", name: "")
        url.isSecure = isSecure
        return url
    }
}
