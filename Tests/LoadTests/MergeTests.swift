import Base
import Foundation
import Load
import Reports
import Results
import Testing

@Suite(.serialized) struct MergeTests {
    @Test("shards have every stream and its players once, whatever their number")
    func shards() {
        #expect(LoadPlan.Shard("2/3")?.place == 1)
        for text in ["", "0/3", "4/3", "1", "1/0", "a/b", "1/2/3", "-1/2", "1/1001"] {
            #expect(LoadPlan.Shard(text) == nil, "\(text)")
        }
    }

    @Test("two shards' results add up: counts, histograms, rulings", .timeLimit(.minutes(2)))
    func merge() async throws {
        try await TestServer.with { port in
            try await Blast.inFolder { folder in
                let words = [
                    "blast", "rtmp://127.0.0.1:\(port)/live", "--publishers", "3", "--players", "6",
                    "--duration", "6s", "--ramp", "0s", "--video-rate", "300k", "--audio-rate",
                    "32k", "--quiet", "--threshold", "delivery_delay: p(95)<60000", "--threshold",
                    "delivery_delay: max<0",
                ]
                let shards = try ["1/2", "2/2"].enumerated().map { number, shard in
                    try Blast(
                        words + ["--shard", shard, "--out", "shard-\(number)"], in: folder)
                }
                for shard in shards { _ = try await shard.finish() }
                let sum = try Blast(
                    ["merge", "shard-0", "shard-1", "--out", "sum", "--json"], in: folder)
                let status = try await sum.finish()
                let parts = try ["shard-0", "shard-1"].map {
                    try LoadRecord.read(folder.appending(path: $0).path)
                }
                let whole = try LoadRecord.read(folder.appending(path: "sum").path)
                #expect(parts[0].heading.publishers == 2 && parts[1].heading.publishers == 1)
                #expect(whole.heading.publishers == 3 && whole.heading.players == 6)
                #expect(whole.count("publishers_started") == Fixed(3))
                #expect(whole.count("players_started") == Fixed(6))
                let pictures = parts.compactMap { $0.count("pictures")?.millionths }
                #expect(whole.count("pictures")?.millionths == pictures.reduce(0, +))
                let counts = parts.compactMap { $0.spread("delivery_delay")?.count }
                #expect(whole.spread("delivery_delay")?.count == counts.reduce(0, +))
                let most = parts.compactMap { $0.spread("delivery_delay")?.most }.max()
                #expect(whole.spread("delivery_delay")?.most == most)
                #expect(whole.ruling("connections")?.status == .pass)
                #expect(whole.ruling("delivery_delay: max<0")?.status != .pass)
                #expect(whole.ruling("delivery_delay: p(95)<60000")?.status != .fail)
                #expect(whole.series.columns[1].values.max() == Fixed(6))
                #expect(status == (whole.doubts.isEmpty ? 10 : 3))
                #expect(sum.text.contains("\"schema\" : \"streamr-sim/load/1\""))
            }
        }
    }

    @Test("loads of different targets do not add up", .timeLimit(.minutes(1)))
    func different() async throws {
        let port = try await Faulty.freePort()
        let one = try await LoadPlan.small(port: port, seconds: 1).run()
        let other = try await LoadPlan.small(port: port + 1, seconds: 1).run()
        #expect(throws: LoadMerge.Refusal.self) { try LoadMerge([one, other]) }
        #expect(throws: LoadMerge.Refusal.self) { try LoadMerge([one]) }
        #expect(try LoadMerge([one, one]).result.count("clients_called") == Fixed(4))
    }
}
