import Base
import Platform
import Testing

@Suite struct WorkerTests {
    typealias Harness = ProgramHarness<Worker>

    func worker(seed: UInt64 = 1, at: Instant = Harness.start) -> Harness {
        Harness(Worker(random: Random(seed: seed)), at: at)
    }

    func row(_ node: Int32) -> NodeRow {
        NodeRow(
            node: NodeID(node), stream: StreamID(0), trust: Share(millionths: 900_000),
            capacity: .zero, viewers: 0, heartbeatAt: Harness.start, flagged: false)
    }

    /// When each of a day's transactions of one kind was asked for.
    func times(
        _ seen: [(at: Instant, effect: Effect)], where matches: (Transaction) -> Bool
    ) -> [Instant] {
        seen.compactMap {
            guard case .transact(_, let transaction) = $0.effect, matches(transaction) else {
                return nil
            }
            return $0.at
        }
    }

    @Test("every job has its own period, over a day")
    func periods() {
        var harness = worker()
        let start = Harness.start
        let seen = harness.sleep(harness.tell(.started), until: start + .days(1))
        let sweeps = times(seen) { if case .sweepInactive = $0 { true } else { false } }
        #expect(sweeps.count == 720)
        #expect(zip(sweeps.dropFirst(), sweeps).allSatisfy { $0 - $1 == .minutes(2) })
        #expect(times(seen) { if case .verifyReports = $0 { true } else { false } }.count == 96)
        #expect(times(seen) { if case .updateTrust = $0 { true } else { false } }.count == 96)
        let retained = times(seen) { if case .retain = $0 { true } else { false } }
        #expect(retained == [start + .hours(3)])
        let paid = times(seen) { if case .payHour = $0 { true } else { false } }
        #expect(paid == (1...24).map { start + .hours($0) })
        // Polls each minute; spot checks 5 to 15 minutes apart ask for the same list.
        let lists = times(seen) { if case .activeNodes = $0 { true } else { false } }
        #expect((1_440 + 96...1_440 + 288).contains(lists.count), "\(lists.count)")
    }

    @Test("pays the hour that just ended, and after a pause only the last one, once")
    func pays() {
        var harness = worker(at: Harness.start + .minutes(50))
        func hours(_ effects: [Effect]) -> [Int64] {
            effects.transactions.compactMap {
                if case .payHour(let hour) = $0.transaction { hour } else { nil as Int64? }
            }
        }
        let hour = Harness.start.nanoseconds / Interval.hours(1).nanoseconds
        _ = harness.tell(.started)
        #expect(hours(harness.tell(.woke, after: .minutes(10))) == [hour])
        // The process was held up for three hours: one run, not three.
        #expect(hours(harness.tell(.woke, after: .hours(3))) == [hour + 3])
        #expect(hours(harness.tell(.woke, after: .minutes(1))) == [])
    }

    @Test("polls each active node, and keeps whether it answered")
    func polls() {
        var harness = worker()
        _ = harness.tell(.started)
        let asked = harness.tell(.woke, after: .seconds(60))
        let poll = asked.transactions[0]
        let calls = harness.tell(.answered(poll.id, .stored(.nodes([row(3), row(8)])))).calls
        #expect(calls.map(\.to) == [.node(NodeID(3)), .node(NodeID(8))])
        let answers: [(Int, Answer, NodeID, Bool)] = [
            (0, .reply(.stats(viewers: 2)), NodeID(3), true),
            (1, .failed(.timedOut), NodeID(8), false),
        ]
        for (index, answer, node, isReachable) in answers {
            let kept = harness.tell(.answered(calls[index].id, answer)).transactions
            guard case .recordProbe(node, reachable: isReachable)? = kept.first?.transaction else {
                Issue.record("\(kept)")
                continue
            }
        }
    }

    /// Runs until a spot check of node 3 has connected.
    func check(_ harness: inout Harness) -> ConnectionID? {
        var effects = harness.tell(.started)
        for _ in 0..<40 {
            guard let wake = effects.wake else { return nil }
            harness.now = wake
            effects = harness.tell(.woke)
            for asked in effects.transactions {
                guard case .activeNodes = asked.transaction else { continue }
                let next = harness.tell(.answered(asked.id, .stored(.nodes([row(3)]))))
                if let (id, _) = next.connects.first { return id }
                effects += next
            }
        }
        return nil
    }

    @Test("a spot check plays from the node: passed when it plays, failed when it does not")
    func spotCheck() throws {
        let outcomes: [(Input, Bool?)] = [
            (.received(ConnectionID(1), .accepted), true),
            (.received(ConnectionID(1), .rejected(.full)), false),
            (.received(ConnectionID(1), .rejected(.noStream)), nil),
            (.received(ConnectionID(1), .ended), nil),
            (.closed(ConnectionID(1), .timedOut), false),
        ]
        for (outcome, passed) in outcomes {
            var harness = worker()
            let id = try #require(check(&harness))
            #expect(id == ConnectionID(1))
            #expect(harness.tell(.opened(id)).sent == [.play(StreamID(0))])
            let ended = harness.tell(outcome)
            let kept = ended.transactions.compactMap {
                if case .recordSpotCheck(NodeID(3), let passed) = $0.transaction {
                    passed
                } else {
                    nil as Bool?
                }
            }
            #expect(kept == (passed.map { [$0] } ?? []))
            #expect(ended.observations.count == kept.count)
        }
    }

    @Test("a spot check that gets no answer for 15 s has failed")
    func spotCheckTimesOut() throws {
        var harness = worker()
        let id = try #require(check(&harness))
        let ended = harness.tell(.woke, after: .seconds(15))
        #expect(ended.closed == [id])
        #expect(ended.observations == [.spotCheck(NodeID(3), passed: false)])
        #expect(harness.tell(.received(id, .accepted)).observations.isEmpty)
    }

    @Test("a store that is away costs a job its run and nothing else")
    func storeAway() {
        var harness = worker()
        _ = harness.tell(.started)
        let asked = harness.tell(.woke, after: .seconds(60))
        let next = harness.tell(.answered(asked.transactions[0].id, .failed(.timedOut)))
        #expect(next.calls.isEmpty)
        #expect(harness.tell(.woke, after: .seconds(60)).transactions.count >= 1)
    }
}
