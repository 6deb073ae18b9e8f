import RTMP

/// What a message is to somebody who wants to begin playing.
public enum MediaRole: Sendable, Hashable {
    /// A codec's configuration.
    case header
    /// A frame that needs no other.
    case key
    case other

    /// Adobe FLV 10.1, E.4.2 and E.4.3; Enhanced RTMP 2.
    public init(_ message: MediaMessage) {
        guard message.payload.count >= 2 else {
            self = .other
            return
        }
        if let tag = EnhancedTag(message) {
            self.init(tag, message)
            return
        }
        let first = message.payload[0]
        let second = message.payload[1]
        switch message.kind {
        case .video:
            let isKey = first >> 4 == 1
            // Codecs 7 (H.264) and 12 (H.265 before it was standard) have configurations.
            let hasHeader = first & 0x0F == 7 || first & 0x0F == 12
            let isFrame = !hasHeader || second == 1
            self = hasHeader && second == 0 ? .header : isKey && isFrame ? .key : .other
        case .audio:
            self = first >> 4 == 10 && second == 0 ? .header : .other
        case .data:
            self = .other
        }
    }

    private init(_ tag: EnhancedTag, _ message: MediaMessage) {
        let isVideo = message.kind == .video
        switch tag.packetType {
        case EnhancedTag.sequenceStart, EnhancedTag.description: self = .header
        case EnhancedTag.transportStreamStart where isVideo: self = .header
        case EnhancedTag.codedFrames, EnhancedTag.codedFramesX:
            self = isVideo && message.payload[0] >> 4 & 7 == 1 ? .key : .other
        case _: self = .other
        }
    }
}

/// What a player must have before the first frame: the stream's description and the codecs'
/// configurations, each as last published.
public struct StreamHeaders: Sendable {
    public private(set) var metadata: MediaMessage?
    /// In the order in which they were first published; of every track.
    private var configurations: [(place: Place, message: MediaMessage)] = []

    /// What a later configuration takes the place of.
    private struct Place: Hashable {
        var kind: MediaMessage.Kind
        var track: UInt8
        var isDescription: Bool
    }

    /// Two tracks of three kinds are much.
    private static let configurationsMax = 32
    /// Longer ones are relayed like frames, but not kept.
    private static let lengthMax = 256 << 10

    public init() {}

    /// The first configuration of a kind: what the codec is told by.
    public func configuration(_ kind: MediaMessage.Kind) -> MediaMessage? {
        configurations.first { $0.place.kind == kind && !$0.place.isDescription }?.message
    }

    /// At the time of the frame that follows, so that no player waits between them.
    public func messages(at time: Timestamp) -> [MediaMessage] {
        ([metadata].compactMap(\.self) + configurations.map(\.message)).map { message in
            var message = message
            message.timestamp = time
            return message
        }
    }

    public mutating func note(_ message: MediaMessage, _ role: MediaRole) {
        guard message.payload.count <= Self.lengthMax else { return }
        if message.isMetadata { metadata = message }
        guard role == .header else { return }
        let tag = EnhancedTag(message)
        let place = Place(
            kind: message.kind, track: tag?.track ?? 0,
            isDescription: tag?.packetType == EnhancedTag.description)
        if let index = configurations.firstIndex(where: { $0.place == place }) {
            configurations[index].message = message
        } else if configurations.count < Self.configurationsMax {
            configurations.append((place, message))
        }
    }
}
