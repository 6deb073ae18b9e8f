import Base
import NIOCore
import Sockets

/// When the publishers of one loop send next: one timer for all of them.
///
/// A timer for each message costs as much as sending it, and hundreds of publishers have tens of
/// thousands of messages a second. Times are rounded up to the next `step`, and what a publisher
/// has due within one goes out in one write; it is late by less than that.
final class SendClock {
    static let step = Interval.milliseconds(2)
    /// Who is due later than this is looked at in between.
    private static let steps = 64

    private let eventLoop: any EventLoop
    /// Who is due at the end of which step, from `next` on; a ring.
    private var due = [[Transmission]](repeating: [], count: steps)
    private var waiting = 0
    /// The number of the step that ends next, counted from the clock's own start.
    private var next: Int64 = 0
    private let began = RTMPClient.now
    private var isRunning = false

    init(on eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    /// Has the transmission send what is due then.
    func wake(_ transmission: Transmission, at time: Instant) {
        if !isRunning { next = (RTMPClient.now - began).nanoseconds / Self.step.nanoseconds }
        let step = (time - began).nanoseconds / Self.step.nanoseconds
        let place = min(max(step, next), next + Int64(Self.steps) - 1)
        due[Int(place) % Self.steps].append(transmission)
        waiting += 1
        if !isRunning { wait() }
    }

    private func wait() {
        isRunning = waiting > 0
        guard isRunning else { return }
        let end = began + Self.step * (next + 1)
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        eventLoop.scheduleTask(deadline: end.deadline) { bound.value.turn() }
    }

    private func turn() {
        let now = RTMPClient.now
        while began + Self.step * (next + 1) <= now {
            var senders: [Transmission] = []
            swap(&senders, &due[Int(next) % Self.steps])
            waiting -= senders.count
            next += 1
            for sender in senders { sender.advance() }
        }
        wait()
    }
}
