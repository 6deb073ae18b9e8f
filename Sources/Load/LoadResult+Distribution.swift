import Base
import Results

// A distribution as results show it.
extension LoadSpread {
    init(_ name: String, _ distribution: Distribution) {
        func at(_ percent: Int64) -> Fixed { distribution.percentile(Fixed(percent)) }
        self.init(
            name: name, meaning: LoadMetric(rawValue: name)?.meaning ?? "",
            count: distribution.count, least: distribution.least, mean: distribution.mean,
            p50: at(50), p90: at(90), p95: at(95), p99: at(99), most: distribution.most)
    }
}

extension LoadHistogram {
    init(_ name: String, _ distribution: Distribution) {
        self.init(
            name: name,
            buckets: distribution.buckets.map {
                Bucket(microseconds: $0.microseconds, count: $0.count)
            })
    }
}
