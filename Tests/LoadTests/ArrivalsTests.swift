import Base
import Results
import Sockets
import Testing

@testable import Load

/// One grammar of arrivals for every kind of client.
@Suite(.serialized) struct ArrivalsTests {
    private static let nobody = Arrivals.population(0)

    private func plan(
        _ publishers: String, _ players: String = "0", flv: String = "0", hls: String = "0",
        seconds: Int64 = 60
    ) throws -> LoadPlan {
        var plan = try LoadPlan.small(port: 1, seconds: seconds)
        plan.follow(
            LoadArrivals(
                publishers: try #require(Arrivals(publishers)),
                players: try #require(Arrivals(players)), flvPlayers: try #require(Arrivals(flv)),
                hlsPlayers: try #require(Arrivals(hls))))
        return plan
    }

    @Test("a number, stages, a rate, a rate that changes, and how long each stays")
    func grammar() throws {
        #expect(Arrivals("50") == .population(50))
        let stages = try #require(LoadStages("30s:10,1m:50"))
        #expect(Arrivals("30s:10,1m:50") == .stages(stages))
        #expect(Arrivals("0.5/s") == .rate(Fixed.ratio(1, 2), stay: nil))
        #expect(Arrivals("2/s for 1m30s") == .rate(Fixed(2), stay: .seconds(90)))
        #expect(Arrivals("30s:10,1m:50/s for 5s") == .rates(stages, stay: .seconds(5)))
        for wrong in [
            "", "-1", "5 for 3s", "0/s", "-2/s", "2/s for", "2/s for 0s", "2/s 3s", "10s:1 for 3s",
            "10s:0/s", "x", "2/s for 3s more", "1.5",
        ] {
            #expect(Arrivals(wrong) == nil, "\(wrong)")
        }
    }

    @Test("what would be too many is refused before it is laid out")
    func excess() throws {
        #expect(Arrivals("100/s")?.excess(in: .seconds(60)) == nil)
        #expect(Arrivals("100/s")?.excess(in: .hours(1))?.contains("100000 clients") == true)
        #expect(Arrivals("1001/s")?.excess(in: .seconds(1))?.contains("a second") == true)
        #expect(Arrivals("1s:1001/s")?.excess(in: .seconds(1))?.contains("a second") == true)
        let saw = Array(repeating: "1s:9000,1s:0", count: 20).joined(separator: ",")
        #expect(Arrivals(saw)?.excess(in: .hours(1))?.contains("100000 clients") == true)
        // After the fall the next is due in three hundred years.
        #expect(Arrivals("1s:1000,1s:0.000001/s")?.excess(in: .minutes(1)) == nil)
        #expect(Arrivals("1s:9000")?.excess(in: .hours(1)) == nil)
        // Tens of millions.
        let most = Arrivals("1000/s")?.excess(in: .hours(24))
        #expect(most == "86400000 in the course of the load are more than 100000 clients")
        let rates = Arrivals("1s:1000/s for 1s")?.excess(in: .hours(24))
        #expect(rates == "86399500 in the course of the load are more than 100000 clients")
        #expect(Arrivals("50000000")?.excess(in: .hours(1))?.hasPrefix("50000000 in") == true)
    }

    @Test("what is allowed is exactly what is laid out")
    func atTheLimit() throws {
        for (text, milliseconds) in [("1000/s", Int64(100_000)), ("2s:1000/s for 1s", 101_000)] {
            let arrivals = try #require(Arrivals(text))
            for (more, count) in [(Int64(0), 100_000), (1, 100_000)] {
                let length = Interval.milliseconds(milliseconds + more)
                #expect((arrivals.excess(in: length) == nil) == (more == 0), "\(text), \(more)")
                let stays = arrivals.stays(from: .zero, ramp: .zero, until: length)
                #expect(stays.count == count)
            }
        }
    }

    /// What `LoadPlan.finding` does, said simply: of all streams that are on the air, in the order
    /// in which they came.
    private func simplyFinding(
        _ players: [LoadPlan.Client], _ publishing: [LoadPlan.Client]
    ) -> [LoadPlan.Client] {
        let streams = publishing.sorted { ($0.start, $0.number) < ($1.start, $1.number) }
        return players.sorted { ($0.start, $0.number) < ($1.start, $1.number) }.compactMap {
            var player = $0
            let onAir = streams.filter { stream in
                stream.start + LoadPlan.headStart <= player.start
                    && stream.until.map { $0 - LoadPlan.headStart > player.start } ?? true
            }
            guard !onAir.isEmpty else { return nil }
            let stream = onAir[player.number % onAir.count]
            player.stream = stream.stream
            player.until = [player.until, stream.until.map { $0 - LoadPlan.headStart }]
                .compactMap { $0 }.min()
            return player
        }
    }

    @Test(
        "players find the streams that they would find one by one",
        arguments: [(20_000, 2_000), (500, 1), (500, 63), (500, 64), (500, 65), (10, 0)])
    func finding(_ players: Int, _ publishers: Int) {
        var random = Random(seed: 7)
        func clients(
            _ kind: LoadPlan.Client.Kind, _ count: Int, stay: Int64
        ) -> [LoadPlan.Client] {
            (0..<count).map { number in
                // Steps of 100 ms: many come, and go, at the same time.
                let start = Interval.milliseconds(100 * Int64(random.below(600)))
                let length = Interval.milliseconds(100 * Int64(random.below(UInt64(stay))))
                return LoadPlan.Client(
                    kind: kind, number: number, stream: number, start: start,
                    until: random.below(10) == 0 ? nil : start + length)
            }
        }
        let publishing = clients(.publisher, publishers, stay: 40)
        let playing = clients(.player, players, stay: 100)
        let found = LoadPlan.finding(playing, publishing)
        let expected = simplyFinding(playing, publishing)
        #expect(found.count == expected.count)
        let differing = zip(found, expected).count { one, other in
            one.number != other.number || one.stream != other.stream
                || one.start != other.start || one.until != other.until
        }
        #expect(differing == 0)
        #expect(found.isEmpty == (publishers < 2))
    }

    @Test("each kind comes by its own arrivals")
    func kinds() throws {
        let plan = try plan("2", "1/s for 10s", flv: "10s:5", hls: "20s:1/s for 4s", seconds: 30)
        let clients = plan.clients
        func starts(_ kind: LoadPlan.Client.Kind) -> [Interval] {
            clients.filter { $0.kind == kind }.map(\.start)
        }
        #expect(starts(.publisher) == [.zero, .zero])
        // The first half second is the publishers'.
        #expect(starts(.player) == (0..<30).map { .milliseconds(500 + 1_000 * $0) })
        #expect(starts(.flvPlayer) == (1...5).map { .milliseconds(500 + 2_000 * $0) })
        // Ten along the line that rises for twenty seconds, one a second after it.
        #expect(starts(.hlsPlayer).count == 20)
        for client in clients where client.kind == .player {
            #expect(client.until == client.start + .seconds(10))
        }
        for client in clients where client.kind == .hlsPlayer {
            #expect(client.until == client.start + .seconds(4))
        }
        // At once at most, which is what ceilings are for.
        #expect(plan.publishers == 2 && plan.players == 10 && plan.flvPlayers == 5)
        #expect(plan.hlsPlayers == 4)
    }

    @Test("players by the clock play what is on the air, and leave before it ends")
    func onAir() throws {
        let plan = try plan("1s:0,1s:2,8s:2,2s:0,8s:0,2s:2,8s:2", "4/s for 2s", seconds: 30)
        let publishing = plan.clients.filter { $0.kind == .publisher }
        #expect(publishing.count == 4)
        let playing = plan.clients.filter { $0.kind == .player }
        #expect(playing.count > 50)
        for player in playing {
            let stream = publishing[player.stream]
            #expect(player.start >= stream.start + LoadPlan.headStart)
            let end = stream.until ?? .seconds(30)
            #expect(try #require(player.until) <= end - LoadPlan.headStart || stream.until == nil)
            // Nobody comes while nothing is on the air.
            #expect(player.start < .seconds(12) || player.start > .seconds(20))
        }
        #expect(Set(playing.map(\.stream)).count == 4)
    }

    @Test("callers come and go by stages", .timeLimit(.minutes(1)))
    func callers() async throws {
        let result = try await TestServer.withPorts { ports in
            try await Faulty.delays(.milliseconds(50), to: ports.api).with { late in
                // One caller in the second second, none later; each answer takes a tenth or more.
                try await LoadPlan.calls(
                    port: late, ["GET /api/v1/streams 1s:1,1s:1,0s:0 callers"], seconds: 5
                ).run()
            }
        }
        let calls = try #require(result.count("calls"))
        #expect(calls >= Fixed(1) && calls <= Fixed(11), "\(calls)")
        #expect(result.count("calls_answered") == calls)
    }

    @Test("players of every kind come and go at a real server", .timeLimit(.minutes(2)))
    func real() async throws {
        let result = try await TestServer.withPorts { ports in
            var plan = try LoadPlan.small(port: ports.rtmp, seconds: 24)
            plan.web = try WebTarget("http://127.0.0.1:\(ports.http)", consent: nil)
            plan.follow(
                LoadArrivals(
                    publishers: .population(1), players: try #require(Arrivals("1/s for 4s")),
                    flvPlayers: try #require(Arrivals("4s:2,16s:2,2s:0")),
                    hlsPlayers: try #require(Arrivals("10s:0,8s:0.5/s for 10s"))))
            return try await plan.run()
        }
        #expect(try result.status("connections") == .pass, "\(result.failures)")
        // One a second for 23.5 s, two in stages, and two along the line and two after it.
        let started = try #require(result.count("players_started"))
        #expect(started >= Fixed(24 + 2 + 3) && started <= Fixed(24 + 2 + 5), "\(started)")
        let players = try #require(result.series.columns.first { $0.name == "players" }).values
        #expect(try #require(players.max()) <= Fixed(5 + 2 + 5))
    }

    @Test("publishers come and go at a real server, and their players", .timeLimit(.minutes(2)))
    func publishers() async throws {
        let result = try await TestServer.withPorts { ports in
            var plan = try LoadPlan.small(port: ports.rtmp, seconds: 16)
            plan.follow(
                LoadArrivals(
                    publishers: try #require(Arrivals("2s:2,4s:2,2s:0,1s:0,2s:2,5s:2")),
                    players: .population(4), flvPlayers: Self.nobody, hlsPlayers: Self.nobody))
            #expect(plan.streamCount == 4)
            return try await plan.run()
        }
        #expect(try result.status("connections") == .pass, "\(result.failures)")
        #expect(result.count("publishers_started") == Fixed(4))
        #expect(result.count("players_started") == Fixed(4))
        let publishers = try #require(result.series.columns.first { $0.name == "publishers" })
        #expect(publishers.values.max() == Fixed(2))
        // Between the two pairs nobody is there for three seconds.
        let first = try #require(publishers.values.firstIndex(of: Fixed(2)))
        let gap = try #require(publishers.values[first...].firstIndex(of: .zero))
        #expect(publishers.values[gap...].contains(Fixed(2)), "\(publishers.values)")
        #expect(try #require(result.count("pictures")) > Fixed(200))
    }
}
