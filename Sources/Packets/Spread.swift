import Base

/// Least, mean, most and percentiles of any number of values, in constant memory.
///
/// Eight buckets for each doubling: a percentile is at most an eighth too high, never too low.
public struct Spread: Sendable, Hashable {
    public private(set) var count: Int64 = 0
    public private(set) var least: Int64 = 0
    public private(set) var most: Int64 = 0
    private var sum: Int128 = 0
    private var buckets: [Int64] = []

    public init() {}

    /// Negative values count as zero.
    public mutating func add(_ value: Int64) {
        let value = max(0, value)
        least = count == 0 ? value : min(least, value)
        most = max(most, value)
        sum += Int128(value)
        count += 1
        let bucket = Self.bucket(of: value)
        if bucket >= buckets.count {
            buckets.append(contentsOf: repeatElement(0, count: bucket + 1 - buckets.count))
        }
        buckets[bucket] += 1
    }

    public var mean: Int64 { count == 0 ? 0 : Int64(sum / Int128(count)) }
    public var total: Int64 { Int64(clamping: sum) }

    /// At least so many percent of the values are not above it.
    public func percentile(_ percent: Int64) -> Int64 {
        guard count > 0 else { return 0 }
        var left = multiplyDivideUp(count, percent, 100)
        for (bucket, size) in buckets.enumerated() {
            left -= size
            if left <= 0 { return min(most, max(least, Self.upperBound(of: bucket))) }
        }
        return most
    }

    private static func bucket(of value: Int64) -> Int {
        guard value >= 16 else { return Int(value) }
        let shift = 60 - value.leadingZeroBitCount  // keeps the four leading bits
        return shift * 8 + Int(value >> Int64(shift))
    }

    /// The largest value that falls into a bucket.
    private static func upperBound(of bucket: Int) -> Int64 {
        guard bucket >= 16 else { return Int64(bucket) }
        let shift = bucket / 8 - 1
        let leading = Int64(bucket - shift * 8)
        return (leading << Int64(shift)) + (1 << Int64(shift)) - 1
    }
}
