import Base
import Results

/// The contents of a load's `summary.json`.
///
/// The names of the fields are a contract with whoever reads the file; a change of meaning needs
/// another `schema`. Times are UTC, numbers exact decimals; the unit is the end of a name.
public struct LoadSummary: Sendable, Hashable, Codable {
    public static let schema = "streamr-sim/load/2"

    public var schema = LoadSummary.schema
    public var target: String
    /// Where the packets went, by number.
    public var address: String
    public var publishers: Int64
    public var players: Int64
    public var durationSeconds: ExactNumber
    public var rampSeconds: ExactNumber
    public var warmUpSeconds: ExactNumber
    public var streamBitsPerSecond: Int64
    public var framesPerSecond: Int64
    public var groupFrames: Int64
    /// Such as `2/3`: the second of three that share the load.
    public var shard: String
    public var start: Moment
    public var lengthSeconds: ExactNumber
    /// Null when the load came to its end; otherwise why it did not.
    @OrNull public var partial: String?
    /// `pass`, `fail` or `inconclusive`.
    public var status: String
    public var rulings: [Ruling]
    public var doubts: [String]
    public var spreads: [Spread]
    public var counts: [Count]
    /// Only where answers were checked.
    public var checks: [Check]?
    /// What thresholds on counters and shares are ruled on.
    public var sums: [Count]
    public var failures: [Count]
    public var generator: [Count]
    public var series: Summary.SeriesHeading
    /// Only where a scenario was driven.
    public var scenario: Scenario?

    public struct Ruling: Sendable, Hashable, Codable {
        public var id: String
        public var status: String
        public var evidence: String
    }

    public struct Spread: Sendable, Hashable, Codable {
        public var name: String
        public var meaning: String
        public var count: Int64
        public var leastMs: ExactNumber
        public var meanMs: ExactNumber
        public var p50Ms: ExactNumber
        public var p90Ms: ExactNumber
        public var p95Ms: ExactNumber
        public var p99Ms: ExactNumber
        public var mostMs: ExactNumber
    }

    public struct Check: Sendable, Hashable, Codable {
        public var name: String
        public var passed: Int64
        public var failed: Int64
    }

    public struct Count: Sendable, Hashable, Codable {
        public var name: String
        public var unit: String
        public var value: ExactNumber
    }

    public init(_ result: LoadResult) {
        let heading = result.heading
        target = heading.target
        address = heading.address
        publishers = heading.publishers
        players = heading.players
        durationSeconds = ExactNumber(seconds: heading.duration)
        rampSeconds = ExactNumber(seconds: heading.ramp)
        warmUpSeconds = ExactNumber(seconds: heading.warmUp)
        streamBitsPerSecond = heading.streamRate.bitsPerSecond
        framesPerSecond = heading.framesPerSecond
        groupFrames = heading.groupFrames
        shard = heading.shard
        start = Moment(result.start)
        lengthSeconds = ExactNumber(seconds: result.length)
        partial = result.partial
        status = result.status.rawValue
        rulings = result.rulings.map {
            Ruling(id: $0.id, status: $0.status.rawValue, evidence: $0.evidence)
        }
        doubts = result.doubts
        spreads = result.spreads.map(Spread.init)
        counts = result.counts.map(Count.init)
        let checks = result.checks.map {
            Check(name: $0.name, passed: $0.passed, failed: $0.failed)
        }
        self.checks = checks.isEmpty ? nil : checks
        sums = result.sums.map(Count.init)
        failures = result.failures.map(Count.init)
        generator = result.generator.map(Count.init)
        series = Summary.SeriesHeading(result.series)
        scenario = result.scenario.map(Scenario.init)
    }
}

extension LoadSummary.Spread {
    init(_ spread: LoadSpread) {
        self.init(
            name: spread.name, meaning: spread.meaning, count: spread.count,
            leastMs: ExactNumber(spread.least), meanMs: ExactNumber(spread.mean),
            p50Ms: ExactNumber(spread.p50), p90Ms: ExactNumber(spread.p90),
            p95Ms: ExactNumber(spread.p95), p99Ms: ExactNumber(spread.p99),
            mostMs: ExactNumber(spread.most))
    }
}

extension LoadSummary.Count {
    init(_ count: LoadCount) {
        self.init(name: count.name, unit: count.unit, value: ExactNumber(count.value))
    }
}
