import Base
import NIOCore
import RTMP
import Sockets
import Synchronization

/// Looks at a target from outside, once a second, whatever its clients see: whether it still greets
/// who comes, and what it says of its own health.
///
/// Without it a target that stands still would look well as long as the kernel takes what
/// publishers send, and nobody plays.
final class TargetWatch: Sendable {
    /// What was seen since it was last asked.
    struct Sight: Sendable {
        var tally = Tally()
        var incidents: [LoadLoop.Incident] = []
    }

    private struct State {
        var sight = Sight()
        /// What its health was at the last look; nil before the first.
        var health: String?
        /// Whether the last look of each kind was answered.
        var hasGreeted = true
        var hasSaid = true
        var tasks: [Task<Void, Never>] = []

        mutating func note(_ kind: String, _ detail: String, at now: Instant) {
            sight.incidents.append(
                LoadLoop.Incident(at: now, kind: kind, entity: "target", detail: detail))
        }
    }

    private let greeting: (url: StreamURL, address: SocketAddress)?
    private let health: (target: WebTarget, address: SocketAddress)?
    private let trust: OutgoingConnection.Trust
    /// Of looks at its health, which are no part of the load.
    private let bytes: FetchTally
    private let loop: NIOLoopBound<LoadLoop>
    private let state = Mutex(State())

    private static let pause = Duration.seconds(1)
    /// Who says nothing for so long stands still.
    static let deadline = Interval.seconds(5)
    private static let detailMax = 120

    /// Nil where there is nothing to look at: calls see for themselves whether they are answered,
    /// and players by HTTP whether anything comes.
    init?(
        _ plan: LoadPlan, at addresses: LoadAddresses, counting bytes: FetchTally,
        on loop: NIOLoopBound<LoadLoop>
    ) {
        greeting =
            if plan.isGreeted, let url = plan.target?.stream("look"),
                let address = addresses.media
            {
                (url, address)
            } else {
                nil
            }
        health =
            if let target = plan.health, let address = addresses.health {
                (target, address)
            } else {
                nil
            }
        guard greeting != nil || health != nil else { return nil }
        trust = addresses.trust
        self.bytes = bytes
        self.loop = loop
    }

    func start() {
        var tasks: [Task<Void, Never>] = []
        if greeting != nil { tasks.append(Task { await repeated { await greet() } }) }
        if health != nil { tasks.append(Task { await repeated { await ask() } }) }
        state.withLock { $0.tasks = tasks }
    }

    private func repeated(_ look: () async -> Void) async {
        var due = ContinuousClock.now
        while !Task.isCancelled {
            await look()
            due = max(due + Self.pause, .now)
            try? await Task.sleep(until: due, clock: .continuous)
        }
    }

    /// Ends after a last look, or the one under way if that is not answered.
    func finish(withLastLook: Bool) async {
        let tasks = state.withLock { $0.tasks }
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
        guard withLastLook else { return }
        let (hasGreeted, hasSaid) = state.withLock { ($0.hasGreeted, $0.hasSaid) }
        if greeting != nil, hasGreeted { await greet() }
        if health != nil, hasSaid { await ask() }
    }

    /// What was seen since it was last asked.
    func sight() -> Sight {
        state.withLock { state in
            defer { state.sight = Sight() }
            return state.sight
        }
    }

    // MARK: Looks

    private func greet() async {
        guard let greeting, bytes.excess == nil else { return }
        let asked = RTMPClient.now
        var reason: String?
        do {
            try await TargetGreeting.look(
                greeting.url, at: greeting.address, within: .nanoseconds(Self.deadline.nanoseconds),
                loop, trust: trust)
        } catch let failure as TargetGreeting.Failure {
            reason = failure.words
        } catch {
            reason = LoadFailure(connecting: error).rawValue
        }
        let now = RTMPClient.now
        state.withLock { state in
            state.sight.tally.looks += 1
            if let reason {
                state.sight.tally.looksMissed += 1
                if state.hasGreeted { state.note("target-silent", reason, at: now) }
            } else {
                state.sight.tally.add(now - asked, to: .targetAnswer)
                if !state.hasGreeted { state.note("target-answers", "again", at: now) }
            }
            state.hasGreeted = reason == nil
        }
    }

    private func ask() async {
        // Whom a ceiling keeps from asking has not seen that it is not well.
        guard let health, bytes.excess == nil else { return }
        let asked = RTMPClient.now
        let answer = await WebFetch.page(
            health.target, at: health.address, trust: trust, counting: bytes,
            within: .nanoseconds(Self.deadline.nanoseconds),
            on: loop.eventLoop)
        let now = RTMPClient.now
        // What it says may hold a time or a counter, which is no other health.
        let words = answer.map { "\($0.status)" } ?? "no answer"
        let isGood = answer.map { (200..<300).contains($0.status) } ?? false
        state.withLock { state in
            state.sight.tally.healthLooks += 1
            if answer != nil { state.sight.tally.add(now - asked, to: .targetHealth) }
            if !isGood { state.sight.tally.healthBad += 1 }
            if words != state.health {
                let body = answer.map { $0.body.prefix(Self.detailMax) } ?? ""
                state.note("target-health", body.isEmpty ? words : "\(words): \(body)", at: now)
            }
            state.health = words
            state.hasSaid = answer != nil
        }
    }
}
