import Base
import Results
import Scenarios

/// The contents of `summary.json`: a run's rulings and figures, without its series and events.
///
/// The names of the fields are a contract with whoever reads the file; a change of meaning needs
/// another `RunResult.schema`. Times are UTC, numbers exact decimals, money decimal strings.
public struct Summary: Sendable, Hashable, Codable {
    public var schema: String
    public var scenario: String
    /// The scenario's own sentence about itself.
    public var description: String
    public var seed: UInt64
    public var mode: RunMode
    /// Null when the run came to its end; otherwise why it did not.
    @OrNull public var partial: String?
    public var start: Moment
    /// Seconds of simulated time.
    public var simulated: ExactNumber
    /// Seconds that the scenario asked for.
    public var planned: ExactNumber
    public var fingerprint: String
    public var region: String
    public var regime: String
    /// Dollars a month.
    public var budget: String
    /// Only where the scenario's templates have errors.
    public var plan: Plan?
    /// Only where the scenario is deployed from templates.
    public var reach: Reach?
    public var verdicts: [Verdict]
    public var gates: [Gate]
    public var interventions: [Intervention]
    public var outages: [Outage]
    public var figures: Figures
    public var assumptions: [String]
    public var drawn: [Drawn]
    @OrNull public var fidelity: Fidelity?
    /// What `series.csv` holds.
    public var series: SeriesHeading
    /// The command that gives this result again.
    public var reproduce: String

    public struct SeriesHeading: Sendable, Hashable, Codable {
        /// Seconds between two rows; the first row ends one step after the start.
        public var step: ExactNumber
        public var rows: Int
        public var columns: [Column]

        public struct Column: Sendable, Hashable, Codable {
            public var name: String
            public var unit: String
        }
    }

    public struct Verdict: Sendable, Hashable, Codable {
        public var id: String
        public var criterion: String
        public var status: Status
        public var value: ExactNumber
        public var threshold: ExactNumber
        public var unit: String
        public var samples: Int64
        public var samplesMin: Int64
        @OrNull public var firstBroken: Moment?
        public var evidence: String
        @OrNull public var remedy: Remedy?
        @OrNull public var disagreement: String?
        /// Only where a search found no remedy: what was run and did not turn it.
        public var remediesTried: [Remedy]?
    }

    public struct Remedy: Sendable, Hashable, Codable {
        public var change: String
        public var status: Status
        public var value: ExactNumber
        public var fingerprint: String
        public var total730h: String
    }

    public struct Gate: Sendable, Hashable, Codable {
        public var metric: String
        public var aggregate: String
        public var comparison: String
        public var threshold: ExactNumber
        /// Seconds from the start; null is the whole run.
        @OrNull public var window: Window?
        public var status: Status
        @OrNull public var value: ExactNumber?
        public var samples: Int64
    }

    public struct Window: Sendable, Hashable, Codable {
        public var from: ExactNumber
        public var until: ExactNumber
    }

    public struct Intervention: Sendable, Hashable, Codable {
        public var at: Moment
        public var service: String
        public var cause: String
        public var action: String
    }

    public struct Outage: Sendable, Hashable, Codable {
        public var service: String
        /// Whether it is a friend's home that was away, and nothing of the platform.
        public var isHome: Bool
        public var from: Moment
        @OrNull public var until: Moment?
        public var cause: String
        @OrNull public var healedBy: String?
    }

    public struct Drawn: Sendable, Hashable, Codable {
        public var name: String
        public var value: String
    }

    public struct Fidelity: Sendable, Hashable, Codable {
        public var from: Moment
        public var until: Moment
        public var frames: Int64
        public var rows: [Row]

        public struct Row: Sendable, Hashable, Codable {
            public var name: String
            public var fluid: ExactNumber
            public var frame: ExactNumber
        }
    }
}

extension RunMode: Codable {}
extension Status: Codable {}

/// Figures by name: one JSON object, in order of the names.
public struct Figures: Sendable, Hashable, Codable {
    public private(set) var list: [Figure]

    /// The names must differ from one another.
    public init(_ figures: [Figure]) {
        list = figures.sorted { $0.name < $1.name }
        for (a, b) in zip(list, list.dropFirst()) {
            check(a.name != b.name, "two figures named \(a.name)")
        }
    }

    public subscript(name: String) -> Fixed? { list.first { $0.name == name }?.value }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Name.self)
        self.init(
            try container.allKeys.map {
                Figure($0.stringValue, try container.decode(ExactNumber.self, forKey: $0).value)
            })
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Name.self)
        for figure in list {
            try container.encode(ExactNumber(figure.value), forKey: Name(stringValue: figure.name))
        }
    }

    private struct Name: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}
