import NIOCore
import Sockets

/// A page of a target that is asked for beside the load.
public enum TargetPage: String, Sendable, Hashable {
    /// What it says that it did.
    case figures
    /// Whether it is well.
    case health
}

/// Where the packets go.
public struct LoadAddresses: Sendable {
    public var media: SocketAddress?
    public var web: SocketAddress?
    public var figures: SocketAddress?
    public var health: SocketAddress?
    /// Of all of them.
    public var trust = OutgoingConnection.Trust.system

    public init(media: SocketAddress?, web: SocketAddress?, figures: SocketAddress?) {
        self.media = media
        self.web = web
        self.figures = figures
    }

    /// Each once, by number.
    public var places: [(host: String, port: Int)] {
        var places: [(host: String, port: Int)] = []
        for address in [media, web].compactMap({ $0 }) {
            let (host, port) = (address.ipAddress ?? "", address.port ?? 0)
            if !places.contains(where: { $0 == (host, port) }) { places.append((host, port)) }
        }
        return places
    }

    public var text: String {
        [media, web].compactMap { $0.map(Self.text) }.joined(separator: " and ")
    }

    /// The pages that come from where the target is loaded.
    public var pagesAmongLoad: [TargetPage] {
        [(TargetPage.figures, figures), (.health, health)].filter { _, place in
            place != nil && [media, web].contains { $0 == place }
        }.map(\.0)
    }

    public static func text(of address: SocketAddress) -> String {
        let host = address.ipAddress ?? "\(address)"
        return "\(host.contains(":") ? "[\(host)]" : host):\(address.port ?? 0)"
    }
}
