import RTMP

/// The head of an Enhanced RTMP message, which names its codec by four characters.
///
/// ```
/// video: 1 (1 bit), frame type (3), packet type (4); audio: 9 (4 bits), packet type (4)
/// a modifier (type 7): length - 1 (1; or 255, then 2), its data, its type (4 bits), the next type
/// several tracks (video 6, audio 5): how many (4 bits), the packets' type (4)
/// codec (4), and of several tracks the first one's number (1)
/// ```
/// Veovera Software Organization, Enhanced RTMP (v2), "Enhanced Video" and "Enhanced Audio".
public struct EnhancedTag: Sendable, Hashable {
    /// As `hvc1`, `av01`, `vp09` or `Opus`; of the first track.
    public let codec: String
    /// 0 where there is only one.
    public let track: UInt8
    /// What the packet is, past modifiers and the mark of several tracks.
    let packetType: UInt8

    static let sequenceStart: UInt8 = 0
    static let codedFrames: UInt8 = 1
    /// Video: frames whose composition time is zero and left out.
    static let codedFramesX: UInt8 = 3
    /// Video: how its colours are meant. Audio: where its channels belong.
    static let description: UInt8 = 4
    /// Video: a configuration as a transport stream has it.
    static let transportStreamStart: UInt8 = 5

    private static let modifier: UInt8 = 7
    private static let codecLength = 4

    /// Nil for messages of other kinds, and where the head is not all there.
    public init?(_ message: MediaMessage) {
        let body = message.payload
        guard let first = body.first, let severalTracks = Self.severalTracks(message.kind, first)
        else { return nil }
        var type = first & 0x0F
        var offset = 1
        while type == Self.modifier {
            guard let next = Self.skipModifier(body, &offset) else { return nil }
            type = next & 0x0F
        }
        let isOneOfSeveral = type == severalTracks
        if isOneOfSeveral {
            guard offset < body.count else { return nil }
            type = body[offset] & 0x0F
            offset += 1
        }
        let end = offset + Self.codecLength
        guard body.count >= end + (isOneOfSeveral ? 1 : 0) else { return nil }
        codec = String(decoding: body[offset..<end], as: UTF8.self)
        track = isOneOfSeveral ? body[end] : 0
        packetType = type
    }

    /// The packet type that means several tracks; nil if the message is not of this form.
    private static func severalTracks(_ kind: MediaMessage.Kind, _ first: UInt8) -> UInt8? {
        switch kind {
        case .video:
            // Frame type 5 is a command to the player, without a codec.
            first & 0x80 != 0 && first >> 4 & 7 != 5 ? 6 : nil
        case .audio: first >> 4 == 9 ? 5 : nil
        case .data: nil
        }
    }

    /// The byte behind the modifier.
    private static func skipModifier(_ body: [UInt8], _ offset: inout Int) -> UInt8? {
        guard offset < body.count else { return nil }
        var length = Int(body[offset]) + 1
        offset += 1
        if length == 256 {
            guard offset + 2 <= body.count else { return nil }
            length = (Int(body[offset]) << 8 | Int(body[offset + 1])) + 1
            offset += 2
        }
        offset += length
        guard offset < body.count else { return nil }
        offset += 1
        return body[offset - 1]
    }
}
