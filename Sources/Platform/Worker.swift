import Base

/// The background jobs of the platform, each with its own period; one `wake` at the earliest.
///
/// Before each run a job's lease is asked for in the store, so that of two workers one does it.
/// What is asked of the store for one job is asked in order, one after another.
public struct Worker: Program {
    static let pollEvery = Interval.seconds(60)
    static let spotCheckEvery = Interval.minutes(5) ... .minutes(15)
    static let spotCheckTimeout = Interval.seconds(15)
    static let sweepEvery = Interval.minutes(2)
    static let cacheAge = Interval.seconds(90)
    static let verifyEvery = Interval.minutes(15)
    /// Daily at 03:00 UTC.
    static let retainHour = Interval.hours(3)
    /// How far back a worker that was away looks for hours to pay; older ones are paid with them.
    static let hoursBack: Int64 = 24
    public static let nodesMax = 10_000
    /// Nodes that are asked for their statistics at once.
    public static let pollsMax = 100

    /// What an answer belongs to, in the top byte of its `CallID`; below it the node or the job.
    private enum Purpose: UInt64, Sendable {
        case claim = 1, pollList, stats, probe, checkList, plain, verify, trust, sweep, pay
    }

    /// The spot check under way.
    private struct Check: Sendable {
        var node: NodeID
        var stream: StreamID
        var connection: ConnectionID
        var deadline: Instant
    }

    private let identity: UInt64
    private var deadlines = [Instant](repeating: .distantFuture, count: Job.allCases.count)
    /// The poll's nodes, and how many of them were asked and are done with.
    private var polled: [NodeID] = []
    private var pollsBegun = 0
    private var pollsDone = 0
    private var check: Check?
    private var connections: UInt32 = 0
    /// The first hour that this worker has not seen paid.
    private var hourNext: Int64 = 0
    private var random: Random

    public init(random: Random) {
        var random = random
        identity = random.next()
        self.random = random
    }

    /// To nodes: statistics and the spot check.
    public var connectionsOpen: Int { pollsBegun - pollsDone + (check == nil ? 0 : 1) }

    public mutating func handle(_ input: Input, at now: Instant, into outbox: inout Outbox) {
        switch input {
        case .started: begin(now)
        case .woke: runDue(now, into: &outbox)
        case .answered(let id, let answer): take(id, answer, now, into: &outbox)
        case .opened(let connection):
            if let check, check.connection == connection {
                outbox.append(.send(connection, .play(check.stream)))
            }
        case .received(let connection, let message):
            guard check?.connection == connection else { break }
            switch message {
            case .accepted: endCheck(passed: true, close: true, into: &outbox)
            case .rejected(let why): rejected(why, into: &outbox)
            case .ended, .publish, .play: endCheck(passed: nil, close: true, into: &outbox)
            }
        case .closed(let connection, _):
            if check?.connection == connection {
                endCheck(passed: false, close: false, into: &outbox)
            }
        case .called(let ticket, _, _): outbox.append(.reply(ticket, .refused(.noNode)))
        case .stalled, .playing: break
        }
        outbox.append(.wake(earliest))
    }

    private var earliest: Instant {
        var least = check?.deadline ?? .distantFuture
        for deadline in deadlines where deadline < least { least = deadline }
        return least
    }

    private mutating func begin(_ now: Instant) {
        check = nil
        polled = []
        pollsBegun = 0
        pollsDone = 0
        hourNext = now.hoursSinceEpoch - Self.hoursBack
        for job in Job.allCases {
            deadlines[Int(job.rawValue)] = .distantFuture
            deadlines[Int(job.rawValue)] = next(job, after: now)
        }
    }

    /// When a job that has just been due is due again; runs that were missed are not made up.
    private mutating func next(_ job: Job, after now: Instant) -> Instant {
        switch job {
        case .poll: regular(job, Self.pollEvery, now)
        case .spotCheck: now + random.interval(Self.spotCheckEvery)
        case .sweep: regular(job, Self.sweepEvery, now)
        case .verify: regular(job, Self.verifyEvery, now)
        case .pay: next(multipleOf: .hours(1), after: now)
        case .retain: next(multipleOf: .days(1), after: now - Self.retainHour) + Self.retainHour
        }
    }

    private func regular(_ job: Job, _ every: Interval, _ now: Instant) -> Instant {
        let last = deadlines[Int(job.rawValue)]
        return last <= now && last + every > now ? last + every : now + every
    }

    private func next(multipleOf step: Interval, after now: Instant) -> Instant {
        Instant(nanoseconds: (now.nanoseconds / step.nanoseconds + 1) * step.nanoseconds)
    }

    private func id(_ purpose: Purpose, _ subject: Int32 = 0) -> CallID {
        CallID(purpose.rawValue << 56 | UInt64(UInt32(bitPattern: subject)))
    }

    // MARK: Jobs

    private mutating func runDue(_ now: Instant, into outbox: inout Outbox) {
        if let check, check.deadline <= now {
            endCheck(passed: false, close: true, into: &outbox)
        }
        for job in Job.allCases where deadlines[Int(job.rawValue)] <= now {
            deadlines[Int(job.rawValue)] = next(job, after: now)
            outbox.append(
                .transact(
                    id(.claim, Int32(job.rawValue)),
                    .claim(job, by: identity, until: now + job.lease)))
        }
    }

