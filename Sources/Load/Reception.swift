import Base
import Media
import RTMP

/// What one player makes of the media that reach it.
struct Reception: Sendable {
    private let called: Instant
    /// The target agreed: what was sent before comes from its cache, and its age is no delay.
    private let started: Instant
    /// 0 where pictures have no even distance, so that none can be missed.
    private let framesPerSecond: Int64
    private let reserve: Interval
    /// Which of the plan's checks look at the first picture.
    private let checks: [Int]
    /// Whether the player comes again after a failure.
    private let isReturn: Bool
    /// Of a codec that we can read, or any other's.
    private var hasConfiguration = false
    private var hasPicture = false
    private var hasKeyPicture = false

    private var lastArrival: Instant?
    private var lastTime: Timestamp?
    private var firstTime: Timestamp?
    private var numberMax: Int64 = 0
    private var soundTime: Timestamp?
    /// When the picture of `firstTime` is shown, moved by every stall.
    private var shownFrom: Instant?
    /// When the first was shown at all, which stalls do not move.
    private var firstShown: Instant?
    /// Since when the show stands still, and the time of the picture that was missing.
    private var stall: (since: Instant, time: Timestamp)?

    /// What a player keeps in reserve before it begins to show, if nothing else is said.
    static let reserve = Interval.seconds(1)
    /// FLV's own bytes before an encoder's: E.4.2.1, E.4.3.1.
    private static let soundTag: Int64 = 2
    private static let pictureTag: Int64 = 5
    /// Jumps of time beyond this are a new beginning, not a loss.
    private static let jumpMax: Int64 = 30_000
    /// A stream that has come so far, in steps of any size, begins anew: what 32 bits of
    /// milliseconds hold.
    private static let spanMax: Int64 = 1 << 32

    init(
        called: Instant, started: Instant, framesPerSecond: Int64, reserve: Interval,
        checks: [Int] = [], isReturn: Bool = false
    ) {
        self.checks = checks
        self.isReturn = isReturn
        self.called = called
        self.started = started
        self.framesPerSecond = framesPerSecond
        self.reserve = reserve
    }

    var isEmpty: Bool { !hasPicture }

    mutating func receive(_ message: MediaMessage, at now: Instant, into tally: inout Tally) {
        switch message.kind {
        case .data: break
        case .audio:
            soundTime = message.timestamp
            tally.audioBytes += max(0, Int64(message.length) - Self.soundTag)
        case .video:
            tally.videoBytes += max(0, Int64(message.length) - Self.pictureTag)
            let role = MediaRole(message)
            guard role != .header else {
                hasConfiguration = Self.isReadable(message)
                return
            }
            receivePicture(message, isKey: role == .key, at: now, into: &tally)
        }
    }

    private mutating func receivePicture(
        _ message: MediaMessage, isKey: Bool, at now: Instant, into tally: inout Tally
    ) {
        tally.pictures += 1
        if !hasPicture {
            tally.add(now - called, to: .firstFrame)
            for check in checks { tally.note(check: check, passed: isKey && hasConfiguration) }
        }
        if isKey, !hasKeyPicture { tally.add(now - called, to: .firstKeyFrame) }
        hasPicture = true
        hasKeyPicture = hasKeyPicture || isKey
        let time = message.timestamp
        let sent = Clip.stamp(in: message).flatMap(SendStamp.time)
        let isLive = sent.map { $0 >= started } ?? true
        if let sent, isLive { tally.add(now - sent, to: .deliveryDelay) }
        if sent == nil { tally.picturesWithoutStamp += 1 }
        if let soundTime {
            let apart = abs(soundTime.milliseconds - time.milliseconds)
            if apart <= Self.jumpMax { tally.add(.milliseconds(apart), to: .drift) }
        }
        guard count(time, isLive: isLive, at: now, into: &tally) else { return }
        show(time, at: now, into: &tally)
    }

    /// Whether a decoder knows what it needs: of H.264 we see for ourselves, as far as it was kept.
    private static func isReadable(_ message: MediaMessage) -> Bool {
        guard let first = message.payload.first, first & 0x8F == 7 else { return true }
        guard message.payload.count == message.length else { return true }
        return AVCConfiguration(tag: message.payload)?.parameters != nil
    }

    /// RFC 3550, 6.4.1, without its smoothing: all differences are kept. False for a picture that
    /// comes behind a later one.
    private mutating func count(
        _ time: Timestamp, isLive: Bool, at now: Instant, into tally: inout Tally
    ) -> Bool {
        defer {
            lastArrival = now
            lastTime = time
        }
        guard let lastArrival, let lastTime, let firstTime,
            abs(time.milliseconds - lastTime.milliseconds) <= Self.jumpMax,
            abs(time.milliseconds - firstTime.milliseconds) <= Self.spanMax
        else {
            firstTime = time
            numberMax = 0
            shownFrom = nil
            stall = nil
            return true
        }
        let spread = (now - lastArrival) - .milliseconds(time.milliseconds - lastTime.milliseconds)
        if isLive { tally.add(Interval(nanoseconds: abs(spread.nanoseconds)), to: .jitter) }
        guard framesPerSecond > 0 else { return true }
        let passed = (time.milliseconds - firstTime.milliseconds) * framesPerSecond
        let number = (passed + (passed < 0 ? -500 : 500)) / 1_000
        guard number > numberMax else {
            tally.picturesOutOfOrder += 1
            return false
        }
        tally.picturesLost += number - numberMax - 1
        numberMax = number
        return true
    }

    /// A picture that was not there when it was to be shown stops the show, until the reserve is
    /// filled again.
    private mutating func show(_ time: Timestamp, at now: Instant, into tally: inout Tally) {
        guard let shownFrom, let firstTime else {
            shownFrom = now + reserve
            if firstShown == nil { firstShown = shownFrom }
            return
        }
        let due = shownFrom + .milliseconds(time.milliseconds - firstTime.milliseconds)
        if let stall {
            let filled = time.milliseconds - stall.time.milliseconds
            guard .milliseconds(filled) >= reserve else { return }
            tally.add(now - stall.since, to: .stall)
            self.shownFrom = shownFrom + (now - stall.since)
            self.stall = nil
        } else if now > due {
            stall = (due, time)
        }
    }

    /// How long the show has stood still; nil while it goes on, and before it began.
    func standing(at now: Instant) -> Interval? {
        guard let shownFrom, let firstTime, let lastTime else { return nil }
        let due = shownFrom + .milliseconds(lastTime.milliseconds - firstTime.milliseconds)
        let since = stall?.since ?? due
        return now > since ? now - since : nil
    }

    /// The show may be standing still at the end; that is a stall as well.
    func finish(at now: Instant, into tally: inout Tally) {
        tally.add(startup: min(firstShown ?? now, now) - called, isReturn: isReturn)
        if let standing = standing(at: now) { tally.add(standing, to: .stall) }
    }
}
