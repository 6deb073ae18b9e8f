import Base
import Results

/// All that a load measured so far, a second at a time: sums, windows, series, events.
struct LoadLedger: Sendable {
    let plan: LoadPlan
    let start: Instant
    /// Of the whole load.
    private(set) var total = Tally()
    /// Since the warm-up, and of each window that a threshold has.
    private(set) var windows: [(window: Threshold.Window, tally: Tally)]
    private(set) var series: Series
    private(set) var events: [LogEntry] = []
    private(set) var elapsed = Interval.zero
    private(set) var cpuPercents: [Fixed] = []
    private(set) var clientsNotCalled: Int64 = 0
    /// Since the warm-up.
    private(set) var queues = SocketQueues()
    /// At once.
    private(set) var publishersMost: Int64 = 0
    /// What the target said of itself before the load and after it.
    var figures: (before: TargetFigures, after: TargetFigures)?
    /// What asking for them took, and for its health; no part of the load.
    var figuresBytes = (sent: 0, received: 0)
    var healthBytes = (sent: 0, received: 0)
    /// Why the load ended before its time.
    var cut: LoadCut?
    /// Stalls that go on, as long as they are so far.
    private(set) var standing = Distribution()
    private var hurt = HurtWatch()
    /// At the end of the last second.
    private var clientsNow: Int64 = 0

    static let step = Interval.seconds(1)
    private static let eventsMax = 1_000

    init(_ plan: LoadPlan, start: Instant) {
        self.plan = plan
        self.start = start
        series = Series(start: start, step: Self.step, columns: LoadRow.columns)
        windows = [(Threshold.Window(after: plan.warmUp, before: nil), Tally())]
        for window in plan.thresholds.compactMap(\.window)
        where !windows.contains(where: { $0.window == window }) {
            windows.append((window, Tally()))
        }
    }

    /// Since the warm-up.
    var ruled: Tally { windows[0].tally }

    /// Takes the next second, or what is left of the last, to `end`; says why the load must end at
    /// once, if it must.
    mutating func take(
        _ row: LoadRow, until end: Interval,
        _ incidents: [(after: Interval, LoadLoop.Incident)]
    ) -> LoadCut? {
        let before = elapsed
        elapsed = max(end, before)
        total.add(row.tally, delays: true)
        standing = row.standing
        for index in windows.indices {
            let window = windows[index].window
            if window.covers(elapsed) {
                if !window.covers(before) { windows[index].tally.present = clientsNow }
                windows[index].tally.add(row.tally, delays: true)
            }
            // A stall that outlasts the window is one of it, as long as it was by then.
            if window.before == elapsed { windows[index].tally.add(standing, to: .stall) }
        }
        clientsNow = row.clients
        for (index, value) in row.values.enumerated() {
            series.columns[index].values.append(value)
        }
        if elapsed > plan.warmUp {
            cpuPercents.append(row.cpuPercent)
            queues.add(row.queues)
        }
        clientsNotCalled = row.clientsNotCalled
        publishersMost = max(publishersMost, row.publishers)
        for (after, incident) in incidents {
            note(incident.kind, incident.entity, incident.detail, after: after)
        }
        return reasonToCut(row)
    }

    mutating func note(_ kind: String, _ entity: String, _ detail: String, after: Interval) {
        guard events.count < Self.eventsMax else { return }
        events.append(LogEntry(at: start + after, kind: kind, entity: entity, detail: detail))
    }

    private mutating func reasonToCut(_ row: LoadRow) -> LoadCut? {
        let hurts = hurt.take(
            HurtWatch.Second(
                failures: row.failures, answers: row.tally.callsAnswered,
                clients: row.publishers + row.players, messagesSent: row.tally.messagesSent,
                messagesHeldBack: row.tally.messagesHeldBack - row.tally.messagesHeldAtHome,
                players: row.players,
                playersStuck: row.playersStuck, looks: row.tally.looks,
                looksMissed: row.tally.looksMissed))
        if let hurts, plan.ceilings.stopsWhenHurt { return .hurt(hurts) }
        for threshold in plan.thresholds
        where threshold.abortsOnFail && elapsed >= threshold.abortsAfter {
            let (tally, length) = basis(of: threshold)
            guard length > .zero, let value = threshold.measured(in: tally, over: length) else {
                continue
            }
            if !threshold.comparison.holds(value, threshold.value) {
                return .threshold(
                    "\(threshold.id) does not hold: \(value.text(decimalsMax: 3))")
            }
        }
        return nil
    }

    /// What a threshold is ruled on, and the time that this took.
    func basis(of threshold: Threshold) -> (Tally, Interval) {
        let window = threshold.window ?? windows[0].window
        var tally = windows.first { $0.window == window }?.tally ?? Tally()
        if window.before.map({ elapsed < $0 }) ?? true { tally.add(standing, to: .stall) }
        let until = min(window.before ?? elapsed, elapsed)
        return (tally, max(until - window.after, .zero))
    }
}