    private mutating func run(_ job: Job, _ now: Instant, into outbox: inout Outbox) {
        switch job {
        case .poll:
            // Nodes that are slow to answer may still be waited for.
            if pollsDone == polled.count { outbox.append(.transact(id(.pollList), .activeNodes)) }
        case .spotCheck:
            if check == nil { outbox.append(.transact(id(.checkList), .activeNodes)) }
        case .sweep:
            outbox.append(.transact(id(.sweep), .sweepInactive))
            outbox.append(.transact(id(.plain), .staleStreams))
            outbox.append(.cache(id(.plain), .sweep(before: now - Self.cacheAge)))
        case .verify: outbox.append(.transact(id(.verify), .verifyReports))
        case .pay: payNext(now, into: &outbox)
        case .retain: outbox.append(.transact(id(.plain), .retain))
        }
    }

    private mutating func take(
        _ id: CallID, _ answer: Answer, _ now: Instant, into outbox: inout Outbox
    ) {
        let subject = Int32(truncatingIfNeeded: id.raw & 0xFFFF_FFFF)
        switch Purpose(rawValue: id.raw >> 56) {
        case .claim?:
            guard case .stored(.claimed(true)) = answer,
                let job = Job(rawValue: UInt8(truncatingIfNeeded: subject))
            else { break }
            run(job, now, into: &outbox)
        case .pollList?:
            if case .stored(.nodes(let rows)) = answer { startPoll(rows, into: &outbox) }
        case .stats?: keepProbe(NodeID(subject), answer, into: &outbox)
        case .probe?: pollNext(into: &outbox)
        case .checkList?:
            if case .stored(.nodes(let rows)) = answer { startCheck(rows, now, into: &outbox) }
        case .verify?: outbox.append(.transact(self.id(.trust), .updateTrust))
        case .trust?:
            guard case .stored(.changed(let changed)) = answer else { break }
            for node in changed { outbox.append(.observe(.nodeFlagged(node))) }
        case .sweep?:
            guard case .stored(.changed(let changed)) = answer else { break }
            for node in changed { outbox.append(.observe(.nodeInactive(node))) }
        case .pay?: paid(answer, now, into: &outbox)
        case .plain?, nil: break
        }
    }

    // MARK: Polls

    private mutating func startPoll(_ rows: [NodeRow], into outbox: inout Outbox) {
        guard pollsDone == polled.count else { return }
        polled = rows.prefix(Self.nodesMax).map(\.node)
        pollsBegun = 0
        pollsDone = 0
        while pollsBegun < min(polled.count, Self.pollsMax) { ask(into: &outbox) }
    }

    private mutating func ask(into outbox: inout Outbox) {
        let node = polled[pollsBegun]
        pollsBegun += 1
        outbox.append(.call(id(.stats, node.raw), to: .node(node), .stats))
    }

    private mutating func keepProbe(
        _ node: NodeID, _ answer: Answer, into outbox: inout Outbox
    ) {
        var isReachable = false
        var viewers: Int32 = 0
        if case .reply(.stats(let count)) = answer {
            isReachable = true
            viewers = min(max(count, 0), Coordinator.viewersMax)
        }
        outbox.append(
            .transact(
                id(.probe), .recordProbe(node, isReachable: isReachable, viewers: viewers)))
    }

    /// One is done with: the next is asked.
    private mutating func pollNext(into outbox: inout Outbox) {
        guard pollsDone < pollsBegun else { return }
        pollsDone += 1
        if pollsBegun < polled.count { ask(into: &outbox) }
    }

    // MARK: Pay

    /// Hours are paid in order; a store that is away is asked again in an hour.
    private mutating func payNext(_ now: Instant, into outbox: inout Outbox) {
        hourNext = max(hourNext, now.hoursSinceEpoch - Self.hoursBack)
        guard hourNext < now.hoursSinceEpoch else { return }
        outbox.append(.transact(id(.pay), .payHour(hourNext)))
    }

    private mutating func paid(_ answer: Answer, _ now: Instant, into outbox: inout Outbox) {
        guard case .stored(.paid(let amount)) = answer else { return }
        if amount > 0 { outbox.append(.observe(.paid(hour: hourNext, nanodollars: amount))) }
        hourNext += 1
        payNext(now, into: &outbox)
    }

    // MARK: Spot checks

    private mutating func startCheck(
        _ rows: [NodeRow], _ now: Instant, into outbox: inout Outbox
    ) {
        guard !rows.isEmpty, check == nil else { return }
        let row = rows[Int(random.below(UInt64(rows.count)))]
        connections = (connections + 1) & 0x7FFF_FFFF
        let connection = ConnectionID(connections)
        check = Check(
            node: row.node, stream: row.stream, connection: connection,
            deadline: now + Self.spotCheckTimeout)
        outbox.append(.connect(connection, to: .node(row.node)))
    }

    /// A node whose stream is not on the air cannot be checked.
    private mutating func rejected(_ why: Rejection, into outbox: inout Outbox) {
        switch why {
        case .noStream: endCheck(passed: nil, close: true, into: &outbox)
        case .badKey, .busy, .full, .unavailable:
            endCheck(passed: false, close: true, into: &outbox)
        }
    }

    private mutating func endCheck(passed: Bool?, close: Bool, into outbox: inout Outbox) {
        guard let ended = check else { return }
        check = nil
        if close { outbox.append(.close(ended.connection)) }
        guard let passed else { return }
        outbox.append(.transact(id(.plain), .recordSpotCheck(ended.node, passed: passed)))
        outbox.append(.observe(.spotCheck(ended.node, passed: passed)))
    }
}

extension Job {
    /// How long whoever does it keeps others from it: until it is due again, or, where all workers
    /// are due at the same moment, well past that.
    var lease: Interval {
        switch self {
        case .poll: Worker.pollEvery
        case .spotCheck: Worker.spotCheckEvery.lowerBound
        case .sweep: Worker.sweepEvery
        case .verify: Worker.verifyEvery
        case .pay, .retain: .minutes(10)
        }
    }
}
