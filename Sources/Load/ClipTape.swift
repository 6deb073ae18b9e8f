import Base
import Media
import NIOCore
import RTMP

/// A clip cut into chunks once, to be sent by any number of publishers, round after round.
///
/// Every message has a full header with its absolute time, so any of them may be left out; a
/// publisher copies the first bytes of each, with its own time and stamp, and shares the rest.
struct ClipTape: Sendable {
    struct Item: Sendable {
        /// From the start of the round.
        var milliseconds: Int64
        var isPicture: Bool
        /// A picture that needs no other.
        var isKey: Bool
        /// The header and as much of the payload as holds the stamp.
        var head: [UInt8]
        var rest: ByteBuffer
        /// Of the payload.
        var length: Int
    }

    let shape: Clip.Shape
    /// What a publisher sends before all else: description and configurations.
    let headers: [MediaMessage]
    let items: [Item]
    private let framesInRound: Int64

    static let chunkSize = 4_096
    /// Before the payload: basic header, time, length, type, stream (Adobe RTMP 5.3.1).
    private static let headerLength = 12
    private static let timeOffset = 1
    private static let streamOffset = 8
    /// A round that lasts so long has a whole number of sound's frames at 48 kHz.
    private static let roundSeconds: Int64 = 16
    private static let roundBytesMax: Int64 = 32 << 20
    /// Times of 2^24 ms and more would need other headers.
    static let lengthMax = Interval.hours(4)

    init(_ shape: Clip.Shape) throws(ClipError) {
        var clip = try Clip(shape)
        self.shape = shape
        let (speed, group) = (Int64(shape.framesPerSecond), Int64(shape.groupLength))
        let bytesPerSecond = Int64(shape.videoRate + shape.audioRate) / 8
        let seconds = min(Self.roundSeconds, max(1, Self.roundBytesMax / max(1, bytesPerSecond)))
        // Two groups in a row must differ, so their number is even.
        let pairs = max(1, (seconds * speed + 2 * group - 1) / (2 * group))
        framesInRound = pairs * 2 * group
        var headers: [MediaMessage] = []
        var items: [Item] = []
        let end = framesInRound * 1_000 / speed
        while let time = clip.nextTime, time.milliseconds < end {
            guard let message = clip.next(stamp: Instant(nanoseconds: 0)) else { break }
            if message.kind == .data || MediaRole(message) == .header {
                headers.append(message)
            } else {
                items.append(Self.item(message))
            }
        }
        self.headers = headers
        self.items = items
    }

    private static func item(_ message: MediaMessage) -> Item {
        let isPicture = message.kind == .video
        let bytes = EncodedMessage(message, chunkSize: chunkSize).bytes
        let cut = isPicture ? headerLength + Clip.stampRange.upperBound : headerLength
        return Item(
            milliseconds: message.timestamp.milliseconds, isPicture: isPicture,
            isKey: isPicture && MediaRole(message) == .key, head: Array(bytes[..<cut]),
            rest: ByteBuffer(bytes: bytes[cut...]), length: message.payload.count)
    }

    /// The time of this item in that round, from the beginning of the stream.
    func time(_ index: Int, round: Int64) -> Int64 {
        round * framesInRound * 1_000 / Int64(shape.framesPerSecond) + items[index].milliseconds
    }

    /// The first bytes of a message, for one publisher; `rest` follows.
    func head(
        _ index: Int, time: Int64, on stream: MessageStreamID, stamp: Instant
    ) -> ByteBuffer {
        let item = items[index]
        var head = ByteBuffer(bytes: item.head)
        head.setBytes(
            [UInt8(time >> 16 & 0xFF), UInt8(time >> 8 & 0xFF), UInt8(time & 0xFF)],
            at: Self.timeOffset)
        head.setInteger(stream.raw, at: Self.streamOffset, endianness: .little)
        if item.isPicture {
            let offset = Self.headerLength + Clip.stampRange.lowerBound
            head.setBytes(Clip.stampDigits(stamp), at: offset)
        }
        return head
    }
}
