import Base
import Reports
import Results

/// A condition in k6's grammar: `delivery_delay: p(95)<500`, times in milliseconds.
///
/// A window after the name narrows it, counted from the start of the load:
/// `delivery_delay{after:10s,before:40s}: med<50`.
public struct Threshold: Sendable, Hashable {
    public enum Subject: Sendable, Hashable {
        case delay(LoadMetric)
        case counter(Counter)
        case share(Share)
    }

    /// What is added up: `count`, and `rate` a second.
    public enum Counter: String, Sendable, Hashable, CaseIterable {
        case bytesSent = "bytes_sent"
        case bytesReceived = "bytes_received"
        case messagesSent = "messages_sent"
        case messagesHeldBack = "messages_held_back"
        case pictures
        case picturesOutOfOrder = "pictures_out_of_order"
        case calls
        case callsDropped = "calls_dropped"
    }

    /// What part of a whole: `rate` from 0 to 1, and `count`.
    public enum Share: String, Sendable, Hashable, CaseIterable {
        /// Clients that failed, of all that called or were there before.
        case errors
        /// Pictures that players missed, of all that they should have had.
        case picturesLost = "pictures_lost"
        /// Calls that failed, of all that were made.
        case httpErrors = "http_errors"
        /// Checks that were passed, of all that were made.
        case checks
    }

    public enum Aggregate: Sendable, Hashable {
        case least, mean, median, most, count, rate
        /// In per cent.
        case percentile(Fixed)
    }

    public enum Comparison: String, Sendable, Hashable, CaseIterable {
        case lessOrEqual = "<="
        case greaterOrEqual = ">="
        case same = "==="
        case equal = "=="
        case different = "!="
        case less = "<"
        case greater = ">"

        func holds(_ left: Fixed, _ right: Fixed) -> Bool {
            switch self {
            case .lessOrEqual: left <= right
            case .greaterOrEqual: left >= right
            case .same, .equal: left == right
            case .different: left != right
            case .less: left < right
            case .greater: left > right
            }
        }
    }

    public struct Window: Sendable, Hashable {
        public var after: Interval
        /// Nil: to the end.
        public var before: Interval?

        public init(after: Interval, before: Interval?) {
            self.after = after
            self.before = before
        }

        /// Whether the second that ends so long after the start lies in the window.
        func covers(_ end: Interval) -> Bool {
            end > after && before.map { end <= $0 } ?? true
        }
    }

    public var subject: Subject
    public var name: String
    public var window: Window?
    public var aggregate: Aggregate
    public var comparison: Comparison
    public var value: Fixed
    /// The condition as it was written.
    public var condition: String
    /// Ends the load as soon as it does not hold.
    public var abortsOnFail = false
    /// Not before this.
    public var abortsAfter = Interval.zero

    public var id: String { "\(name): \(condition)" }

    /// What it is ruled on; nil where nothing was measured.
    func measured(in tally: Tally, over length: Interval) -> Fixed? {
        switch subject {
        case .delay(let metric): measured(tally[metric])
        case .counter, .share: measured(LoadSums(tally), over: length)
        }
    }

    /// The same of a counter or a share.
    func measured(_ sums: LoadSums, over length: Interval) -> Fixed? {
        switch subject {
        case .delay: nil
        case .counter(let counter): measured(sums[counter], over: length)
        case .share(let share): measured(sums[share])
        }
    }

    func measured(_ distribution: Distribution) -> Fixed? {
        if aggregate == .count { return Fixed(distribution.count) }
        guard distribution.count > 0 else { return nil }
        return switch aggregate {
        case .least: distribution.least
        case .mean: distribution.mean
        case .median: distribution.percentile(Fixed(50))
        case .most: distribution.most
        case .percentile(let percent): distribution.percentile(percent)
        case .count, .rate: nil
        }
    }

    private func measured(_ count: Int64, over length: Interval) -> Fixed? {
        guard aggregate == .rate else { return Fixed(count) }
        guard length > .zero else { return nil }
        return Fixed.ratio(Int128(count) * 1_000_000_000, Int128(length.nanoseconds))
    }

    private func measured(_ sum: LoadSums.Part) -> Fixed? {
        guard aggregate == .rate else { return Fixed(sum.part) }
        return sum.whole > 0 ? Fixed.ratio(Int128(sum.part), Int128(sum.whole)) : nil
    }
}
