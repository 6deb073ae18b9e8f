import Base
import RTMP

/// A live stream without an encoder: H.264 and AAC that every decoder takes, of any bit rate.
///
/// Each picture is flat, and a block in its corner changes with every frame, so that no two
/// frames in a row decode to the same. A key frame is one macroblock of plain samples that the
/// others are predicted from; other frames skip all but that one. Filler brings each frame to
/// its size. The sound is silence, filled up the same way. Nothing is drawn at random: two clips
/// of one shape are the same bytes.
///
/// The messages are the description, the codecs' configurations, then sound and pictures in order
/// of time, without end or for `Shape.duration`. Where frames are smaller than their codecs
/// allow, the clip is larger than asked.
public struct Clip: Sendable, Sequence, IteratorProtocol {
    /// What a clip looks like. `Clip(_:)` says which values are allowed.
    public struct Shape: Sendable, Hashable {
        /// Samples: even, 32 ... 4096.
        public var width = 1280
        public var height = 720
        /// 1 ... 240.
        public var framesPerSecond = 30
        /// Frames from one key frame to the next: 1 ... 3600.
        public var groupLength = 60
        /// Bits per second of the video messages' payloads: 1,000 ... 100,000,000.
        public var videoRate = 2_500_000
        /// Bits per second of the audio messages' payloads: 8,000 ... 512,000, or 0 for no sound.
        public var audioRate = 150_000
        /// How many times the length of another frame a key frame has: 1 ... 100.
        public var keyFrameWeight = 8
        /// Of `videoRate`, in millionths of 1 ... 2,000,000: what the rate is for
        /// `variationGroups` groups, for as many after them, and so on, again and again. Empty is a
        /// constant rate.
        public var variation: [Int64] = []
        public var variationGroups = 1
        /// Nil: the clip has no end.
        public var duration: Interval?

        public init() {}
    }

    let shape: Shape
    let level: UInt8
    private var headers: [MediaMessage]  // Those still to come, the last first.
    private var frame: Int64 = 0
    private var frameBytes: Int64 = 0
    private var sound: Int64 = 0
    private var soundBytes: Int64 = 0

    /// The longest key frame.
    static let frameLengthMax: Int64 = 8 << 20

    public init(_ shape: Shape) throws(ClipError) {
        level = try Self.check(shape)
        self.shape = shape
        headers = []
        headers = [description, videoHeader]
        if shape.audioRate > 0 { headers.append(Self.audioHeader) }
        headers.reverse()
    }

    /// The time of what `next()` gives; nil at the end.
    public var nextTime: Timestamp? {
        let time = hasSoundNext ? soundTime : frameTime
        if headers.isEmpty, let duration = shape.duration,
            time * 1_000_000 >= duration.nanoseconds
        {
            return nil
        }
        return Timestamp(milliseconds: time)
    }

    public mutating func next() -> MediaMessage? { next(stamp: nil) }

    /// The next message. A picture carries `stamp`, the instant at which it is sent, for
    /// `Clip.stamp(in:)` at the other end.
    public mutating func next(stamp: Instant?) -> MediaMessage? {
        if let header = headers.popLast() { return header }
        guard let time = nextTime else { return nil }
        return hasSoundNext ? nextSound(time) : nextFrame(time, stamp: stamp)
    }

    private var frameTime: Int64 { frame * 1000 / Int64(shape.framesPerSecond) }
    private var soundTime: Int64 { sound * Self.soundSamples * 1000 / Self.sampleRate }
    private var hasSoundNext: Bool { shape.audioRate > 0 && soundTime < frameTime }

    private mutating func nextFrame(_ time: Timestamp, stamp: Instant?) -> MediaMessage {
        let goal = Self.bytes(before: frame + 1, shape) - frameBytes
        let payload = picture(frame, stamp: stamp, length: Int(Swift.max(goal, 0)))
        frame += 1
        frameBytes += Int64(payload.count)
        return MediaMessage(kind: .video, timestamp: time, payload: payload)
    }

    private mutating func nextSound(_ time: Timestamp) -> MediaMessage {
        let goal = multiplyDivide(
            Int64(shape.audioRate), (sound + 1) * Self.soundSamples, 8 * Self.sampleRate)
        let payload = Self.silence(length: Int(Swift.max(goal - soundBytes, 0)))
        sound += 1
        soundBytes += Int64(payload.count)
        return MediaMessage(kind: .audio, timestamp: time, payload: payload)
    }

