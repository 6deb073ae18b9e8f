import Base

/// By how much another host's clock is ahead of ours, as far as what it says of the time allows.
///
/// An answer over HTTP says the second in which it was made (RFC 9110, 6.6.1), and it was made
/// between the request and its arrival here. Each answer so bounds the offset on both sides; what
/// all of them allow is left, and grows narrower the more of them there are.
struct ClockOffset: Sendable {
    private var bounds: (least: Interval, most: Interval)?

    /// `second` is what the answer says; the others are ours.
    mutating func note(second: Instant, sent: Instant, received: Instant) {
        let (least, most) = (second - received, second + .seconds(1) - sent)
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
