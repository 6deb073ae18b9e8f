import Base

/// Steps of time that all series of a watch share, a second each as long as that fits.
struct SeriesClock: Sendable {
    static let rowsMax = 3_600

    private(set) var start: Instant?
    private(set) var step = Interval.seconds(1)

    /// The row of an instant, and how many times rows have to be folded in two first.
    mutating func row(at now: Instant) -> (row: Int, folds: Int) {
        let start = self.start ?? now
        self.start = start
        var folds = 0
        var row = max(0, (now - start).nanoseconds) / step.nanoseconds
        while row >= Self.rowsMax {
            step = step * 2
            row /= 2
            folds += 1
        }
        return (Int(row), folds)
    }
}

/// What happened in each step.
public struct SeriesRow: Sendable, Hashable {
    /// Payload of TCP that carried the media, in order and once.
    public var bytes: Int64 = 0
    public var videoBytes: Int64 = 0
    public var audioBytes: Int64 = 0
    public var frames: Int64 = 0
    public var retransmissions: Int64 = 0
    /// The most, in milliseconds.
    public var lag: Int64 = 0

    public init() {}

    fileprivate static func + (a: SeriesRow, b: SeriesRow) -> SeriesRow {
        var sum = a
        sum.bytes += b.bytes
        sum.videoBytes += b.videoBytes
        sum.audioBytes += b.audioBytes
        sum.frames += b.frames
        sum.retransmissions += b.retransmissions
        sum.lag = max(a.lag, b.lag)
        return sum
    }
}

/// The rows of one stream; those before its first are not held.
struct StreamSeries: Sendable, Hashable {
    private(set) var firstRow = 0
    private(set) var rows: [SeriesRow] = []

    subscript(row: Int) -> SeriesRow {
        get { rows.indices.contains(row - firstRow) ? rows[row - firstRow] : SeriesRow() }
        _modify {
            // Time does not go backwards, so no row is before the first.
            if rows.isEmpty { firstRow = row }
            while rows.count <= row - firstRow { rows.append(SeriesRow()) }
            yield &rows[row - firstRow]
        }
    }

    /// Makes one row of two, as the clock does.
    mutating func fold() {
        guard !rows.isEmpty else { return }
        let last = firstRow + rows.count - 1
        let folded = (firstRow / 2...last / 2).map { self[2 * $0] + self[2 * $0 + 1] }
        firstRow /= 2
        rows = folded
    }
}
