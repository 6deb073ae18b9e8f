import Base
import NIOCore
import NIOHTTP1
import RTMP
import Sockets

/// The HTTP calls of one event loop: made when they are due, on as few connections as will do.
///
/// Where all connections wait for answers a call waits for one of them, from the time at which it
/// was due: a target that stands still is late for all that were meant for it meanwhile.
final class WebPool {
    let target: WebTarget
    let loop: LoadLoop
    private let address: SocketAddress
    private let share: LoadPlan.CallShare
    /// From one caller's call to the next caller's, where the ceilings bound them.
    private let pause: Interval?
    /// When a caller may call next.
    private var freeAt = Instant(nanoseconds: 0)
    private var idle: [WebConnection] = []
    private var connections: [ObjectIdentifier: WebConnection] = [:]
    private var waiting = Fifo<Order>()
    private var waitingCount = 0
    /// How many have waited since all connections became busy, and the longest that an answer took
    /// meanwhile.
    private var queue = (count: Int64(0), slowest: Interval.zero)
    private var isOver = false
    /// Of each call, the checks that look at its answers, and whether any of them reads bodies.
    private let checks: [(places: [Int], readsBody: Bool)]
    /// When the load began, by the clock and by the time of day.
    private let began: (clock: Instant, day: Instant)

    struct Order {
        var call: Int
        var due: Instant
        /// When its caller leaves; nil is not before the end.
        var until: Instant?
    }

    /// Calls that wait; more are left out and counted.
    private static let waitingMax = 100_000
    private static let pauseAfterFailure = Interval.milliseconds(100)
    /// Where no answer takes longer than this, calls that wait for a connection wait for us.
    private static let slow = Interval.seconds(1)
    /// What the criterion calls answered.
    private static let goodWithin = Interval.seconds(2)

    init(
        _ target: WebTarget, at address: SocketAddress, _ share: LoadPlan.CallShare,
        began: (clock: Instant, day: Instant), _ loop: LoadLoop
    ) {
        let known = loop.plan.checks
        checks = loop.plan.calls.map { call in
            let places = known.indices.filter { known[$0].covers(call) }
            return (places, places.contains { known[$0].readsBody })
        }
        self.began = began
        self.target = target
        self.address = address
        self.share = share
        self.loop = loop
        pause = loop.plan.callersRate.map { rate in
            // Nanoseconds in a second, and millionths in one.
            let pause = Int128(share.stride) * 1_000_000_000_000_000 / max(1, rate.millionths)
            return min(Interval(nanoseconds: Int64(clamping: pause)), .hours(24))
        }
    }

    /// Makes each call at its times.
    func start() {
        let from = began.clock
        for (index, call) in loop.plan.calls.enumerated() {
            if call.callers > 0 {
                let stays = call.callerStays(ramp: loop.plan.ramp)
                for (number, stay) in stays.enumerated()
                where number % share.stride == share.place {
                    begin(index, at: from + stay.from, until: stay.until.map { from + $0 })
                }
            } else {
                wait(index, Int64(share.place), from)
            }
        }
    }

    func timeOfDay(_ time: Instant) -> Instant { began.day + (time - began.clock) }

    /// A caller's first call: callers come one after the other along the ramp.
    private func begin(_ index: Int, at time: Instant, until: Instant?) {
        let bound = NIOLoopBound(self, eventLoop: loop.eventLoop)
        loop.eventLoop.scheduleTask(deadline: time.deadline) {
            let pool = bound.value
            guard !pool.isOver else { return }
            pool.makeCall(index, at: pool.place(notBefore: time), until: until)
        }
    }

    /// Takes the next place that the ceiling leaves.
    private func place(notBefore time: Instant) -> Instant {
        guard let pause else { return time }
        let at = max(time, freeAt)
        freeAt = at + pause
        return at
    }

    /// One caller's next call.
    private func makeCall(_ index: Int, at due: Instant, until: Instant?) {
        if let until, due >= until { return }
        let bound = NIOLoopBound(self, eventLoop: loop.eventLoop)
        loop.eventLoop.scheduleTask(deadline: due.deadline) {
            let pool = bound.value
            guard !pool.isOver else { return }
            pool.take(Order(call: index, due: max(due, RTMPClient.now), until: until))
        }
    }

    /// A caller that has its answer calls again: as soon as the ceiling lets it, and not at once
    /// after a failure.
    private func finish(_ order: Order, hasFailed: Bool) {
        guard !isOver, loop.plan.calls[order.call].callers > 0 else { return }
        let now = RTMPClient.now
        let soonest = hasFailed ? now + Self.pauseAfterFailure : now
        makeCall(order.call, at: place(notBefore: soonest), until: order.until)
    }

