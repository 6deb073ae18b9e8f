import Base
import Testing

@testable import Load

@Suite struct StagesTests {
    @Test("people come as the line rises, and the last to come leaves first")
    func stays() throws {
        let stages = try #require(LoadStages("10s:2,10s:2,4s:0"))
        #expect(stages.length == .seconds(24))
        #expect(
            stages.stays == [
                LoadStages.Stay(from: .seconds(5), until: .seconds(22)),
                LoadStages.Stay(from: .seconds(10), until: .seconds(20)),
            ])
        #expect(LoadStages("0s:3")?.stays.map(\.from) == [.zero, .zero, .zero])
    }

    @Test("publishers come and go by stages, and players are there while their stream is")
    func publishers() throws {
        var plan = try LoadPlan.small(port: 1, publishers: 2, players: 3, seconds: 44)
        #expect(plan.streamCount == 2)
        plan.follow(
            LoadArrivals(
                publishers: try #require(Arrivals("10s:2,10s:2,4s:1,6s:2,10s:2,4s:0")),
                players: .population(3), flvPlayers: .population(0), hlsPlayers: .population(0)))
        #expect(plan.streamCount == 3)
        let clients = plan.clients
        let publishing = clients.filter { $0.kind == .publisher }
        #expect(publishing.map(\.stream) == [0, 1, 2])
        #expect(publishing.map(\.start) == [.seconds(5), .seconds(10), .seconds(30)])
        #expect(publishing.map(\.until) == [.seconds(42), .seconds(20), .seconds(40)])
        #expect(clients.count { $0.kind == .player } == 3)
        for player in clients where player.kind == .player {
            let stream = publishing[player.stream]
            #expect(player.start == stream.start + LoadPlan.headStart)
            #expect(player.until == stream.until.map { $0 - LoadPlan.headStart })
        }
    }

    @Test("calls are due when the area under the line has grown by one")
    func due() throws {
        // Half a call a second on average for ten seconds: five; then one a second.
        let stages = try #require(LoadStages("10s:1,10s:1"))
        #expect(stages.due(0) == .zero)
        #expect(stages.due(5) == .seconds(10))
        #expect(stages.due(8) == .seconds(13))
        // √(2·10·1) seconds: the area of the triangle is one.
        let first = try #require(stages.due(1)).nanoseconds
        #expect(abs(first - 4_472_135_955) < 1_000)
        #expect(stages.due(100) == .seconds(105))
        let falling = try #require(LoadStages("10s:2,10s:0"))
        #expect(falling.due(20) == nil)
        var last = Interval.zero
        for number in Int64(0)..<20 {
            let due = try #require(falling.due(number))
            #expect(due >= last)
            last = due
        }
    }

    @Test(
        "what is no list of stages",
        arguments: ["", "10", "10s", "10s:", ":5", "10s:-1", "1s:2,"])
    func syntax(_ text: String) { #expect(LoadStages(text) == nil) }

    @Test("names: a pattern with one number, or a list with keys that players leave out")
    func names() throws {
        let pattern = try #require(StreamNames(pattern: "friend-%d-a"))
        #expect(pattern.published(7) == "friend-7-a" && pattern.played(7) == "friend-7-a")
        for wrong in ["friend", "%d-%d", "a/%d", "a b%d", "?%d"] {
            #expect(StreamNames(pattern: wrong) == nil, "\(wrong)")
        }
        let list = try #require(StreamNames(lines: "# keys\n0?key=1f\n\n  1?key=2f  \n"))
        #expect(list.count == 2)
        #expect(list.published(1) == "1?key=2f" && list.played(1) == "1")
        #expect(StreamNames(lines: "# nothing\n") == nil)
        #expect(StreamNames(lines: "a/b") == nil)
    }

    @Test("a report speaks of the time up to when it is due")
    func report() throws {
        var call = try #require(
            LoadCall(method: "POST", path: "/", body: "{from}/{until}", arrival: .callers(1)))
        let time = Instant(nanoseconds: 1_800_000_000_500_000_000)
        #expect(call.body(at: time) == "{from}/{until}")
        call.span = .seconds(60)
        #expect(call.body(at: time) == "2027-01-15T07:59:00.5Z/2027-01-15T08:00:00.5Z")
    }

    @Test("requests by their words")
    func calls() {
        #expect(LoadCall("GET / 20 callers")?.arrival == .callers(20))
        #expect(LoadCall("GET / 1 caller")?.arrival == .callers(1))
        #expect(LoadCall("GET / 2.5/s")?.arrival == .rate(Fixed.ratio(5, 2)))
        let stages = LoadStages("1s:5,2s:9").map { LoadCall.Arrival.stages($0) }
        #expect(LoadCall("GET / 1s:5,2s:9/s")?.arrival == stages)
        let people = LoadStages("1s:5,2s:9").map { LoadCall.Arrival.callerStages($0) }
        #expect(LoadCall("GET / 1s:5,2s:9 callers")?.arrival == people)
        #expect(LoadCall("GET / 1s:5,2s:9 callers")?.callers == 9)
        for wrong in [
            "GET /", "GET / 20", "GET / 0 callers", "GET / 5/s more", "GET / 1s:0/s",
            "GET / 5/s for 2s", "GET / 5/s callers", "GET / 1s:5", "GET / 1s:0 callers",
        ] {
            #expect(LoadCall(wrong) == nil, "\(wrong)")
        }
    }
}
