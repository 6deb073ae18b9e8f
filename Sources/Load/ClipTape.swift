import Base
import Media
import RTMP

/// A clip, or a whole FLV file, cut into chunks once, to be sent by any number of publishers, round
/// after round.
///
/// Every message has a full header with its absolute time, so any of them may be left out; a
/// publisher sends a copy with its own time and stamp.
struct ClipTape: Sendable {
    struct Item: Sendable {
        /// From the start of the round.
        var milliseconds: Int64
        var isPicture: Bool
        /// A picture that needs no other.
        var isKey: Bool
        /// Header, payload, and the headers of its further chunks.
        var bytes: [UInt8]
        /// Of the payload.
        var length: Int
    }

    /// 0 where pictures have no even distance.
    let framesPerSecond: Int
    /// Whether pictures carry the time at which they are sent.
    let hasStamps: Bool
    /// What a publisher sends before all else: description and configurations.
    let headers: [MediaMessage]
    let items: [Item]
    private let roundLength: Milliseconds
    /// The highest rate, in millionths of the mean.
    private let peakMillionths: Int64

    /// A length in whole milliseconds, or a whole number of frames.
    private enum Milliseconds {
        case frames(Int64, perSecond: Int64)
        case exactly(Int64)

        func after(_ rounds: Int64) -> Int64 {
            switch self {
            case .frames(let frames, let perSecond): rounds * frames * 1_000 / perSecond
            case .exactly(let milliseconds): rounds * milliseconds
            }
        }
    }

    static let chunkSize = 4_096
    /// Before the payload: basic header, time, length, type, stream (Adobe RTMP 5.3.1).
    private static let headerLength = 12
    private static let timeOffset = 1
    private static let streamOffset = 8
    /// A round that lasts so long has a whole number of sound's frames at 48 kHz.
    private static let roundSeconds: Int64 = 16
    static let roundBytesMax: Int64 = 32 << 20
    /// Times of 2^24 ms and more would need other headers.
    static let lengthMax = Interval.hours(4)

    init(_ shape: Clip.Shape) throws(ClipError) {
        var clip = try Clip(shape)
        peakMillionths = multiplyDivide(
            Int64(shape.videoRatePeak + shape.audioRate), 1_000_000,
            Int64(shape.videoRate + shape.audioRate))
        framesPerSecond = shape.framesPerSecond
        hasStamps = true
        let (speed, group) = (Int64(shape.framesPerSecond), Int64(shape.groupLength))
        let bytesPerSecond = Int64(shape.videoRate + shape.audioRate) / 8
        let seconds = min(Self.roundSeconds, max(1, Self.roundBytesMax / max(1, bytesPerSecond)))
        // Two groups in a row must differ, so their number is even.
        let pairs = max(1, (seconds * speed + 2 * group - 1) / (2 * group))
        let varying = Int64(shape.variation.count * shape.variationGroups)
        let framesInRound = (varying > 0 ? varying + varying % 2 : pairs * 2) * group
        roundLength = .frames(framesInRound, perSecond: speed)
        var headers: [MediaMessage] = []
        var items: [Item] = []
        let end = framesInRound * 1_000 / speed
        while let time = clip.nextTime, time.milliseconds < end {
            guard let message = clip.next(stamp: Instant(nanoseconds: 0)) else { break }
            if message.kind == .data || MediaRole(message) == .header {
                headers.append(message)
            } else {
                items.append(Self.item(message, at: message.timestamp.milliseconds))
            }
        }
        self.headers = headers
        self.items = items
    }

    /// A file that is played over and over, a picture's distance after its end. Configurations
    /// count once, from before the first media.
    init(flv bytes: [UInt8]) throws(TapeFailure) {
        framesPerSecond = 0
        hasStamps = false
        peakMillionths = 1_000_000
        var reader = FLVReader()
        reader.receive(bytes.span)
        var headers: [MediaMessage] = []
        var items: [Item] = []
        var first: Int64?
        var last: Int64 = 0
        do throws(FLVError) {
            while let message = try reader.next() {
                if message.kind == .data || MediaRole(message) == .header {
                    if items.isEmpty { headers.append(message) }
                    continue
                }
                let time = message.timestamp.milliseconds
                let start = first ?? time
                first = start
                last = max(last, time - start)
                items.append(Self.item(message, at: max(0, time - start)))
            }
        } catch {
            throw .notFLV(error)
        }
        let pictures = Int64(items.count { $0.isPicture })
        guard last > 0 else { throw .tooShort }
        roundLength = .exactly(last + max(1, last / max(1, pictures)))
        self.headers = headers
        self.items = items
    }

    private static func item(_ message: MediaMessage, at milliseconds: Int64) -> Item {
        let isPicture = message.kind == .video
        // A publisher puts its own time in; one of 2^24 ms and more would lengthen every header.
        var timeless = message
        timeless.timestamp = .zero
        return Item(
            milliseconds: milliseconds, isPicture: isPicture,
            isKey: isPicture && MediaRole(message) == .key,
            bytes: EncodedMessage(timeless, chunkSize: chunkSize).bytes,
            length: message.payload.count)
    }

    /// On the wire, headers and all.
    var rate: Rate {
        let bytes = items.reduce(Int64(0)) { $0 + Int64($1.bytes.count) }
        return Rate(bitsPerSecond: multiplyDivideUp(bytes * 8, 1_000, roundLength.after(1)))
    }

    /// Where it varies, at its highest.
    var ratePeak: Rate {
        Rate(bitsPerSecond: multiplyDivideUp(rate.bitsPerSecond, peakMillionths, 1_000_000))
    }

    /// The time of this item in that round, from the beginning of the stream.
    func time(_ index: Int, round: Int64) -> Int64 {
        roundLength.after(round) + items[index].milliseconds
    }

    /// A message, for one publisher, behind what is in the buffer.
    func write(
        _ index: Int, time: Int64, on stream: MessageStreamID, stamp: Instant,
        into buffer: inout [UInt8]
    ) {
        let item = items[index]
        let start = buffer.count
        buffer += item.bytes
        let at = start + Self.timeOffset
        for place in 0..<3 {
            buffer[at + place] = UInt8(truncatingIfNeeded: time >> (16 - 8 * place))
        }
        for place in 0..<4 {
            buffer[start + Self.streamOffset + place] = UInt8(
                truncatingIfNeeded: stream.raw >> (8 * place))
        }
        if item.isPicture, hasStamps {
            let offset = start + Self.headerLength + Clip.stampRange.lowerBound
            for (place, digit) in Clip.stampDigits(stamp).enumerated() {
                buffer[offset + place] = digit
            }
        }
    }
}

/// Why a file cannot be published.
enum TapeFailure: Error, Sendable, Hashable {
    case notFLV(FLVError)
    /// It has no two messages of media.
    case tooShort
}
