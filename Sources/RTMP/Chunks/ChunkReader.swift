import Base

/// Puts messages together from the chunks of a connection. Adobe RTMP 5.3.
///
/// Bytes may arrive in any pieces. Call `next()` until it returns nil before the next `receive`.
/// `SetChunkSize` and `Abort` are obeyed here and not returned. After an error the reader stays
/// failed; the connection must be closed.
///
/// Extended timestamps: a chunk that continues a message whose time was extended may or may not
/// repeat the four bytes (Adobe's own software, ffmpeg and SRS repeat them; older encoders do
/// not). They are taken as repeated exactly when they equal the header's, as SRS does; a prefix
/// that differs already decides, so that no reader waits for bytes that never come.
public struct ChunkReader: Sendable {
    private enum Phase { case header, payload(stream: Int, left: Int), failed }

    /// What is remembered of a chunk stream between its chunks.
    private struct ChunkStream {
        var id: ChunkStreamID
        var type = MessageType(0)
        var stream = MessageStreamID(0)
        var length = 0
        /// Of the current or last message, modulo 2^32.
        var timestamp: UInt32 = 0
        /// What a format 3 header adds to start another message.
        var delta: UInt32 = 0
        /// The last extended field, if the last header had one.
        var extended: UInt32?
        var isInsideMessage = false
        var payload: [UInt8] = []
        /// Bytes of the message that came after `payload` and are let go.
        var leftOut = 0

        var received: Int { payload.count + leftOut }
    }

    private let limits: Limits
    /// Messages longer than this are refused.
    private var messageLengthMax: Int
    /// Unfinished messages may hold this much together.
    private var assemblyMax: Int
    /// How many payload bytes the peer puts into a chunk at most. Adobe RTMP 5.4.1.
    public private(set) var chunkSize = ChunkReader.chunkSizeDefault
    public static let chunkSizeDefault = 128
    /// All bytes received, for acknowledgements.
    public private(set) var bytesReceived: UInt64 = 0

    private var phase = Phase.header
    private var inbox = ByteQueue()
    /// Media that were whole before what is in the inbox.
    private var skimmed = Fifo<Message>()
    private static let skimmedMax = 64
    private var streams: [ChunkStream] = []
    /// Where the last header's chunk stream stands in `streams`.
    private var lastIndex = 0
    /// Invariant: the sum of `payload.count` over `streams`.
    private var assembled = 0

    public init(limits: Limits) {
        self.limits = limits
        messageLengthMax = limits.messageLengthMax
        assemblyMax = limits.assemblyMax
    }

    /// Whether the peer may send media, or commands only.
    mutating func allowMedia(_ allowed: Bool) {
        messageLengthMax = allowed ? limits.messageLengthMax : limits.commandLengthMax
        assemblyMax = allowed ? limits.assemblyMax : limits.commandAssemblyMax
    }

    /// Bytes received and not yet parsed.
    public var bytesWaiting: Int { inbox.count }

    /// Bytes of unfinished messages.
    public var bytesAssembled: Int { assembled }

    /// Forgets all that is not whole, for one who looks on and has missed something: the next byte
    /// begins a header. What later headers leave out is still known.
    package mutating func resume() {
        phase = .header
        inbox = ByteQueue()
        skimmed = Fifo()
        assembled = 0
        for index in streams.indices {
            streams[index].payload = []
            streams[index].leftOut = 0
            streams[index].isInsideMessage = false
        }
    }

    public mutating func receive(_ bytes: Span<UInt8>) {
        bytesReceived += UInt64(bytes.count)
        let taken = limits.mediaKeptMax < .max && inbox.count == 0 ? skim(bytes) : 0
        if taken < bytes.count { inbox.append(bytes.extracting(taken...)) }
    }

    /// The next whole message, or nil if more bytes are needed.
    public mutating func next() throws(RTMPError) -> Message? {
        if let message = skimmed.popFirst() { return message }
        do {
            while let message = try nextMessage() {
                if try !obey(message) { return message }
            }
            inbox.release()
            return nil
        } catch {
            phase = .failed
            streams = []
            assembled = 0
            inbox = ByteQueue()
            throw error
        }
    }

