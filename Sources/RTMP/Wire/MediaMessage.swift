/// One audio, video or data message of a published stream.
///
/// The payload is an FLV tag's body. Copies share it.
public struct MediaMessage: Sendable, Hashable {
    public enum Kind: Sendable, Hashable, CaseIterable {
        case audio, video
        /// AMF0: a name (`onMetaData`, `onTextData` …) and its values. The `@setDataFrame` in
        /// front and the AMF3 wrapper byte are taken off.
        case data
    }

    public var kind: Kind
    public var timestamp: Timestamp
    public var payload: [UInt8]
    /// How many bytes came after those of the payload and were not kept: `Limits.mediaKeptMax`.
    public var bytesLeftOut = 0

    public init(kind: Kind, timestamp: Timestamp, payload: [UInt8]) {
        self.kind = kind
        self.timestamp = timestamp
        self.payload = payload
    }

    /// Of the payload as it was sent.
    public var length: Int { payload.count + bytesLeftOut }
}

extension MediaMessage.Kind {
    var type: MessageType {
        switch self {
        case .audio: .audio
        case .video: .video
        case .data: .dataAMF0
        }
    }

    var chunkStream: ChunkStreamID {
        switch self {
        case .audio: .audio
        case .video: .video
        case .data: .data
        }
    }
}
