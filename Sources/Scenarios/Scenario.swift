import Base
import Cloud

/// What to run and what to expect: plain data, complete, with every default filled in.
public struct Scenario: Sendable, Hashable {
    public var name: String
    public var summary: String
    public var seed: UInt64
    public var start: Instant
    public var duration: Interval
    public var deployment: Deployment
    /// The templates that the deployment was read from, where it was.
    public var plan: PlanSource?
    public var pricing: Pricing
    public var homes: [HomeKind]
    public var streamers: [StreamerGroup]
    public var viewers: [ViewerGroup]
    public var nodes: [NodeGroup]
    public var dashboard: DashboardUse
    /// Port scans and garbage connections from the internet, on average, for each hour.
    public var scansPerHour: Int
    public var trustRule: TrustRule
    public var faults: [Fault]
    /// How long after an intervention was needed a person makes it; nil is never. Without it
    /// one early failure would hide all later ones.
    public var repairAfter: Interval?
    public var criteria: Criteria
    public var gates: [Gate]

    public init(
        name: String, summary: String, seed: UInt64, start: Instant, duration: Interval,
        deployment: Deployment, pricing: Pricing, homes: [HomeKind], streamers: [StreamerGroup],
        viewers: [ViewerGroup], nodes: [NodeGroup], dashboard: DashboardUse, scansPerHour: Int,
        trustRule: TrustRule, faults: [Fault], repairAfter: Interval?, criteria: Criteria,
        gates: [Gate], plan: PlanSource? = nil
    ) {
        self.name = name
        self.plan = plan
        self.summary = summary
        self.seed = seed
        self.start = start
        self.duration = duration
        self.deployment = deployment
        self.pricing = pricing
        self.homes = homes
        self.streamers = streamers
        self.viewers = viewers
        self.nodes = nodes
        self.dashboard = dashboard
        self.scansPerHour = scansPerHour
        self.trustRule = trustRule
        self.faults = faults
        self.repairAfter = repairAfter
        self.criteria = criteria
        self.gates = gates
    }
}

/// CloudFormation templates that say what is deployed.
public struct PlanSource: Sendable, Hashable {
    /// Paths, one for each stack; in a file relative to it.
    public var templates: [String]
    /// The compose file that the user data starts, where the templates do not hold it.
    public var compose: String?

    public init(templates: [String], compose: String?) {
        self.templates = templates
        self.compose = compose
    }
}

public struct Pricing: Sendable, Hashable {
    public var regime: PriceRegime
    /// What a month may cost, in US cents.
    public var budgetCents: Int64
    /// Credits of the free plan, in US cents; other regimes ignore it.
    public var creditsCents: Int64
    /// Value-added tax, shown beside the bill and never in it; nil is none.
    public var tax: Share?

    public init(regime: PriceRegime, budgetCents: Int64, creditsCents: Int64, tax: Share?) {
        self.regime = regime
        self.budgetCents = budgetCents
        self.creditsCents = creditsCents
        self.tax = tax
    }
}

public enum PriceRegime: String, Sendable, Hashable, CaseIterable {
    case onDemand = "on-demand"
    case legacyFreeTier = "legacy-free-tier"
    case freePlan = "free-plan"
}

/// A kind of home connection, shared by all who name it.
public struct HomeKind: Sendable, Hashable {
    public var name: String
    public var uplink: Rate
    public var downlink: Rate
    /// One way, to the platform's region.
    public var delay: Interval
    public var loss: Share
    public var congestion: CongestionControl
    /// The part of the rates that is left during the evening hours.
    public var evening: EveningSlowdown?
    /// Router reboots: how often on average, and how long the home is away.
    public var rebootEvery: Interval?
    public var rebootLength: Interval
    /// Whether a reboot gives the home another address.
    public var addressChanges: Bool

    public init(
        name: String, uplink: Rate, downlink: Rate, delay: Interval, loss: Share,
        congestion: CongestionControl, evening: EveningSlowdown?, rebootEvery: Interval?,
        rebootLength: Interval, addressChanges: Bool
    ) {
        self.name = name
        self.uplink = uplink
        self.downlink = downlink
        self.delay = delay
        self.loss = loss
        self.congestion = congestion
        self.evening = evening
        self.rebootEvery = rebootEvery
        self.rebootLength = rebootLength
        self.addressChanges = addressChanges
    }
}

