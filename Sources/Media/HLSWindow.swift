import Base
import RTMP

/// The last segments of a live stream, and their playlist. RFC 8216.
///
/// Segments are cut at key frames once they have the target duration; without a key frame at
/// three times the target. A republish, another codec or a leap of the publisher's clock begins a
/// discontinuity.
public struct HLSWindow: Sendable {
    public struct Options: Sendable, Hashable {
        /// Segments are cut at the first key frame at or after this.
        public var target = Interval.seconds(2)
        /// Segments in the playlist.
        public var count = 6
        /// Bytes of all segments kept, whatever their number.
        public var bytesMax = 64 << 20

        public init() {}
    }

    public struct Segment: Sendable {
        public let sequence: Int64
        /// Milliseconds.
        public let duration: Int64
        public let isDiscontinuous: Bool
        public let bytes: [UInt8]
    }

    private let options: Options
    private var muxer = TransportStream()
    /// Segments in the playlist and the few before it that somebody may still fetch.
    public private(set) var segments: [Segment] = []
    private var nextSequence: Int64 = 0
    /// Of segments that were forgotten.
    private var discontinuities: Int64 = 0
    private var open: [UInt8] = []
    private var openedAt: Int64?
    private var lastTime: Int64 = 0
    /// Of all segments ever: the target duration must not fall. RFC 8216, 6.2.1.
    private var longest: Int64 = 0
    private var breaksNext = false
    private var hasVideo = false

    /// Kept behind the playlist: RFC 8216, 6.2.2.
    private static let behind = 3
    /// Steps of the publisher's clock, either way, beyond which it was set; in targets.
    private static let leap: Int64 = 3

    public init(_ options: Options) { self.options = options }

    /// Takes the next message. `isKey` and `isHeader` are what it is to a decoder.
    public mutating func append(_ message: MediaMessage, isKey: Bool, isHeader: Bool) {
        if isHeader {
            if muxer.configure(message) { discontinue() }
            return
        }
        let time = message.timestamp.milliseconds
        let target = options.target.nanoseconds / 1_000_000
        if openedAt != nil, abs(time - lastTime) > Self.leap * target { discontinue() }
        if message.kind == .video { hasVideo = true }
        let mayCut = hasVideo ? message.kind == .video && isKey : message.kind == .audio
        if let openedAt {
            let length = time - openedAt
            if (mayCut && length >= target) || length >= 3 * target { cut(at: time) }
        }
        if openedAt == nil {
            // A segment begins with a key frame; what comes before the first has no use.
            guard mayCut, muxer.hasVideo || muxer.hasAudio else { return }
            openedAt = time
            lastTime = time
            muxer.writeTables(to: &open)
        }
        muxer.write(message, to: &open)
        lastTime = max(lastTime, time)
        if open.count > options.bytesMax / 2 { cut(at: time) }
    }

    /// The publisher left or its codec changed: what follows is another stream.
    public mutating func discontinue() {
        if openedAt != nil { cut(at: lastTime) }
        if !segments.isEmpty { breaksNext = true }
        hasVideo = false
    }

    private mutating func cut(at time: Int64) {
        guard let openedAt else { return }
        let duration = max(time - openedAt, 1)
        longest = max(longest, duration)
        segments.append(
            Segment(
                sequence: nextSequence, duration: duration,
                isDiscontinuous: breaksNext, bytes: open))
        nextSequence += 1
        breaksNext = false
        self.openedAt = nil
        open = []
        var kept = segments.reduce(0) { $0 + $1.bytes.count }
        while segments.count > options.count + Self.behind
            || (kept > options.bytesMax && segments.count > 1)
        {
            let removed = segments.removeFirst()
            if removed.isDiscontinuous { discontinuities += 1 }
            kept -= removed.bytes.count
        }
        check(segments.count <= options.count + Self.behind, "too many segments")
    }

    public var bytesKept: Int { segments.reduce(open.count) { $0 + $1.bytes.count } }

    /// Nil once it has left the window, or before it is there.
    public func segment(_ sequence: Int64) -> Segment? {
        segments.first { $0.sequence == sequence }
    }

    /// The playlist, where segments are called `prefix` and number, `.ts` and `suffix`. Nil before
    /// the first segment.
    public func playlist(prefix: String, suffix: String) -> String? {
        let shown = segments.suffix(options.count)
        guard let first = shown.first else { return nil }
        // Discontinuities that are no longer in the playlist: RFC 8216, 4.3.3.3.
        let gone = segments.filter { $0.isDiscontinuous && $0.sequence <= first.sequence }.count
        var text = """
            #EXTM3U
            #EXT-X-VERSION:3
            #EXT-X-TARGETDURATION:\((longest + 999) / 1000)
            #EXT-X-MEDIA-SEQUENCE:\(first.sequence)

            """
        let passed = discontinuities + Int64(gone)
        if passed > 0 { text += "#EXT-X-DISCONTINUITY-SEQUENCE:\(passed)\n" }
        for segment in shown {
            if segment.isDiscontinuous, segment.sequence != first.sequence {
                text += "#EXT-X-DISCONTINUITY\n"
            }
            text += "#EXTINF:\(Self.seconds(segment.duration)),\n"
            text += "\(prefix)\(segment.sequence).ts\(suffix)\n"
        }
        return text
    }

    private static func seconds(_ milliseconds: Int64) -> String {
        let fraction = String(milliseconds % 1000)
        let zeros = String(repeating: "0", count: 3 - fraction.count)
        return "\(milliseconds / 1000).\(zeros)\(fraction)"
    }
}