    private mutating func nextMessage() throws(RTMPError) -> Message? {
        while true {
            switch phase {
            case .header:
                guard let index = try readHeader() else { return nil }
                phase = .payload(stream: index, left: chunkLength(index))
            case .payload(let index, let left):
                let taken = try takePayload(index, atMost: left)
                guard taken == left else {
                    phase = .payload(stream: index, left: left - taken)
                    return nil
                }
                phase = .header
                guard streams[index].received < streams[index].length else {
                    return finishMessage(index)
                }
                if skipPlainContinuation(of: index) {
                    phase = .payload(stream: index, left: chunkLength(index))
                }
            case .failed:
                return nil
            }
        }
    }

    private mutating func takePayload(
        _ index: Int, atMost left: Int
    ) throws(RTMPError) -> Int {
        let count = min(left, inbox.count)
        let kept = min(count, keptMax(index) - streams[index].payload.count)
        guard assembled + kept <= assemblyMax else {
            throw .tooManyBytesBuffered(limit: assemblyMax)
        }
        inbox.move(kept, to: &streams[index].payload)
        assembled += kept
        if kept < count {
            inbox.drop(count - kept)
            streams[index].leftOut += count - kept
        }
        return count
    }

    /// Lets go of media that nobody keeps as they come, without a copy of them in the inbox, which
    /// is empty. Returns how many of the bytes are done with: from the first on that are anything
    /// else, or wrong, all go the usual way.
    private mutating func skim(_ bytes: Span<UInt8>) -> Int {
        var taken = 0
        for _ in 0..<Self.skimmedMax where taken < bytes.count {
            if case .header = phase {
                fill(ChunkHeader.lengthMax, from: bytes, &taken)
                guard let index = try? readHeader() else { break }
                phase = .payload(stream: index, left: chunkLength(index))
            }
            guard case .payload(let index, var left) = phase, isMedia(index) else { break }
            let kept = min(left, limits.mediaKeptMax - streams[index].payload.count)
            fill(kept - inbox.count, from: bytes, &taken)
            guard let count = try? takePayload(index, atMost: left) else { break }
            left -= count
            if inbox.count == 0, streams[index].payload.count == limits.mediaKeptMax {
                drop(&left, of: index, from: bytes, &taken)
            }
            phase = .payload(stream: index, left: left)
            guard inbox.count == 0, streams[index].received == streams[index].length else { break }
            skimmed.append(finishMessage(index))
            phase = .header
        }
        return taken
    }

    private mutating func fill(_ count: Int, from bytes: Span<UInt8>, _ taken: inout Int) {
        let more = min(count, bytes.count - taken)
        guard more > 0 else { return }
        inbox.append(bytes.extracting(taken..<taken + more))
        taken += more
    }

    /// What is left of a message, over the borders of chunks as far as those are plain.
    private mutating func drop(
        _ left: inout Int, of index: Int, from bytes: Span<UInt8>, _ taken: inout Int
    ) {
        while taken < bytes.count {
            let count = min(left, bytes.count - taken)
            streams[index].leftOut += count
            taken += count
            left -= count
            guard left == 0, taken < bytes.count, chunkLength(index) > 0,
                isPlainContinuation(bytes[taken], of: index)
            else { return }
            taken += 1
            left = chunkLength(index)
        }
    }

    /// Of the next chunk of this stream's message.
    private func chunkLength(_ index: Int) -> Int {
        min(streams[index].length - streams[index].received, chunkSize)
    }

    private func isMedia(_ index: Int) -> Bool {
        streams[index].type == .audio || streams[index].type == .video
    }

    /// How much of this stream's message is kept.
    private func keptMax(_ index: Int) -> Int {
        isMedia(index) ? limits.mediaKeptMax : .max
    }

