import Base

/// The background jobs of the platform, each with its own period; one `wake` at the earliest.
public struct Worker: Program {
    private enum Job: Int, CaseIterable, Sendable {
        case poll, spotCheck, sweep, verify, pay, retain
    }

    static let pollEvery = Interval.seconds(60)
    static let spotCheckEvery = Interval.minutes(5) ... .minutes(15)
    static let spotCheckTimeout = Interval.seconds(15)
    static let sweepEvery = Interval.minutes(2)
    static let cacheAge = Interval.seconds(90)
    static let verifyEvery = Interval.minutes(15)
    /// Daily at 03:00 UTC.
    static let retainHour = Interval.hours(3)
    public static let nodesMax = 10_000

    /// What an answer belongs to, in the top byte of its `CallID`; below it the node.
    private enum Purpose: UInt64, Sendable {
        case poll = 1, stats, checkList, plain, trust, sweep, pay
    }

    /// The spot check under way.
    private struct Check: Sendable {
        var node: NodeID
        var stream: StreamID
        var connection: ConnectionID
        var deadline: Instant
    }

    private var deadlines = [Instant](repeating: .distantFuture, count: Job.allCases.count)
    private var check: Check?
    private var connections: UInt32 = 0
    private var payHour: Int64 = 0
    private var random: Random

    public init(random: Random) { self.random = random }

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
        case .called(let ticket, _): outbox.append(.reply(ticket, .notFound))
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
        deadlines[Job.poll.rawValue] = now + Self.pollEvery
        deadlines[Job.spotCheck.rawValue] = now + random.interval(Self.spotCheckEvery)
        deadlines[Job.sweep.rawValue] = now + Self.sweepEvery
        deadlines[Job.verify.rawValue] = now + Self.verifyEvery
        deadlines[Job.pay.rawValue] = next(multipleOf: .hours(1), after: now)
        deadlines[Job.retain.rawValue] =
            next(multipleOf: .days(1), after: now - Self.retainHour) + Self.retainHour
    }

    private func next(multipleOf step: Interval, after now: Instant) -> Instant {
        Instant(nanoseconds: (now.nanoseconds / step.nanoseconds + 1) * step.nanoseconds)
    }

    private func id(_ purpose: Purpose, _ node: NodeID = NodeID(0)) -> CallID {
        CallID(purpose.rawValue << 56 | UInt64(UInt32(bitPattern: node.raw)))
    }

    // MARK: Jobs

    private mutating func runDue(_ now: Instant, into outbox: inout Outbox) {
        if let check, check.deadline <= now {
            endCheck(passed: false, close: true, into: &outbox)
        }
        for job in Job.allCases where deadlines[job.rawValue] <= now {
            run(job, now, into: &outbox)
        }
    }

    private mutating func run(_ job: Job, _ now: Instant, into outbox: inout Outbox) {
        switch job {
        case .poll:
            deadlines[job.rawValue] += Self.pollEvery
            outbox.append(.transact(id(.poll), .activeNodes))
        case .spotCheck:
            deadlines[job.rawValue] = now + random.interval(Self.spotCheckEvery)
            if check == nil { outbox.append(.transact(id(.checkList), .activeNodes)) }
        case .sweep:
            deadlines[job.rawValue] += Self.sweepEvery
            outbox.append(.transact(id(.sweep), .sweepInactive))
            outbox.append(.transact(id(.plain), .staleStreams))
            outbox.append(.cache(id(.plain), .sweep(before: now - Self.cacheAge)))
        case .verify:
            deadlines[job.rawValue] += Self.verifyEvery
            outbox.append(.transact(id(.plain), .verifyReports))
            outbox.append(.transact(id(.trust), .updateTrust))
        case .pay:
            payHour = now.nanoseconds / Interval.hours(1).nanoseconds - 1
            deadlines[job.rawValue] = next(multipleOf: .hours(1), after: now)
            outbox.append(.transact(id(.pay), .payHour(payHour)))
        case .retain:
            deadlines[job.rawValue] += .days(1)
            outbox.append(.transact(id(.plain), .retain))
        }
    }

    private mutating func take(
        _ id: CallID, _ answer: Answer, _ now: Instant, into outbox: inout Outbox
    ) {
        let node = NodeID(Int32(truncatingIfNeeded: id.raw & 0xFFFF_FFFF))
        switch Purpose(rawValue: id.raw >> 56) {
        case .poll?:
            guard case .stored(.nodes(let rows)) = answer else { break }
            for row in rows.prefix(Self.nodesMax) {
                outbox.append(.call(self.id(.stats, row.node), to: .node(row.node), .stats))
            }
        case .stats?:
            var isReachable = false
            if case .reply(.stats) = answer { isReachable = true }
            outbox.append(.transact(self.id(.plain), .recordProbe(node, reachable: isReachable)))
        case .checkList?:
            if case .stored(.nodes(let rows)) = answer { startCheck(rows, now, into: &outbox) }
        case .trust?:
            guard case .stored(.changed(let changed)) = answer else { break }
            for node in changed { outbox.append(.observe(.nodeFlagged(node))) }
        case .sweep?:
            guard case .stored(.changed(let changed)) = answer else { break }
            for node in changed { outbox.append(.observe(.nodeInactive(node))) }
        case .pay?:
            guard case .stored(.paid(let amount)) = answer, amount > 0 else { break }
            outbox.append(.observe(.paid(hour: payHour, nanodollars: amount)))
        case .plain?, nil: break
        }
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
