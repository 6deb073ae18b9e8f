import Base

/// One direction of a TCP connection, put together again from the segments of a capture.
///
/// Positions count payload bytes of the direction from zero, whatever its sequence numbers began
/// with and however often they wrapped. What comes in order is passed on where it lies; what is
/// early is copied and waits, within limits. A hole is given up when the receiver has acknowledged
/// it, so that the capture is what missed it, or when too much waits behind it.
///
/// Which segments count as retransmitted or as out of order follows Wireshark's rules
/// (https://www.wireshark.org/docs/wsug_html_chunked/ChAdvTCPAnalysis.html), but for segments of
/// which every byte was seen: however soon they come again, they were sent again.
struct ByteFlow: Sendable {
    static let waitingBytesMax = 4 << 20
    static let waitingSegmentsMax = 2_048
    /// The largest window that TCP can offer; what lies further ahead belongs to no window.
    private static let windowMax: Int64 = 1 << 30
    private static let reorderedWithin = Interval.milliseconds(3)
    private static let fastWithin = Interval.milliseconds(20)
    private static let burstGap = Interval.milliseconds(10)
    private static let burstBytesMin: Int64 = 16 << 10

    /// What a segment brought, for the reader of the stream.
    enum Delivery: Sendable, Hashable {
        /// Bytes of the segment that are next in order.
        case segment(Range<Int>)
        /// Bytes that waited and are next now.
        case waited([UInt8])
        /// So many bytes were never captured.
        case missed(Int64)
    }

    private struct Waiting: Sendable {
        var start: Int64
        /// As captured, perhaps cut short.
        var bytes: [UInt8]
        var length: Int64
        var end: Int64 { start + length }
    }

    private(set) var figures = FlowFigures()
    /// The sequence number of position zero; nil before anything was seen.
    private var origin: UInt32?
    /// All before it was delivered or missed.
    private(set) var next: Int64 = 0
    /// The end of all that was ever sent, a FIN among it.
    private(set) var highest: Int64 = 0
    private var highestAt = Instant(nanoseconds: 0)
    /// The receiver has all before it.
    private(set) var acknowledged: Int64 = 0
    private var waiting: [Waiting] = []
    /// Invariant: the sum of `bytes.count` over `waiting`.
    private(set) var waitingBytes = 0

    /// The segment whose acknowledgement gives the next round-trip time; never one sent twice.
    private var timed: (end: Int64, at: Instant)?
    private var duplicateAcks = 0
    private var duplicateAt = Instant(nanoseconds: 0)

    /// Segments that came close together: when they began, when the last came, and their bytes
    /// without those of the first.
    private var burst: (from: Instant, last: Instant, bytes: Int64)?

    /// What this direction's sender offers to take from the other one.
    private var windowShift: UInt8 = 0
    private var lastWindow: UInt16 = 0
    private(set) var zeroWindowSince: Instant?
    private(set) var isFinished = false

    var isStarted: Bool { origin != nil }

    // MARK: What this direction's sender sends

    /// Whether a SYN begins something else than what was seen so far.
    func isAnotherStart(_ segment: Segment) -> Bool {
        guard let origin else { return false }
        return segment.flags.contains(.syn) && segment.sequence &+ 1 != origin
    }

    /// `roundTrip` is the connection's first, where its handshake was seen.
    mutating func receive(
        _ segment: Segment, _ bytes: Span<UInt8>, at now: Instant, roundTrip: Interval?,
        _ deliver: inout [Delivery]
    ) {
        let isSyn = segment.flags.contains(.syn)
        if origin == nil {
            origin = isSyn ? segment.sequence &+ 1 : segment.sequence
            figures.isJoinedLate = !isSyn
            if isSyn { (highest, acknowledged) = (-1, -1) }
        }
        let start = position(isSyn ? segment.sequence &+ 1 : segment.sequence)
        figures.segments += 1
        guard start - next <= Self.windowMax, next - start <= Self.windowMax else {
            figures.outOfWindow += 1
            return
        }
        classify(segment, from: isSyn ? start - 1 : start, at: now, roundTrip)
        noteWindow(segment, at: now)
        if segment.flags.contains(.fin) { isFinished = true }
        guard segment.length > 0 else { return }
        figures.payloadBytes += Int64(segment.length)
        noteBurst(Int64(segment.length), at: now)
        take(segment, bytes, at: start, &deliver)
    }

    private func position(_ sequence: UInt32) -> Int64 {
        guard let origin else { return 0 }
        let expected = origin &+ UInt32(truncatingIfNeeded: next)
        return next + Int64(Int32(bitPattern: sequence &- expected))
    }

