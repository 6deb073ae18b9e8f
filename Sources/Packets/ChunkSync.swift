import RTMP

/// Finds where messages begin in a chunk stream that is joined in its middle.
///
/// A chunk header alone says little, but one of audio or video, in format 0 or 1, that is followed
/// by the first bytes of an H.264, AAC or enhanced-RTMP payload is one chance in tens of millions.
/// Such a place is taken if from there on several whole messages can be read. The chunk size, if
/// it is not known, is where a long message's continuation headers stand.
struct ChunkSync: Sendable {
    private var bytes: [UInt8] = []
    /// No message begins before it.
    private var scanned = 0
    private var triedAt = 0
    /// All bytes that were searched.
    private(set) var searched = 0
    /// Bytes that readers were given to try, one and the same many times among them.
    private(set) var tried = 0

    /// A key frame of half a second at 10 Mb/s fits.
    private static let heldMax = 1 << 20
    /// Messages that must follow each other before a place is believed.
    private static let messagesMin = 3
    private static let tryEvery = 4 << 10
    /// … or what is held has grown by one part in so many, so that a long wait is not tried anew
    /// again and again.
    private static let growth = 8
    /// Bytes that one search may try: whoever writes a capture can make each place look like a
    /// message whose end is far.
    static let triedMax = 64 << 20
    /// Chunk streams that a place may need told.
    private static let streamsToldMax = 3
    /// Of a frame of AAC: ISO/IEC 14496-3 allows 6,144 bits a channel.
    private static let audioLengthMax = 6_144
    /// Chunk sizes that a message may show: one in a real stream, any number in a made-up one.
    private static let sizesShownMax = 8
    /// What senders use, where no message is long enough to tell.
    private static let usualSizes = [128, 4_096, 60_000, 65_536, 1 << 20, 1 << 24]
    /// Format, times, length, type, and the first six bytes of the payload.
    private static let candidateLength = 18

    var bytesHeld: Int { bytes.count }

    mutating func receive(_ more: Span<UInt8>) {
        searched += more.count
        more.withUnsafeBufferPointer { bytes.append(contentsOf: $0) }
    }

    /// A reader that was given everything from the first message on, and how much that was.
    /// `last` is the reader of what came before, which may still know what headers leave out.
    mutating func find(after last: ChunkReader) -> (reader: ChunkReader, bytes: Int)? {
        guard bytes.count - triedAt >= max(Self.tryEvery, triedAt / Self.growth) else {
            return nil
        }
        let isFull = bytes.count > Self.heldMax
        let triedBefore = tried
        while scanned + Self.candidateLength <= bytes.count {
            if tried - triedBefore > Self.triedMax {
                scanned = bytes.count
                break
            }
            guard let candidate = Candidate(bytes, at: scanned) else {
                scanned += 1
                continue
            }
            switch decide(candidate, last) {
            case .taken(let reader): return (reader, bytes.count - scanned)
            case .undecided where !isFull:
                triedAt = bytes.count
                return nil
            case .undecided, .refused: scanned += 1
            }
        }
        bytes.removeFirst(scanned)
        scanned = 0
        triedAt = bytes.count
        return nil
    }

    private enum Decision { case taken(ChunkReader), refused, undecided }

    private mutating func decide(_ candidate: Candidate, _ last: ChunkReader) -> Decision {
        var readers: [ChunkReader] = []
        if last.chunkSize != ChunkReader.chunkSizeDefault {
            readers.append(last)
            readers[0].resume()
        }
        let sizes = candidate.chunkSizes(bytes) + Self.usualSizes.filter { $0 >= candidate.length }
        readers += sizes.map(Self.reader)
        var isUndecided = false
        for reader in readers {
            switch attempt(from: candidate.start, reader) {
            case .taken(let reader): return .taken(reader)
            case .undecided: isUndecided = true
            case .refused: break
            }
        }
        return isUndecided ? .undecided : .refused
    }

    private static func reader(chunkSize: Int) -> ChunkReader {
        var reader = ChunkReader(limits: RTMPTrace.limits)
        var writer = ChunkWriter()
        var wire: [UInt8] = []
        writer.setChunkSize(chunkSize, into: &wire)
        reader.receive(wire.span)
        _ = try? reader.next()
        return reader
    }

    /// Has the reader see an audio message of this length on a chunk stream.
    private static func tell(_ reader: inout ChunkReader, _ id: UInt32, _ length: Int) {
        var writer = ChunkWriter()
        var wire: [UInt8] = []
        writer.setChunkSize(reader.chunkSize, into: &wire)
        let audio = Message(
            type: .audio, stream: .first, timestamp: 0,
            payload: [UInt8](repeating: 0, count: length))
        writer.write(audio, on: ChunkStreamID(id), into: &wire)
        reader.receive(wire.span)
        _ = try? reader.next()
    }

