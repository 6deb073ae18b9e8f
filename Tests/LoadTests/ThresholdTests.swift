import Base
import Load
import Testing

@Suite struct ThresholdTests {
    @Test("k6's grammar: conditions, percentiles, words for all of them")
    func grammar() throws {
        let all = try Threshold.all(
            in: "delivery_delay: p(95)<500, p(99.9) <= 1200.5, abortOnFail, delayAbortEval=10s")
        #expect(
            all.map(\.id) == [
                "delivery_delay: p(95)<500", "delivery_delay: p(99.9) <= 1200.5",
            ])
        #expect(all[0].aggregate == .percentile(Fixed(95)))
        #expect(all[0].comparison == .less)
        #expect(all[1].aggregate == .percentile(Fixed(millionths: 99_900_000)))
        #expect(all[1].value == Fixed(millionths: 1_200_500_000))
        #expect(all.allSatisfy { $0.abortsOnFail && $0.abortsAfter == .seconds(10) })
        let powers = try ["1e3", "1.5E2", "25e-1"].map {
            try Threshold.all(in: "stall: max<\($0)")[0].value
        }
        #expect(powers == [Fixed(1_000), Fixed(150), Fixed.ratio(5, 2)])
        let share = try Threshold.all(in: "errors: rate<0.01")
        #expect(share[0].subject == .share(.errors) && !share[0].abortsOnFail)
    }

    @Test("a window stands in braces after the name")
    func window() throws {
        let all = try Threshold.all(in: "stall{after:10s,before:1m30s}: count==0")
        #expect(all[0].window == Threshold.Window(after: .seconds(10), before: .seconds(90)))
        #expect(all[0].subject == .delay(.stall))
    }

    @Test(
        "what cannot be ruled on is refused, with what was expected",
        arguments: [
            "delivery_delay", "delivery_delay:", "delay: p(95)<5", "delivery_delay: p(101)<5",
            "delivery_delay: p(95)<", "delivery_delay: p(95)500", "delivery_delay: rate<5",
            "errors: avg<5", "bytes_sent: p(95)<5", "stall{after:10s: count<1",
            "stall{after:20s,before:10s}: count<1", "stall{during:1s}: count<1",
            "stall{after:100ms,before:900ms}: count<1", "stall: max<1e", "stall: max<1e99",
            "delivery_delay: abortOnFail", "stall: count<1, delayAbortEval=soon", "stall: count=<1",
        ])
    func refused(_ text: String) {
        #expect(throws: Threshold.SyntaxError.self) { try Threshold.all(in: text) }
    }

    @Test("times as Go writes them")
    func times() {
        #expect(Interval(brief: "1m30s") == .seconds(90))
        #expect(Interval(brief: "250ms") == .milliseconds(250))
        #expect(Interval(brief: "4h") == .hours(4))
        for text in ["", "5", "s", "-5s", "1.5s", "5 s", "99999999s", "1000000h"] {
            #expect(Interval(brief: text) == nil, "\(text)")
        }
    }
}
