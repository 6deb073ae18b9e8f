/// Keys and fields of the cache, as they are named on the wire.
public enum CacheKey {
    public static func nodes(_ stream: StreamID) -> String { "stream:\(stream.raw):nodes" }
    public static func viewers(_ stream: StreamID) -> String { "stream:\(stream.raw):viewers" }
    public static func session(_ session: SessionID) -> String {
        "session:" + String(session.raw, radix: 16)
    }

    /// Of one window of time, whose number this is.
    public static func counter(
        _ limit: CacheCommand.Limit, _ address: ClientAddress, window: Int64
    ) -> String {
        "limit:\(limit.name):\(String(address.high, radix: 16))-\(String(address.low, radix: 16))"
            + ":\(window)"
    }

    public static func field(_ node: NodeID) -> String { "\(node.raw)" }

    /// In the hash of a stream's viewers.
    public static func viewer(_ viewer: UInt64) -> String { String(viewer, radix: 16) }
    public static func place(_ node: NodeID?) -> String { node.map { "\($0.raw)" } ?? "" }
}

extension CacheCommand.Limit {
    fileprivate var name: String {
        switch self {
        case .signIn: "signIn"
        case .watch: "watch"
        case .page: "page"
        case .change: "change"
        }
    }
}

extension Credential {
    /// `user:3` or `node:5`; nil for those that have no session.
    public var text: String? {
        switch self {
        case .streamer(let user): "user:\(user.raw)"
        case .node(let node): "node:\(node.raw)"
        case .none, .key: nil
        }
    }
}
