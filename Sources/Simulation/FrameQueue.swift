import Base

/// One audio or video frame: when it was made, and its bytes on the wire.
struct Frame: Sendable {
    var made: Instant
    /// A group of a minute at 200 Mbit/s that is all key frame has 2.9e9.
    var bytes: UInt32
    var isVideo: Bool
    var isKey: Bool
}

/// Frames that wait for one connection and leave it in order, at a rate that may change.
///
/// Exact: what is left of the frame at the head is kept in billionths of a byte, so serving up to
/// a moment in one call or in many gives the same times.
struct FrameQueue: Sendable {
    private var frames: [Frame] = []
    private var head = 0
    /// Before this place no picture waits that other pictures need not.
    private var sifted = 0
    /// Billionths of a byte still to be sent of the frame at the head.
    private var left: Int64 = 0
    private var clock: Instant
    /// Wire bytes a second.
    private(set) var rate: Int64

    init(rate: Int64, at now: Instant) {
        self.rate = max(1, rate)
        clock = now
    }

    var isEmpty: Bool { head == frames.count }
    var count: Int { frames.count - head }

    /// The span of time between the oldest and the newest frame that wait.
    var span: Interval {
        guard let last = frames.last, !isEmpty else { return .zero }
        return last.made - frames[head].made
    }

    mutating func push(_ frame: Frame, at now: Instant) {
        check(isEmpty || clock <= now, "a frame before its time")
        if isEmpty {
            clear()
            clock = max(clock, now)
            left = Int64(frame.bytes) * 1_000_000_000
        }
        frames.append(frame)
    }

    /// The next frame that has left by `until`, and when it did; nil when none has.
    mutating func next(until: Instant) -> (frame: Frame, at: Instant)? {
        guard !isEmpty else {
            clock = max(clock, until)
            return nil
        }
        guard clock < until else { return nil }
        let needed = (left + rate - 1) / rate
        let available = until.nanoseconds - clock.nanoseconds
        guard needed <= available else {
            left -= rate * available
            clock = until
            return nil
        }
        clock = Instant(nanoseconds: clock.nanoseconds + needed)
        let frame = frames[head]
        head += 1
        if isEmpty {
            clear()
        } else {
            left = Int64(frames[head].bytes) * 1_000_000_000
            if head >= 4_096, head > frames.count / 2 {
                frames.removeFirst(head)
                sifted = max(0, sifted - head)
                head = 0
            }
        }
        return (frame, clock)
    }

    private mutating func clear() {
        frames.removeAll(keepingCapacity: true)
        head = 0
        sifted = 0
    }

    /// From now on; the caller has served up to now.
    mutating func setRate(_ rate: Int64) { self.rate = max(1, rate) }

    /// When the oldest frame that waits was made.
    var oldestMade: Instant? { isEmpty ? nil : frames[head].made }

    /// Bytes sent of the frame at the head.
    var sentOfHead: Int64 {
        isEmpty ? 0 : Int64(frames[head].bytes) - (left + 999_999_999) / 1_000_000_000
    }

    private var isPartlySent: Bool {
        !isEmpty && left < Int64(frames[head].bytes) * 1_000_000_000
    }

    /// Drops the pictures that wait and are no key frames, except one that is partly sent; returns
    /// how many. What was looked at before is not looked at again, so that a queue of sound that
    /// only grows costs no more each time.
    mutating func dropPictures() -> Int64 {
        defer { sifted = frames.count }
        return drop(from: max(sifted, head)) { $0.isVideo && !$0.isKey }
    }

    /// Drops all that was made before then, except a frame that is partly sent; returns how many
    /// pictures went.
    mutating func drop(before then: Instant) -> Int64 {
        sifted = 0
        return drop(from: head) { $0.made < then }
    }

    private mutating func drop(from first: Int, where isDropped: (Frame) -> Bool) -> Int64 {
        let start = isPartlySent ? max(first, head + 1) : first
        var kept = start
        var pictures: Int64 = 0
        for place in min(start, frames.count)..<frames.count {
            if !isDropped(frames[place]) {
                frames[kept] = frames[place]
                kept += 1
            } else if frames[place].isVideo {
                pictures += 1
            }
        }
        if kept < frames.count { frames.removeLast(frames.count - kept) }
        if start == head, !isEmpty { left = Int64(frames[head].bytes) * 1_000_000_000 }
        return pictures
    }

    /// When the newest key frame that waits was made.
    var newestKeyFrame: Instant? { frames[head...].last { $0.isKey }?.made }
}
