import Base
import Media
import Scenarios
import Testing

@testable import Load

/// Publishers of a scenario whose bit rate varies send clips that vary alike.
@Suite struct VariationTests {
    private static func scenario(_ media: String, seed: UInt64 = 7) throws -> Scenario {
        let text = """
            {
              "name": "varying", "summary": "One friend.", "seed": \(seed),
              "start": "2026-12-01T00:00:00Z", "duration": "1 d",
              "pricing": { "regime": "on-demand", "budget": "$30" },
              "streamers": [{
                "name": "streamer", "count": 1, "home": "fibre", "timeZone": "UTC",
                "schedule": [{ "weekdays": "daily", "from": "02:00", "length": "20 h" }],
                "media": { "video": "2.5 Mbit/s", "audio": "128 kbit/s", "framesPerSecond": 30,
                  "keyFrameEvery": "2 s"\(media) }
              }],
              "viewers": [], "criteria": { "friends": 1, "concurrentStreams": 1 }
            }
            """
        return try ScenarioFile.read(path: "varying.json") { _ in Array(text.utf8) }.scenario
    }

    private static func shape(_ media: String, seed: UInt64 = 7) throws -> Clip.Shape {
        let part = ScenarioStretch(
            try scenario(media, seed: seed), from: .zero, length: .hours(3), speed: 1)
        return try #require(part?.shapes.first)
    }

    /// Bits a second of the pictures in each part of so many milliseconds of one round.
    private func rates(_ tape: ClipTape, _ milliseconds: Int64) -> [Double] {
        var bytes: [Int64] = []
        for item in tape.items where item.isPicture {
            let part = Int(item.milliseconds / milliseconds)
            while bytes.count <= part { bytes.append(0) }
            bytes[part] += Int64(item.length)
        }
        return bytes.map { Double($0) * 8_000 / Double(milliseconds) }
    }

    @Test(
        "a varying rate is another every ten seconds, within its share of the mean, which it keeps")
    func spread() throws {
        let tape = try ClipTape(try Self.shape(#", "variation": "30 %", "variationEvery": "10 s""#))
        let rates = rates(tape, 10_000)
        #expect(rates.count == 10, "\(rates)")
        let mean = rates.reduce(0, +) / Double(rates.count)
        #expect(abs(mean - 2_500_000) < 25_000, "\(mean)")
        let shares = rates.map { $0 / 2_500_000 - 1 }
        #expect(shares.allSatisfy { abs($0) < 0.301 }, "\(shares)")
        // Of draws from the whole range alike, the mean square is a third of the largest.
        let square = shares.reduce(0) { $0 + $1 * $1 } / Double(shares.count)
        #expect(abs(square - 0.3 * 0.3 / 3) < 0.006, "\(square)")
        #expect(Set(rates.map { Int($0 / 1_000) }).count == 10, "\(rates)")
        // Sound does not vary, and a second round is the first again.
        let length = tape.time(0, round: 1)
        #expect(length == 100_000)
    }

    @Test("the same scenario varies the same way, another seed another way, none not at all")
    func drawn() throws {
        let varying = #", "variation": "20 %""#
        #expect(try Self.shape(varying) == (try Self.shape(varying)))
        #expect(try Self.shape(varying) != (try Self.shape(varying, seed: 8)))
        let steady = try Self.shape("")
        #expect(steady.variation.isEmpty)
        let rates = rates(try ClipTape(steady), 4_000)
        #expect(rates.allSatisfy { abs($0 - 2_500_000) < 5_000 }, "\(rates)")
    }

    @Test("what a ceiling of bits a second lets begin is no more at its highest")
    func ceiling() throws {
        func refusal(_ variation: [Int64], rate: Rate) throws -> String? {
            var ceilings = Ceilings.none
            ceilings.rate = rate
            var plan = try LoadPlan.small(port: 1, players: 3, seconds: 10, ceilings: ceilings)
            (plan.shape.videoRate, plan.shape.variation) = (2_500_000, variation)
            return plan.refusal
        }
        // Four streams of 2.5 Mbit/s and a little.
        #expect(try refusal([], rate: .megabits(11)) == nil)
        let reason = try #require(
            try refusal([1_300_000, 700_000], rate: .megabits(11)))
        #expect(reason.contains("--max-rate"), "\(reason)")
        #expect(try refusal([1_300_000, 700_000], rate: .megabits(14)) == nil)
    }

    @Test("however slowly and fast a rate varies, its round is no longer than a tape may be")
    func bounded() throws {
        for (rate, groupLength, period) in [
            (40_000_000, 60, Interval.hours(1)), (20_000, 3, .seconds(1)),
            (2_500_000, 60, .hours(1)),
            (100_000_000, 300, .seconds(10)), (300_000, 60, .seconds(10)),
        ] {
            var shape = Clip.Shape()
            (shape.videoRate, shape.groupLength) = (rate, groupLength)
            var random = Random(seed: 1)
            shape.vary(within: .percent(90), every: period, &random)
            let count = shape.variation.count
            #expect(count >= 2 && count <= 16 && count % 2 == 0)
            #expect(shape.variation.reduce(0, +) == Int64(count) * 1_000_000)
            #expect(shape.variation.allSatisfy { (100_000...1_900_000).contains($0) })
            let seconds = Int64(count * shape.variationGroups * groupLength / 30)
            let bytes = seconds * Int64(rate + shape.audioRate) / 8
            #expect(seconds <= 240 && (bytes <= 33 << 20 || count * shape.variationGroups == 2))
        }
    }
}