    /// A shortcut for the commonest header by far: one byte that says the same message goes on.
    private mutating func skipPlainContinuation(of index: Int) -> Bool {
        guard inbox.count > 0, isPlainContinuation(inbox[0], of: index) else { return false }
        inbox.drop(1)
        return true
    }

    private func isPlainContinuation(_ byte: UInt8, of index: Int) -> Bool {
        let id = streams[index].id.raw
        return id < 64 && streams[index].extended == nil && byte == 0xC0 | UInt8(id)
    }

    private mutating func finishMessage(_ index: Int) -> Message {
        var payload: [UInt8] = []
        swap(&payload, &streams[index].payload)
        streams[index].isInsideMessage = false
        assembled -= payload.count
        check(assembled >= 0, "more bytes finished than assembled")
        var message = Message(
            type: streams[index].type, stream: streams[index].stream,
            timestamp: streams[index].timestamp, payload: payload)
        message.bytesLeftOut = streams[index].leftOut
        streams[index].leftOut = 0
        return message
    }

    /// Carries out what concerns the chunk layer alone; true if that was all.
    private mutating func obey(_ message: Message) throws(RTMPError) -> Bool {
        switch message.type {
        case .setChunkSize:
            guard case .setChunkSize(let size) = try ControlMessage(message) else { return true }
            // The top bit must be zero, and 16,777,215 is as good as any larger size.
            guard size >= limits.chunkSizeMin, size <= UInt32(Int32.max) else {
                throw .badChunkSize(size)
            }
            chunkSize = Int(size)
            return true
        case .abort:
            guard case .abort(let id) = try ControlMessage(message) else { return true }
            abort(id)
            return true
        case _:
            return false
        }
    }

    private mutating func abort(_ id: UInt32) {
        guard let index = streams.firstIndex(where: { $0.id.raw == id }) else { return }
        assembled -= streams[index].payload.count
        streams[index].payload = []
        streams[index].leftOut = 0
        streams[index].isInsideMessage = false
    }
}

// MARK: - Headers

extension ChunkReader {
    /// The four bytes of an extended time: whether they are there may not be known yet.
    private enum ExtendedField: Equatable { case absent, present(UInt32), unknown }

    /// Reads one whole header and returns its chunk stream's index, or nil and consumes nothing.
    private mutating func readHeader() throws(RTMPError) -> Int? {
        guard let (format, id, start) = basicHeader() else { return nil }
        let end = start + format.length
        guard inbox.count >= end else { return nil }
        let known = findStream(id)
        try refuse(format, id, known)
        let time = format == .nothing ? 0 : inbox.bigEndian24(at: start)
        let field: ExtendedField
        if format == .nothing {
            field = repeatedField(known.flatMap { streams[$0].extended }, at: end)
        } else {
            field = time == ChunkHeader.timeEscape ? wholeField(at: end) : .absent
        }
        guard field != .unknown else { return nil }
        let index: Int
        if let known { index = known } else { index = try addStream(id) }
        try apply(format, time: time, field, fieldsAt: start, to: index)
        inbox.drop(field == .absent ? end : end + 4)
        return index
    }

    /// The format, the chunk stream, and where the rest of the header begins.
    private func basicHeader() -> (format: ChunkHeader.Format, id: UInt32, length: Int)? {
        guard inbox.count >= 1, let format = ChunkHeader.Format(rawValue: inbox[0] >> 6) else {
            return nil
        }
        switch inbox[0] & 0x3F {
        case 0:
            guard inbox.count >= 2 else { return nil }
            return (format, 64 + UInt32(inbox[1]), 2)
        case 1:
            guard inbox.count >= 3 else { return nil }
            return (format, 64 + UInt32(inbox[1]) + UInt32(inbox[2]) << 8, 3)
        case let id:
            return (format, UInt32(id), 1)
        }
    }

    private mutating func findStream(_ id: UInt32) -> Int? {
        if lastIndex < streams.count, streams[lastIndex].id.raw == id { return lastIndex }
        guard let index = streams.firstIndex(where: { $0.id.raw == id }) else { return nil }
        lastIndex = index
        return index
    }

