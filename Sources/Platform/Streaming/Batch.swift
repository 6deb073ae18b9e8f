import Base
import Media
import RTMP

/// Messages of one stream that are sent together: one buffer, whoever gets it.
struct Batch: Sendable {
    /// One message inside `bytes`.
    struct Part: Sendable {
        var kind: MediaMessage.Kind
        var timestamp: Timestamp
        /// Where its chunks begin.
        var offset: Int
    }

    /// Names its bytes among those of all streams of a server.
    let id: UInt64
    /// Where in the stream it stands: one more than the batch before.
    let sequence: Int64
    /// Bytes of the stream before it.
    let start: Int64
    /// Messages of the stream before it.
    let before: MediaCounts
    /// Whether a player may begin here, and with which headers.
    let headers: StreamHeaders?
    /// The same, behind it.
    private(set) var after: MediaCounts
    private(set) var parts: [Part] = []
    /// The messages as RTMP chunks for the first message stream.
    private(set) var bytes: [UInt8] = []
    /// The same as FLV tags, once somebody wanted them.
    private var tags: SharedBytes?

    /// `stream` is the stream's number in its server.
    init(
        stream: UInt64, sequence: Int64, start: Int64, before: MediaCounts,
        headers: StreamHeaders?
    ) {
        id = (stream & 0x7FFF_FFFF) << 32 | UInt64(truncatingIfNeeded: sequence & 0xFFFF_FFFF)
        self.sequence = sequence
        self.start = start
        self.before = before
        after = before
        self.headers = headers
    }

    private static let tagsMark: UInt64 = 1 << 63

    var isEmpty: Bool { parts.isEmpty }
    var end: Int64 { start + Int64(bytes.count) }
    var shared: SharedBytes { SharedBytes(id: id, bytes: bytes) }
    var firstTime: Timestamp { parts.first?.timestamp ?? .zero }

    mutating func append(_ message: EncodedMessage) {
        parts.append(
            Part(kind: message.kind, timestamp: message.timestamp, offset: bytes.count))
        bytes += message.bytes
        after.count(message.kind)
    }

    /// Gives back what the arrays grew too large.
    mutating func seal() {
        guard bytes.capacity > bytes.count + bytes.count / 4 else { return }
        var exact: [UInt8] = []
        exact.reserveCapacity(bytes.count)
        exact += bytes
        bytes = exact
    }

    /// All of the messages, copied out.
    func messages(chunkSize: Int) -> [MediaMessage] {
        parts.indices.map { message($0, chunkSize: chunkSize).media }
    }

    /// One of the messages, copied out.
    func message(_ index: Int, chunkSize: Int) -> EncodedMessage {
        let end = index + 1 < parts.count ? parts[index + 1].offset : bytes.count
        return EncodedMessage(
            kind: parts[index].kind, timestamp: parts[index].timestamp, chunkSize: chunkSize,
            bytes: Array(bytes[parts[index].offset..<end]))
    }

    /// All messages as FLV tags; made at the first call.
    mutating func flv(chunkSize: Int) -> SharedBytes {
        if let tags { return tags }
        var made: [UInt8] = []
        made.reserveCapacity(bytes.count + 4 * parts.count)
        for index in parts.indices {
            let message = message(index, chunkSize: chunkSize)
            FLVTags.append(message.media, to: &made)
        }
        let shared = SharedBytes(id: id | Self.tagsMark, bytes: made)
        tags = shared
        return shared
    }
}
