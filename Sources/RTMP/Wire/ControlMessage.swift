/// Protocol control messages: type byte and payload. Adobe RTMP 5.4, and 6.2 for user control.
///
/// ```
/// 1 set chunk size (4) · 2 abort: chunk stream (4) · 3 acknowledgement: bytes received (4)
/// 4 user control: event (2), data · 5 window acknowledgement size (4)
/// 6 set peer bandwidth: window (4), limit type (1)
/// ```
public enum ControlMessage: Sendable, Hashable {
    case setChunkSize(UInt32)
    case abort(UInt32)
    /// Bytes received so far, modulo 2^32.
    case acknowledgement(UInt32)
    case windowAcknowledgementSize(UInt32)
    case setPeerBandwidth(UInt32, BandwidthLimit)
    case user(UserControl)

    /// What a window is meant as. Adobe RTMP 5.4.5.
    public enum BandwidthLimit: UInt8, Sendable, Hashable, CaseIterable {
        case hard = 0
        case soft = 1
        case dynamic = 2
    }

    /// Reads a message of one of the types 1 to 6. Trailing bytes are ignored.
    public init(_ message: Message) throws(RTMPError) {
        let payload = message.payload
        let lengthMin = message.type == .setPeerBandwidth ? 5 : message.type == .userControl ? 2 : 4
        guard payload.count >= lengthMin else {
            throw .truncatedMessage(type: message.type.raw)
        }
        switch message.type {
        case .setChunkSize: self = .setChunkSize(payload.bigEndian32(at: 0))
        case .abort: self = .abort(payload.bigEndian32(at: 0))
        case .acknowledgement: self = .acknowledgement(payload.bigEndian32(at: 0))
        case .windowAcknowledgementSize:
            self = .windowAcknowledgementSize(payload.bigEndian32(at: 0))
        case .setPeerBandwidth:
            // An unknown limit type is treated as the mildest.
            let limit = BandwidthLimit(rawValue: payload[4]) ?? .dynamic
            self = .setPeerBandwidth(payload.bigEndian32(at: 0), limit)
        case .userControl: self = .user(try UserControl(payload))
        case _: preconditionFailure("not a control message")
        }
    }

    /// The whole message, for chunk stream 2.
    public var message: Message {
        let (type, payload) = encoded
        return Message(type: type, stream: .connection, timestamp: 0, payload: payload)
    }

    private var encoded: (MessageType, [UInt8]) {
        var payload: [UInt8] = []
        switch self {
        case .setChunkSize(let size):
            payload.appendBigEndian32(size)
            return (.setChunkSize, payload)
        case .abort(let id):
            payload.appendBigEndian32(id)
            return (.abort, payload)
        case .acknowledgement(let count):
            payload.appendBigEndian32(count)
            return (.acknowledgement, payload)
        case .windowAcknowledgementSize(let size):
            payload.appendBigEndian32(size)
            return (.windowAcknowledgementSize, payload)
        case .setPeerBandwidth(let window, let limit):
            payload.appendBigEndian32(window)
            payload.append(limit.rawValue)
            return (.setPeerBandwidth, payload)
        case .user(let event):
            event.append(to: &payload)
            return (.userControl, payload)
        }
    }
}
