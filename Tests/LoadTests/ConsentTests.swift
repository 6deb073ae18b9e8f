import Base
import Media
import NIOCore
import Testing

@testable import Load

/// Who may be loaded, by trying to get around it. Nothing here opens a socket or looks a name up.
@Suite struct ConsentTests {
    @Test(
        "loopback needs nothing",
        arguments: [
            "rtmp://127.0.0.1/live", "rtmp://127.0.0.1:1935/live/", "rtmp://127.9.8.7/live",
            "rtmp://[::1]:1935/live", "rtmps://localhost/live", "rtmp://LOCALHOST:1936/a/b",
        ])
    func loopback(_ text: String) throws {
        let target = try LoadTarget(text, consent: nil)
        #expect(target.isLoopback)
        let address = try target.resolve().ipAddress ?? ""
        #expect(address.hasPrefix("127.") || address == "::1")
    }

    @Test(
        "no other host without consent, and consent is to the letter",
        arguments: [
            "example.com", "10.0.0.1", "127.0.0.1.example.com", "localhost.example.com",
            "localhost.", "1.2.3.4", "[2001:db8::1]", "[fe80::1]", "128.0.0.1",
        ])
    func consent(_ host: String) throws {
        let text = "rtmp://\(host)/live"
        let bare = host.filter { !"[]".contains($0) }
        #expect(throws: LoadRefusal.noConsent(host: bare, named: nil)) {
            try LoadTarget(text, consent: nil)
        }
        for wrong in ["", "*", "127.0.0.1", "localhost", bare + ".", bare + " ", "x" + bare] {
            #expect(throws: LoadRefusal.noConsent(host: bare, named: wrong)) {
                try LoadTarget(text, consent: wrong)
            }
        }
        #expect(try LoadTarget(text, consent: bare).isLoopback == false)
    }

    @Test(
        "addresses in strange spellings and of no single host are refused, whoever allows them",
        arguments: [
            "0.0.0.0", "0.1.2.3", "224.0.0.1", "239.255.255.255", "255.255.255.255", "240.0.0.1",
            "2130706433", "127.1", "127.0.1", "0177.0.0.1", "127.0.0.01", "127.0.0.256",
            "0x7f.0.0.1", "0x7f000001", "127.0.0.0x1", "127.0.0.1.", "[::ffff:127.0.0.1]",
            "[::ffff:10.0.0.1]", "[::127.0.0.1]", "[::]", "[ff02::1]", "[::1%lo]", "[fe80::1%25lo]",
        ])
    func spellings(_ host: String) {
        let bare = host.filter { !"[]".contains($0) }
        for consent in [nil, host, bare] {
            #expect(throws: LoadRefusal.self) {
                try LoadTarget("rtmp://\(host)/live", consent: consent)
            }
        }
    }

    @Test(
        "what is no address of an application is refused",
        arguments: [
            "http://127.0.0.1/live", "rtmp://127.0.0.1", "rtmp://127.0.0.1@10.0.0.1/live",
            "rtmp:///live", "127.0.0.1/live", "rtmp://127.0.0.1:0/live", "rtmp://127.0.0.1/live?x",
            "rtmp://10.0.0.1\\@127.0.0.1/live", "rtmp://127.0.0.1:99999/live",
        ])
    func malformed(_ text: String) {
        #expect(throws: LoadRefusal.self) { try LoadTarget(text, consent: nil) }
    }

    // MARK: Ceilings

    private func plan(
        _ ceilings: Ceilings, publishers: Int = 1, players: Int = 1, seconds: Int64 = 60
    ) throws -> LoadPlan {
        LoadPlan(
            target: try LoadTarget("rtmp://127.0.0.1/live", consent: nil), publishers: publishers,
            players: players, duration: .seconds(seconds), ramp: .zero, warmUp: .zero,
            shape: Clip.Shape(), ceilings: ceilings, thresholds: [])
    }

    @Test("another host's ceilings let a small load pass and nothing else")
    func ceilings() throws {
        #expect(try plan(.remote).refusal == nil)
        #expect(try plan(.remote, players: 50).refusal?.contains("--max-connections") == true)
        #expect(try plan(.remote, seconds: 301).refusal?.contains("--max-duration") == true)
        #expect(try plan(.remote, players: 38).refusal?.contains("--max-rate") == true)
        #expect(
            try plan(.remote, players: 30, seconds: 300).refusal?.contains("--max-bytes") == true)
        #expect(try plan(.none, publishers: 5_000, players: 5_000).refusal == nil)
    }

    @Test("looks from outside are of the connections, each shard's own")
    func looks() throws {
        var ceilings = Ceilings.none
        ceilings.connections = 10
        #expect(try plan(ceilings, players: 8).refusal == nil)
        let more = try plan(ceilings, players: 9).refusal
        #expect(more == "11 connections are more than 10; --max-connections allows")
        var plan = try plan(ceilings, players: 8)
        plan.health = try WebTarget("http://127.0.0.1/health", consent: nil)
        #expect(plan.refusal?.hasPrefix("11 connections") == true)
        plan.players = 5
        plan.shard = try #require(LoadPlan.Shard("2/3"))
        #expect(plan.refusal?.hasPrefix("12 connections") == true)
    }

    @Test("what passed before a load is no more to be had, by as much as all shards had")
    func paid() throws {
        var ceilings = Ceilings.none
        ceilings.bytes = ByteCount(bytes: 1_000)
        ceilings.egress = ByteCount(bytes: 500)
        let tally = FetchTally(.none, shards: 1)
        #expect(tally.count(sent: 20, received: 30))
        ceilings.pay(tally, shards: 2)
        #expect(ceilings.bytes?.bytes == 900 && ceilings.egress?.bytes == 440)
        let bounded = FetchTally(ceilings, shards: 2)
        #expect(bounded.count(sent: 220, received: 220) && bounded.excess == nil)
        #expect(!bounded.count(sent: 0, received: 1))
        #expect(bounded.excess?.contains("220 bytes") == false && bounded.excess != nil)
    }

    @Test("only what is raised is raised")
    func raised() throws {
        var ceilings = Ceilings.remote
        ceilings.connections = 1_000
        #expect(try plan(ceilings, players: 100).refusal?.contains("--max-rate") == true)
        ceilings.rate = .megabits(1_000)
        #expect(try plan(ceilings, players: 100).refusal?.contains("--max-bytes") == true)
        ceilings.bytes = ByteCount(bytes: 3_000_000_000)
        #expect(try plan(ceilings, players: 100).refusal == nil)
        ceilings.egress = ByteCount(bytes: 100 * 60 * 331_250)
        #expect(try plan(ceilings, players: 100).refusal?.contains("budget") == true)
        // With the headers of what is sent.
        ceilings.egress = ByteCount(bytes: 100 * 60 * 331_250 * 102 / 100)
        #expect(try plan(ceilings, players: 100).refusal == nil)
    }

    @Test("a file has its own rate, and requests have theirs")
    func rates() throws {
        var ceilings = Ceilings.none
        ceilings.rate = .megabits(10)
        var shape = Clip.Shape()
        shape.videoRate = 20_000_000
        shape.duration = .seconds(1)
        var film = FLVTags.header(hasAudio: true, hasVideo: true)
        for message in try Clip(shape) { FLVTags.append(message, to: &film) }
        var plan = try plan(ceilings)
        #expect(plan.refusal == nil)
        plan.file = film
        #expect(plan.refusal?.contains("--max-rate") == true)
        plan.file = nil
        plan.web = try WebTarget("http://127.0.0.1", consent: nil)
        let body = String(repeating: "x", count: 10_000)
        plan.calls = [
            try #require(
                LoadCall(method: "POST", path: "/", body: body, arrival: .rate(Fixed(100))))
        ]
        #expect(plan.refusal?.contains("--max-rate") == true)
    }

    @Test("another host is loaded slowly at first, whatever was asked")
    func ramp() {
        #expect(Ceilings.remote.ramp(.zero, clients: 1) == .seconds(10))
        #expect(Ceilings.remote.ramp(.seconds(1), clients: 500) == .seconds(100))
        #expect(Ceilings.remote.ramp(.seconds(300), clients: 500) == .seconds(300))
        #expect(Ceilings.none.ramp(.zero, clients: 500) == .zero)
    }
}
