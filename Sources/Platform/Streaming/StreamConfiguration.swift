import Base
import Media
import RTMP

/// What a stream server is told to do. Times and sizes are those of SRS 5 where it has them.
public struct StreamConfiguration: Sendable, Hashable {
    /// What happens to somebody who publishes what is already being published.
    public enum SecondPublisher: String, Sendable, Hashable, CaseIterable {
        case refused, replaces
    }

    /// Which of the coordinator's callbacks are made, in SRS's names.
    public struct Hooks: Sendable, Hashable {
        public var asked: [Hook.Kind]

        public init(_ asked: [Hook.Kind]) { self.asked = asked }

        public func contains(_ kind: Hook.Kind) -> Bool { asked.contains(kind) }
    }

    /// A stream that is fetched from another server.
    public struct Relay: Sendable, Hashable {
        public var name: StreamName
        public var source: StreamURL

        public init(name: StreamName, source: StreamURL) {
            self.name = name
            self.source = source
        }
    }

    /// What one RTMP connection may use.
    public var session = Limits()
    /// Payload bytes in a chunk towards clients. Fixed once the server began.
    public var chunkSize = 60_000
    /// How long messages are gathered before they are sent. 0 sends them as they come.
    public var latency = Interval.milliseconds(350)
    public var secondPublisher = SecondPublisher.refused
    /// Whether a new player begins with the last key frame rather than with the next one.
    public var cachesGOP = true
    /// Bytes of the last group of pictures that are kept for new players.
    public var cacheMax = 16 << 20
    /// How far a player may fall behind before whole groups of pictures are left out for it.
    public var queueTimeMax = Interval.seconds(10)
    /// The same, in bytes.
    public var queueBytesMax = 16 << 20
    /// A publisher that sends no media for this long is cut off.
    public var publishTimeout = Interval.seconds(20)
    /// A player that takes nothing for this long, though there is something, is cut off.
    public var stallTimeout = Interval.seconds(30)
    /// Connections of all kinds, at once.
    public var connectionsMax = 20_000
    public var connectionsPerAddressMax = 20_000
    /// Refuses to begin publishes and plays while more is sent and received than this.
    public var rateMax: Rate?
    /// The same for one address; a publisher alone above it is cut off.
    public var ratePerAddressMax: Rate?
    /// Nil turns HLS off.
    public var hls: HLSWindow.Options? = HLSWindow.Options()
    public var hooks = Hooks([])
    /// Streams that are always fetched.
    public var relays: [Relay] = []
    /// Where streams that nobody publishes here are fetched from while somebody plays them: the
    /// scheme, host and port of the address count, its app and name are the player's.
    public var origin: StreamURL?

    public init() {}
}

/// `app/name`: what players and publishers meet at.
public struct StreamName: Sendable, Hashable {
    public var app: String
    public var name: String

    public init(app: String, name: String) {
        self.app = app
        self.name = name
    }

    public var path: String { "/\(app)/\(name)" }

    /// Longer ones are refused: they go into every report.
    static let lengthMax = 512

    var isUsable: Bool {
        !app.isEmpty && !name.isEmpty && app.utf8.count + name.utf8.count <= Self.lengthMax
    }
}
