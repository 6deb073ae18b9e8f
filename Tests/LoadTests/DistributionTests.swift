import Base
import Load
import Testing

@Suite struct DistributionTests {
    @Test("two halves of a sample add up to the whole, to the bucket")
    func sum() {
        var (whole, left, right) = (Distribution(), Distribution(), Distribution())
        var random = Random(seed: 7)
        for index in 0..<10_000 {
            let delay = Interval(nanoseconds: Int64(random.below(50_000_000)))
            whole.add(delay)
            if index % 3 == 0 { left.add(delay) } else { right.add(delay) }
        }
        left.add(right)
        #expect(left.count == 10_000)
        #expect(left.mean == whole.mean)
        #expect(left.buckets.map(\.count) == whole.buckets.map(\.count))
        #expect(left.buckets.map(\.microseconds) == whole.buckets.map(\.microseconds))
    }

    @Test("what was saved by buckets reads back the same")
    func saved() {
        var (measured, read) = (Distribution(), Distribution())
        for index in 1...2_000 { measured.add(.milliseconds(Int64(index * index % 70_001))) }
        for bucket in measured.buckets {
            read.add(microseconds: bucket.microseconds, count: bucket.count)
        }
        #expect(read.buckets.map(\.microseconds) == measured.buckets.map(\.microseconds))
        #expect(read.buckets.map(\.count) == measured.buckets.map(\.count))
    }

    @Test("percentiles are within a thousandth of the sample's")
    func precision() {
        var distribution = Distribution()
        for index in 1...1_000 { distribution.add(.milliseconds(Int64(index))) }
        let tail = distribution.percentile(Fixed(99))
        #expect(tail >= Fixed(990) && tail <= Fixed(991))
        #expect(distribution.percentile(Fixed(50)) >= Fixed(500))
        #expect(distribution.percentile(Fixed(50)) <= Fixed(501))
    }

    @Test("what is out of range is held at its ends")
    func range() {
        var distribution = Distribution()
        distribution.add(.milliseconds(-5))
        distribution.add(.hours(2))
        #expect(distribution.least == .zero)
        #expect(distribution.most == Fixed(600_000))
    }
}
