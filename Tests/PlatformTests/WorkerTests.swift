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
            node: NodeID(node), stream: StreamID(0), name: "n", address: Store.address,
            statsURL: "", trust: Share(millionths: 900_000), capacity: .zero, viewers: 0,
            heartbeatAt: Harness.start, isActive: true, isFlagged: false)
    }

    /// A store that has nothing to say, and gives every lease.
    func quietStore(_ effect: Effect) -> Input? {
        guard case .transact(let id, let transaction) = effect else { return nil }
        return switch transaction {
        case .claim: .answered(id, .stored(.claimed(true)))
        case .payHour: .answered(id, .stored(.paid(nanodollars: 0)))
        case _: .answered(id, .stored(.done))
        }
    }

    /// Wakes the worker, and gives it every lease that it asks for.
    func wake(_ harness: inout Harness, after: Interval) -> [Effect] {
        var effects = harness.tell(.woke, after: after)
        for (id, transaction) in effects.transactions {
            guard case .claim = transaction else { continue }
            effects += harness.tell(.answered(id, .stored(.claimed(true))))
        }
        return effects
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
        let seen = harness.sleep(
            harness.tell(.started), until: start + .days(1), answering: quietStore)
        let sweeps = times(seen) { if case .sweepInactive = $0 { true } else { false } }
        #expect(sweeps.count == 720)
        #expect(zip(sweeps.dropFirst(), sweeps).allSatisfy { $0 - $1 == .minutes(2) })
        #expect(times(seen) { if case .verifyReports = $0 { true } else { false } }.count == 96)
        #expect(times(seen) { if case .updateTrust = $0 { true } else { false } }.count == 96)
        let retained = times(seen) { if case .retain = $0 { true } else { false } }
        #expect(retained == [start + .hours(3)])
        // Polls each minute; spot checks 5 to 15 minutes apart ask for the same list.
        let lists = times(seen) { if case .activeNodes = $0 { true } else { false } }
        #expect((1_440 + 96...1_440 + 288).contains(lists.count), "\(lists.count)")
    }

    @Test("of two workers each run of a job is one's, and when it dies the other goes on")
    func leases() {
        var tables = Tables(trustRule: .spotChecks)
        var workers = [worker(seed: 1), worker(seed: 2)]
        var wakes: [Instant] = []
        for index in workers.indices {
            workers[index].now += .seconds(20 * Int64(index))
            wakes.append(workers[index].tell(.started).wake ?? .distantFuture)
        }
        var polls: [(at: Instant, by: Int)] = []
        var paid: [Int64] = []
        let dead = Harness.start + .hours(6)
        while let at = wakes.min(), at < Harness.start + .hours(12) {
            let index = wakes[0] == at ? 0 : 1
            guard index == 1 || at < dead else {
                wakes[0] = .distantFuture
                continue
            }
            workers[index].now = at
            var effects = workers[index].tell(.woke)
            wakes[index] = effects.wake ?? .distantFuture
            while let (id, transaction) = effects.transactions.first {
                if case .activeNodes = transaction, id.raw >> 56 == 2 { polls.append((at, index)) }
                if case .payHour(let hour) = transaction { paid.append(hour) }
                let answer = tables.execute(transaction, at: at)
                let next = workers[index].tell(.answered(id, .stored(answer)))
                wakes[index] = next.wake ?? wakes[index]
                let first = effects.firstIndex { if case .transact = $0 { true } else { false } }
                effects.remove(at: first ?? 0)
                effects += next
            }
        }
        let gaps = zip(polls.dropFirst(), polls).map { $0.at - $1.at }
        #expect(gaps.allSatisfy { $0 >= .seconds(60) && $0 <= .seconds(120) })
        #expect(polls.contains { $0.by == 0 } && polls.last?.by == 1)
        let first = Harness.start.hoursSinceEpoch
        #expect(Set(paid).isSuperset(of: first..<first + 11), "\(paid)")
    }

    func payment(_ effects: [Effect]) -> (CallID, Int64)? {
        effects.transactions.lazy.compactMap { entry in
            if case .payHour(let hour) = entry.transaction { (entry.id, hour) } else { nil }
        }.first
    }

    @Test("pays the hour that just ended, and after a pause those that were missed, in order")
    func pays() {
        var harness = worker(at: Harness.start + .minutes(50))
        let hour = Harness.start.hoursSinceEpoch
        _ = harness.tell(.started)
        /// The hours that are asked for when it is woken after so long.
        func hours(after: Interval, _ harness: inout Harness) -> [Int64] {
            var effects = wake(&harness, after: after)
            var hours: [Int64] = []
            while let (id, hour) = payment(effects) {
                hours.append(hour)
                effects = harness.tell(.answered(id, .stored(.paid(nanodollars: 3))))
                #expect(effects.observations == [.paid(hour: hour, nanodollars: 3)])
            }
            return hours
        }
        // It may have been away before: a day is looked through.
        #expect(hours(after: .minutes(10), &harness) == Array(hour - 23...hour))
        #expect(hours(after: .hours(3), &harness) == [hour + 1, hour + 2, hour + 3])
        #expect(hours(after: .minutes(1), &harness) == [])
        #expect(hours(after: .hours(1), &harness) == [hour + 4])
    }

    @Test("an hour that the store did not pay is asked for again, before later ones")
    func payAgain() {
        var harness = worker()
        _ = harness.tell(.started)
        /// The hours that are asked for after another hour, by a store that gives this answer.
        func hours(_ answer: Answer) -> [Int64] {
            var effects = wake(&harness, after: .hours(1))
            var hours: [Int64] = []
            while let (id, hour) = payment(effects) {
                hours.append(hour)
                effects = harness.tell(.answered(id, answer))
            }
            return hours
        }
        let hour = Harness.start.hoursSinceEpoch
        #expect(hours(.stored(.paid(nanodollars: 0))).last == hour)
        #expect(hours(.failed(.reset)) == [hour + 1])
        #expect(hours(.failed(.timedOut)) == [hour + 1])
        #expect(hours(.stored(.paid(nanodollars: 0))) == [hour + 1, hour + 2, hour + 3])
    }

    @Test("polls each active node, and keeps whether it answered and with what")
    func polls() {
        var harness = worker()
        _ = harness.tell(.started)
        let asked = wake(&harness, after: .seconds(60))
        guard let list = asked.transactions.last else { return }
        let calls = harness.tell(.answered(list.id, .stored(.nodes([row(3), row(8)])))).calls
        #expect(calls.map(\.to) == [.node(NodeID(3)), .node(NodeID(8))])
        let answers: [(Int, Answer, NodeID, Bool, Int32)] = [
            (0, .reply(.stats(viewers: 2)), NodeID(3), true, 2),
            (1, .failed(.timedOut), NodeID(8), false, 0),
        ]
        for (index, answer, node, isReachable, viewers) in answers {
            let kept = harness.tell(.answered(calls[index].id, answer)).transactions
            guard
                case .recordProbe(node, isReachable: isReachable, viewers: viewers)? =
                    kept.first?.transaction
            else {
                Issue.record("\(kept)")
                continue
            }
        }
    }

    @Test("of many nodes a bounded number is asked at once, and each of them once")
    func pollsBounded() {
        var harness = worker()
        _ = harness.tell(.started)
        let list = wake(&harness, after: .seconds(60)).transactions.last
        let rows = (0..<Int32(Worker.nodesMax + 50)).map { row($0) }
        var open = harness.tell(.answered(list!.id, .stored(.nodes(rows)))).calls
        #expect(open.count == Worker.pollsMax)
        var asked: [Int32] = []
        while let call = open.popLast() {
            if case .node(let node) = call.to { asked.append(node.raw) }
            let probe = harness.tell(.answered(call.id, .failed(.timedOut))).transactions[0]
            open += harness.tell(.answered(probe.id, .failed(.timedOut))).calls
            #expect(open.count <= Worker.pollsMax)
        }
        #expect(asked.sorted() == (0..<Int32(Worker.nodesMax)).map { $0 })
    }

    @Test("a poll that is still under way is not begun again")
    func pollUnderWay() {
        var harness = worker()
        _ = harness.tell(.started)
        let list = wake(&harness, after: .seconds(60)).transactions.last
        _ = harness.tell(.answered(list!.id, .stored(.nodes([row(1)]))))
        let next = wake(&harness, after: .seconds(60)).transactions
        #expect(!next.contains { if case .activeNodes = $0.transaction { true } else { false } })
    }

    /// Runs until a spot check of node 3 has connected.
    func check(_ harness: inout Harness) -> ConnectionID? {
        var effects = harness.tell(.started)
        for _ in 0..<40 {
            guard let at = effects.wake else { return nil }
            effects = wake(&harness, after: max(.zero, at - harness.now))
            for asked in effects.transactions {
                guard case .activeNodes = asked.transaction else { continue }
                let next = harness.tell(.answered(asked.id, .stored(.nodes([row(3)]))))
                if let (id, _) = next.connects.first { return id }
                for call in next.calls {
                    let kept = harness.tell(.answered(call.id, .failed(.timedOut)))
                    effects += harness.tell(.answered(kept.transactions[0].id, .stored(.done)))
                }
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

    @Test("trust is recomputed after reports were verified, never beside it")
    func order() {
        var harness = worker()
        _ = harness.tell(.started)
        let asked = wake(&harness, after: .minutes(15)).transactions
        guard
            let verify = asked.first(where: {
                if case .verifyReports = $0.transaction { true } else { false }
            })
        else {
            Issue.record("\(asked)")
            return
        }
        #expect(!asked.contains { if case .updateTrust = $0.transaction { true } else { false } })
        let next = harness.tell(.answered(verify.id, .stored(.done))).transactions
        guard case .updateTrust? = next.first?.transaction else {
            Issue.record("\(next)")
            return
        }
    }

    @Test("a store that is away, or another's lease, costs a job its run and nothing else")
    func storeAway() {
        for answer in [Answer.failed(.timedOut), .stored(.claimed(false))] {
            var harness = worker()
            _ = harness.tell(.started)
            let asked = harness.tell(.woke, after: .seconds(60))
            let next = harness.tell(.answered(asked.transactions[0].id, answer))
            #expect(next.transactions.isEmpty && next.calls.isEmpty)
            #expect(harness.tell(.woke, after: .seconds(60)).transactions.count >= 1)
        }
    }
}
