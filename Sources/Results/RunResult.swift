import Base
import Cloud
import Scenarios

/// All that a run found out: what every mode of running writes and the report shows.
///
/// Equal for the same scenario, seed and version, to the byte; nothing of the host is in it.
public struct RunResult: Sendable, Hashable {
    public static let schema = "streamr-sim/summary/1"

    public var scenario: Scenario
    public var mode: RunMode
    /// Nil when the run came to its end; otherwise why it did not.
    public var partial: String?
    /// Simulated time, from the scenario's start.
    public var simulated: Interval
    public var fingerprint: String
    /// The fingerprint's prefix at the end of each simulated hour.
    public var hours: [String]
    public var verdicts: [Verdict]
    public var gates: [GateRuling]
    public var bill: Bill
    public var interventions: [Intervention]
    public var figures: [Figure]
    public var series: Series
    public var events: [LogEntry]
    /// What the seed decided: name and value, in the order of drawing.
    public var drawn: [DrawnParameter]
    /// Assumptions that a verdict rests on (burst bucket size, cost profiles, ...).
    public var assumptions: [String]
    /// Fluid beside frames, where frames were run.
    public var fidelity: FidelityReport?
    /// When each service was away, and each home.
    public var outages: [Outage]

    public init(
        scenario: Scenario, mode: RunMode, partial: String?, simulated: Interval,
        fingerprint: String, hours: [String], verdicts: [Verdict], gates: [GateRuling],
        bill: Bill, interventions: [Intervention], figures: [Figure], series: Series,
        events: [LogEntry],
        drawn: [DrawnParameter], assumptions: [String], fidelity: FidelityReport?,
        outages: [Outage]
    ) {
        self.scenario = scenario
        self.mode = mode
        self.partial = partial
        self.simulated = simulated
        self.fingerprint = fingerprint
        self.hours = hours
        self.verdicts = verdicts
        self.gates = gates
        self.bill = bill
        self.interventions = interventions
        self.figures = figures
        self.series = series
        self.events = events
        self.drawn = drawn
        self.assumptions = assumptions
        self.fidelity = fidelity
        self.outages = outages
    }
}

public enum RunMode: String, Sendable, Hashable {
    case fluid, frame, sockets, live
}

public enum Status: String, Sendable, Hashable {
    case pass, fail, inconclusive
}

/// The ruling on one success criterion.
public struct Verdict: Sendable, Hashable {
    /// Stable, such as `dashboard-https`.
    public var id: String
    /// The criterion in the plan's words.
    public var criterion: String
    public var status: Status
    public var value: Fixed
    public var threshold: Fixed
    public var unit: String
    public var samples: Int64
    public var samplesMin: Int64
    /// When it first went wrong; nil where it never did.
    public var firstBroken: Instant?
    /// One or more sentences with the figures the ruling rests on.
    public var evidence: String
    public var remedy: Remedy?
    /// What was run in vain where no remedy was found; nil where one was, or none was looked for.
    public var tried: [Remedy]?
    /// The other end of the cost profiles' range, where it rules otherwise.
    public var disagreement: String?

    public init(
        id: String, criterion: String, status: Status, value: Fixed, threshold: Fixed,
        unit: String, samples: Int64, samplesMin: Int64, firstBroken: Instant?,
        evidence: String, remedy: Remedy?, disagreement: String?
    ) {
        self.id = id
        self.criterion = criterion
        self.status = status
        self.value = value
        self.threshold = threshold
        self.unit = unit
        self.samples = samples
        self.samplesMin = samplesMin
        self.firstBroken = firstBroken
        self.evidence = evidence
        self.remedy = remedy
        self.disagreement = disagreement
    }
}

/// A change to a failed run, and the run that shows whether it turns the verdict round.
public struct Remedy: Sendable, Hashable {
    /// What to change, in a sentence.
    public var change: String
    /// The verdict of a run with only that change.
    public var status: Status
    public var value: Fixed
    public var fingerprint: String
    /// The month's bill of that run, in dollars.
    public var total730h: String
    /// What that run ran.
    public var scenario: Scenario

