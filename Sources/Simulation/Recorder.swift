import Base
import Platform
import Results

/// What is written down while the world runs: the fingerprint, the log and the time series.
struct Recorder: Sendable {
    let start: Instant
    private(set) var digest: Digest
    /// The digest at the end of each whole hour.
    private(set) var hours: [String] = []
    private var nextHour: Instant
    private(set) var entries: [LogEntry] = []
    private(set) var entriesLeftOut: Int64 = 0
    private(set) var outages: [Outage] = []
    var series: Series
    var diskWasFull = false
    /// How long the account was closed before it was opened again.
    var closedTime = Interval.zero
    /// Ports that answered a scanner, in the order they were found, and when.
    private(set) var portsAnswered: [(port: Int, at: Instant)] = []
    /// Totals at the last sample, to make rates of.
    var egressBefore: Int64 = 0
    var ingressBefore: Int64 = 0
    var cpuBefore: Int64 = 0
    var writesBefore: Int64 = 0
    /// The hour of the last bill, and what it came to.
    var billedHour: Int64 = -1
    var billedSoFar: Fixed = .zero
    /// Every input of this hour, as text, where two runs are compared event by event.
    let traceHour: Int?
    private(set) var trace: [String] = []

    static let traceMax = 500_000

    init(start: Instant, seed: UInt64, step: Interval, traceHour: Int?) {
        self.start = start
        self.traceHour = traceHour
        digest = Digest(seed: seed)
        nextHour = start + .hours(1)
        series = Series(start: start, step: step, columns: Recorder.columns)
    }

    private static let columns = [
        Series.Column(name: "egress_rate", unit: "Mbit/s", values: []),
        Series.Column(name: "ingress_rate", unit: "Mbit/s", values: []),
        Series.Column(name: "cpu_used", unit: "%", values: []),
        Series.Column(name: "cpu_credits", unit: "credits", values: []),
        Series.Column(name: "cpu_surplus_credits", unit: "credits", values: []),
        Series.Column(name: "network_burst_left", unit: "GB", values: []),
        Series.Column(name: "memory_used", unit: "MiB", values: []),
        Series.Column(name: "disk_used", unit: "GiB", values: []),
        Series.Column(name: "viewers", unit: "count", values: []),
        Series.Column(name: "streams", unit: "count", values: []),
        Series.Column(name: "cost_so_far", unit: "USD", values: []),
    ]

    /// One row of the series; `values` in the order of the columns.
    mutating func row(_ values: [Fixed]) {
        check(values.count == series.columns.count, "a row of the wrong width")
        for index in values.indices {
            series.columns[index].values.append(values[index])
            digest.combine(Int64(truncatingIfNeeded: values[index].millionths))
        }
    }

    /// Closes the fingerprint's prefixes of all hours that ended by `now`.
    mutating func pass(_ now: Instant) {
        while now >= nextHour {
            hours.append(digest.hex)
            nextHour += .hours(1)
        }
    }

    /// Feeds one input of a program to the fingerprint.
    mutating func witness(_ now: Instant, _ ref: ProgramRef, _ input: Input) {
        if now >= nextHour { pass(now) }
        digest.combine(now.nanoseconds)
        let who = UInt64(ref.kind.rawValue) << 40 | UInt64(UInt32(bitPattern: ref.index)) << 8
        digest.combine(who | input.code)
        guard traceHour == hours.count, trace.count < Recorder.traceMax else { return }
        trace.append(
            "\(CivilTime(now).textUTC) +\(now.nanoseconds % 1_000_000_000) ns "
                + "\(ref.kind) \(ref.index): \(input)"
        )
    }

    mutating func answered(_ port: Int, at now: Instant) {
        guard !portsAnswered.contains(where: { $0.port == port }) else { return }
        portsAnswered.append((port, now))
    }

    mutating func combine(_ value: Int64) { digest.combine(value) }

    /// The end of the step in which the cost so far passed an amount; nil for never.
    func whenCostPassed(_ amount: Fixed) -> Instant? {
        guard let costs = series.columns.last?.values,
            let row = costs.firstIndex(where: { $0 > amount })
        else { return nil }
        return series.start + series.step * Int64(row + 1)
    }

    mutating func log(_ now: Instant, _ kind: String, _ entity: String, _ detail: String) {
        digest.combine(kind)
        digest.combine(entity)
        digest.combine(now.nanoseconds)
        guard entries.count < World.logMax else {
            entriesLeftOut += 1
            return
        }
        entries.append(LogEntry(at: now, kind: kind, entity: entity, detail: detail))
    }

    mutating func outageBegan(_ now: Instant, _ service: String, isHome: Bool, _ cause: String) {
        outages.append(
            Outage(
                service: service, isHome: isHome, from: now, until: nil, cause: cause,
                healedBy: nil))
    }

    mutating func outageEnded(_ now: Instant, _ service: String, _ healedBy: String) {
        guard let index = outages.lastIndex(where: { $0.service == service && $0.until == nil })
        else { return }
        outages[index].until = now
        outages[index].healedBy = healedBy
    }
}

extension Input {
    /// A small number for the fingerprint: which input, and the outcome where it has one.
    var code: UInt64 {
        switch self {
        case .started: 1
        case .woke: 2
        case .called: 3
        case .answered(_, let answer):
            switch answer {
            case .reply: 16
            case .stored: 17
            case .cached: 18
            case .worked: 24
            case .failed(let reason): 19 + UInt64(reason.rawValue)
            }
        case .opened: 4
        case .received(_, let message):
            switch message {
            case .publish: 32
            case .play: 33
            case .accepted: 34
            case .rejected(let why): 36 + UInt64(why.rawValue)
            case .ended: 35
            }
        case .closed(_, let reason): 64 + UInt64(reason.rawValue)
        case .stalled: 5
        case .playing: 6
        }
    }
}
