import Base

/// What a captured stream is like, in the words of a scenario: enough to simulate one like it.
public struct SessionModel: Sendable, Hashable {
    public var video: Rate
    public var audio: Rate
    public var framesPerSecond: Int
    public var keyFrameEvery: Interval
    public var keyFrameRatio: Int
    /// The video rate wanders within ± this share of its mean …
    public var variation: Share
    /// … and keeps a value for so long.
    public var variationEvery: Interval
    /// The rate at which bursts came through; nil where there were none.
    public var uplink: Rate?
    /// One way.
    public var delay: Interval
    public var loss: Share
    public var length: Interval

    /// FLV's tag before a frame of H.264 and of AAC: not the encoder's.
    private static let videoTag: Int64 = 5
    private static let audioTag: Int64 = 2
    private static let lengthMin = Interval.seconds(2)

    /// Nil where there is too little to learn from: two key frames and two seconds are needed.
    public init?(_ stream: StreamReport, step: Interval, rows: Int) {
        let media = stream.media
        guard let first = media.first, let last = media.last, last - first >= Self.lengthMin,
            media.groupLength.count > 0, media.framesPerKilosecond > 0
        else { return nil }
        length = last - first
        let videoBytes = media.videoBytes - Self.videoTag * media.videoFrames
        let audioBytes = media.audioBytes - Self.audioTag * media.audioFrames.count
        video = Self.rate(videoBytes, length)
        audio = Self.rate(audioBytes, length)
        framesPerSecond = Int(max(1, (media.framesPerKilosecond + 500) / 1_000))
        keyFrameEvery = .milliseconds(max(1, media.groupLength.mean))
        let ordinary = max(1, media.otherFrames.mean)
        keyFrameRatio = Int(max(1, (media.keyFrames.mean + ordinary / 2) / ordinary))
        let process = RateProcess(
            stream, step: step, rows: rows, first: first, last: last,
            window: max(keyFrameEvery, .seconds(1)))
        variation = process.variation
        variationEvery = process.period
        let bursts = stream.sent.burstRate
        uplink = bursts.count > 0 ? Rate(bitsPerSecond: bursts.percentile(50)) : nil
        delay = Interval(nanoseconds: stream.sent.roundTrip.least / 2)
        loss = Share(
            millionths: multiplyDivide(
                stream.sent.retransmissions, 1_000_000, max(1, stream.sent.segments)))
    }

    private static func rate(_ bytes: Int64, _ length: Interval) -> Rate {
        Rate(bitsPerSecond: max(1, multiplyDivide(bytes, 8_000_000_000, length.nanoseconds)))
    }
}

/// How the video rate of a stream wanders, from its means over windows of whole groups of
/// pictures: within one the rate says only where the key frame lies.
private struct RateProcess {
    private(set) var variation = Share.zero
    private(set) var period: Interval

    init(
        _ stream: StreamReport, step: Interval, rows: Int, first: Instant, last: Instant,
        window: Interval
    ) {
        let rowsPerWindow = Int((window.nanoseconds + step.nanoseconds - 1) / step.nanoseconds)
        let span = step * Int64(rowsPerWindow)
        period = span
        // The first and the last row are not whole.
        let whole = (0..<rows).map { stream[$0].videoBytes }.drop { $0 == 0 }.dropFirst()
        let used = whole.dropLast(whole.reversed().prefix { $0 == 0 }.count + 1)
        let sums = stride(
            from: used.startIndex, through: used.endIndex - rowsPerWindow, by: rowsPerWindow
        ).map { start in used[start..<start + rowsPerWindow].reduce(0, +) }
        guard sums.count >= 3 else { return }
        let mean = sums.reduce(0, +) / Int64(sums.count)
        guard mean > 0 else { return }
        let deviations = sums.map { Int128($0 - mean) * 1_000_000 / Int128(mean) }
        let variance = deviations.reduce(0) { $0 + $1 * $1 } / Int128(sums.count)
        // A value drawn evenly within ± v has the variance v² / 3.
        variation = Share(millionths: min(900_000, Self.root(variance * 3)))
        var lag = 1
        while lag < sums.count / 2, Self.correlation(deviations, lag, variance) > 500_000 {
            lag += 1
        }
        period = span * Int64(lag)
    }

    /// Of values `lag` apart, in millionths.
    private static func correlation(_ values: [Int128], _ lag: Int, _ variance: Int128) -> Int128 {
        guard variance > 0 else { return 0 }
        let pairs = zip(values, values.dropFirst(lag)).map { $0 * $1 }
        return pairs.reduce(0, +) / Int128(pairs.count) * 1_000_000 / variance
    }

    /// The whole part of a square root, by bisection.
    private static func root(_ value: Int128) -> Int64 {
        var (low, high): (Int64, Int64) = (0, 1 << 31)
        while low < high {
            let middle = (low + high + 1) / 2
            if Int128(middle) * Int128(middle) <= value { low = middle } else { high = middle - 1 }
        }
        return low
    }
}
