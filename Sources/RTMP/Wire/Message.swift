/// One whole message as the chunk layer carries it.
public struct Message: Sendable, Hashable {
    public var type: MessageType
    public var stream: MessageStreamID
    /// Milliseconds modulo 2^32.
    public var timestamp: UInt32
    public var payload: [UInt8]
    /// How many bytes came after those of the payload and were not kept: `Limits.mediaKeptMax`.
    public var bytesLeftOut = 0

    public init(
        type: MessageType, stream: MessageStreamID, timestamp: UInt32, payload: [UInt8]
    ) {
        self.type = type
        self.stream = stream
        self.timestamp = timestamp
        self.payload = payload
    }
}
