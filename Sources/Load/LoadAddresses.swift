import NIOCore

/// Where the packets go.
public struct LoadAddresses: Sendable {
    public var media: SocketAddress?
    public var web: SocketAddress?
    public var figures: SocketAddress?

    public init(media: SocketAddress?, web: SocketAddress?, figures: SocketAddress?) {
        self.media = media
        self.web = web
        self.figures = figures
    }

    public var text: String {
        [media, web].compactMap { $0.map(Self.text) }.joined(separator: " and ")
    }

    private static func text(of address: SocketAddress) -> String {
        let host = address.ipAddress ?? "\(address)"
        return "\(host.contains(":") ? "[\(host)]" : host):\(address.port ?? 0)"
    }
}