public enum CongestionControl: String, Sendable, Hashable, CaseIterable {
    case reno, cubic, bbr
}

/// Local clock times between which a home's rates shrink to `left`.
public struct EveningSlowdown: Sendable, Hashable {
    public var from: ClockTime
    public var until: ClockTime
    public var left: Share

    public init(from: ClockTime, until: ClockTime, left: Share) {
        self.from = from
        self.until = until
        self.left = left
    }
}

/// A local time of day in minutes after midnight, 0 ... 1439.
public struct ClockTime: Sendable, Hashable {
    public var minutes: Int

    public init(minutes: Int) {
        check((0..<1440).contains(minutes), "a time of day of \(minutes) minutes")
        self.minutes = minutes
    }
}

/// Friends who stream on a weekly schedule.
public struct StreamerGroup: Sendable, Hashable {
    public var name: String
    public var count: Int
    public var home: String
    /// A name of the committed table of time-zone rules, such as `Europe/Dublin`.
    public var timeZone: String
    public var schedule: [ScheduleEntry]
    public var media: MediaPlan

    public init(
        name: String, count: Int, home: String, timeZone: String, schedule: [ScheduleEntry],
        media: MediaPlan
    ) {
        self.name = name
        self.count = count
        self.home = home
        self.timeZone = timeZone
        self.schedule = schedule
        self.media = media
    }
}

/// On each of these weekdays, from a local time, for so long.
public struct ScheduleEntry: Sendable, Hashable {
    /// 0 is Monday, 6 is Sunday; sorted, distinct.
    public var weekdays: [Int]
    public var from: ClockTime
    public var length: Interval
    /// The start is drawn within this much after `from`.
    public var jitter: Interval

    public init(weekdays: [Int], from: ClockTime, length: Interval, jitter: Interval) {
        self.weekdays = weekdays
        self.from = from
        self.length = length
        self.jitter = jitter
    }
}

/// What an encoder sends.
public struct MediaPlan: Sendable, Hashable {
    public var video: Rate
    public var audio: Rate
    public var framesPerSecond: Int
    public var keyFrameEvery: Interval
    /// How many times an ordinary frame's size a key frame has.
    public var keyFrameRatio: Int
    /// Zero is a constant bit rate; otherwise the video rate is redrawn within ± this share.
    public var variation: Share
    /// How often a varying rate is redrawn.
    public var variationEvery: Interval

    public init(
        video: Rate, audio: Rate, framesPerSecond: Int, keyFrameEvery: Interval,
        keyFrameRatio: Int, variation: Share, variationEvery: Interval
    ) {
        self.video = video
        self.audio = audio
        self.framesPerSecond = framesPerSecond
        self.keyFrameEvery = keyFrameEvery
        self.keyFrameRatio = keyFrameRatio
        self.variation = variation
        self.variationEvery = variationEvery
    }
}

/// Viewers of streams: `count` for each stream that `streams` names.
public struct ViewerGroup: Sendable, Hashable {
    public var name: String
    public var count: Int
    public var home: String
    /// Indices into all streamers in order of their groups; nil is every stream.
    public var streams: [Int]?
    public var source: ViewerSource
    /// A viewer comes within this time after the stream began (drawn).
    public var arriveWithin: Interval
    /// How long a viewer stays; nil is until the stream ends.
    public var stay: Interval?
    /// Only sessions that begin in this part of the run have these viewers; nil is all.
    public var window: RunWindow?
    /// Media buffered before playing starts, and again after a stall.
    public var buffer: Interval
    /// A stall longer than this makes the viewer leave.
    public var patience: Interval
    /// How long after leaving the viewer tries again; nil is never in this session.
    public var returnsAfter: Interval?

    public init(
        name: String, count: Int, home: String, streams: [Int]?, source: ViewerSource,
        arriveWithin: Interval, stay: Interval?, window: RunWindow?, buffer: Interval,
        patience: Interval, returnsAfter: Interval?
    ) {
        self.name = name
        self.count = count
        self.home = home
        self.streams = streams
        self.source = source
        self.arriveWithin = arriveWithin
        self.stay = stay
        self.window = window
        self.buffer = buffer
        self.patience = patience
        self.returnsAfter = returnsAfter
    }
}