    /// What the first `frames` frames should have together, by their weights.
    private static func bytes(before frames: Int64, _ shape: Shape) -> Int64 {
        let length = Int64(shape.groupLength)
        let weight = Int64(shape.keyFrameWeight)
        let whole = length - 1 + weight
        let (groups, position) = frames.quotientAndRemainder(dividingBy: length)
        let part = position == 0 ? 0 : position - 1 + weight
        let weights = shape.shares(before: groups) * whole + shape.share(of: groups) * part
        return multiplyDivide(
            Int64(shape.videoRate) * length, weights,
            8 * Int64(shape.framesPerSecond) * whole * 1_000_000)
    }

    /// The level that the shape needs.
    private static func check(_ shape: Shape) throws(ClipError) -> UInt8 {
        for side in [shape.width, shape.height] {
            guard (32...4096).contains(side), side % 2 == 0 else { throw .size }
        }
        guard (1...240).contains(shape.framesPerSecond) else { throw .framesPerSecond }
        guard (1...3600).contains(shape.groupLength) else { throw .groupLength }
        guard (1...100).contains(shape.keyFrameWeight) else { throw .keyFrameWeight }
        guard (1_000...100_000_000).contains(shape.videoRate) else { throw .videoRate }
        guard shape.variation.allSatisfy({ (1...2_000_000).contains($0) }),
            shape.variationGroups > 0, shape.videoRatePeak <= 100_000_000
        else { throw .variation }
        guard shape.audioRate == 0 || (8_000...512_000).contains(shape.audioRate) else {
            throw .audioRate
        }
        var steady = shape
        (steady.videoRate, steady.variation) = (shape.videoRatePeak, [])
        guard bytes(before: 1, steady) <= frameLengthMax else { throw .keyFrameTooLong }
        guard let level = level(shape) else { throw .noLevel }
        return level
    }

    private var description: MediaMessage {
        var pairs: [(String, Int)] = [
            ("width", shape.width), ("height", shape.height),
            ("framerate", shape.framesPerSecond), ("videocodecid", 7),
            ("videodatarate", shape.videoRate / 1000),
        ]
        if shape.audioRate > 0 {
            pairs += [
                ("audiocodecid", 10), ("audiodatarate", shape.audioRate / 1000),
                ("audiosamplerate", Int(Self.sampleRate)), ("audiosamplesize", 16),
            ]
        }
        let values = pairs.map { AMFProperty($0.0, .number(AMFNumber($0.1))) }
        return MediaMessage(
            kind: .data, timestamp: .zero,
            payload: AMF0Writer.all([.string("onMetaData"), .ecmaArray(values)]))
    }
}

// A rate that varies.
extension Clip.Shape {
    /// The highest that the video rate becomes.
    public var videoRatePeak: Int {
        Int(multiplyDivide(Int64(videoRate), variation.max() ?? 1_000_000, 1_000_000))
    }

    /// Of one group, in millionths of its mean.
    fileprivate func share(of group: Int64) -> Int64 {
        guard !variation.isEmpty else { return 1_000_000 }
        return variation[Int(group / Int64(variationGroups)) % variation.count]
    }

    /// Of the first groups together.
    fileprivate func shares(before groups: Int64) -> Int64 {
        guard !variation.isEmpty else { return groups * 1_000_000 }
        let (parts, rest) = groups.quotientAndRemainder(dividingBy: Int64(variationGroups))
        let (rounds, place) = parts.quotientAndRemainder(dividingBy: Int64(variation.count))
        let whole = rounds * variation.reduce(0, +) + variation[..<Int(place)].reduce(0, +)
        return whole * Int64(variationGroups) + rest * variation[Int(place)]
    }
}

/// Which part of a clip's shape cannot be had.
public enum ClipError: Error, Sendable, Hashable {
    case size, framesPerSecond, groupLength, keyFrameWeight, videoRate, variation, audioRate
    /// A key frame would have more than 8 MiB.
    case keyFrameTooLong
    /// No level of H.264 has pictures of this size at this rate.
    case noLevel
}