    private mutating func classify(
        _ segment: Segment, from start: Int64, at now: Instant, _ roundTrip: Interval?
    ) {
        let flags = segment.flags
        let marks = (flags.contains(.syn) ? 1 : 0) + (flags.contains(.fin) ? 1 : 0)
        let end = start + Int64(segment.length + marks)
        guard end > start else { return }
        if start >= highest {
            highest = end
            highestAt = now
            if timed == nil { timed = (end, now) }
            return
        }
        if segment.length <= 1, marks == 0, start == highest - 1, !flags.contains(.reset) {
            figures.keepAlives += 1
            return
        }
        timed = nil
        let fillsHole = segment.length > 0 && isHole(start..<start + Int64(segment.length))
        let isFast =
            duplicateAcks >= 2 && start == acknowledged && now - duplicateAt < Self.fastWithin
        let isSoon = now - highestAt < roundTrip ?? Self.reorderedWithin
        if fillsHole, !isFast, isSoon, end != highest {
            figures.reordered += 1
        } else {
            figures.retransmissions += 1
            if fillsHole { figures.lostBefore += 1 } else { figures.lostAfter += 1 }
        }
        if end > highest {
            highest = end
            highestAt = now
        }
    }

    /// The rate at which a key frame, or another burst, comes through is that of the line.
    private mutating func noteBurst(_ bytes: Int64, at now: Instant) {
        guard let open = burst, now - open.last <= Self.burstGap else {
            endBurst()
            burst = (now, now, 0)
            return
        }
        burst = (open.from, now, open.bytes + bytes)
    }

    private mutating func endBurst() {
        guard let burst, burst.bytes >= Self.burstBytesMin, burst.last > burst.from else { return }
        let nanoseconds = (burst.last - burst.from).nanoseconds
        // A capture may say that any number of bytes came within a nanosecond.
        let rate = Int128(burst.bytes) * 8_000_000_000 / Int128(nanoseconds)
        figures.burstRate.add(Int64(clamping: rate))
    }

    /// Whether any of these bytes was not seen yet.
    private func isHole(_ range: Range<Int64>) -> Bool {
        var from = max(range.lowerBound, next)
        for part in waiting where part.end > from {
            if part.start > from { break }
            from = part.end
        }
        return from < min(range.upperBound, highest)
    }

    // MARK: Order

    private mutating func take(
        _ segment: Segment, _ bytes: Span<UInt8>, at start: Int64, _ deliver: inout [Delivery]
    ) {
        let end = start + Int64(segment.length)
        guard end > next else { return }
        if start > next, acknowledged >= start { skip(to: start, &deliver) }
        if start > next {
            wait(segment, bytes, at: start)
            guard waitingBytes > Self.waitingBytesMax || waiting.count > Self.waitingSegmentsMax
            else { return }
            giveUpHole(&deliver)
            return
        }
        let captured = segment.payload.dropFirst(Int(next - start))
        if !captured.isEmpty { deliver.append(.segment(captured)) }
        next += Int64(captured.count)
        if next < end { skip(to: end, &deliver) }
        drain(&deliver)
    }

    private mutating func skip(to position: Int64, _ deliver: inout [Delivery]) {
        figures.missedBytes += position - next
        if case .missed(let before)? = deliver.last {
            deliver[deliver.count - 1] = .missed(before + position - next)
        } else {
            deliver.append(.missed(position - next))
        }
        next = position
    }

    /// Keeps a copy in order of position; of two that begin together the longer one.
    private mutating func wait(_ segment: Segment, _ bytes: Span<UInt8>, at start: Int64) {
        let part = Waiting(
            start: start, bytes: bytes.extracting(segment.payload).copied(),
            length: Int64(segment.length))
        var index = waiting.count
        while index > 0, waiting[index - 1].start > start { index -= 1 }
        if index > 0, waiting[index - 1].start == start {
            guard waiting[index - 1].length < part.length else { return }
            waitingBytes += part.bytes.count - waiting[index - 1].bytes.count
            waiting[index - 1] = part
        } else {
            waiting.insert(part, at: index)
            waitingBytes += part.bytes.count
        }
        figures.waitingMost = max(figures.waitingMost, Int64(waitingBytes))
    }

