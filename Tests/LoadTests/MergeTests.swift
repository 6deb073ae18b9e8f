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
                #expect(try whole.status("connections") == .pass)
                #expect(try whole.status("delivery_delay: max<0") != .pass)
                #expect(try whole.status("delivery_delay: p(95)<60000") != .fail)
                #expect(whole.series.columns[1].values.max() == Fixed(6))
                #expect(status == (whole.doubts.isEmpty ? 10 : 3))
                #expect(sum.text.contains("\"schema\" : \"streamr-sim/load/2\""))
            }
        }
    }

    @Test("loads of different targets do not add up", .timeLimit(.minutes(1)))
    func different() async throws {
        let (one, other) = try await shards()
        #expect(try LoadMerge([other, one]).result.count("clients_called") == Fixed(4))
        func refusal(_ change: (inout LoadResult) -> Void) -> String? {
            var changed = other
            change(&changed)
            do throws(LoadMerge.Refusal) {
                _ = try LoadMerge([one, changed])
                return nil
            } catch {
                return error.description
            }
        }
        #expect(refusal { $0.heading.target = "rtmp://x/y" }?.contains("targets") == true)
        #expect(refusal { $0.heading.duration = .seconds(9) }?.contains("durations") == true)
        #expect(refusal { $0.rulings.removeLast() }?.contains("thresholds") == true)
        #expect(refusal { $0.start = one.start + .seconds(60) }?.contains("60 s apart") == true)
        #expect(refusal { $0.heading.shard = "1/2" } == "shard 1/2 is there twice")
        #expect(refusal { $0.heading.shard = "2/3" }?.contains("1/2, 2/3") == true)
        #expect(refusal { $0.heading.shard = "1/1" } != nil)
        #expect(throws: LoadMerge.Refusal.self) { try LoadMerge([one]) }
        var of3 = [one, other]
        for index in of3.indices { of3[index].heading.shard = "\(index + 1)/3" }
        do throws(LoadMerge.Refusal) {
            _ = try LoadMerge(of3)
            Issue.record("a shard is missing")
        } catch {
            #expect(error.description == "shard 3/3 is missing")
        }
    }

    @Test("rulings of any shard are ruled on the sum; what the target says is not added up")
    func rulings() async throws {
        var (one, other) = try await shards()
        for (index, lost) in [Int64(0), 30].enumerated() {
            func set(_ result: inout LoadResult) {
                result.doubts = []
                result.sums = [
                    LoadCount(name: "pictures", unit: "count", value: Fixed(50)),
                    LoadCount(name: "pictures_lost", unit: "count", value: Fixed(lost)),
                    LoadCount(name: "pictures_lost_of", unit: "count", value: Fixed(100)),
                ]
                result.counts += [
                    LoadCount(name: "target_memory", unit: "bytes", value: Fixed(lost)),
                    LoadCount(name: "target_sent_difference", unit: "%", value: Fixed(1)),
                ]
            }
            if index == 0 { set(&one) } else { set(&other) }
        }
        other.rulings.append(LoadRuling(id: "wire", status: .fail, evidence: "of one alone"))
        let sum = try LoadMerge([one, other]).result
        #expect(try sum.status("pictures_lost: rate<0.2") == .pass)
        #expect(sum.ruling("pictures_lost: rate<0.2")?.evidence == "measured 0.15 over all")
        #expect(try sum.status("pictures: count<90") == .fail)
        #expect(try sum.status("wire") == .fail)
        #expect(sum.count("target_memory") == Fixed(30))
        #expect(sum.count("target_sent_difference") == nil)
    }

    /// The two halves of a load of a target that is not there.
    private func shards() async throws -> (LoadResult, LoadResult) {
        var plan = try LoadPlan.small(
            port: try await Faulty.freePort(), publishers: 2, players: 2, seconds: 1,
            ["pictures_lost: rate<0.2", "pictures: count<90"])
        plan.shard = try #require(LoadPlan.Shard("1/2"))
        let one = try await plan.run()
        plan.shard = try #require(LoadPlan.Shard("2/2"))
        return (one, try await plan.run())
    }
}