    private func wait(_ call: Int, _ number: Int64, _ from: Instant) {
        guard let offset = loop.plan.calls[call].due(number, ramp: loop.plan.ramp),
            offset < loop.plan.duration
        else { return }
        let due = from + offset
        let bound = NIOLoopBound(self, eventLoop: loop.eventLoop)
        loop.eventLoop.scheduleTask(deadline: due.deadline) {
            let pool = bound.value
            guard !pool.isOver else { return }
            pool.loop.tally.add(RTMPClient.now - due, to: .sendLateness)
            pool.take(Order(call: call, due: due))
            pool.wait(call, number + Int64(pool.share.stride), from)
        }
    }

    private func take(_ order: Order) {
        loop.tally.calls += 1
        loop.tally.noteMade(loop.plan.calls[order.call].kind)
        guard waitingCount < Self.waitingMax else {
            loop.tally.callsDropped += 1
            return finish(order, hasFailed: true)
        }
        waiting.append(order)
        waitingCount += 1
        turn(isNew: true)
    }

    private func popWaiting() -> Order? {
        guard let order = waiting.popFirst() else { return nil }
        waitingCount -= 1
        return order
    }

    /// Answered, or given up, so long after it was sent.
    func noteTaken(_ time: Interval) { queue.slowest = max(queue.slowest, time) }

    /// Calls waited for connections that were all busy: for the target's sake if it took its time,
    /// or because there are too few of them.
    private func noteQueueEnd() {
        if queue.slowest < Self.slow { loop.tally.callsHeldUp += queue.count }
        queue = (0, .zero)
    }

    private func turn(isNew: Bool = false) {
        while waitingCount > 0 {
            if let connection = idle.popLast() {
                if let order = popWaiting() { connection.send(order) }
                continue
            }
            // One that is being opened will take one that waits.
            let opening = connections.values.count { $0.isOpening }
            guard opening < waitingCount else { return }
            guard connections.count < share.connections else {
                queue.count += Int64(isNew ? 1 : 0)
                return
            }
            open()
        }
        noteQueueEnd()
    }

    private func open() {
        let connection = WebConnection(self)
        connections[ObjectIdentifier(connection)] = connection
        let bound = NIOLoopBound(connection, eventLoop: loop.eventLoop)
        OutgoingConnection.open(
            target.connectionURL, at: address, trust: loop.addresses.trust, on: loop.eventLoop
        ) {
            bound.value
        }.whenFailure { error in
            let connection = bound.value
            connection.pool.failed(connection, error)
        }
    }

    func ready(_ connection: WebConnection) {
        idle.append(connection)
        turn()
    }

    /// A connection that is gone, or could not be had: whoever waits longest is told.
    private func failed(_ connection: WebConnection, _ error: any Error) {
        connections[ObjectIdentifier(connection)] = nil
        guard !isOver, let order = popWaiting() else { return }
        fail(order, LoadFailure(connecting: error), "\(error)")
        turn()
    }

    func remove(_ connection: WebConnection) {
        connections[ObjectIdentifier(connection)] = nil
        idle.removeAll { $0 === connection }
        if !isOver { turn() }
    }

    func fail(_ order: Order, _ failure: LoadFailure, _ detail: String) {
        // Of these two there was an answer.
        if failure != .redirected, failure != .httpStatus { noteChecks(of: order) { nil } }
        // It was late by that much at least.
        if failure == .noHTTPAnswer { loop.tally.add(RTMPClient.now - order.due, to: .httpCall) }
        let call = loop.plan.calls[order.call]
        loop.note(callFailure: failure, of: "\(call.method) \(call.path)", detail)
        finish(order, hasFailed: true)
    }

    func readsBody(of order: Order) -> Bool { checks[order.call].readsBody }

    /// `answer` is asked for only where something looks at it; nil is that there was none.
    func noteChecks(of order: Order, _ answer: () -> LoadCheck.Answer?) {
        let places = checks[order.call].places
        guard !places.isEmpty else { return }
        let call = loop.plan.calls[order.call]
        let answer = answer()
        for place in places {
            loop.note(
                check: place, passed: loop.plan.checks[place].holds(answer),
                of: "\(call.method) \(call.path)", answer.map { "\($0.status)" } ?? "no answer")
        }
    }

    /// An answer of 200 or so.
    func succeed(_ order: Order, after delay: Interval) {
        if delay < Self.goodWithin { loop.tally.noteGood(loop.plan.calls[order.call].kind) }
        finish(order, hasFailed: false)
    }

    func finish() {
        isOver = true
        for connection in connections.values { connection.finish() }
        noteQueueEnd()
        while let order = popWaiting() { noteUnanswered(order) }
    }

    /// A call that waits when the load ends was late by that much at least; one that has waited
    /// for no longer than anybody would is under way.
    func noteUnanswered(_ order: Order) {
        let waited = RTMPClient.now - order.due
        guard waited > LoadLoop.patience else {
            loop.tally.callsUnderWay += 1
            return
        }
        loop.tally.add(waited, to: .httpCall)
        loop.tally.callsUnanswered += 1
        noteChecks(of: order) { nil }
    }
}
