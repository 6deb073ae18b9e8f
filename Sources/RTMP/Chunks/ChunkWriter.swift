import Base

/// Cuts messages into chunks with the shortest header that the last message allows.
///
/// Only media are shortened: commands and control are rare, and no reader gets a full header wrong.
/// Format 3 never starts a message right after format 0, because servers disagree on what it adds
/// (the absolute time: Adobe, SRS, ffmpeg; nothing: nginx-rtmp). Differences of 2^24 ms and more,
/// and times that run backwards, go out absolute.
public struct ChunkWriter: Sendable {
    private struct ChunkStream {
        var id: ChunkStreamID
        var stream: MessageStreamID
        var type: MessageType
        var length: Int
        var timestamp: UInt32
        /// Nil after an absolute time.
        var delta: UInt32?
    }

    /// Payload bytes in a chunk at most, as announced.
    public private(set) var chunkSize = ChunkReader.chunkSizeDefault

    private var streams: [ChunkStream] = []

    public init() {}

    /// Announces `size`, in bytes, and uses it from then on.
    public mutating func setChunkSize(_ size: Int, into output: inout [UInt8]) {
        check(size >= 1 && size <= Int(Int32.max), "a chunk size of \(size)")
        write(ControlMessage.setChunkSize(UInt32(size)).message, on: .control, into: &output)
        chunkSize = size
    }

    /// Appends the message's chunks.
    public mutating func write(
        _ message: Message, on id: ChunkStreamID, into output: inout [UInt8]
    ) {
        check(message.payload.count <= Int(ChunkHeader.timeEscape), "a message of 16 MiB")
        let header = nextHeader(message, on: id)
        header.append(to: &output)
        ChunkWriter.appendBody(
            message.payload, header: header, chunkSize: chunkSize, into: &output)
    }

    /// The payload, cut by format 3 headers that repeat an extended time.
    static func appendBody(
        _ payload: [UInt8], header: ChunkHeader, chunkSize: Int, into output: inout [UInt8]
    ) {
        var rest = header
        rest.format = .nothing
        var start = 0
        while true {
            let end = min(start + chunkSize, payload.count)
            output.append(contentsOf: payload[start..<end])
            start = end
            guard start < payload.count else { return }
            rest.append(to: &output)
        }
    }

    private mutating func nextHeader(_ message: Message, on id: ChunkStreamID) -> ChunkHeader {
        var header = ChunkHeader(
            format: .full, chunkStream: id, time: message.timestamp,
            length: message.payload.count, type: message.type, stream: message.stream)
        let current = ChunkStream(
            id: id, stream: message.stream, type: message.type, length: message.payload.count,
            timestamp: message.timestamp, delta: nil)
        guard let index = streams.firstIndex(where: { $0.id == id }) else {
            streams.append(current)
            return header
        }
        let last = streams[index]
        streams[index] = current
        let delta = message.timestamp &- last.timestamp
        guard last.stream == message.stream, delta < ChunkHeader.timeEscape,
            message.type.isMedia
        else { return header }
        streams[index].delta = delta
        header.time = delta
        if last.length != current.length || last.type != current.type {
            header.format = .sameStream
        } else {
            header.format = last.delta == delta ? .nothing : .timeOnly
        }
        return header
    }
}
