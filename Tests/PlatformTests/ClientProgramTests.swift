import Base
import Platform
import Testing

@Suite struct StreamerClientTests {
    typealias Harness = ProgramHarness<StreamerClient>

    static let from = Harness.start + .hours(1)
    static let until = Harness.start + .hours(5)
    let stream = StreamID(4)

    func streamer(until: Instant = Self.until, seed: UInt64 = 1) -> Harness {
        Harness(
            StreamerClient(
                stream: stream, key: 77, sessions: [.init(from: Self.from, until: until)],
                random: Random(seed: seed)))
    }

    @Test("publishes with its key when its session begins and stops when it ends")
    func session() {
        var harness = streamer()
        let seen = harness.sleep(harness.tell(.started), until: Self.until) { effect in
            switch effect {
            case .connect(let id, _): .opened(id)
            case .send(let id, .publish): .received(id, .accepted)
            case .call, .reply, .transact, .cache, .work, .send, .close, .ingest, .relay, .wake,
                .observe:
                nil
            }
        }
        let connects = seen.filter {
            if case .connect(_, .rtmp) = $0.effect { true } else { false }
        }
        #expect(connects.map(\.at) == [Self.from])
        #expect(seen.map(\.effect).sent == [.publish(stream, key: 77)])
        let closes = seen.filter { if case .close = $0.effect { true } else { false } }
        #expect(closes.map(\.at) == [Self.until])
    }

    @Test("waits as OBS does: 2 s, half as long again each time, at most 15 min, 25 tries")
    func reconnects() {
        var harness = streamer(until: Self.from + .hours(12))
        let seen = harness.sleep(harness.tell(.started), until: Self.from + .hours(12)) { effect in
            if case .connect(let id, _) = effect { .closed(id, .refused) } else { nil }
        }
        let tries = seen.compactMap {
            if case .connect = $0.effect { $0.at } else { nil as Instant? }
        }
        // The first attempt and 25 more.
        #expect(tries.count == 1 + 25)
        let waits = zip(tries.dropFirst(), tries).map { $0 - $1 }
        // The jitter is within 5 % and the same for the whole session.
        let jitter = waits[0].nanoseconds / 2_000_000
        #expect((950...1_050).contains(jitter))
        var ideal = Interval.seconds(2)
        for wait in waits {
            #expect(wait.nanoseconds == ideal.nanoseconds / 1_000 * jitter)
            ideal = min(Interval(nanoseconds: ideal.nanoseconds / 2 * 3), .minutes(15))
        }
        #expect(seen.map(\.effect).observations == [.gaveUp(stream)])
        let total = tries.last! - tries[0]
        #expect(total > .minutes(150) && total < .minutes(210), "about three hours")
    }

    @Test("a publish that succeeds gives all 25 tries back, and counts as one reconnect")
    func succeedsAgain() {
        var harness = streamer()
        var effects = harness.sleep(harness.tell(.started), until: Self.from).map(\.effect)
        for _ in 0..<30 {
            guard let (id, _) = effects.connects.first else {
                Issue.record("no connection")
                return
            }
            _ = harness.tell(.opened(id))
            _ = harness.tell(.received(id, .accepted))
            let lost = harness.tell(.closed(id, .reset), after: .seconds(10))
            guard let wake = lost.wake else { return }
            effects = harness.sleep(lost, until: wake).map(\.effect)
        }
        #expect(harness.program.reconnects == 29)
    }

    @Test("a refusal closes the connection and is tried again")
    func refused() {
        var harness = streamer()
        let first = harness.sleep(harness.tell(.started), until: Self.from).map(\.effect)
        let id = first.connects[0].0
        _ = harness.tell(.opened(id))
        let refused = harness.tell(.received(id, .rejected(.busy)))
        #expect(refused.closed == [id])
        #expect(refused.wake! > harness.now && refused.wake! < harness.now + .seconds(3))
    }

    @Test("an answer on a connection of before changes nothing")
    func late() {
        var harness = streamer()
        let first = harness.sleep(harness.tell(.started), until: Self.from).map(\.effect)
        let id = first.connects[0].0
        let lost = harness.tell(.closed(id, .refused))
        _ = harness.sleep(lost, until: lost.wake!)
        let late = harness.tell(.received(id, .rejected(.busy)))
        #expect(late.closed.isEmpty)
        #expect(harness.tell(.opened(id)).sent.isEmpty)
    }
}

@Suite struct ViewerClientTests {
    typealias Harness = ProgramHarness<ViewerClient>

    let stream = StreamID(2)
    static let from = Harness.start + .minutes(1)
    static let until = Harness.start + .hours(2)

    func viewer(asks: Bool = true, returns: Interval? = nil) -> Harness {
        Harness(
            ViewerClient(
                stream: stream, asksCoordinator: asks, from: Self.from, until: Self.until,
                patience: .seconds(20), returnsAfter: returns, random: Random(seed: 3)))
    }

