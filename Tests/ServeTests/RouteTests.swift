import Base
import Foundation
import Platform
import Testing

@testable import Sockets

/// The table of routes, and what requests become by it.
@Suite(.serialized) struct RouteTests {
    @Test("no two routes are the same, and the description has them all")
    func table() throws {
        let names = Routes.all.map { "\($0.method.rawValue) \($0.path)" }
        #expect(Set(names).count == names.count)
        guard case .object(let document) = OpenAPI.document,
            case .object(let paths)? = document["paths"]
        else {
            Issue.record("no paths")
            return
        }
        for route in Routes.all {
            guard case .object(let operations)? = paths[route.path] else {
                Issue.record("\(route.path) is not described")
                continue
            }
            #expect(operations[route.method.rawValue] != nil, "\(route.path)")
        }
    }

    @Test("the description is the same bytes every time")
    func stable() { #expect(OpenAPI.document.data == OpenAPI.document.data) }

    struct Bad: Sendable, CustomTestStringConvertible {
        var method: String
        var path: String
        var body: String?
        var type = "application/json"
        var status: Int
        var detail: String
        var testDescription: String { "\(method) \(path) \(body ?? "")" }
    }

    static let bad: [Bad] = [
        Bad(method: "GET", path: "/nothing", status: 404, detail: "there is no /nothing"),
        Bad(method: "PUT", path: "/streams", status: 405, detail: "only"),
        Bad(method: "DELETE", path: "/streams/live", status: 405, detail: "only GET, HEAD"),
        Bad(
            method: "GET", path: "/watch/-1", status: 404, detail: "there is no such stream_id"),
        Bad(method: "GET", path: "/watch/99999999999", status: 404, detail: "stream_id"),
        Bad(method: "GET", path: "/watch/3", status: 404, detail: "there is no such stream"),
        Bad(
            method: "GET", path: "/events/watch/3", status: 404,
            detail: "there is no such stream"),
        Bad(method: "GET", path: "/streams?status=SLEEPING", status: 422, detail: "status"),
        Bad(method: "GET", path: "/payouts?hours_back=0", status: 422, detail: "hours_back"),
        Bad(
            method: "POST", path: "/api/v1/auth/login", body: "{", status: 400,
            detail: "the body is not JSON"),
        Bad(
            method: "POST", path: "/api/v1/auth/login", body: "[]", status: 422,
            detail: "expected an object"),
        Bad(
            method: "POST", path: "/api/v1/auth/login", body: #"{"name":"a"}"#, status: 422,
            detail: "password: missing"),
        Bad(
            method: "POST", path: "/api/v1/auth/login", body: #"{"name":3,"password":"12345678"}"#,
            status: 422, detail: "name: expected a name"),
        Bad(
            method: "POST", path: "/api/v1/auth/login",
            body: #"{"name":"a","password":"1234567"}"#, status: 422, detail: "8 to 256"),
        Bad(
            method: "POST", path: "/api/v1/auth/login",
            body: #"{"name":"a","password":"12345678\u0000"}"#, status: 422, detail: "password"),
        Bad(
            method: "POST", path: "/api/v1/auth/login", body: "name=a", type: "text/plain",
            status: 415, detail: "expected application/json"),
        Bad(
            method: "POST", path: "/api/v1/auth/login",
            body: #"{"name":"\#(String(repeating: "a", count: 70_000))"}"#, status: 413,
            detail: "65536"),
        Bad(
            method: "POST", path: "/api/v1/auth/login",
            body: String(repeating: "[", count: 60_000), status: 400, detail: "not JSON"),
        Bad(
            method: "POST", path: "/streams", body: #"{"title":"a"}"#, status: 401, detail: "valid"),
        Bad(
            method: "POST", path: "/nodes/heartbeat",
            body: #"{"node_id":"1","stream_id":"1","stats_url":"ftp://a/"}"#, status: 422,
            detail: "stats_url"),
        Bad(
            method: "POST", path: "/nodes/heartbeat",
            body: #"{"node_id":"1","stream_id":"1","stats_url":"http://a/","capacity_pct":101}"#,
            status: 422, detail: "capacity_pct: expected a number from 0 to 100"),
        Bad(
            method: "POST", path: "/nodes/heartbeat",
            body: #"{"node_id":"1","stream_id":"1","stats_url":"http://a/","timestamp":"now"}"#,
            status: 422, detail: "timestamp: expected a time"),
        Bad(
            method: "POST", path: "/api/v1/srs/on-publish",
            body: #"{"app":"live","stream":"1","param":"?key=1"}"#, status: 403,
            detail: "only the RTMP server"),
    ]

    @Test("a wrong request is refused with its status and a detail that helps")
    func refusals() async throws {
        try await TestPlatform.with { platform in
            for bad in Self.bad {
                let answer = try await platform.ask(
                    bad.method, bad.path, body: bad.body, headers: ["Content-Type": bad.type])
                #expect(answer.status == bad.status, "\(bad.testDescription.prefix(100))")
                let detail = (try? answer.text("detail")) ?? ""
                #expect(detail.contains(bad.detail), "\(bad.path) \(answer.text)")
            }
            // Everybody else is served as before.
            #expect(try await platform.ask("GET", "/health").status == 200)
        }
    }

    @Test("bodies of many or deep values are refused for little work")
    func mazes() async throws {
        let deep = String(repeating: #"{"a":"#, count: 500)
        let ends = String(repeating: "}", count: 500)
        let many = "[" + String(repeating: "true,", count: 1_999) + "true]"
        try await TestPlatform.with { platform in
            let start = clock()
            for body in [deep + many + ends, deep + "1" + ends, #"{"name":\#(many)}"#] {
                let answer = try await platform.ask("POST", "/api/v1/auth/login", body: body)
                #expect(answer.status == 400, "\(body.prefix(20))")
            }
            // Of the whole process: it was 40 s.
            #expect(clock() - start < 5 * CLOCKS_PER_SEC)
        }
    }

    @Test("a body that does not come is waited for ten seconds, and nobody else with it")
    func lateBody() async throws {
        try await TestPlatform.with { platform in
            let head =
                "POST /api/v1/auth/login HTTP/1.1\\r\\nHost: a\\r\\n"
                + "Content-Type: application/json\\r\\nContent-Length: 9\\r\\n\\r\\n{"
            let port = platform.service.ports.coordinator
            let start = ContinuousClock.now
            let late = try Tool(
                "bash", "-c",
                "exec 3<>/dev/tcp/127.0.0.1/\(port); printf '\(head)' >&3; head -1 <&3")
            for _ in 0..<20 { #expect(try await platform.ask("GET", "/health").status == 200) }
            #expect(late.process.isRunning)
            #expect(try await late.finish(within: 20) == 0)
            #expect(late.text.hasPrefix("HTTP/1.1 408"), "\(late.text)")
            #expect(ContinuousClock.now - start > .seconds(9))
        }
    }

    @Test("times are read and written as RFC 3339 has them")
    func times() {
        let known: [(String, Int64)] = [
            ("1970-01-01T00:00:00Z", 0), ("2026-12-01T19:30:00Z", 1_796_153_400),
            ("2026-12-01T20:30:00+01:00", 1_796_153_400),
            ("2026-12-01t14:30:00-05:00", 1_796_153_400),
        ]
        for (text, seconds) in known {
            #expect(WireText.time(text) == Instant(nanoseconds: seconds * 1_000_000_000), "\(text)")
        }
        #expect(WireText.time("2026-12-01T19:30:00.25Z")?.nanoseconds == 1_796_153_400_250_000_000)
        for text in ["1969-12-31T23:59:59Z", "0000-02-29T00:00:00Z", "1970-01-01T00:00:00+23:59"] {
            #expect(WireText.time(text) == Instant(nanoseconds: 0), "\(text)")
        }
        #expect(WireText.time("9999-12-31T23:59:60Z") == WireText.time("2201-01-01T00:00:00Z"))
        #expect(
            WireText.time(Instant(nanoseconds: 1_796_153_400_250_000_000))
                == "2026-12-01T19:30:00.250Z")
        for text in [
            "", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z", "2026-12-01T24:00:00Z",
            "2026-12-01T19:30:00", "2026-12-01T19:30:00.Z", "2026-12-01T19:30:00Zx",
        ] { #expect(WireText.time(text) == nil, "\(text)") }
    }

    @Test("money is exact")
    func money() {
        #expect(WireText.dollars(0) == "0")
        #expect(WireText.dollars(46_250_000) == "0.04625")
        #expect(WireText.dollars(-1) == "-0.000000001")
        #expect(WireText.dollars(Int64.max) == "9223372036.854775807")
    }
}
