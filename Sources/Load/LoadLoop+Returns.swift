import Base
import NIOCore
import Platform
import RTMP
import Sockets

/// A client that failed and is to come again.
struct AwayClient {
    /// As it comes again.
    var client: LoadPlan.Client
    var since: Instant
    var task: Scheduled<Void>
}

// Who fails comes again, where that was asked for.
extension LoadLoop {
    /// `isFresh`: it had got what it came for, so that its back-off begins anew.
    func part(
        with client: LoadPlan.Client, after failure: LoadFailure, wasStarted: Bool, isFresh: Bool
    ) {
        let now = RTMPClient.now
        let end = began + min(client.until ?? plan.duration, plan.duration)
        var next = client
        next.hasFailed = true
        next.hasBegun = client.hasBegun || wasStarted
        let wait: Interval?
        if failure == .lostPatience {
            wait = next.patience?.absence()
        } else {
            if isFresh { next.backOff?.reset() }
            wait = next.backOff?.next()
        }
        guard !isOver, let wait,
            let at = free(now + wait, before: end)
        else { return miss(client, from: max(now, began + client.start), until: end) }
        awayNumber += 1
        let number = awayNumber
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        let task = eventLoop.scheduleTask(deadline: at.deadline) { bound.value.comeAgain(number) }
        away[number] = AwayClient(client: next, since: now, task: task)
    }

    /// The first time from this one on at which one more may come.
    private func free(_ time: Instant, before end: Instant) -> Instant? {
        guard time < end else { return nil }
        guard let turnstile else { return time }
        return turnstile.place(from: time - began, before: end - began).map { began + $0 }
    }

    private func comeAgain(_ number: Int) {
        guard let one = away.removeValue(forKey: number) else { return }
        miss(one.client, from: one.since, until: RTMPClient.now)
        connect(one.client)
    }

    /// Nobody comes again; who is away was so until now.
    func forgetAway() {
        let now = RTMPClient.now
        for one in away.values {
            one.task.cancel()
            miss(one.client, from: one.since, until: now)
        }
        away.removeAll()
    }

    private func miss(_ client: LoadPlan.Client, from: Instant, until: Instant) {
        switch client.purpose {
        case .publish: break
        case .play: tally.missed += max(until - from, .zero)
        }
    }

    /// A player's wait for its first picture, or for that it would have had.
    func note(startup: Interval, of client: LoadPlan.Client) {
        switch client.purpose {
        case .publish: break
        case .play: tally.add(startup: startup, isReturn: client.hasFailed)
        }
    }
}
