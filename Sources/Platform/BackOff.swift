import Base

/// How long a client that was cut off waits before it calls again: ever longer, up to a limit.
public struct BackOff: Sendable, Hashable {
    public struct Rule: Sendable, Hashable {
        /// The first wait.
        public var first: Interval
        /// The longest wait.
        public var most: Interval
        /// The next wait, in halves of the one before.
        public var growth: Int64
        /// How often it calls again in a row; nil is without end.
        public var triesMax: Int?

        /// OBS: first after 2 s, each wait half as long again up to 15 minutes, 25 tries
        /// (obs-studio, `reconnect_delay` and `max_retries`).
        public static let encoder = Rule(
            first: .seconds(2), most: .minutes(15), growth: 3, triesMax: 25)
        /// A player: first after 1 s, then after twice as long, up to half a minute.
        public static let player = Rule(
            first: .seconds(1), most: .seconds(30), growth: 4, triesMax: nil)
    }

    private let rule: Rule
    private let jitterPerMille: Int64
    private var wait: Interval
    /// Waits since the last success.
    public private(set) var tries = 0

    /// Every wait is `jitterPerMille` thousandths of what the rule says.
    public init(_ rule: Rule, jitterPerMille: Int64) {
        check(jitterPerMille > 0, "a wait of nothing")
        self.rule = rule
        self.jitterPerMille = jitterPerMille
        wait = rule.first
    }

    /// The wait after one more failure; nil when it gives up.
    public mutating func next() -> Interval? {
        tries += 1
        if let most = rule.triesMax, tries > most { return nil }
        defer {
            wait = min(Interval(nanoseconds: wait.nanoseconds / 2 * rule.growth), rule.most)
        }
        return Interval(nanoseconds: wait.nanoseconds / 1_000 * jitterPerMille)
    }

    /// It is there again: the next failure is the first.
    public mutating func reset() {
        tries = 0
        wait = rule.first
    }
}
