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

    /// A key frame of half a second at 10 Mb/s fits.
    private static let heldMax = 1 << 20
    /// Messages that must follow each other before a place is believed.
    private static let messagesMin = 3
    private static let tryEvery = 4 << 10
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
    /// `chunkSize` is the last that is known of; the default tells nothing.
    mutating func find(chunkSize: Int) -> (reader: ChunkReader, bytes: Int)? {
        guard bytes.count - triedAt >= Self.tryEvery else { return nil }
        let isFull = bytes.count > Self.heldMax
        while scanned + Self.candidateLength <= bytes.count {
            guard let candidate = Candidate(bytes, at: scanned) else {
                scanned += 1
                continue
            }
            switch decide(candidate, chunkSize) {
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

    private func decide(_ candidate: Candidate, _ known: Int) -> Decision {
        var isUndecided = false
        var sizes = known == ChunkReader.chunkSizeDefault ? [] : [known]
        sizes += candidate.chunkSizes(bytes)
        sizes += Self.usualSizes.filter { $0 >= candidate.length }
        for size in sizes {
            switch attempt(from: candidate.start, chunkSize: size) {
            case .taken(let reader): return .taken(reader)
            case .undecided: isUndecided = true
            case .refused: break
            }
        }
        return isUndecided ? .undecided : .refused
    }

    private func attempt(from start: Int, chunkSize: Int) -> Decision {
        var fresh = ChunkReader(limits: RTMPTrace.limits)
        var control: [UInt8] = []
        var writer = ChunkWriter()
        writer.setChunkSize(chunkSize, into: &control)
        fresh.receive(control.span)
        fresh.receive(bytes.span.extracting(start..<bytes.count))
        var trial = fresh
        var count = 0
        do throws(RTMPError) {
            while count < Self.messagesMin, let message = try trial.next() {
                guard Self.isPlausible(message) else { return .refused }
                count += 1
            }
        } catch {
            return .refused
        }
        return count == Self.messagesMin ? .taken(fresh) : .undecided
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
            return (ChunkReader.chunkSizeDefault..<available).filter { size in
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
}
