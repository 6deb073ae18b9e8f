import Base
import Histogram

/// How often which delay was measured, in constant memory, to three digits.
///
/// Buckets lie at fixed places, so two of them add up exactly, whichever machines they come from.
public struct Distribution: Sendable {
    /// Ten minutes, in microseconds: longer is counted as that, and below zero as zero.
    static let microsecondsMax: UInt64 = 600_000_000

    /// Shared by all until they hold something: making one takes most of a millisecond.
    private static let empty = Histogram<UInt64>(
        highestTrackableValue: microsecondsMax, numberOfSignificantValueDigits: .three)

    private var histogram = Self.empty
    private var microsecondsSum: UInt64 = 0

    public init() {}

    public mutating func add(_ delay: Interval) {
        add(microseconds: UInt64(max(delay.nanoseconds / 1_000, 0)), count: 1)
    }

    public mutating func add(microseconds: UInt64, count: UInt64) {
        let value = min(microseconds, Self.microsecondsMax)
        histogram.record(value, count: count)
        microsecondsSum += value * count
    }

    public mutating func add(_ other: Distribution) {
        guard other.histogram.totalCount > 0 else { return }
        histogram.add(other.histogram)
        microsecondsSum += other.microsecondsSum
    }

    /// Of all delays together.
    var sum: Interval { Interval(nanoseconds: Int64(microsecondsSum) * 1_000) }

    public var count: Int64 { Int64(histogram.totalCount) }

    /// Milliseconds; zero where nothing was measured.
    public func percentile(_ percent: Fixed) -> Fixed {
        guard count > 0 else { return .zero }
        let value = histogram.valueAtPercentile(Double(percent.millionths) / 1_000_000)
        // The bucket's upper end may lie above the greatest value in it.
        return milliseconds(min(value, Self.microsecondsMax))
    }

    public var least: Fixed { count > 0 ? milliseconds(histogram.min) : .zero }
    public var most: Fixed {
        count > 0 ? milliseconds(min(histogram.max, Self.microsecondsMax)) : .zero
    }
    public var mean: Fixed {
        count > 0 ? Fixed.ratio(Int128(microsecondsSum), Int128(count) * 1_000) : .zero
    }

    /// The buckets that hold anything, by the greatest value that belongs to each.
    public var buckets: [(microseconds: UInt64, count: UInt64)] {
        histogram.recordedValues().map { ($0.value, $0.count) }
    }

    private func milliseconds(_ microseconds: UInt64) -> Fixed {
        Fixed.ratio(Int128(microseconds), 1_000)
    }
}
