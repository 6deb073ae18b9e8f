import Base
import Load
import NIOConcurrencyHelpers
import NIOCore
import Results
import Sockets
import Testing

/// Calls and players over HTTP.
@Suite(.serialized) struct WebTests {
    @Test("players over HTTP get what publishers send over RTMP", .timeLimit(.minutes(1)))
    func players() async throws {
        let result = try await TestServer.withPorts { ports in
            var plan = try LoadPlan.small(port: ports.rtmp, players: 1, seconds: 6)
            plan.web = try WebTarget("http://localhost:\(ports.http)/", consent: nil)
            plan.flvPlayers = 3
            return try await plan.run()
        }
        #expect(result.targetDoubts.isEmpty)
        #expect(try result.status("connections") == .pass, "\(result.failures)")
        #expect(result.count("players_started") == Fixed(4))
        #expect(result.spread("first_key_frame")?.count == 4)
        #expect(try #require(result.count("pictures")) > Fixed(4 * 100))
        #expect(result.count("pictures_without_stamp") == .zero)
        #expect(result.count("pictures_lost") == .zero)
    }

    @Test("calls are made at their rate and answered", .timeLimit(.minutes(1)))
    func calls() async throws {
        let result = try await TestServer.withPorts { ports in
            try await LoadPlan.calls(
                port: ports.api, ["GET /api/v1/streams 60/s", "GET /nowhere 20/s"], seconds: 5,
                ["http_errors: rate<0.5", "calls: rate>70"]
            ).run()
        }
        #expect(result.count("calls") == Fixed(400))
        #expect(result.count("calls_failed") == Fixed(100))
        #expect(result.failures(LoadFailure.httpStatus.rawValue) == Fixed(100))
        #expect(result.count("calls_dropped") == .zero)
        #expect(try #require(result.spread("http_call")).count >= 399)
        #expect(try result.status("calls") == .fail)
        #expect(try result.status("http_errors: rate<0.5") != .fail)
        #expect(try result.status("calls: rate>70") != .fail)
    }

    @Test(
        "a target that freezes for two seconds shows in the times from when calls were due",
        .timeLimit(.minutes(1)))
    func coordinatedOmission() async throws {
        let result = try await TestServer.withPorts { ports in
            let start = NIODeadline.now()
            return try await Faulty.freezes(
                from: start + .seconds(2), until: start + .seconds(4), to: ports.api
            ).with { frozen in
                // One connection for each loop: a client that waits for its answer asks no more.
                try await LoadPlan.calls(
                    port: frozen, ["GET /api/v1/streams 100/s"], seconds: 7, connections: 2
                ).run()
            }
        }
        let (call, raw) = (
            try #require(result.spread("http_call")), try #require(result.spread("http_raw"))
        )
        // A third of all calls was due while nothing went; but a few were under way.
        #expect(call.p90 > Fixed(800), "\(call)")
        #expect(call.most > Fixed(1_800))
        #expect(raw.p95 < call.p90, "\(raw)")
        #expect(raw.most > Fixed(1_800))
        #expect(result.count("calls_answered") == Fixed(700))
        // They waited for the target.
        #expect(result.count("calls_held_up") == .zero)
    }

    @Test(
        "a call that is on its way when the load ends is nobody's failure", .timeLimit(.minutes(1)))
    func underWay() async throws {
        let result = try await slow(connections: 64)
        #expect(try result.status("calls") == .pass)
        let underWay = try #require(result.count("calls_under_way"))
        #expect(underWay > .zero && underWay < Fixed(60))
        #expect(result.count("calls_held_up") == .zero)
        // Half a second more would be a third of it too much.
        #expect(result.length == .milliseconds(3_500))
        #expect(try result.status("calls: rate>49") != .fail)
    }

    @Test("too few connections are the generator's own bottleneck", .timeLimit(.minutes(1)))
    func heldUp() async throws {
        let result = try await slow(connections: 2)
        #expect(result.doubts.contains { $0.contains("--http-connections") }, "\(result.doubts)")
        #expect(result.status == .inconclusive)
    }

    /// 50 calls a second to a server whose answers take 400 ms.
    private func slow(connections: Int) async throws -> LoadResult {
        try await TestServer.withPorts { ports in
            try await Faulty.delays(.milliseconds(200), to: ports.api).with { late in
                var plan = try LoadPlan.calls(
                    port: late, ["GET /api/v1/streams 50/s"], seconds: 3, connections: connections,
                    ["calls: rate>49"])
                plan.duration = .milliseconds(3_500)
                return try await plan.run()
            }
        }
    }

    @Test("a redirect is counted, and nobody follows it", .timeLimit(.minutes(1)))
    func redirect() async throws {
        let visits = NIOLockedValueBox(0)
        let result = try await Faulty.counts(visits).with { elsewhere in
            let words =
                "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:\(elsewhere)/\r\n"
                + "Content-Length: 0\r\n\r\n"
            return try await Faulty.answers(words).with { port in
                var plan = try LoadPlan.calls(port: port, ["GET / 50/s"], seconds: 3)
                plan.target = try LoadTarget("rtmp://127.0.0.1:\(port)/live", consent: nil)
                plan.flvPlayers = 2
                return try await plan.run()
            }
        }
        #expect(visits.withLockedValue { $0 } == 0)
        #expect(result.failures(LoadFailure.redirected.rawValue) == Fixed(152))
        #expect(result.status != .pass)
    }

    @Test("calls to a target that is down", .timeLimit(.minutes(1)))
    func down() async throws {
        let port = try await Faulty.freePort()
        let result = try await LoadPlan.calls(port: port, ["GET / 50/s"], seconds: 3).run()
        #expect(result.status == .inconclusive)
        #expect(result.doubts.first?.contains("connection refused") == true, "\(result.doubts)")
        #expect(result.failures(LoadFailure.refused.rawValue) == Fixed(150))
    }

    @Test(
        "a stranger's HTTP server needs the same consent",
        arguments: ["http://example.com/", "https://10.0.0.1:8443/a", "http://[2001:db8::1]:80"])
    func consent(_ text: String) throws {
        #expect(throws: LoadRefusal.self) { try WebTarget(text, consent: nil) }
        #expect(throws: LoadRefusal.self) { try WebTarget(text, consent: "127.0.0.1") }
        let host = try #require(
            ["example.com", "10.0.0.1", "2001:db8::1"].first { text.contains($0) })
        #expect(try WebTarget(text, consent: host).isLoopback == false)
    }

    @Test(
        "what is no address of an HTTP server is refused",
        arguments: [
            "http://0.0.0.0/", "http://2130706433/", "http://[::ffff:127.0.0.1]/",
            "ftp://127.0.0.1",
            "http://127.0.0.1@10.0.0.1/", "http://10.0.0.1#@127.0.0.1/",
            "http://10.0.0.1?@127.0.0.1",
            "http://127.0.0.1/a b", "http://127.0.0.1/a?b", "http:///", "127.0.0.1",
        ])
    func spellings(_ text: String) {
        for consent in [nil, "0.0.0.0", "2130706433", "10.0.0.1"] {
            #expect(throws: LoadRefusal.self) { try WebTarget(text, consent: consent) }
        }
    }
}