    /// Arrives, and asks where to watch.
    func arrive(_ harness: inout Harness) -> [Effect] {
        harness.sleep(harness.tell(.started), until: Self.from).map(\.effect)
    }

    /// Arrives without asking, connects and plays.
    func plays(_ harness: inout Harness) -> ConnectionID {
        let id = arrive(&harness).connects[0].0
        #expect(harness.tell(.opened(id)).sent == [.play(stream)])
        _ = harness.tell(.received(id, .accepted))
        _ = harness.tell(.playing(id), after: .seconds(2))
        return id
    }

    @Test("goes where the coordinator sends it")
    func routed() {
        var harness = viewer()
        let asked = arrive(&harness)
        guard case .watch(stream, _)? = asked.calls.first?.call else {
            Issue.record("\(asked)")
            return
        }
        let place = WatchPlace.node(NodeID(7), Store.address)
        let sent = harness.tell(.answered(asked.calls[0].id, .reply(.watch(place))))
        #expect(sent.connects.map(\.1) == [.node(NodeID(7))])
    }

    @Test(
        "tries the server itself when no node serves or nobody answers",
        arguments: [Answer.reply(.watch(.server)), .failed(.timedOut), .reply(.unavailable)])
    func fallsBack(_ answer: Answer) {
        var harness = viewer()
        let asked = arrive(&harness)
        let sent = harness.tell(.answered(asked.calls[0].id, answer))
        #expect(sent.connects.map(\.1) == [.rtmp])
    }

    @Test("bears a stall shorter than its patience")
    func shortStall() {
        var harness = viewer(asks: false)
        let id = plays(&harness)
        let stalled = harness.tell(.stalled(id))
        #expect(stalled.wake == harness.now + .seconds(20))
        _ = harness.tell(.playing(id), after: .seconds(19))
        let later = harness.tell(.woke, after: .seconds(1))
        #expect(later.closed.isEmpty && later.observations.isEmpty)
    }

    @Test("leaves for good when a stall outlasts its patience")
    func longStall() {
        var harness = viewer(asks: false)
        let id = plays(&harness)
        _ = harness.tell(.stalled(id))
        let left = harness.tell(.woke, after: .seconds(20))
        #expect(left.closed == [id])
        #expect(left.observations == [.lostPatience(stream)])
        #expect(left.wake == nil)
    }

    @Test("comes back after between half and one and a half of its time away")
    func comesBack() {
        for seed in UInt64(0)..<20 {
            var harness = Harness(
                ViewerClient(
                    stream: stream, asksCoordinator: false, from: Self.from, until: Self.until,
                    patience: .seconds(20), returnsAfter: .minutes(10),
                    random: Random(seed: seed)))
            let id = plays(&harness)
            _ = harness.tell(.stalled(id))
            let left = harness.tell(.woke, after: .seconds(20))
            let away = left.wake! - harness.now
            #expect(away >= .minutes(5) && away <= .minutes(15), "seed \(seed)")
            #expect(harness.sleep(left, until: left.wake!).map(\.effect).connects.count == 1)
        }
    }

    @Test("tries again ever more slowly while it is refused, at most every 30 s")
    func retries() {
        var harness = viewer(asks: false)
        let seen = harness.sleep(harness.tell(.started), until: Self.from + .minutes(10)) {
            if case .connect(let id, _) = $0 { .closed(id, .refused) } else { nil }
        }
        let tries = seen.compactMap {
            if case .connect = $0.effect { $0.at } else { nil as Instant? }
        }
        let waits = zip(tries.dropFirst(), tries).map { $0 - $1 }
        #expect(Array(waits.prefix(6)) == [1, 2, 4, 8, 16, 30].map { .seconds($0) })
        #expect(waits.dropFirst(6).allSatisfy { $0 == .seconds(30) })
    }

    @Test("goes home when its visit is over, whatever it is doing")
    func goesHome() {
        var harness = viewer(asks: false)
        let id = plays(&harness)
        harness.now = Self.until
        let left = harness.tell(.woke)
        #expect(left.closed == [id])
        #expect(left.observations.isEmpty && left.wake == nil)
    }
}

@Suite struct NodeProgramTests {
    typealias Harness = ProgramHarness<NodeProgram>

    let stream = StreamID(1)
    static let firstBeat = Harness.start + .seconds(10)

    func node(viewersMax: Int = 2) -> Harness {
        Harness(
            NodeProgram(
                node: NodeID(5), stream: stream, viewersMax: viewersMax, statsURL: "",
                sourceBitrate: Rate.megabits(4), heartbeatAt: Self.firstBeat))
    }

    func guest(_ raw: UInt32) -> ConnectionID { ConnectionID(0x8000_0000 | raw) }

    /// A guest comes, and the pull that follows succeeds.
    func serve(_ harness: inout Harness, _ id: ConnectionID) -> ConnectionID {
        _ = harness.tell(.opened(id))
        let pull = harness.tell(.received(id, .play(stream))).connects[0].0
        #expect(harness.tell(.opened(pull)).sent == [.play(stream)])
        #expect(harness.tell(.received(pull, .accepted)).relayed == [id])
        return pull
    }

