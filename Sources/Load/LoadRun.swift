import Base
import NIOCore
import NIOPosix
import RTMP
import Results
import Sockets

/// Loads a target as its plan says, all from this process.
public struct LoadRun {
    /// What a caller may show after every second.
    public struct View: Sendable {
        public var elapsed: Interval
        public var row: LoadRow
        public var failures: [LoadCount]
        public var health: GeneratorHealth
        /// Since the warm-up, milliseconds.
        public var delay: (p50: Fixed, p95: Fixed, p99: Fixed)
        public var pictures: Int64
        public var picturesLost: Int64
        public var stalls: Int64
        /// Times that a client that had begun, and failed, began again.
        public var cameAgain: Int64
        private let ledger: LoadLedger

        init(_ ledger: LoadLedger, _ row: LoadRow) {
            let delay = ledger.ruled[.deliveryDelay]
            self.ledger = ledger
            self.row = row
            elapsed = ledger.elapsed
            failures = ledger.failureCounts
            health = ledger.health
            self.delay = (
                delay.percentile(Fixed(50)), delay.percentile(Fixed(95)),
                delay.percentile(Fixed(99))
            )
            pictures = ledger.total.pictures
            picturesLost = ledger.total.picturesLost
            cameAgain = ledger.total.cameAgain
            stalls = ledger.total[.stall].count + ledger.standing.count
        }

        public var checks: [LoadCheckCount] { ledger.checks }
        /// Looks at the target's health so far, and those at which it was not well.
        public var healthLooks: (all: Int64, bad: Int64) {
            (ledger.total.healthLooks, ledger.total.healthBad)
        }
        /// Of the whole load so far.
        public var counts: [LoadCount] { ledger.counts }
        /// Since the warm-up.
        public var spreads: [LoadSpread] {
            LoadMetric.allCases.map { LoadSpread($0.rawValue, ledger.ruled[$0]) }
        }
        /// The last second, by the names of the series' columns.
        public var fields: [(name: String, value: Fixed)] {
            zip(LoadRow.columns, row.values).map { ($0.name, $1) }
        }
        /// Who is there, and the generator's own load.
        var gauges: [(name: String, value: Fixed)] {
            fields.filter { ["publishers", "players", "generator_cpu"].contains($0.name) }
        }
    }

    private let plan: LoadPlan
    private let clients: [LoadPlan.Client]
    private let addresses: LoadAddresses
    private let loops: [NIOLoopBound<LoadLoop>]
    private let allowance: Allowance?
    private let pages: Pages
    private let watch: TargetWatch?
    private let began: Instant
    private var ledger: LoadLedger
    private var cpuTime = GeneratorHealth.cpuTime
    private var lookedAt: Instant

    /// Goodbyes are said for no longer than this.
    private static let farewell = TimeAmount.seconds(3)
    private static let looksEvery = Interval.milliseconds(100)

    /// What asking for the target's pages takes.
    private struct Pages {
        let figures: FetchTally
        let health: FetchTally
        /// What it said of itself before the load; nil if nothing.
        var before: TargetFigures?
    }

    /// Why a plan cannot be carried out at all.
    public struct Refusal: Error, Sendable, CustomStringConvertible {
        public var description: String
    }