    /// Reads on from a place; chunk streams that leave out what they said before are told it.
    private mutating func attempt(from start: Int, _ reader: ChunkReader) -> Decision {
        var ready = reader
        for _ in 0..<Self.streamsToldMax {
            tried += bytes.count - start
            var trial = ready
            trial.receive(bytes.span.extracting(start..<bytes.count))
            do throws(RTMPError) {
                return try decision(&trial, ready, start)
            } catch {
                guard case .headerWithoutPrevious(_, let id) = error,
                    let length = audioLength(of: id, from: start, chunkSize: ready.chunkSize)
                else { return .refused }
                Self.tell(&ready, id, length)
            }
        }
        return .refused
    }

    private func decision(
        _ trial: inout ChunkReader, _ ready: ChunkReader, _ start: Int
    ) throws(RTMPError) -> Decision {
        var count = 0
        while count < Self.messagesMin, let message = try trial.next() {
            guard Self.isPlausible(message) else { return .refused }
            count += 1
        }
        guard count == Self.messagesMin else { return .undecided }
        var taken = ready
        taken.receive(bytes.span.extracting(start..<bytes.count))
        return .taken(taken)
    }

    /// The length of AAC frames whose headers have only a time: the least distance between two.
    private func audioLength(of id: UInt32, from start: Int, chunkSize: Int) -> Int? {
        guard (2..<64).contains(id) else { return nil }
        let short = 0x80 | UInt8(id)
        let places = (start..<max(start, bytes.count - 6)).filter { place in
            bytes[place] == short && bytes[place + 1] == 0
                && bytes[place + 4] >> 4 == 10 && bytes[place + 5] == 1
        }
        let distances = zip(places, places.dropFirst()).map { $1 - $0 - 4 }
        guard let least = distances.min(), least > 0, least <= Self.audioLengthMax else {
            return nil
        }
        return least - (least - 1) / (chunkSize + 1)
    }

    private static func isPlausible(_ message: Message) -> Bool {
        guard let first = message.payload.first else { return true }
        switch message.type {
        case .video: return first & 0x80 != 0 || (1...5).contains(first >> 4)
        case .audio: return message.payload.count < 64 << 10
        case .setChunkSize, .abort, .acknowledgement, .userControl, .windowAcknowledgementSize,
            .setPeerBandwidth, .dataAMF0, .dataAMF3, .commandAMF0, .commandAMF3, .aggregate:
            return message.payload.count < 64 << 10 || message.type == .aggregate
        case _: return false
        }
    }

    /// A place where an audio or video message may begin.
    private struct Candidate {
        let start: Int
        /// Of the message.
        let length: Int
        /// Where its payload begins.
        private let payload: Int
        private let continuation: UInt8

        init?(_ bytes: [UInt8], at start: Int) {
            let type = bytes[start + 7]
            guard type == 8 || type == 9 else { return nil }
            let format = bytes[start] >> 6
            let id = bytes[start] & 0x3F
            guard format < 2, id >= 2 else { return nil }
            if format == 0 {
                guard bytes[start + 8] > 0, bytes[start + 9] == 0, bytes[start + 10] == 0,
                    bytes[start + 11] == 0
                else { return nil }
            }
            payload = start + (format == 0 ? 12 : 8)
            length =
                Int(bytes[start + 4]) << 16 | Int(bytes[start + 5]) << 8
                | Int(bytes[start + 6])
            guard length >= 2, length <= RTMPTrace.limits.messageLengthMax,
                type == 9
                    ? Self.isVideo(bytes, payload)
                    : bytes[payload] >> 4 == 10 && bytes[payload + 1] == 1
            else { return nil }
            self.start = start
            continuation = 0xC0 | id
        }

        /// A frame of H.264, or of what has a four-letter name (Enhanced RTMP 1).
        private static func isVideo(_ bytes: [UInt8], _ at: Int) -> Bool {
            if bytes[at] & 0x80 == 0 {
                return (bytes[at] == 0x17 || bytes[at] == 0x27) && bytes[at + 1] == 1
            }
            return bytes[at + 1..<at + 5].allSatisfy {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
            }
        }

        /// The sizes that put a continuation header at each of their multiples.
        func chunkSizes(_ bytes: [UInt8]) -> [Int] {
            let available = min(length, bytes.count - payload)
            guard available > ChunkReader.chunkSizeDefault else { return [] }
            var sizes: [Int] = []
            for size in ChunkReader.chunkSizeDefault..<available where isShown(size, bytes) {
                sizes.append(size)
                if sizes.count == ChunkSync.sizesShownMax { break }
            }
            return sizes
        }

        private func isShown(_ size: Int, _ bytes: [UInt8]) -> Bool {
            var (done, at) = (size, payload + size)
            while done < length, at < bytes.count {
                if bytes[at] != continuation { return false }
                done += size
                at += size + 1
            }
            return true
        }
    }
}
