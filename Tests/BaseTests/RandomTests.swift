import Base
import Testing

@Suite struct RandomTests {
    @Test("a stream depends on its name and the seed alone")
    func named() {
        var a = Random(seed: 7, entity: "home-1", purpose: "loss")
        var b = Random(seed: 7, entity: "home-1", purpose: "loss")
        var c = Random(seed: 7, entity: "home-2", purpose: "loss")
        let first = (0..<4).map { _ in a.next() }
        #expect(first == (0..<4).map { _ in b.next() })
        #expect(first != (0..<4).map { _ in c.next() })
    }

    @Test("exponential draws have the asked mean within half a percent")
    func exponential() {
        var random = Random(seed: 1)
        let count: UInt64 = 200_000
        var sum: UInt64 = 0
        for _ in 0..<count { sum += random.exponential(mean: 1_000_000) }
        #expect((995_000...1_005_000).contains(sum / count))
    }

    @Test("below never reaches its bound and hits every value")
    func below() {
        var random = Random(seed: 3)
        var counts = [Int](repeating: 0, count: 7)
        for _ in 0..<70_000 { counts[Int(random.below(7))] += 1 }
        #expect(counts.allSatisfy { (9_500...10_500).contains($0) })
    }

    @Test("division rounds half to even, below zero as well")
    func halfEven() {
        #expect(
            [5, 15, 25, -5, -15, 26].map { Int128($0).dividedHalfEven(by: 10) } == [
                0, 2, 2, 0, -2, 3,
            ])
    }
}
