import Base
import NIOCore
import Results
import Sockets
import Testing

@testable import Load

@Suite(.serialized) struct HLSTests {
    private static let text = """
        #EXTM3U
        #EXT-X-VERSION:3
        #EXT-X-TARGETDURATION:2
        #EXT-X-MEDIA-SEQUENCE:41
        #EXTINF:2.000,
        film-41.ts
        #EXTINF:1.5,a title
        film-42.ts?x=1
        #EXTINF:2,
        film-43.ts
        #EXT-X-UNKNOWN:1
        #EXTINF:2.0,
        /elsewhere/film-44.ts
        """

    @Test("a playlist: numbers, lengths, addresses, and where a player begins")
    func playlist() throws {
        let playlist = try #require(HLSPlaylist(Self.text))
        #expect(playlist.target == .seconds(2) && !playlist.isEnded)
        #expect(playlist.segments.map(\.number) == [41, 42, 43, 44])
        #expect(playlist.segments[1].length == .milliseconds(1_500))
        // 2 + 2 + 1.5 are less than three target durations, with 2 more they are not.
        #expect(playlist.firstNumber == 41)
        #expect(HLSPlaylist.path("film-41.ts", from: "/live/film.m3u8?a/b") == "/live/film-41.ts")
        #expect(HLSPlaylist.path("/x.ts", from: "/live/film.m3u8") == "/x.ts")
        for away in ["http://10.0.0.1/x.ts", "//10.0.0.1/x.ts", "a b.ts"] {
            #expect(HLSPlaylist.path(away, from: "/live/film.m3u8") == nil, "\(away)")
        }
        let master = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nlow.m3u8\n"
        #expect(HLSPlaylist(master)?.variant == "low.m3u8")
        let last = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:\(Int64.max)\n"
        for wrong in [
            "", "<html>", "#EXTM3U\n", "#EXTM3U\n#EXT-X-TARGETDURATION:x\n",
            last + "#EXTINF:2,\na.ts\n",
        ] {
            #expect(HLSPlaylist(wrong) == nil, "\(wrong)")
        }
    }

    @Test("players by HLS get segment after segment in time", .timeLimit(.minutes(1)))
    func players() async throws {
        let result = try await TestServer.withPorts { ports in
            var plan = try LoadPlan.small(port: ports.rtmp, players: 0, seconds: 20)
            plan.web = try WebTarget("http://127.0.0.1:\(ports.http)", consent: nil)
            plan.hlsPlayers = 3
            return try await plan.run()
        }
        #expect(result.targetDoubts.isEmpty, "\(result.doubts)")
        #expect(try result.status("connections") == .pass, "\(result.failures)")
        #expect(result.count("players_started") == Fixed(3))
        let segments = try #require(result.count("segments"))
        #expect(segments >= Fixed(3 * 3) && segments <= Fixed(3 * 25))
        #expect(result.spread("segment")?.count == Int64(segments.millionths / 1_000_000))
        #expect(result.spread("first_frame")?.count == 3)
        #expect(try #require(result.count("bytes_received")) > Fixed(100_000))
        // Of the pictures that were made while the players were there: a segment of two seconds is
        // whole before its first picture can be had.
        let delay = try #require(result.spread("hls_delay"))
        #expect(delay.count > 3 * 100 && delay.most > Fixed(1_500), "\(delay)")
        #expect(delay.most < Fixed(20_000))
        // Its answers say the second or the one before, so its clock is known within one.
        let error = try #require(result.count("target_clock_error"))
        #expect(error > .zero && error < Fixed(1_100), "\(error)")
        // One kind's delays are not the other's.
        #expect(result.spread("delivery_delay")?.count == 0)
    }

    @Test("players by HLS that get nothing more stand still", .timeLimit(.minutes(2)))
    func standing() async throws {
        let result = try await TestServer.withPorts { ports in
            let start = NIODeadline.now()
            return try await Faulty.freezes(
                from: start + .seconds(10), until: start + .seconds(600), to: ports.http
            ).with { frozen in
                var plan = try LoadPlan.small(port: ports.rtmp, players: 0, seconds: 26)
                plan.web = try WebTarget("http://127.0.0.1:\(frozen)", consent: nil)
                plan.hlsPlayers = 2
                return try await plan.run()
            }
        }
        #expect(try result.status("connections") == .fail)
        #expect(result.failures(LoadFailure.stoodStill.rawValue) == Fixed(2), "\(result.failures)")
        #expect(try #require(result.spread("stall")?.count) >= 2)
        // The server itself still greets.
        #expect(try result.status("answers") == .pass)
    }

