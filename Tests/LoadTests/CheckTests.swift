import Base
import NIOHTTP1
import Results
import Sockets
import Testing

@testable import Load

/// Checks, in k6's sense: counted, and ruled on by a threshold alone.
@Suite(.serialized) struct CheckTests {
    @Test("status, body and header, of one call or all; a player's first picture")
    func grammar() throws {
        let status = try #require(LoadCheck("GET /health: status < 400"))
        #expect(status.call == "GET /health" && status.condition == .status(.less, 400))
        #expect(LoadCheck("status == 200")?.call == nil)
        #expect(LoadCheck("body contains a: b")?.condition == .body("a: b"))
        #expect(
            LoadCheck("header Content-Type contains json")?.condition
                == .header(name: "Content-Type", contains: "json"))
        #expect(LoadCheck("first picture decodable")?.isOfPlayers == true)
        for wrong in [
            "", "status", "status is 200", "status == x", "status == 20", "body has x",
            "body contains",
            "header contains x", "first picture", "GET /x status == 200", "GET x: status == 200",
        ] {
            #expect(LoadCheck(wrong) == nil, "\(wrong)")
        }
    }

    @Test("what an answer must be, and that one that never came is not")
    func holds() throws {
        let answer = LoadCheck.Answer(
            status: 204, headers: HTTPHeaders([("content-type", "application/json")]),
            body: "all healthy")
        for (text, expected) in [
            ("status == 204", true), ("status === 204", true), ("status != 204", false),
            ("status >= 204", true), ("body contains healthy", true),
            ("body contains Healthy", false), ("header Content-Type contains json", true),
            ("header Content-Type contains html", false), ("header X contains json", false),
        ] {
            let check = try #require(LoadCheck(text), "\(text)")
            #expect(check.holds(answer) == expected, "\(text)")
            #expect(!check.holds(nil))
        }
    }

    @Test("answers are checked and counted, and a threshold rules", .timeLimit(.minutes(1)))
    func answers() async throws {
        let result = try await TestServer.withPorts { ports in
            var plan = try LoadPlan.calls(
                port: ports.api, ["GET /api/v1/streams 40/s", "GET /nowhere 20/s"], seconds: 4,
                ["checks: rate>0.99", "checks: rate>0.5", "checks: count>100"])
            plan.checks = try [
                "GET /api/v1/streams: status == 200", "GET /nowhere: status == 404",
                "GET /api/v1/streams: body contains streams",
                "GET /nowhere: body contains no such words", "status < 500",
            ].map { try #require(LoadCheck($0)) }
            return try await plan.run()
        }
        let made = result.checks.map { $0.passed + $0.failed }
        // The last may be under way at the end.
        for (count, most) in zip(made, [Int64(160), 80, 160, 80, 240]) {
            #expect(count <= most && count > most * 9 / 10, "\(made)")
        }
        #expect(result.checks.map { $0.failed == 0 } == [true, true, true, false, true])
        #expect(result.checks[3].passed == 0)
        let passed = result.checks.reduce(0) { $0 + $1.passed }
        #expect(result.count("checks_passed") == Fixed(passed))
        #expect(result.count("checks_failed") == Fixed(made[3]))
        #expect(try result.status("checks: rate>0.99") != .pass)
        #expect(try result.status("checks: rate>0.5") != .fail)
        #expect(try result.status("checks: count>100") != .fail)
        let failed = result.events.filter { $0.kind == "check-failed" }
        #expect(!failed.isEmpty && failed.allSatisfy { $0.entity == "GET /nowhere" })
    }

    @Test("a call that nobody answers passes no check", .timeLimit(.minutes(1)))
    func down() async throws {
        let port = try await Faulty.freePort()
        var plan = try LoadPlan.calls(port: port, ["GET / 20/s"], seconds: 2)
        plan.checks = [try #require(LoadCheck("status != 500"))]
        let result = try await plan.run()
        #expect(result.checks.map(\.passed) == [0])
        #expect(result.checks.allSatisfy { $0.failed > 30 && $0.failed <= 40 })
    }

    @Test("the first picture of every kind of player can be decoded", .timeLimit(.minutes(1)))
    func pictures() async throws {
        let check = try #require(LoadCheck("first picture decodable"))
        let result = try await TestServer.withPorts { ports in
            var plan = try LoadPlan.small(port: ports.rtmp, players: 2, seconds: 12)
            plan.web = try WebTarget("http://127.0.0.1:\(ports.http)", consent: nil)
            (plan.flvPlayers, plan.hlsPlayers, plan.checks) = (2, 2, [check])
            return try await plan.run()
        }
        #expect(result.checks == [LoadCheckCount(name: check.name, passed: 6, failed: 0)])
        let nothing = try await TestServer.with { port in
            var plan = try LoadPlan.small(port: port, publishers: 0, players: 2, seconds: 4)
            plan.checks = [check]
            return try await plan.run()
        }
        #expect(nothing.checks == [LoadCheckCount(name: check.name, passed: 0, failed: 2)])
    }
}
