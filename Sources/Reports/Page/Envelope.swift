import Base

/// A column thinned to so many buckets, each with the least, mean and most of its rows.
///
/// A peak of a single row is never lost, as it would be by skipping rows or by averaging.
struct Envelope {
    var buckets: [Bucket] = []
    /// Over all rows.
    var least: Fixed
    var mean: Fixed
    var most: Fixed

    struct Bucket {
        var least: Fixed
        var mean: Fixed
        var most: Fixed
    }

    /// More than a screen is wide in points; a chart of it weighs about 25 kB.
    static let bucketsMax = 720

    /// Nil for a column without rows.
    init?(_ values: [Fixed], bucketsMax: Int = bucketsMax) {
        guard !values.isEmpty else { return nil }
        let count = min(values.count, bucketsMax)
        for index in 0..<count {
            let rows = values[values.count * index / count..<values.count * (index + 1) / count]
            buckets.append(Self.bucket(rows))
        }
        let whole = Self.bucket(values[...])
        (least, mean, most) = (whole.least, whole.mean, whole.most)
    }

    private static func bucket(_ rows: ArraySlice<Fixed>) -> Bucket {
        check(!rows.isEmpty, "a bucket without rows")
        var (least, most, sum) = (
            rows[rows.startIndex].millionths, rows[rows.startIndex].millionths, Int128(0)
        )
        for row in rows {
            least = min(least, row.millionths)
            most = max(most, row.millionths)
            sum += row.millionths
        }
        let mean = sum.dividedHalfEven(by: Int128(rows.count))
        return Bucket(
            least: Fixed(millionths: least), mean: Fixed(millionths: mean),
            most: Fixed(millionths: most))
    }
}
