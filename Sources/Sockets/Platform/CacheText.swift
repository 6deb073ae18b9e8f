import Base
import Foundation
import Platform

/// What stands in the cache, and of credentials in tokens, is read as `NodeRow.cacheText` and
/// `Credential.text` write it.
extension NodeRow {
    private struct Stored: Codable {
        var node: Int32
        var stream: Int32
        var name: String
        var host: String
        var rtmp: UInt16
        var http: UInt16
        var stats: String
        var trust: Int64
        var capacity: Int64
        var viewers: Int32
        var heartbeat: Int64
        var active: Bool
        var flagged: Bool
    }

    init?(cacheText bytes: [UInt8]) {
        guard let stored = try? JSONDecoder().decode(Stored.self, from: Data(bytes)) else {
            return nil
        }
        self.init(
            node: NodeID(stored.node), stream: StreamID(stored.stream), name: stored.name,
            address: NodeAddress(
                host: stored.host, rtmpPort: stored.rtmp, httpPort: stored.http),
            statsURL: stored.stats, trust: Share(millionths: stored.trust),
            capacity: Share(millionths: stored.capacity), viewers: stored.viewers,
            heartbeatAt: Instant(nanoseconds: stored.heartbeat), isActive: stored.active,
            isFlagged: stored.flagged)
    }
}

extension Credential {
    init?(text: some StringProtocol) {
        let parts = text.split(separator: ":")
        guard parts.count == 2, let raw = WireText.identifier(parts[1]) else { return nil }
        switch parts[0] {
        case "user": self = .streamer(UserID(raw))
        case "node": self = .node(NodeID(raw))
        case _: return nil
        }
    }
}

extension Grant.Holder {
    var credential: Credential {
        switch self {
        case .streamer(let user, _): .streamer(user)
        case .node(let node, _): .node(node)
        }
    }
}
