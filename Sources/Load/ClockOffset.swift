import Base

/// By how much another host's clock is ahead of ours, as far as what it says of the time allows.
///
/// An answer over HTTP says the second in which it was made (RFC 9110, 6.6.1), or one that was
/// written up to a second before, as servers keep the text that long; and it was made between the
/// request and its arrival here. Each answer so bounds the offset on both sides; what all of them
/// allow is left, and grows narrower the more of them there are.
struct ClockOffset: Sendable {
    private var bounds: (least: Interval, most: Interval)?

    /// The second that is named, and how long it may have been kept.
    private static let vagueness = Interval.seconds(2)

    /// `second` is what the answer says; the others are ours.
    mutating func note(second: Instant, sent: Instant, received: Instant) {
        let (least, most) = (second - received, second + Self.vagueness - sent)
        guard let bounds, max(bounds.least, least) <= min(bounds.most, most) else {
            // The first, or a clock was set.
            self.bounds = (least, most)
            return
        }
        self.bounds = (max(bounds.least, least), min(bounds.most, most))
    }

    /// The middle of what is possible; nil before anything is known.
    var estimate: Interval? {
        bounds.map { Interval(nanoseconds: ($0.least.nanoseconds + $0.most.nanoseconds) / 2) }
    }

    /// The most by which the estimate may be wrong.
    var error: Interval? {
        bounds.map { Interval(nanoseconds: ($0.most.nanoseconds - $0.least.nanoseconds) / 2) }
    }
}
