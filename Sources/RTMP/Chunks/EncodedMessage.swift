import Base

/// A media message cut into chunks once, to be sent to any number of players.
///
/// It begins with a full header (absolute time, `MessageStreamID.first`), so it depends on nothing
/// sent before: a player may begin with it, and any message before it may be dropped. One buffer
/// is shared by all copies. A player on another message stream, or with its own zero of time, gets
/// its own bytes from `append(to:stream:timestamp:)`.
public struct EncodedMessage: Sendable {
    public let kind: MediaMessage.Kind
    public let timestamp: Timestamp
    /// Payload bytes in a chunk; the receiver must have been told this size.
    public let chunkSize: Int
    /// Ready for the wire.
    public let bytes: [UInt8]

    /// One allocation.
    public init(_ message: MediaMessage, chunkSize: Int) {
        check(chunkSize >= 1, "a chunk size of \(chunkSize)")
        kind = message.kind
        timestamp = message.timestamp
        self.chunkSize = chunkSize
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.length(message, chunkSize))
        Self.encode(
            message.kind, message.payload, .first, message.timestamp, chunkSize, into: &bytes)
        check(bytes.count == Self.length(message, chunkSize), "a length that was foreseen wrong")
        self.bytes = bytes
    }

    /// A message that was encoded before: `bytes` are all of its chunks, as `bytes` had them.
    public init(
        kind: MediaMessage.Kind, timestamp: Timestamp, chunkSize: Int, bytes: [UInt8]
    ) {
        check(chunkSize >= 1, "a chunk size of \(chunkSize)")
        check(bytes.count >= Self.headerLength, "an encoded message without a header")
        self.kind = kind
        self.timestamp = timestamp
        self.chunkSize = chunkSize
        self.bytes = bytes
    }

    /// What was encoded.
    public var media: MediaMessage {
        MediaMessage(kind: kind, timestamp: timestamp, payload: payload())
    }

    /// The same message for another message stream, at another time.
    public func append(
        to output: inout [UInt8], stream: MessageStreamID, timestamp: Timestamp
    ) {
        Self.encode(kind, payload(), stream, timestamp, chunkSize, into: &output)
    }

    /// The payload, put together again in a buffer of its own.
    public func payload() -> [UInt8] {
        let extendedLength = Self.extendedLength(timestamp)
        var payload: [UInt8] = []
        payload.reserveCapacity(bytes.count)
        var start = Self.headerLength + extendedLength
        while start < bytes.count {
            let end = min(start + chunkSize, bytes.count)
            payload.append(contentsOf: bytes[start..<end])
            start = end + 1 + extendedLength
        }
        return payload
    }

    /// One byte of basic header, as media go by chunk streams below 64, and format 0.
    private static let headerLength = 12

    private static func extendedLength(_ timestamp: Timestamp) -> Int {
        timestamp.wire >= ChunkHeader.timeEscape ? 4 : 0
    }

    private static func length(_ message: MediaMessage, _ chunkSize: Int) -> Int {
        let cuts = max(message.payload.count - 1, 0) / chunkSize
        let extendedLength = extendedLength(message.timestamp)
        return headerLength + extendedLength + message.payload.count
            + cuts * (1 + extendedLength)
    }

    private static func encode(
        _ kind: MediaMessage.Kind, _ payload: [UInt8], _ stream: MessageStreamID,
        _ timestamp: Timestamp, _ chunkSize: Int, into output: inout [UInt8]
    ) {
        let header = ChunkHeader(
            format: .full, chunkStream: kind.chunkStream, time: timestamp.wire,
            length: payload.count, type: kind.type, stream: stream)
        header.append(to: &output)
        ChunkWriter.appendBody(payload, header: header, chunkSize: chunkSize, into: &output)
    }
}