    public init(
        change: String, status: Status, value: Fixed, fingerprint: String, total730h: String,
        scenario: Scenario
    ) {
        self.change = change
        self.status = status
        self.value = value
        self.fingerprint = fingerprint
        self.total730h = total730h
        self.scenario = scenario
    }
}

extension Fixed {
    /// A unit's name in the plural, in the number that this value asks for.
    public func counted(_ unit: String) -> String {
        self == Fixed(1) && unit.hasSuffix("s") ? String(unit.dropLast()) : unit
    }
}

public struct GateRuling: Sendable, Hashable {
    public var gate: Gate
    public var status: Status
    /// Nil where the metric had no samples.
    public var value: Fixed?
    public var samples: Int64

    public init(gate: Gate, status: Status, value: Fixed?, samples: Int64) {
        self.gate = gate
        self.status = status
        self.value = value
        self.samples = samples
    }
}

/// A moment after which only a person could have brought something back.
public struct Intervention: Sendable, Hashable {
    public var at: Instant
    public var service: String
    public var cause: String
    /// What a person would have to do.
    public var action: String

    public init(at: Instant, service: String, cause: String, action: String) {
        self.at = at
        self.service = service
        self.cause = cause
        self.action = action
    }
}

/// A named number of the summary; the unit is the end of the name (`egress_viewers_bytes`).
public struct Figure: Sendable, Hashable {
    public var name: String
    public var value: Fixed

    public init(_ name: String, _ value: Fixed) {
        self.name = name
        self.value = value
    }
}

/// Time series sampled at a fixed step: `columns[c].values[row]`, row 0 ends one step after start.
public struct Series: Sendable, Hashable {
    public var start: Instant
    public var step: Interval
    public var columns: [Column]

    public struct Column: Sendable, Hashable {
        /// Such as `egress_rate`.
        public var name: String
        /// Such as `Mbit/s`, `%`, `MiB`, `credits`, `USD`, `count`.
        public var unit: String
        public var values: [Fixed]

        public init(name: String, unit: String, values: [Fixed]) {
            self.name = name
            self.unit = unit
            self.values = values
        }
    }

    public init(start: Instant, step: Interval, columns: [Column]) {
        self.start = start
        self.step = step
        self.columns = columns
    }
}

/// One line of the log of state changes.
public struct LogEntry: Sendable, Hashable {
    public var at: Instant
    /// What kind of thing happened, such as `stream-live`, `stall`, `container-exit`.
    public var kind: String
    /// Whom it happened to, such as `streamer-2`, `rtmp`, `instance`.
    public var entity: String
    public var detail: String

    public init(at: Instant, kind: String, entity: String, detail: String) {
        self.at = at
        self.kind = kind
        self.entity = entity
        self.detail = detail
    }
}

public struct DrawnParameter: Sendable, Hashable {
    public var name: String
    public var value: String

    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

public struct Outage: Sendable, Hashable {
    /// The service, or the person whose home it was.
    public var service: String
    /// Whether a friend's home was away, which is no outage of the platform.
    public var isHome: Bool
    public var from: Instant
    /// Nil when it was still away at the end.
    public var until: Instant?
    public var cause: String
    /// What brought it back, such as `restart policy always`.
    public var healedBy: String?

    public init(
        service: String, isHome: Bool, from: Instant, until: Instant?, cause: String,
        healedBy: String?
    ) {
        self.service = service
        self.isHome = isHome
        self.from = from
        self.until = until
        self.cause = cause
        self.healedBy = healedBy
    }
}

/// How far the fluid result was from the frames', over the same stretch of the same run.
public struct FidelityReport: Sendable, Hashable {
    public var from: Instant
    public var until: Instant
    public var frames: Int64
    public var rows: [Row]

    public struct Row: Sendable, Hashable {
        /// With its unit, such as `egress_bytes`, `delivery_delay_mean_ms`, `stall_s`.
        public var name: String
        public var fluid: Fixed
        public var frame: Fixed

        public init(name: String, fluid: Fixed, frame: Fixed) {
            self.name = name
            self.fluid = fluid
            self.frame = frame
        }
    }

    public init(from: Instant, until: Instant, frames: Int64, rows: [Row]) {
        self.from = from
        self.until = until
        self.frames = frames
        self.rows = rows
    }
}