    private mutating func drain(_ deliver: inout [Delivery]) {
        var count = 0
        while count < waiting.count, waiting[count].start <= next {
            let part = waiting[count]
            count += 1
            waitingBytes -= part.bytes.count
            guard part.end > next else { continue }
            let fresh = part.bytes.dropFirst(Int(next - part.start))
            if !fresh.isEmpty { deliver.append(.waited(Array(fresh))) }
            next += Int64(fresh.count)
            if next < part.end { skip(to: part.end, &deliver) }
        }
        waiting.removeFirst(count)
        check(waitingBytes >= 0, "more bytes taken than waited")
    }

    /// Lets go of what waits before memory runs out.
    mutating func giveUpHole(_ deliver: inout [Delivery]) {
        guard let first = waiting.first else { return }
        if first.start > next { skip(to: first.start, &deliver) }
        drain(&deliver)
    }

    // MARK: What the other direction says of this one

    mutating func acknowledge(
        _ segment: Segment, at now: Instant, windowIsSame: Bool, _ deliver: inout [Delivery]
    ) {
        guard origin != nil, segment.flags.contains(.ack) else { return }
        let position = position(segment.acknowledgement)
        guard position - highest <= Self.windowMax, acknowledged - position <= Self.windowMax
        else { return }
        if position > acknowledged {
            acknowledged = position
            duplicateAcks = 0
            if let timed, position >= timed.end {
                figures.roundTrip.add((now - timed.at).nanoseconds)
                self.timed = nil
            }
            while let first = waiting.first, first.start <= acknowledged { giveUpHole(&deliver) }
        } else if position == acknowledged, segment.length == 0, highest > acknowledged,
            windowIsSame, segment.flags.isDisjoint(with: [.syn, .fin, .reset])
        {
            duplicateAcks += 1
            duplicateAt = now
        }
    }

    /// Whether a segment offers the window that the last one did.
    func offersSameWindow(_ segment: Segment) -> Bool { segment.window == lastWindow }

    private mutating func noteWindow(_ segment: Segment, at now: Instant) {
        if segment.flags.contains(.syn) { windowShift = segment.windowShift ?? 0 }
        lastWindow = segment.window
        guard segment.flags.isDisjoint(with: [.syn, .fin, .reset]) else { return }
        let window = Int64(segment.window) << Int64(windowShift)
        figures.windowLeast = min(figures.windowLeast ?? window, window)
        if segment.window == 0 {
            figures.zeroWindows += 1
            zeroWindowSince = zeroWindowSince ?? now
        } else {
            endZeroWindow(at: now)
        }
    }

    /// Nothing more will come: what the receiver has and the capture has not is missing.
    mutating func finish(at now: Instant, _ deliver: inout [Delivery]) {
        while !waiting.isEmpty { giveUpHole(&deliver) }
        let end = acknowledged - (isFinished ? 1 : 0)
        if isStarted, end > next { skip(to: end, &deliver) }
        endBurst()
        endZeroWindow(at: now)
    }

    private mutating func endZeroWindow(at now: Instant) {
        guard let since = zeroWindowSince else { return }
        figures.zeroWindowTime += max(.zero, now - since)
        zeroWindowSince = nil
    }
}

/// What was counted of one direction.
public struct FlowFigures: Sendable, Hashable {
    public internal(set) var segments: Int64 = 0
    /// All payload, what was sent twice among it.
    public internal(set) var payloadBytes: Int64 = 0
    /// Segments that were sent again.
    public internal(set) var retransmissions: Int64 = 0
    /// Of these, the first to bring their bytes: lost between the sender and the capture.
    public internal(set) var lostBefore: Int64 = 0
    /// Of these, the others: lost between the capture and the receiver, or their answer was.
    public internal(set) var lostAfter: Int64 = 0
    public internal(set) var reordered: Int64 = 0
    public internal(set) var keepAlives: Int64 = 0
    public internal(set) var outOfWindow: Int64 = 0
    /// Bytes the receiver got and the capture did not.
    public internal(set) var missedBytes: Int64 = 0
    /// The most that waited for something earlier.
    public internal(set) var waitingMost: Int64 = 0
    /// Nanoseconds from a segment to its acknowledgement, as seen where the capture was made.
    public internal(set) var roundTrip = Spread()
    /// Bits a second in bursts of 16 KiB or more.
    public internal(set) var burstRate = Spread()
    /// How often this direction's sender said that it could take nothing, and for how long.
    public internal(set) var zeroWindows: Int64 = 0
    public internal(set) var zeroWindowTime = Interval.zero
    /// Without the shift where the handshake was not seen.
    public internal(set) var windowLeast: Int64?
    /// The capture began after the connection.
    public internal(set) var isJoinedLate = false

    public init() {}
}
