// Between media messages and what the chunk layer carries.
extension MediaMessage {
    /// Reads an audio, video or data message; nil for any other, and for data that tells a server
    /// to forget what it was told.
    package init?(_ message: Message, unwrapper: inout TimestampUnwrapper) {
        switch message.type {
        case .audio: kind = .audio
        case .video: kind = .video
        case .dataAMF0, .dataAMF3: kind = .data
        case _: return nil
        }
        timestamp = unwrapper.unwrap(message.timestamp, advances: kind != .data)
        payload = message.payload
        bytesLeftOut = message.bytesLeftOut
        guard kind == .data else { return }
        var start = Command.wrapperLength(message, .dataAMF3)
        if Self.starts(payload, with: Self.setDataFrame, at: start) {
            start += Self.setDataFrame.count
        } else if Self.starts(payload, with: Self.clearDataFrame, at: start) {
            return nil
        }
        if start > 0 { payload.removeFirst(start) }
    }

    /// As a player gets it.
    func message(on stream: MessageStreamID) -> Message {
        Message(type: kind.type, stream: stream, timestamp: timestamp.wire, payload: payload)
    }

    /// As a publisher sends it: metadata are for the server to keep.
    func publishedMessage(on stream: MessageStreamID) -> Message {
        var message = message(on: stream)
        if Self.starts(payload, with: Self.onMetaData, at: 0), kind == .data {
            message.payload = Self.setDataFrame + payload
        }
        return message
    }

    /// Whether this is the stream's description (`onMetaData`).
    public var isMetadata: Bool {
        kind == .data && Self.starts(payload, with: Self.onMetaData, at: 0)
    }

    private static let setDataFrame = AMF0Writer.all([.string("@setDataFrame")])
    private static let clearDataFrame = AMF0Writer.all([.string("@clearDataFrame")])
    private static let onMetaData = AMF0Writer.all([.string("onMetaData")])

    private static func starts(_ bytes: [UInt8], with prefix: [UInt8], at offset: Int) -> Bool {
        bytes.count >= offset + prefix.count
            && bytes[offset..<offset + prefix.count].elementsEqual(prefix)
    }
}