    /// Returns at the plan's end, when something ends it before, or soon after `isStopped`.
    ///
    /// `start` is the time of day, for the results.
    public static func result(
        of plan: LoadPlan, at addresses: LoadAddresses, start: Instant,
        isStopped: @escaping @Sendable () -> Bool, show: (View) -> Void
    ) async throws -> LoadResult {
        if let reason = plan.ceilings.refusal(of: plan) { throw Refusal(description: reason) }
        let asked = RTMPClient.now
        let tapes = try plan.tapes()
        let allowance = Allowance(plan.ceilings, shards: plan.shard.count)
        let turnstile = plan.reconnecting == nil ? nil : Turnstile(plan)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: GeneratorHealth.cores)
        var loops: [NIOLoopBound<LoadLoop>] = []
        for loop in group.makeIterator() {
            let made = loop.submit {
                NIOLoopBound(
                    LoadLoop(plan, tapes, at: addresses, within: allowance, turnstile, on: loop),
                    eventLoop: loop)
            }
            loops.append(try await made.get())
        }
        var pages = Pages(
            figures: FetchTally(within: allowance), health: FetchTally(within: allowance))
        pages.before = await targetFigures(of: plan, at: addresses, pages, on: group.next())
        // All this took its time.
        var run = LoadRun(
            plan, at: addresses, within: allowance, pages, loops, since: (asked, start))
        let result = await run.run(isStopped: isStopped, show: show)
        try await group.shutdownGracefully()
        return result
    }

    private init(
        _ plan: LoadPlan, at addresses: LoadAddresses, within allowance: Allowance?,
        _ pages: Pages, _ loops: [NIOLoopBound<LoadLoop>],
        since asked: (clock: Instant, day: Instant)
    ) {
        self.plan = plan
        self.addresses = addresses
        self.loops = loops
        self.allowance = allowance
        self.pages = pages
        clients = plan.clients
        watch = TargetWatch(plan, at: addresses, counting: pages.health, on: loops[0])
        began = RTMPClient.now
        lookedAt = began
        ledger = LoadLedger(plan, start: asked.day + (began - asked.clock))
    }

    private mutating func run(
        isStopped: @Sendable () -> Bool, show: (View) -> Void
    ) async -> LoadResult {
        // The page of figures may have cost all that there was.
        if allowance?.excess == nil { start() }
        ledger.note(
            "start", "load", "\(clients.count) clients to \(plan.title)", after: .zero)
        if pages.before == nil { noteNoFigures() }
        ledger.cut = await turn(isStopped: isStopped, show: show)
        let end = min(RTMPClient.now - began, plan.duration)
        if let cut = ledger.cut { ledger.note("stop", "load", cut.text, after: end) }
        let staying = await gauges()
        let lastLook = Task { [watch, isWhole = ledger.cut == nil] in
            await watch?.finish(withLastLook: isWhole)
        }
        await leave()
        await lastLook.value
        _ = await second(until: end, gauges: staying, show: show)
        if let before = pages.before { await compareFigures(with: before, at: end) }
        // What was asked last may have reached a ceiling.
        if ledger.cut == nil { ledger.cut = allowance?.excess.map { .ceiling($0) } }
        ledger.note("end", "load", "all clients left", after: RTMPClient.now - began)
        return ledger.result(address: addresses.text)
    }

    private func start() {
        let times = (clock: began, day: ledger.start)
        for (index, client) in clients.enumerated() {
            let loop = loops[index % loops.count]
            loop.eventLoop.execute { loop.value.start(client, from: times) }
        }
        for loop in loops { loop.eventLoop.execute { loop.value.watchLag() } }
        watch?.start()
        for (loop, share) in zip(loops, plan.callShares(loops: loops.count)) {
            loop.eventLoop.execute { loop.value.startCalls(share, began: times) }
        }
    }

    /// A second at a time, to the end; says why it came early.
    private mutating func turn(
        isStopped: @Sendable () -> Bool, show: (View) -> Void
    ) async -> LoadCut? {
        let seconds = (plan.duration.nanoseconds + 999_999_999) / 1_000_000_000
        for second in 1...seconds {
            let end = min(.seconds(second), plan.duration)
            let at = began + end
            while RTMPClient.now < at {
                if isStopped() { return .interrupted }
                if let excess = allowance?.excess { return .ceiling(excess) }
                let wait = min(at - RTMPClient.now, Self.looksEvery)
                try? await Task.sleep(for: .nanoseconds(max(0, wait.nanoseconds)))
            }
            guard second < seconds else { break }
            if let cut = await self.second(until: end, show: show) { return cut }
        }
        return allowance?.excess.map { .ceiling($0) }
    }

    /// What the target says of itself now; nil if it says nothing, or a ceiling was reached.
    private static func targetFigures(
        of plan: LoadPlan, at addresses: LoadAddresses, _ pages: Pages, on loop: any EventLoop
    ) async -> TargetFigures? {
        guard let target = plan.figures, let address = addresses.figures,
            pages.figures.excess == nil
        else { return nil }
        let answer = await WebFetch.page(
            target, at: address, trust: addresses.trust, counting: pages.figures, on: loop)
        return answer.flatMap { $0.status == 200 ? TargetFigures($0.body) : nil }
    }

    private mutating func compareFigures(with before: TargetFigures, at end: Interval) async {
        let after = await Self.targetFigures(
            of: plan, at: addresses, pages, on: loops[0].eventLoop)
        ledger.figuresBytes = pages.figures.sum
        guard let after else { return noteNoFigures() }
        ledger.figures = (before, after)
        guard !plan.isOfRTMPAlone else { return }
        ledger.note(
            "target-figures", "load",
            "not compared: the target counts RTMP, and this load has HTTP as well", after: end)
    }

    private mutating func noteNoFigures() {
        guard let target = plan.figures else { return }
        let words = pages.figures.excess == nil ? "none at" : "none within the ceilings at"
        ledger.note(
            "target-figures", "load", "\(words) \(target.text)", after: RTMPClient.now - began)
    }

    /// Who is there.
    private func gauges() async -> (publishers: Int64, players: Int64) {
        var sum = (publishers: Int64(0), players: Int64(0))
        for loop in loops {
            let asked = loop.eventLoop.submit { (loop.value.publishersNow, loop.value.playersNow) }
            guard let (publishers, players) = try? await asked.get() else { continue }
            sum.publishers += publishers
            sum.players += players
        }
        return sum
    }

    /// `gauges` says who was there before all left.
    private mutating func second(
        until end: Interval, gauges: (publishers: Int64, players: Int64)? = nil,
        show: (View) -> Void
    ) async -> LoadCut? {
        // Before the loops are asked, which wakes them.
        let queues = SocketQueues.sample(to: addresses.places.map(\.port))
        var tally = Tally()
        var incidents: [LoadLoop.Incident] = []
        var standing = Distribution()
        var (publishers, players, present, stuck) = (Int64(0), Int64(0), Int64(0), Int64(0))
        for loop in loops {
            let asked = loop.eventLoop.submit { loop.value.look() }
            guard let look = try? await asked.get() else { continue }
            tally.add(look.tally, delays: true)
            publishers += look.publishersNow
            players += look.playersNow
            present += look.clients
            standing.add(look.standing)
            stuck += look.playersStuck
            incidents += look.incidents
        }
        if let sight = watch?.sight() {
            tally.add(sight.tally, delays: true)
            incidents += sight.incidents
        }
        (ledger.figuresBytes, ledger.healthBytes) = (pages.figures.sum, pages.health.sum)
        let (now, cpu) = (RTMPClient.now, GeneratorHealth.cpuTime)
        let length = max(now - lookedAt, .milliseconds(1))
        // Clients that should have called a second ago and have not.
        let due = Int64(clients.count { began + $0.start + .seconds(1) < now })
        let row = LoadRow(
            tally: tally, publishers: gauges?.publishers ?? publishers,
            players: gauges?.players ?? players,
            cpuPercent: Fixed.ratio(
                Int128((cpu - cpuTime).nanoseconds) * 100,
                Int128(length.nanoseconds) * Int128(GeneratorHealth.cores)),
            clientsNotCalled: max(0, due - ledger.total.attempts - tally.attempts),
            clients: present, standing: standing, playersStuck: stuck, queues: queues,
            length: length)
        (lookedAt, cpuTime) = (now, cpu)
        let cut = ledger.take(row, until: end, incidents.map { ($0.at - began, $0) })
        show(View(ledger, row))
        return cut
    }

    /// Players go first: the end of a stream is no failure then.
    private func leave() async {
        for loop in loops { loop.eventLoop.execute { loop.value.close() } }
        for purpose in [ClientSession.Purpose.play, .publish] {
            for loop in loops {
                let left = loop.eventLoop.flatSubmit { loop.value.leave(purpose) }
                let limit = loop.eventLoop.scheduleTask(in: Self.farewell) {}
                left.whenComplete { _ in limit.cancel() }
                // Whichever comes first.
                _ = try? await limit.futureResult.get()
            }
        }
    }
}
