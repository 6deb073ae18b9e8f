import Base
import Cloud
import Testing

@Suite struct RatioTests {
    @Test(
        "a figure is rounded half to even",
        arguments: [
            ("0.005", "0.00"), ("0.015", "0.02"), ("0.025", "0.02"), ("0.0250001", "0.03"),
            ("2.675", "2.68"), ("2.665", "2.66"), ("79.2748", "79.27"), ("0", "0.00"),
        ])
    func halfEven(text: String, cents: String) {
        #expect(Ratio(decimal: text)?.cents == cents)
    }

    @Test("a negative figure keeps its sign and rounds half to even too")
    func negative() {
        #expect((Ratio.zero - Ratio(15, over: 1_000)).cents == "-0.02")
        #expect((Ratio.zero - Ratio(25, over: 1_000)).cents == "-0.02")
    }

    @Test(
        "only plain decimals are read",
        arguments: [
            "", ".", "1.", ".5", "-1", "+1", "1e3", "1.2.3", " 1", "1 ", "0x1", "١",
            "1234567890123", "0.1234567891",
        ])
    func refused(text: String) {
        #expect(Ratio(decimal: text) == nil)
    }

    @Test("a decimal that is read and written is the same number")
    func roundTrip() {
        var random = Random(seed: 7)
        for _ in 0..<2_000 {
            let value = Ratio(Int128(random.below(1 << 60)), over: 1_000_000_000)
            #expect(Ratio(decimal: value.decimal) == value, "seed 7, \(value)")
        }
    }

    @Test("sums do not depend on the order")
    func order() {
        var random = Random(seed: 8)
        let terms = (0..<100).map { _ in
            Ratio(Int128(random.below(1_000_000)), over: Int128(random.below(60) + 1))
        }
        let forward = terms.reduce(.zero, +)
        #expect(terms.reversed().reduce(.zero, +) == forward, "seed 8")
        #expect(forward - terms[0] + terms[0] == forward)
    }
}
