/// Splits an aggregate message (type 22) into the messages it carries. Adobe RTMP 7.1.6.
///
/// ```
/// type (1), length (3), time (3, then its top byte), stream (3), body, back pointer (4); repeated
/// ```
/// The first part's time counts as the aggregate's own; the others keep their distance from it.
package enum Aggregate {
    package static func split(_ message: Message) throws(RTMPError) -> [Message] {
        var parts: [Message] = []
        let payload = message.payload
        var offset = 0
        var first: UInt32?
        while offset < payload.count {
            guard payload.count - offset >= headerLength, parts.count < partsMax else {
                throw .badAggregate
            }
            let length = Int(payload.bigEndian32(at: offset) & 0xFF_FFFF)
            let low = payload.bigEndian32(at: offset + 3) & 0xFF_FFFF
            let time = low | UInt32(payload[offset + 7]) << 24
            let start = offset + headerLength
            guard payload.count - start >= length else { throw .badAggregate }
            parts.append(
                Message(
                    type: MessageType(payload[offset]), stream: message.stream,
                    timestamp: message.timestamp &+ (time &- (first ?? time)),
                    payload: Array(payload[start..<start + length])))
            first = first ?? time
            // Some senders leave the last back pointer out.
            offset = min(start + length + backPointerLength, payload.count)
        }
        return parts
    }

    private static let headerLength = 11
    /// Servers put a GOP or two into one aggregate.
    private static let partsMax = 4_096
    private static let backPointerLength = 4
}
