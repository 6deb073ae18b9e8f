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
            stalls = ledger.total[.stall].count
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
    private let addresses: LoadAddresses
    private let group: MultiThreadedEventLoopGroup
    private let loops: [NIOLoopBound<LoadLoop>]
    private var began: Instant
    private var ledger: LoadLedger
    private var cpuTime = GeneratorHealth.cpuTime
    private var lookedAt: Instant

    /// Goodbyes are said for no longer than this.
    private static let farewell = TimeAmount.seconds(3)
    private static let looksEvery = Interval.milliseconds(100)

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
        let tapes = try tapes(of: plan)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: GeneratorHealth.cores)
        var loops: [NIOLoopBound<LoadLoop>] = []
        for loop in group.makeIterator() {
            let made = loop.submit {
                NIOLoopBound(LoadLoop(plan, tapes, at: addresses, on: loop), eventLoop: loop)
            }
            loops.append(try await made.get())
        }
        var run = LoadRun(plan, at: addresses, group, loops, start: start)
        let result = await run.run(isStopped: isStopped, show: show)
        try await group.shutdownGracefully()
        return result
    }

    private static func tapes(of plan: LoadPlan) throws -> [ClipTape] {
        do {
            if let file = plan.file {
                let tape = try ClipTape(flv: file)
                return plan.shapes.map { _ in tape }
            }
            var tapes: [ClipTape] = []
            for shape in plan.shapes { tapes.append(try ClipTape(shape)) }
            return tapes
        } catch {
            throw Refusal(description: "nothing that can be published: \(error)")
        }
    }

    private init(
        _ plan: LoadPlan, at addresses: LoadAddresses, _ group: MultiThreadedEventLoopGroup,
        _ loops: [NIOLoopBound<LoadLoop>], start: Instant
    ) {
        self.plan = plan
        self.addresses = addresses
        self.group = group
        self.loops = loops
        began = RTMPClient.now
        lookedAt = began
        ledger = LoadLedger(plan, start: start)
    }

    private mutating func run(
        isStopped: @Sendable () -> Bool, show: (View) -> Void
    ) async -> LoadResult {
        let clients = plan.clients
        let before = await targetFigures()
        began = RTMPClient.now
        lookedAt = began
        for (index, client) in clients.enumerated() {
            let (loop, from) = (loops[index % loops.count], began)
            loop.eventLoop.execute { loop.value.start(client, from: from) }
        }
        for loop in loops { loop.eventLoop.execute { loop.value.watchLag() } }
        let from = began
        for (loop, share) in zip(loops, plan.callShares(loops: loops.count)) {
            loop.eventLoop.execute { loop.value.startCalls(from: from, share) }
        }
        ledger.note(
            "start", "load", "\(clients.count) clients to \(plan.title)", after: .zero)
        let partial = await turn(clients, isStopped: isStopped, show: show)
        if let partial { ledger.note("stop", "load", partial, after: RTMPClient.now - began) }
        let staying = await gauges()
        await leave()
        _ = await second(clients, gauges: staying, show: show)
        if let before, let after = await targetFigures() { ledger.figures = (before, after) }
        ledger.note("end", "load", "all clients left", after: RTMPClient.now - began)
        return ledger.result(address: addresses.text, partial: partial)
    }

    /// A second at a time, to the end; says why it came early.
    private mutating func turn(
        _ clients: [LoadPlan.Client], isStopped: @Sendable () -> Bool, show: (View) -> Void
    ) async -> String? {
        let seconds = (plan.duration.nanoseconds + 999_999_999) / 1_000_000_000
        for second in 1...seconds {
            let at = began + min(.seconds(second), plan.duration)
            while RTMPClient.now < at {
                if isStopped() { return "interrupted" }
                let wait = min(at - RTMPClient.now, Self.looksEvery)
                try? await Task.sleep(for: .nanoseconds(max(0, wait.nanoseconds)))
            }
            if second == seconds { return nil }
            if let reason = await self.second(clients, show: show) { return reason }
        }
        return nil
    }

    /// What the target says of itself now; nil if it says nothing.
    private mutating func targetFigures() async -> TargetFigures? {
        guard let target = plan.figures, let address = addresses.figures else { return nil }
        let page = await WebFetch.page(
            target, at: address, trust: addresses.trust, on: group.next())
        let figures = page.flatMap(TargetFigures.init)
        if figures == nil {
            ledger.note(
                "target-figures", "load", "none at \(target.text)", after: RTMPClient.now - began)
        }
        return figures
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
        _ clients: [LoadPlan.Client], gauges: (publishers: Int64, players: Int64)? = nil,
        show: (View) -> Void
    ) async -> String? {
        var tally = Tally()
        var incidents: [LoadLoop.Incident] = []
        var (publishers, players, present) = (Int64(0), Int64(0), Int64(0))
        for loop in loops {
            let asked = loop.eventLoop.submit { loop.value.look() }
            guard let look = try? await asked.get() else { continue }
            tally.add(look.tally, delays: true)
            publishers += look.publishersNow
            players += look.playersNow
            present += look.clients
            incidents += look.incidents
        }
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
            clients: present, length: length)
        (lookedAt, cpuTime) = (now, cpu)
        let reason = ledger.take(row, incidents.map { ($0.at - began, $0) })
        show(View(ledger, row))
        return reason
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
