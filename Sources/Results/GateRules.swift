import Base
import Scenarios

/// Rules on a scenario's gates: `aggregate(metric) operator value`, over the run or a window.
///
/// A metric is a column of the time series, or else a figure of the summary. Nothing is rounded
/// before it is compared. Without a single sample a gate is inconclusive, never passed.
extension Gate {
    public func ruling(series: Series, figures: [Figure]) -> GateRuling {
        let samples = samples(series: series, figures: figures)
        guard let aggregated = Aggregated(samples, by: aggregate) else {
            return GateRuling(gate: self, status: .inconclusive, value: nil, samples: 0)
        }
        return GateRuling(
            gate: self, status: holds(aggregated) ? .pass : .fail, value: aggregated.shown,
            samples: Int64(samples.count))
    }

    /// The values in millionths that the gate is ruled on, in order of time.
    ///
    /// A figure stands for the whole run, so it answers only `last` and only without a window.
    private func samples(series: Series, figures: [Figure]) -> [Int128] {
        if let column = series.columns.first(where: { $0.name == metric }) {
            return column.values.indices
                .filter { covers(series.step * Int64($0 + 1)) }
                .map { column.values[$0].millionths }
        }
        guard aggregate == .last, window == nil else { return [] }
        return figures.filter { $0.name == metric }.map(\.value.millionths)
    }

    /// Whether a row that ends so long after the start lies in the window: rows are
    /// half-open to the left, so neighbouring windows share none.
    private func covers(_ rowEnd: Interval) -> Bool {
        guard let window else { return true }
        return rowEnd > window.from && rowEnd <= window.until
    }

    private func holds(_ aggregated: Aggregated) -> Bool {
        let left = aggregated.numerator
        let right = value.millionths * aggregated.denominator
        return switch comparison {
        case .less: left < right
        case .lessOrEqual: left <= right
        case .greater: left > right
        case .greaterOrEqual: left >= right
        case .equal: left == right
        }
    }
}

/// An aggregate as an exact fraction in millionths.
private struct Aggregated {
    var numerator: Int128
    /// Invariant: positive.
    var denominator: Int128 = 1

    /// Nil where there is nothing to aggregate.
    init?(_ samples: [Int128], by aggregate: GateAggregate) {
        guard let last = samples.last else { return nil }
        switch aggregate {
        case .min: numerator = samples.min() ?? last
        case .max: numerator = samples.max() ?? last
        case .sum: numerator = Self.sum(samples)
        case .last: numerator = last
        case .mean:
            numerator = Self.sum(samples)
            denominator = Int128(samples.count)
        case .p50: numerator = Self.percentile(50, of: samples)
        case .p95: numerator = Self.percentile(95, of: samples)
        case .p99: numerator = Self.percentile(99, of: samples)
        }
        check(denominator > 0)
    }

    /// Rounded half to even, and held at the ends of what a `Fixed` can show.
    var shown: Fixed {
        let rounded = numerator.dividedHalfEven(by: denominator)
        return Fixed(clamping: rounded)
    }

    private static func sum(_ samples: [Int128]) -> Int128 {
        samples.reduce(0, +)
    }

    /// Nearest rank: the smallest sample that at least `percent` % of all samples do not exceed.
    private static func percentile(_ percent: Int, of samples: [Int128]) -> Int128 {
        let rank = (samples.count * percent + 99) / 100
        check(rank >= 1 && rank <= samples.count, "rank \(rank) of \(samples.count)")
        return samples.sorted()[rank - 1]
    }
}