public enum ViewerSource: String, Sendable, Hashable, CaseIterable {
    /// Always plays from the RTMP server.
    case server
    /// Asks the coordinator where to watch: the best node, else the RTMP server.
    case coordinator
}

/// A stretch of the run, as offsets from its start.
public struct RunWindow: Sendable, Hashable {
    public var from: Interval
    public var until: Interval

    public init(from: Interval, until: Interval) {
        self.from = from
        self.until = until
    }
}

/// Supporter nodes: friends' computers that restream.
public struct NodeGroup: Sendable, Hashable {
    public var name: String
    public var count: Int
    public var home: String
    /// The stream each node of the group supports, dealt in turn; nil deals all streams.
    public var streams: [Int]?
    /// Without it nobody outside the home can reach the node.
    public var portForwarding: Bool
    public var viewersMax: Int

    public init(
        name: String, count: Int, home: String, streams: [Int]?, portForwarding: Bool,
        viewersMax: Int
    ) {
        self.name = name
        self.count = count
        self.home = home
        self.streams = streams
        self.portForwarding = portForwarding
        self.viewersMax = viewersMax
    }
}

/// People who look at the pages over HTTPS, besides the minutely probe of the criterion.
public struct DashboardUse: Sendable, Hashable {
    public var visitsPerDay: Int
    public var home: String

    public init(visitsPerDay: Int, home: String) {
        self.visitsPerDay = visitsPerDay
        self.home = home
    }
}

/// How a node's trust is computed (platform design, "trust score").
public enum TrustRule: String, Sendable, Hashable, CaseIterable {
    case spotChecks = "spot-checks"
    case verifiedReports = "verified-reports"
}

public struct Fault: Sendable, Hashable {
    public var kind: FaultKind
    /// Offset from the start of the run.
    public var at: Interval

    public init(kind: FaultKind, at: Interval) {
        self.kind = kind
        self.at = at
    }
}

/// To add a fault: a case here, its words in the parser, and what it does in `World+Faults`.
public enum FaultKind: Sendable, Hashable {
    case instanceReboot
    /// The instance is off for so long; an auto-assigned public address changes.
    case instanceStopStart(off: Interval)
    case containerCrash(Container)
    /// The home of a streamer or node, by its name such as `streamer-2`.
    case homeOutage(home: String, length: Interval)
}

public enum Container: String, Sendable, Hashable, CaseIterable {
    case rtmp, coordinator, worker, front, database, cache
}

/// Thresholds of the plan's success criteria.
public struct Criteria: Sendable, Hashable {
    /// Connection attempts from outside that must reach their service.
    public var reachable: Share
    /// Media time delivered of media time sent.
    public var delivered: Share
    /// Dashboard probes answered in time with 200.
    public var dashboard: Share
    /// Uptime of each service.
    public var uptime: Share
    public var friends: Int
    public var concurrentStreams: Int

    public init(
        reachable: Share, delivered: Share, dashboard: Share, uptime: Share, friends: Int,
        concurrentStreams: Int
    ) {
        self.reachable = reachable
        self.delivered = delivered
        self.dashboard = dashboard
        self.uptime = uptime
        self.friends = friends
        self.concurrentStreams = concurrentStreams
    }
}

/// `aggregate(metric) operator value`, over the run or a window of it.
public struct Gate: Sendable, Hashable {
    /// A column of the time series, or a figure of the summary (then `aggregate` is `.last`).
    public var metric: String
    public var aggregate: GateAggregate
    public var comparison: GateComparison
    /// In the metric's unit.
    public var value: Fixed
    public var window: RunWindow?

    public init(
        metric: String, aggregate: GateAggregate, comparison: GateComparison, value: Fixed,
        window: RunWindow?
    ) {
        self.metric = metric
        self.aggregate = aggregate
        self.comparison = comparison
        self.value = value
        self.window = window
    }
}

public enum GateAggregate: String, Sendable, Hashable, CaseIterable {
    case min, max, mean, sum, last, p50, p95, p99
}

public enum GateComparison: String, Sendable, Hashable, CaseIterable {
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case equal = "=="
}
