import Base
import Media
import Results
import Scenarios
import Testing

@testable import Load

/// Connections of a scenario are as narrow as its homes' lines, where a stream feels them.
@Suite(.serialized) struct LineTests {
    /// One publisher of 2.6 Mbit/s and one player for 12 s, each behind a line of this rate.
    private func load(up: Rate?, down: Rate?) async throws -> LoadResult {
        try await TestServer.with { port in
            var plan = try LoadPlan.small(port: port, seconds: 12)
            (plan.shape.videoRate, plan.shape.audioRate) = (2_500_000, 128_000)
            plan.timetable = [
                LoadPlan.Client(kind: .publisher, number: 0, stream: 0, start: .zero, line: up),
                LoadPlan.Client(
                    kind: .player, number: 0, stream: 0, start: .milliseconds(500), line: down),
            ]
            return try await plan.run()
        }
    }

    private func bits(_ result: LoadResult, _ name: String) throws -> Int64 {
        Int64(clamping: try #require(result.count(name)).millionths / 1_000_000) * 8
    }

    @Test("a publisher sends no faster than its uplink, and leaves the rest out")
    func uplink() async throws {
        let free = try await load(up: nil, down: nil)
        #expect(free.count("messages_held_back") == .zero)
        #expect(try bits(free, "bytes_received") > 26_000_000)
        let narrow = try await load(up: .megabits(2), down: nil)
        #expect(try #require(narrow.count("messages_held_back")) > Fixed(20))
        #expect(try #require(narrow.count("pictures_lost")) > Fixed(20))
        // In 12 s, with what may wait for the line.
        let sent = try bits(narrow, "bytes_sent")
        #expect(sent > 18_000_000 && sent < 24_000_000 + 2_400_000, "\(sent)")
        let received = try bits(narrow, "bytes_received")
        #expect(received > 16_000_000 && received < 24_000_000, "\(received)")
        #expect(try narrow.status("connections") == .pass, "\(narrow.failures)")
        #expect(!narrow.doubts.contains { $0.contains("not read") }, "\(narrow.doubts)")
    }

    @Test("a player reads no faster than its downlink, and stands still for want of pictures")
    func downlink() async throws {
        let narrow = try await load(up: nil, down: .kilobits(1_300))
        #expect(narrow.count("messages_held_back") == .zero)
        let received = try bits(narrow, "bytes_received")
        #expect(received > 11_000_000 && received < 17_000_000, "\(received)")
        #expect(try #require(narrow.spread("stall")).count > 0)
        #expect(!narrow.doubts.contains { $0.contains("not read") }, "\(narrow.doubts)")
        let wide = try await load(up: .megabits(10), down: .megabits(10))
        #expect(wide.spread("stall")?.count == 0 && wide.count("messages_held_back") == .zero)
    }

    @Test("only lines that are less than four times as fast as a stream are felt")
    func felt() throws {
        let text = """
            {
              "name": "lines", "summary": "Friends at home.", "seed": 7,
              "start": "2026-12-01T00:00:00Z", "duration": "1 d",
              "pricing": { "regime": "on-demand", "budget": "$30" },
              "homes": [{ "name": "barn", "uplink": "2 Mbit/s", "downlink": "8 Mbit/s" }],
              "streamers": [{
                "name": "one", "count": 1, "home": "barn", "timeZone": "UTC",
                "schedule": [{ "weekdays": "daily", "from": "02:00", "length": "20 h" }],
                "media": { "video": "2 Mbit/s", "audio": "100 kbit/s" }
              }, {
                "name": "two", "count": 1, "home": "fibre", "timeZone": "UTC",
                "schedule": [{ "weekdays": "daily", "from": "02:00", "length": "20 h" }],
                "media": { "video": "1 Mbit/s", "audio": "100 kbit/s" }
              }],
              "viewers": [{ "name": "viewer", "count": 1, "home": "barn", "source": "server" }],
              "criteria": { "friends": 2, "concurrentStreams": 2 }
            }
            """
        let scenario = try ScenarioFile.read(path: "lines.json") { _ in Array(text.utf8) }.scenario
        let stretch = try #require(
            ScenarioStretch(scenario, from: .zero, length: .hours(3), speed: 1))
        func lines(_ kind: LoadPlan.Client.Kind) -> [Rate?] {
            stretch.clients.filter { $0.kind == kind }.sorted { $0.stream < $1.stream }.map(\.line)
        }
        #expect(lines(.publisher) == [.megabits(2), nil])
        // 8 Mbit/s are less than four times 2.1 Mbit/s, and more than four times 1.1 Mbit/s.
        #expect(lines(.player) == [.megabits(8), nil])
    }
}
