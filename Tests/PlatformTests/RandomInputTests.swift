import Base
import Platform
import Testing

/// Whatever a program is told, in whatever order: it neither traps nor asks for more and more.
@Suite struct RandomInputTests {
    static let inputs = 10_000

    struct Source {
        var random: Random

        mutating func stream() -> StreamID { StreamID(Int32(random.within(-1...5))) }
        mutating func node() -> NodeID { NodeID(Int32(random.within(-1...5))) }

        mutating func connection() -> ConnectionID {
            ConnectionID(UInt32(random.below(12)) | (random.below(2) == 0 ? 0 : 0x8000_0000))
        }

        mutating func call() -> Call {
            let beat = Heartbeat(
                node: node(), stream: stream(),
                capacity: Share(millionths: random.within(0...1_000_000)),
                viewers: Int32(random.within(0...9)), statsURL: "")
            let from = Instant(nanoseconds: random.within(0...1_000_000))
            let report = BandwidthReport(
                node: node(), stream: stream(), bytes: random.within(-5...5_000), from: from,
                until: Instant(nanoseconds: random.within(0...1_000_000)),
                sourceBitrate: Rate.megabits(1))
            let session = SessionID(random.next())
            let all: [Call] = [
                .health, .heartbeat(beat), .bandwidthReport(report),
                .watch(stream(), viewer: random.next()),
                .onPublish(stream(), key: random.next()), .onUnpublish(stream()),
                .onPlay(stream()), .onStop(stream()), .overview, .stats,
                .account(.registerStreamer(name: "a", password: "b", fresh: session)),
                .account(.login(name: "a", password: "b", fresh: session)),
                .account(
                    .registerNode(
                        stream(), key: random.next(), name: "n", Store.address, fresh: session)),
                .account(.refresh(credential(), session: session, fresh: session)),
                .account(.logout(session: session)), .account(.keys), .account(.feedback("")),
                .stream(.create(title: "t", freshKey: random.next())), .stream(.list(nil)),
                .stream(.remove(stream())), .stream(.peers(stream())), .figures(.leaderboard),
                .figures(.payouts(hoursBack: Int64(bitPattern: random.next()))),
                .figures(.node(node())), .figures(.watchPage(stream())),
            ]
            return all[Int(random.below(UInt64(all.count)))]
        }

        mutating func credential() -> Credential {
            let all: [Credential] = [
                .none, .node(node()), .streamer(UserID(0)),
                .key(SecretDigest(words: [1, 2, 3, 4])),
            ]
            return all[Int(random.below(UInt64(all.count)))]
        }

        mutating func caller() -> Caller {
            Caller(credential(), from: ClientAddress(ipv4: UInt32(random.below(3))))
        }

        mutating func message() -> SessionMessage {
            let all: [SessionMessage] = [
                .publish(stream(), key: random.next()), .play(stream()), .accepted,
                .rejected(.busy), .rejected(.noStream), .ended,
            ]
            return all[Int(random.below(UInt64(all.count)))]
        }

        mutating func answer() -> Answer {
            let row = NodeRow(
                node: node(), stream: stream(), name: "n", address: Store.address, statsURL: "",
                trust: Share(millionths: 700_000), capacity: .zero, viewers: 1,
                heartbeatAt: Instant(nanoseconds: 0), isActive: true, isFlagged: false)
            let user = UserRow(user: UserID(0), name: "a", password: .nobody)
            let key = KeyRow(
                key: KeyID(0), user: UserID(0), label: "k", scopes: .all, isRevoked: false)
            let all: [Answer] = [
                .reply(.ok), .reply(.watch(.node(node(), Store.address))), .reply(.watch(.server)),
                .stored(.user(user)), .stored(.key(key)), .stored(.claimed(true)),
                .stored(.moved(StreamTransition(from: .live, to: .offline))),
                .cached(.count(1)), .cached(.session(credential())), .cached(.session(nil)),
                .worked(.hashed(.nobody)), .worked(.verified(true)), .worked(.verified(false)),
                .reply(.stats(viewers: 1)), .reply(.unavailable), .stored(.done),
                .stored(.nodes([row])), .stored(.nodes([])), .stored(.changed([node()])),
                .stored(.paid(nanodollars: 5)), .stored(.refused(.badKey)), .cached(.done),
                .cached(.nodes([row])), .cached(.outOfMemory), .failed(.timedOut),
            ]
            return all[Int(random.below(UInt64(all.count)))]
        }

        /// Answers go, half of the time, to something that was asked.
        mutating func input(_ asked: [CallID]) -> Input {
            switch random.below(10) {
            case 0: return random.below(50) == 0 ? .started : .woke
            case 1: return .called(Ticket(random.next()), call(), caller())
            case 2, 3, 4:
                let id =
                    asked.isEmpty || random.below(2) == 0
                    ? CallID(random.next()) : asked[Int(random.below(UInt64(asked.count)))]
                return .answered(id, answer())
            case 5: return .opened(connection())
            case 6, 7: return .received(connection(), message())
            case 8: return .closed(connection(), .reset)
            default: return random.below(2) == 0 ? .stalled(connection()) : .playing(connection())
            }
        }
    }

    func shake<Subject: Program & Copyable>(_ program: Subject, seed: UInt64) {
        var harness = ProgramHarness(program)
        var source = Source(random: Random(seed: seed))
        var asked: [CallID] = []
        for step in 0..<Self.inputs {
            let effects = harness.tell(
                source.input(asked),
                after: Interval(nanoseconds: source.random.within(0...20_000_000_000)))
            #expect(effects.count <= 100, "seed \(seed), step \(step): \(effects.count) effects")
            asked += effects.transactions.map(\.id) + effects.commands.map(\.id)
            asked += effects.calls.map(\.id)
            asked += effects.compactMap { if case .work(let id, _) = $0 { id } else { nil } }
            if asked.count > 50 { asked.removeFirst(asked.count - 50) }
        }
    }

    @Test("no order of inputs traps a program", arguments: UInt64(1)...3)
    func shakeAll(_ seed: UInt64) {
        let start = ProgramHarness<Worker>.start
        let random = Random(seed: seed)
        shake(Coordinator(), seed: seed)
        shake(Worker(random: random), seed: seed)
        shake(
            RTMPServer(.init(connectionsMax: 6, streams: 4, asksCoordinator: true)), seed: seed)
        shake(
            StreamerClient(
                stream: StreamID(0), key: 1,
                sessions: (0..<20).map {
                    .init(from: start + .hours($0), until: start + .hours($0) + .minutes(50))
                }, random: random), seed: seed)
        shake(
            ViewerClient(
                stream: StreamID(0), asksCoordinator: true, from: start,
                until: start + .hours(20), patience: .seconds(20), returnsAfter: .minutes(5),
                random: random), seed: seed)
        shake(
            NodeProgram(
                node: NodeID(1), stream: StreamID(1), viewersMax: 3, statsURL: "",
                sourceBitrate: Rate.megabits(1), heartbeatAt: start),
            seed: seed)
    }
}