    @Test(
        "without our stamps the playlist's dates are taken, by the server's clock",
        .timeLimit(.minutes(1)))
    func dates() async throws {
        // Ahead by an hour of what the load takes for the time of day.
        let day = Instant(nanoseconds: 1_800_000_000_000_000_000)
        let body = """
            #EXTM3U
            #EXT-X-TARGETDURATION:1
            #EXT-X-PROGRAM-DATE-TIME:2027-01-15T09:00:01Z
            #EXTINF:1,
            a.ts

            """
        let words =
            "HTTP/1.1 200 OK\r\nDate: Fri, 15 Jan 2027 09:00:00 GMT\r\n"
            + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
        let result = try await Faulty.answers(words).with { port in
            var plan = try LoadPlan.small(port: port, publishers: 0, players: 0, seconds: 4)
            plan.web = try WebTarget("http://127.0.0.1:\(port)", consent: nil)
            plan.hlsPlayers = 1
            return try await plan.run()
        }
        #expect(result.start >= day && result.start < day + .seconds(60))
        #expect(result.count("segments") == Fixed(1))
        let ahead = try #require(result.count("target_clock_ahead"))
        let error = try #require(result.count("target_clock_error"))
        // The date stands still, so later answers say less and less; each restarts the estimate.
        #expect(error <= Fixed(1_100) && error > .zero)
        // The load may have begun late by the time that its clips took.
        let late = Fixed.ratio(Int128((result.start - day).nanoseconds), 1_000_000)
        let difference = ahead.millionths + late.millionths - Fixed(3_600_000).millionths
        #expect(abs(difference) < 6_000_000_000, "\(ahead), \(late)")
    }

    @Test("a playlist that leads elsewhere is not followed", .timeLimit(.minutes(1)))
    func elsewhere() async throws {
        let result = try await Self.fed(
            "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nhttp://10.0.0.1/low.m3u8\n")
        #expect(result.failures(LoadFailure.redirected.rawValue) == Fixed(2))
        #expect(result.status != .pass)
    }

    @Test("a list of playlists that leads to itself is left", .timeLimit(.minutes(1)))
    func circle() async throws {
        let result = try await Self.fed(
            "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nagain.m3u8\n")
        #expect(result.failures(LoadFailure.notHLS.rawValue) == Fixed(2))
    }

    @Test(
        "a playlist with a target of nothing is not asked for without pause",
        .timeLimit(.minutes(1)))
    func hurry() async throws {
        let body = "#EXTM3U\n#EXT-X-TARGETDURATION:0\n#EXTINF:0,\na.ts\n"
        let result = try await Self.fed(body)
        // Twice a second for three seconds, by each of two, at some 70 bytes an answer.
        #expect(try #require(result.count("bytes_received")) < Fixed(2 * 10 * 200))
    }

    @Test(
        "a connection that is broken off between two requests is no failure",
        .timeLimit(.minutes(1)))
    func idle() async throws {
        let body = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n"
        let words = "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        let result = try await Faulty.answersAndResets(words).with { port in
            var plan = try LoadPlan.small(port: port, publishers: 0, players: 0, seconds: 3)
            plan.web = try WebTarget("http://127.0.0.1:\(port)", consent: nil)
            plan.hlsPlayers = 2
            return try await plan.run()
        }
        #expect(result.failures(LoadFailure.reset.rawValue) == .zero)
        #expect(result.failures(LoadFailure.unanswered.rawValue) == Fixed(2))
        // More than the first answer of each.
        #expect(try #require(result.count("bytes_received")) > Fixed(2 * 2 * words.utf8.count))
    }

    /// What two players make of a server that says the same to every request.
    private static func fed(_ body: String) async throws -> LoadResult {
        let words = "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        return try await Faulty.answers(words).with { port in
            var plan = try LoadPlan.small(port: port, publishers: 0, players: 0, seconds: 3)
            plan.web = try WebTarget("http://127.0.0.1:\(port)", consent: nil)
            plan.hlsPlayers = 2
            return try await plan.run()
        }
    }

    @Test("a stream that is not there", .timeLimit(.minutes(1)))
    func missing() async throws {
        let result = try await TestServer.withPorts { ports in
            var plan = try LoadPlan.small(
                port: ports.rtmp, publishers: 0, players: 0, seconds: 5)
            plan.web = try WebTarget("http://127.0.0.1:\(ports.http)", consent: nil)
            plan.hlsPlayers = 2
            return try await plan.run()
        }
        #expect(result.failures(LoadFailure.unanswered.rawValue) == Fixed(2))
    }
}