    /// librtmp begins chunk stream 2 with format 1; everything shorter has nothing to refer to.
    private func refuse(
        _ format: ChunkHeader.Format, _ id: UInt32, _ index: Int?
    ) throws(RTMPError) {
        guard let index else {
            guard format == .full || format == .sameStream else {
                throw .headerWithoutPrevious(format: format.rawValue, chunkStream: id)
            }
            return
        }
        guard format != .full || !streams[index].isInsideMessage else {
            throw .headerInsideMessage(chunkStream: id)
        }
    }

    private mutating func addStream(_ id: UInt32) throws(RTMPError) -> Int {
        guard streams.count < limits.chunkStreamsMax else {
            throw .tooManyChunkStreams(limit: limits.chunkStreamsMax)
        }
        streams.append(ChunkStream(id: ChunkStreamID(id)))
        lastIndex = streams.count - 1
        return lastIndex
    }

    private func wholeField(at offset: Int) -> ExtendedField {
        inbox.count < offset + 4 ? .unknown : .present(inbox.bigEndian32(at: offset))
    }

    /// The field is there if the next four bytes are the `last` one's.
    private func repeatedField(_ last: UInt32?, at offset: Int) -> ExtendedField {
        guard let last else { return .absent }
        for index in 0..<4 {
            guard offset + index < inbox.count else { return .unknown }
            let byte = UInt8(truncatingIfNeeded: last >> UInt32(24 - 8 * index))
            if inbox[offset + index] != byte { return .absent }
        }
        return .present(last)
    }

    private mutating func apply(
        _ format: ChunkHeader.Format, time: UInt32, _ field: ExtendedField,
        fieldsAt offset: Int, to index: Int
    ) throws(RTMPError) {
        let startsMessage = !streams[index].isInsideMessage
        var extended: UInt32?
        if case .present(let value) = field { extended = value }
        let value = extended ?? time
        switch format {
        case .full:
            streams[index].timestamp = value
            // Adobe RTMP 5.3.1.2.4: format 3 after format 0 adds the absolute time. An extended
            // one would jump by hours: there SRS repeats the time, and so do we.
            streams[index].delta = extended == nil ? value : 0
            streams[index].stream = MessageStreamID(inbox.littleEndian32(at: offset + 7))
        case .sameStream, .timeOnly:
            streams[index].delta = value
            if startsMessage { streams[index].timestamp &+= value }
        case .nothing:
            if startsMessage { streams[index].timestamp &+= streams[index].delta }
        }
        if format != .nothing { streams[index].extended = extended }
        if format == .full || format == .sameStream {
            try applyLength(Int(inbox.bigEndian24(at: offset + 3)), to: index)
            streams[index].type = MessageType(inbox[offset + 6])
        }
        if startsMessage { begin(index) }
    }

    private mutating func applyLength(_ length: Int, to index: Int) throws(RTMPError) {
        guard length <= messageLengthMax else {
            throw .oversizedMessage(length: length, limit: messageLengthMax)
        }
        guard !streams[index].isInsideMessage || streams[index].length == length else {
            throw .headerInsideMessage(chunkStream: streams[index].id.raw)
        }
        streams[index].length = length
    }

    private mutating func begin(_ index: Int) {
        streams[index].isInsideMessage = true
        // A declared length takes no room; what has come of it does.
        streams[index].payload.reserveCapacity(
            min(streams[index].length, inbox.count, keptMax(index)))
    }
}

extension ByteQueue {
    func bigEndian24(at offset: Int) -> UInt32 {
        UInt32(self[offset]) << 16 | UInt32(self[offset + 1]) << 8 | UInt32(self[offset + 2])
    }

    func bigEndian32(at offset: Int) -> UInt32 {
        UInt32(self[offset]) << 24 | bigEndian24(at: offset + 1)
    }

    func littleEndian32(at offset: Int) -> UInt32 { bigEndian32(at: offset).byteSwapped }
}
