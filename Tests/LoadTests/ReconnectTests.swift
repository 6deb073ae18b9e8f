import Base
import Foundation
import NIOCore
import Platform
import Reports
import Results
import Sockets
import Testing

@testable import Load

/// Who fails comes again where that was asked for, and has failed all the same.
@Suite(.serialized) struct ReconnectTests {
    @Test(
        "who a target cuts off comes again when it is back, by RTMP, HTTP-FLV and HLS",
        .timeLimit(.minutes(1)))
    func comesBack() async throws {
        let result = try await TestServer.away(from: .seconds(6), until: .milliseconds(7_500)) {
            ports in
            var plan = try LoadPlan.small(port: ports.rtmp, players: 2, seconds: 17)
            plan.web = try WebTarget("http://127.0.0.1:\(ports.http)", consent: nil)
            (plan.flvPlayers, plan.hlsPlayers) = (1, 1)
            plan.reconnecting = .after(.seconds(1))
            return try await plan.run()
        }
        #expect(result.count("clients_called") == Fixed(5))
        #expect(result.count("clients_failed") == Fixed(5), "\(result.failures)")
        let again = try #require(result.count("clients_came_again"))
        #expect(again >= Fixed(5), "\(result.events.map(\.detail))")
        #expect(try #require(result.count("clients_called_again")) >= again)
        #expect(result.count("publishers_started") == Fixed(1))
        #expect(result.count("players_started") == Fixed(4))
        // Whoever came again had failed.
        let connections = try #require(result.ruling("connections"))
        #expect(connections.status == .fail)
        #expect(connections.evidence.hasPrefix("5 of 5 clients failed"))
        #expect(connections.evidence.hasSuffix("came again \(again) times"))
        #expect(result.failures("connection refused") > .zero)
        // All are there at the end, and see pictures.
        func last(_ name: String) -> Fixed? {
            result.series.columns.first { $0.name == name }?.values.last
        }
        #expect(last("publishers") == Fixed(1) && last("players") == Fixed(4))
        let pictures = try #require(result.series.columns.first { $0.name == "pictures" })
        #expect(pictures.values[14] >= Fixed(60), "\(pictures.values)")
    }

    @Test("without being asked to, nobody comes again", .timeLimit(.minutes(1)))
    func staysAway() async throws {
        let result = try await TestServer.away(from: .seconds(2), until: .seconds(3)) { ports in
            try await LoadPlan.small(port: ports.rtmp, seconds: 7).run()
        }
        #expect(result.count("clients_failed") == Fixed(2))
        #expect(result.count("clients_called_again") == .zero)
        #expect(result.ruling("connections")?.evidence.contains("again") == false)
    }

    @Test("a target that always refuses is called ever more rarely", .timeLimit(.minutes(1)))
    func refuses() async throws {
        let port = try await Faulty.freePort()
        var plan = try LoadPlan.small(port: port, players: 3, seconds: 8, ["errors: rate<=1"])
        plan.reconnecting = .after(.seconds(1))
        let result = try await plan.run()
        #expect(result.status == .inconclusive)
        #expect(result.count("clients_failed") == Fixed(4))
        #expect(result.count("clients_came_again") == .zero)
        // After 1 s, 2.5 s and 4.75 s, and after 8 s no more; players in half that to half as
        // long again.
        let calls = try #require(result.count("clients_called_again"))
        #expect(calls >= Fixed(3 + 3 * 2) && calls <= Fixed(3 + 3 * 4), "\(calls)")
        let failures = result.failures(LoadFailure.refused.rawValue)
        #expect(failures.millionths == calls.millionths + 4_000_000)
        let errors = result.sums.first { $0.name == "errors_of" }
        #expect(errors?.value == failures)
    }

    @Test("who stands still for longer than he bears leaves, and comes again if he ever does")
    func patience() async throws {
        func player(_ number: Int, stallMax: Interval, returnsAfter: Interval?) -> LoadPlan.Client {
            var player = LoadPlan.Client(
                kind: .player, number: number, stream: 0, start: .milliseconds(500))
            player.patience = LoadPlan.Client.Patience(
                stallMax: stallMax, returnsAfter: returnsAfter,
                random: Random(seed: UInt64(number)))
            return player
        }
        let result = try await TestServer.with { port in
            let start = NIODeadline.now()
            return try await Faulty.freezes(
                from: start + .seconds(3), until: start + .seconds(600), to: port
            ).with { frozen in
                var plan = try LoadPlan.small(port: frozen, seconds: 12)
                plan.timetable = [
                    LoadPlan.Client(kind: .publisher, number: 0, stream: 0, start: .zero),
                    player(0, stallMax: .seconds(2), returnsAfter: .seconds(2)),
                    player(1, stallMax: .seconds(2), returnsAfter: .seconds(2)),
                    player(2, stallMax: .seconds(2), returnsAfter: nil),
                    player(3, stallMax: .seconds(60), returnsAfter: .seconds(2)),
                ]
                return try await plan.run()
            }
        }
        #expect(result.failures(LoadFailure.lostPatience.rawValue) == Fixed(3))
        #expect(result.count("clients_called_again") == Fixed(2))
        #expect(result.failures(LoadFailure.stoodStill.rawValue) == Fixed(1))
        let left = result.events.filter { $0.detail == LoadFailure.lostPatience.rawValue }
        // The reserve of a second was shown before, and looks are a second apart.
        #expect(left.allSatisfy { ($0.at - result.start) > .milliseconds(5_500) })
        #expect(left.allSatisfy { ($0.at - result.start) < .milliseconds(9_500) }, "\(left)")
    }