    @Test("heartbeats every 30 s, and reports only where something was relayed, every 60 s")
    func rhythm() {
        var harness = node()
        let first = harness.sleep(harness.tell(.opened(guest(1))), until: Self.firstBeat)
        #expect(first.map(\.effect).calls.count == 1)
        harness.program.relayed(bytes: 1_000)
        let seen = harness.sleep(
            [.wake(Self.firstBeat)], until: Self.firstBeat + .minutes(10)
        ) { effect in
            if case .call(let id, _, _) = effect { .answered(id, .reply(.ok)) } else { nil }
        }
        let calls = seen.map(\.effect).calls.map(\.call)
        let beats = calls.filter { if case .heartbeat = $0 { true } else { false } }
        #expect(beats.count == 20)
        let reports = calls.compactMap {
            if case .bandwidthReport(let report) = $0 { report } else { nil as BandwidthReport? }
        }
        #expect(reports.map(\.bytes) == [1_000])
        #expect(reports[0].from == Self.firstBeat)
        #expect(reports[0].until == Self.firstBeat + .seconds(60))
    }

    @Test("a report that nobody answers is sent again as it was, and what came since follows it")
    func reportsAgain() {
        var harness = node()
        _ = harness.tell(.started)
        harness.program.relayed(bytes: 1_000)
        func report(after: Interval, _ answer: Answer) -> BandwidthReport? {
            for call in harness.tell(.woke, after: after).calls {
                guard case .bandwidthReport(let report) = call.call else { continue }
                _ = harness.tell(.answered(call.id, answer))
                return report
            }
            return nil
        }
        let first = report(after: .seconds(70), .failed(.timedOut))
        harness.program.relayed(bytes: 500)
        #expect(report(after: .seconds(60), .reply(.unavailable)) == first)
        #expect(report(after: .seconds(60), .reply(.ok)) == first)
        let next = report(after: .seconds(60), .reply(.refused(.badInterval)))
        #expect(next?.bytes == 500 && next?.from == first?.until)
        #expect(report(after: .seconds(60), .reply(.ok)) == nil, "a refused one is not repeated")
    }

    @Test("its heartbeat says how full it is")
    func capacity() {
        var harness = node(viewersMax: 4)
        _ = harness.tell(.opened(guest(1)))
        harness.now = Self.firstBeat
        let beat = harness.tell(.woke).calls.compactMap {
            if case .heartbeat(let beat) = $0.call { beat } else { nil as Heartbeat? }
        }
        #expect(beat.map(\.capacity) == [Share(millionths: 250_000)])
        #expect(beat.map(\.viewers) == [1])
    }

    @Test("pulls once however many watch, and gives the pull up a while after the last left")
    func pullsOnce() {
        var harness = node()
        let pull = serve(&harness, guest(1))
        _ = harness.tell(.opened(guest(2)))
        let second = harness.tell(.received(guest(2), .play(stream)))
        #expect(second.connects.isEmpty)
        #expect(second.relayed == [guest(2)])
        _ = harness.tell(.closed(guest(1), .byPeer))
        let last = harness.tell(.closed(guest(2), .byPeer))
        #expect(last.closed.isEmpty)
        let dropped = harness.tell(.woke, after: .seconds(30))
        #expect(dropped.closed == [pull])
    }

    @Test("a guest that comes back in time finds the pull still there")
    func comesBack() {
        var harness = node()
        _ = serve(&harness, guest(1))
        _ = harness.tell(.closed(guest(1), .byPeer))
        _ = harness.tell(.opened(guest(2)), after: .seconds(20))
        #expect(harness.tell(.received(guest(2), .play(stream))).relayed == [guest(2)])
        #expect(harness.tell(.woke, after: .seconds(10)).closed.isEmpty)
    }

    @Test("more guests than it takes are refused; so is another stream")
    func refuses() {
        var harness = node(viewersMax: 1)
        _ = harness.tell(.opened(guest(1)))
        #expect(harness.tell(.opened(guest(2))).sent == [.rejected(.full)])
        let other = harness.tell(.received(guest(1), .play(StreamID(9))))
        #expect(other.sent == [.rejected(.noStream)])
        #expect(other.connects.isEmpty)
    }

    @Test("guests hear the end when the pull is lost, and a refusal when it never played")
    func pullLost() {
        var harness = node()
        let pull = serve(&harness, guest(1))
        #expect(harness.tell(.closed(pull, .reset)).sent == [.ended])
        _ = harness.tell(.opened(guest(2)))
        let second = harness.tell(.received(guest(2), .play(stream))).connects[0].0
        #expect(harness.tell(.closed(second, .refused)).sent == [.rejected(.noStream)])
    }

    @Test("tells its figures to whoever asks")
    func stats() {
        var harness = node()
        _ = harness.tell(.opened(guest(1)))
        #expect(harness.tell(.called(Ticket(1), .stats, .local)).replies == [.stats(viewers: 1)])
    }
}
