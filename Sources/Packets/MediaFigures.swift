import Base
import Media
import RTMP

/// What was seen of the media that one side of a connection sends.
public struct MediaFigures: Sendable, Hashable {
    public internal(set) var videoBytes: Int64 = 0
    public internal(set) var audioBytes: Int64 = 0
    /// Bytes of the payloads of frames, by their kind.
    public internal(set) var keyFrames = Spread()
    public internal(set) var otherFrames = Spread()
    public internal(set) var audioFrames = Spread()
    /// Milliseconds of media, and frames, from a key frame to the next.
    public internal(set) var groupLength = Spread()
    public internal(set) var groupFrames = Spread()
    /// Milliseconds that the stream was behind the best it ever was, one value for each frame.
    public internal(set) var lag = Spread()
    public internal(set) var stalls = Stalls()
    public internal(set) var videoCodec = ""
    public internal(set) var audioCodec = ""
    public internal(set) var first: Instant?
    public internal(set) var last: Instant?

    /// Frames that went backwards in time.
    public internal(set) var outOfOrder: Int64 = 0
    private var intervals = Intervals()
    private var lastVideo: Int64?
    /// Frames after another, and the milliseconds of media from one to the next.
    private var steps: Int64 = 0
    public private(set) var mediaMilliseconds: Int64 = 0
    private var lastKey: Int64?
    private var framesInGroup: Int64 = 0
    /// The least of arrival minus media time so far, in milliseconds.
    private var offsetLeast: Int64?
    private(set) var lagNow: Int64 = 0

    public init() {}

    public var videoFrames: Int64 { keyFrames.count + otherFrames.count }

    /// Frames in a thousand seconds of media.
    public var framesPerKilosecond: Int64 {
        mediaMilliseconds == 0
            ? 0 : multiplyDivide(steps, 1_000_000, mediaMilliseconds)
    }

    /// Frames that the encoder left out, by the gaps in its times: at most what is missing to a
    /// steady rate. A source of varying rate looks the same.
    public var framesSkipped: Int64 { intervals.missing }

    enum Kind { case key, other, audio, configuration, data }

    mutating func add(_ message: MediaMessage, at now: Instant) -> Kind {
        first = first ?? now
        last = now
        let kind = Self.kind(of: message)
        let size = Int64(message.payload.count)
        switch kind {
        case .key, .other:
            videoBytes += size
            addVideo(message.timestamp.milliseconds, size, isKey: kind == .key)
            noteLag(message.timestamp.milliseconds, at: now)
        case .audio:
            audioBytes += size
            audioFrames.add(size)
            if videoFrames == 0 { noteLag(message.timestamp.milliseconds, at: now) }
        case .configuration: describe(message)
        case .data: break
        }
        return kind
    }

    /// The publisher's clock begins anew, as after a part that was not captured.
    mutating func restart() {
        lastVideo = nil
        lastKey = nil
        offsetLeast = nil
    }

    /// FLV E.4.2 and E.4.3, and Enhanced RTMP's first version.
    private static func kind(of message: MediaMessage) -> Kind {
        guard let first = message.payload.first, message.kind != .data else { return .data }
        let second = message.payload.count > 1 ? message.payload[1] : 1
        if message.kind == .audio {
            return first >> 4 == 10 && second == 0 ? .configuration : .audio
        }
        let isEnhanced = first & 0x80 != 0
        let type = isEnhanced ? first & 0x0F : first & 0x0F == 7 ? second : 1
        // A sequence header, its end, or metadata of an enhanced stream.
        if type == 0 { return .configuration }
        if type == 2 || isEnhanced && type == 4 { return .data }
        return first >> 4 & 7 == 1 ? .key : .other
    }

    private mutating func addVideo(_ time: Int64, _ size: Int64, isKey: Bool) {
        if isKey { keyFrames.add(size) } else { otherFrames.add(size) }
        if let lastVideo {
            if time >= lastVideo {
                intervals.add(time - lastVideo)
                steps += 1
                mediaMilliseconds += time - lastVideo
            } else {
                outOfOrder += 1
            }
        }
        lastVideo = time
        if isKey {
            if let lastKey, time > lastKey {
                groupLength.add(time - lastKey)
                groupFrames.add(framesInGroup)
            }
            lastKey = time
            framesInGroup = 0
        }
        framesInGroup += 1
    }

    private mutating func noteLag(_ time: Int64, at now: Instant) {
        let offset = now.nanoseconds / 1_000_000 - time
        offsetLeast = min(offsetLeast ?? offset, offset)
        lagNow = offset - (offsetLeast ?? offset)
        lag.add(lagNow)
    }

    private mutating func describe(_ message: MediaMessage) {
        if message.kind == .audio {
            guard let aac = AACConfiguration(tag: message.payload) else { return }
            audioCodec = "AAC \(aac.sampleRate) Hz"
        } else if let avc = AVCConfiguration(tag: message.payload) {
            let size = avc.parameters.map { " \($0.width)x\($0.height)" } ?? ""
            videoCodec = "H.264\(size)"
        } else if message.payload[0] & 0x80 != 0 {
            videoCodec = String(decoding: message.payload.dropFirst().prefix(4), as: UTF8.self)
                .filter { $0.isASCII && ($0.isLetter || $0.isNumber) }
        }
    }

    /// Milliseconds between video frames: how often each occurred.
    private struct Intervals: Sendable, Hashable {
        private static let longest = 1_000
        private var counts: [Int64] = []

        /// Longer ones are no left-out frames but another beginning.
        mutating func add(_ interval: Int64) {
            guard interval < Self.longest else { return }
            if counts.isEmpty { counts = [Int64](repeating: 0, count: Self.longest) }
            counts[Int(interval)] += 1
        }

        /// For intervals above one and a half times the usual one, what they are too long by.
        var missing: Int64 {
            guard let most = counts.max(), let usual = counts.firstIndex(of: most), usual > 0
            else { return 0 }
            var missing: Int64 = 0
            for interval in counts.indices.dropFirst(usual * 3 / 2 + 1) {
                missing += counts[interval] * Int64((interval + usual / 2) / usual - 1)
            }
            return missing
        }
    }
}

/// Times of a second or more in which no media came, by what held them up.
public struct Stalls: Sendable, Hashable {
    public static let shortest = Interval.seconds(1)

    public enum Cause: String, Sendable, Hashable, CaseIterable {
        /// The receiver had said that it could take nothing.
        case receiver
        /// Segments had to be sent again.
        case network
        /// Neither: the sender had nothing, or the capture missed it.
        case sender
    }

    public private(set) var counts = [Int64](repeating: 0, count: Cause.allCases.count)
    public private(set) var total = Interval.zero
    public private(set) var longest = Interval.zero

    mutating func add(_ length: Interval, _ cause: Cause) {
        for (index, each) in Cause.allCases.enumerated() where each == cause {
            counts[index] += 1
        }
        total += length
        longest = max(longest, length)
    }

    public subscript(cause: Cause) -> Int64 {
        zip(Cause.allCases, counts).first { $0.0 == cause }?.1 ?? 0
    }

    public var count: Int64 { counts.reduce(0, +) }
}