    @Test("back-off is drawn by name: the same in every load, and not the same for all")
    func drawn() {
        func waits(_ kind: LoadPlan.Client.Kind, _ number: Int, _ how: Reconnecting) -> [Interval] {
            let client = LoadPlan.Client(kind: kind, number: number, stream: 0, start: .zero)
            var backOff = how.backOff(of: client, seed: 7)
            return (0..<30).compactMap { _ in backOff.next() }
        }
        #expect(waits(.player, 1, .asSimulated) == waits(.player, 1, .asSimulated))
        #expect(waits(.player, 1, .asSimulated) != waits(.player, 2, .asSimulated))
        let encoder = waits(.publisher, 0, .asSimulated)
        #expect(encoder.count == 25)
        #expect((Interval.milliseconds(1_900)...Interval.milliseconds(2_100)).contains(encoder[0]))
        for number in 0..<20 {
            let player = waits(.hlsPlayer, number, .asSimulated)
            #expect(player.count == 30 && player[1] == player[0] * 2)
            #expect((Interval.milliseconds(500)...Interval.milliseconds(1_500)).contains(player[0]))
            #expect(player[29] <= .seconds(45))
            #expect(waits(.player, number, .after(.seconds(4))).count == 25)
        }
    }

    @Test("those who come again keep to the ceiling, with those who are still to come")
    func ceiling() throws {
        func turnstile(_ place: String) throws -> Turnstile {
            var ceilings = Ceilings.none
            ceilings.clientsPerSecond = 4
            var plan = try LoadPlan.small(
                port: 1, publishers: 5, players: 5, seconds: 60, ceilings: ceilings)
            plan.ramp = .seconds(8)
            plan.shard = try #require(LoadPlan.Shard(place))
            return try #require(Turnstile(plan))
        }
        func expectKept(_ times: [Interval]) {
            let all = times.sorted()
            for index in all.indices.dropFirst(4) {
                #expect(all[index] - all[index - 4] >= .seconds(1), "\(all[index])")
            }
        }
        let planned = (Int64(0)..<10).map { Interval.milliseconds(800 * $0) }
        let one = try turnstile("1/1")
        let places = (0..<30).compactMap { _ in
            one.place(from: .seconds(1), before: .seconds(60))
        }
        #expect(places.count == 30 && places.allSatisfy { $0 >= .seconds(1) })
        #expect(try #require(places.max()) < .seconds(14))
        expectKept(planned + places)
        #expect(one.place(from: .seconds(1), before: .seconds(2)) == nil)
        // Shards share it without asking each other.
        for count in [3, 9] {
            let shards = try (1...count).map { try turnstile("\($0)/\(count)") }
            let all = shards.flatMap { shard in
                (0..<4).compactMap { _ in shard.place(from: .seconds(20), before: .seconds(60)) }
            }
            #expect(all.count == count * 4)
            let windows = (20..<60).map { second in
                all.count { $0 >= .seconds(Int64(second)) && $0 < .seconds(Int64(second) + 3) }
            }
            #expect(windows.allSatisfy { $0 <= 4 * 3 }, "\(windows)")
        }
    }

    /// Four viewers of two friends who are there all the time, for 20 s; the server is gone for
    /// one of them.
    @Test("a scenario's people come again, and miss no more than the time without a picture")
    func driven() async throws {
        try await Blast.inFolder { folder in
            try ScenarioTests.scenario.write(
                to: folder.appending(path: "two.json"), atomically: true, encoding: .utf8)
            let status = try await TestServer.away(from: .seconds(6), until: .seconds(7)) { ports in
                let blast = try Blast(
                    [
                        "blast", "rtmp://127.0.0.1:\(ports.rtmp)/live", "--scenario", "two.json",
                        "--from", "0d 03:00", "--duration", "20s", "--no-predict", "--quiet",
                        "--out", "driven",
                    ], in: folder)
                return try await blast.finish()
            }
            #expect(status == 10)
            let summary = try JSONDecoder().decode(
                LoadSummary.self,
                from: Data(contentsOf: folder.appending(path: "driven/summary.json")))
            let scenario = try #require(summary.scenario)
            func measured(_ name: String) -> Double? {
                scenario.figures.first { $0.name == name }
                    .map { Double($0.measured.value.millionths) / 1_000_000 }
            }
            #expect(measured("publish_cut") == 2 && measured("viewers_lost") == 0)
            // Both were on the air before, and came again.
            #expect(measured("publish_sessions") == 2)
            #expect(measured("viewer_sessions") == 0)
            let wanted = try #require(measured("viewer_wanted_seconds"))
            let played = try #require(measured("viewer_played_seconds"))
            #expect(abs(wanted - 80) < 2)
            // Each waits for its first reserve of 2 s, and loses 3 s to 8 s to the cut and the
            // next; who stayed away would lose 14 s.
            #expect(played > wanted - 4 * 12 && played < wanted - 4 * 4, "\(played) of \(wanted)")
            #expect(!scenario.omissions.contains { $0.contains("does not come again") })
        }
    }
}
