import Base

/// What a load did to its target, and whether that can be believed: plain values, for reports.
///
/// Delays are milliseconds. `start` is the host's time of day; all else is counted from it.
public struct LoadResult: Sendable, Hashable {
    public var heading: LoadHeading
    /// Nil when the load came to its end; otherwise why it did not.
    public var partial: String?
    public var start: Instant
    public var length: Interval
    public var rulings: [LoadRuling]
    /// Why nothing can be ruled: the target was down, too few samples, the generator's own limits.
    public var doubts: [String]
    public var spreads: [LoadSpread]
    public var counts: [LoadCount]
    /// What answers should have been, and how many were.
    public var checks: [LoadCheckCount]
    /// What thresholds on counters and shares are ruled on.
    public var sums: [LoadCount]
    /// How often what went wrong, the most frequent first.
    public var failures: [LoadCount]
    /// The generator's own health.
    public var generator: [LoadCount]
    public var series: Series
    public var events: [LogEntry]
    public var histograms: [LoadHistogram]
    /// Where a scenario was driven.
    public var scenario: LoadScenario?

    public init(
        heading: LoadHeading, partial: String?, start: Instant, length: Interval,
        rulings: [LoadRuling], doubts: [String], spreads: [LoadSpread], counts: [LoadCount],
        checks: [LoadCheckCount], sums: [LoadCount], failures: [LoadCount], generator: [LoadCount],
        series: Series,
        events: [LogEntry], histograms: [LoadHistogram], scenario: LoadScenario? = nil
    ) {
        self.heading = heading
        self.partial = partial
        self.start = start
        self.length = length
        self.rulings = rulings
        self.doubts = doubts
        self.spreads = spreads
        self.counts = counts
        self.checks = checks
        self.sums = sums
        self.failures = failures
        self.generator = generator
        self.series = series
        self.events = events
        self.histograms = histograms
        self.scenario = scenario
    }

    /// Nothing is ruled while there are doubts; what failed has failed, whatever else is not known.
    public var status: Status {
        if !doubts.isEmpty { return .inconclusive }
        if rulings.contains(where: { $0.status == .fail }) { return .fail }
        return rulings.contains { $0.status == .inconclusive } ? .inconclusive : .pass
    }
}

/// What was to be done, to whom.
public struct LoadHeading: Sendable, Hashable {
    /// As it was given.
    public var target: String
    /// Where the packets went, by number.
    public var address: String
    public var publishers: Int64
    public var players: Int64
    public var duration: Interval
    public var ramp: Interval
    /// What came before this is in no spread.
    public var warmUp: Interval
    /// Of one stream: video and audio together.
    public var streamRate: Rate
    public var framesPerSecond: Int64
    public var groupFrames: Int64
    /// Such as `2/3`: the second of three that share the load.
    public var shard: String

    public init(
        target: String, address: String, publishers: Int64, players: Int64, duration: Interval,
        ramp: Interval, warmUp: Interval, streamRate: Rate, framesPerSecond: Int64,
        groupFrames: Int64, shard: String
    ) {
        self.target = target
        self.address = address
        self.publishers = publishers
        self.players = players
        self.duration = duration
        self.ramp = ramp
        self.warmUp = warmUp
        self.streamRate = streamRate
        self.framesPerSecond = framesPerSecond
        self.groupFrames = groupFrames
        self.shard = shard
    }
}

/// One thing that was to hold.
public struct LoadRuling: Sendable, Hashable {
    /// Such as `connections` or `delivery_delay: p(95)<500`.
    public var id: String
    public var status: Status
    /// What was measured, in words.
    public var evidence: String

    public init(id: String, status: Status, evidence: String) {
        self.id = id
        self.status = status
        self.evidence = evidence
    }
}

/// How one kind of delay was spread, in milliseconds.
public struct LoadSpread: Sendable, Hashable {
    /// Such as `delivery_delay`.
    public var name: String
    /// What it is, in words.
    public var meaning: String
    public var count: Int64
    public var least: Fixed
    public var mean: Fixed
    public var p50: Fixed
    public var p90: Fixed
    public var p95: Fixed
    public var p99: Fixed
    public var most: Fixed

    public init(
        name: String, meaning: String, count: Int64, least: Fixed, mean: Fixed, p50: Fixed,
        p90: Fixed, p95: Fixed, p99: Fixed, most: Fixed
    ) {
        self.name = name
        self.meaning = meaning
        self.count = count
        self.least = least
        self.mean = mean
        self.p50 = p50
        self.p90 = p90
        self.p95 = p95
        self.p99 = p99
        self.most = most
    }
}

/// How many answers were as a check wants them, and how many were not.
public struct LoadCheckCount: Sendable, Hashable {
    /// Such as `GET /health: status == 200`.
    public var name: String
    public var passed: Int64
    public var failed: Int64

    public init(name: String, passed: Int64, failed: Int64) {
        self.name = name
        self.passed = passed
        self.failed = failed
    }
}

/// A number with its name and unit.
public struct LoadCount: Sendable, Hashable {
    public var name: String
    /// Such as `count`, `bytes`, `ms`, `%`.
    public var unit: String
    public var value: Fixed

    public init(name: String, unit: String, value: Fixed) {
        self.name = name
        self.unit = unit
        self.value = value
    }
}

/// The buckets of one spread, to be added to those of other runs.
public struct LoadHistogram: Sendable, Hashable {
    public var name: String
    public var buckets: [Bucket]

    public struct Bucket: Sendable, Hashable {
        /// The greatest value that belongs to the bucket.
        public var microseconds: UInt64
        public var count: UInt64

        public init(microseconds: UInt64, count: UInt64) {
            self.microseconds = microseconds
            self.count = count
        }
    }

    public init(name: String, buckets: [Bucket]) {
        self.name = name
        self.buckets = buckets
    }
}
