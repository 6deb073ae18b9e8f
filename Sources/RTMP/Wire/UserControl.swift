/// The payload of a user control message: an event type (2 bytes) and its data. Adobe RTMP 7.1.7.
public enum UserControl: Sendable, Hashable {
    case streamBegin(MessageStreamID)
    case streamEnd(MessageStreamID)
    case streamDry(MessageStreamID)
    /// The client's buffer, in milliseconds.
    case setBufferLength(MessageStreamID, UInt32)
    case streamIsRecorded(MessageStreamID)
    /// The sender's clock, in milliseconds.
    case pingRequest(UInt32)
    case pingResponse(UInt32)
    /// An event we have no use for, such as SWF verification (26) or buffer empty (31).
    case other(UInt16, [UInt8])

    init(_ payload: [UInt8]) throws(RTMPError) {
        let event = payload.bigEndian16(at: 0)
        let lengthMin =
            switch event {
            case 3: 10
            case 0, 1, 2, 4, 6, 7: 6
            case _: 2
            }
        guard payload.count >= lengthMin else {
            throw .truncatedMessage(type: MessageType.userControl.raw)
        }
        let value = lengthMin > 2 ? payload.bigEndian32(at: 2) : 0
        switch event {
        case 0: self = .streamBegin(MessageStreamID(value))
        case 1: self = .streamEnd(MessageStreamID(value))
        case 2: self = .streamDry(MessageStreamID(value))
        case 3: self = .setBufferLength(MessageStreamID(value), payload.bigEndian32(at: 6))
        case 4: self = .streamIsRecorded(MessageStreamID(value))
        case 6: self = .pingRequest(value)
        case 7: self = .pingResponse(value)
        case _: self = .other(event, Array(payload[2...]))
        }
    }

    func append(to payload: inout [UInt8]) {
        switch self {
        case .streamBegin(let stream): Self.append(0, stream.raw, to: &payload)
        case .streamEnd(let stream): Self.append(1, stream.raw, to: &payload)
        case .streamDry(let stream): Self.append(2, stream.raw, to: &payload)
        case .setBufferLength(let stream, let length):
            Self.append(3, stream.raw, to: &payload)
            payload.appendBigEndian32(length)
        case .streamIsRecorded(let stream): Self.append(4, stream.raw, to: &payload)
        case .pingRequest(let time): Self.append(6, time, to: &payload)
        case .pingResponse(let time): Self.append(7, time, to: &payload)
        case .other(let event, let data):
            payload.appendBigEndian16(event)
            payload.append(contentsOf: data)
        }
    }

    private static func append(_ event: UInt16, _ value: UInt32, to payload: inout [UInt8]) {
        payload.appendBigEndian16(event)
        payload.appendBigEndian32(value)
    }
}
