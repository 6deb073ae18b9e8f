import Base
import Results

/// A load's figures as Prometheus reads them: its text format, version 0.0.4.
enum Exposition {
    private static let prefix = "streamr_blast_"

    static func text(_ view: LoadRun.View) -> String {
        var lines: [String] = []
        func add(_ name: String, _ kind: String, _ rows: [(label: String, value: String)]) {
            guard !rows.isEmpty else { return }
            lines.append("# TYPE \(prefix)\(name) \(kind)")
            lines += rows.map { "\(prefix)\(name)\($0.label) \($0.value)" }
        }
        add("elapsed_seconds", "gauge", [("", "\(view.elapsed.wholeSeconds)")])
        for gauge in view.gauges { add(gauge.name, "gauge", [("", "\(gauge.value)")]) }
        for count in view.counts where count.unit == "count" || count.unit == "bytes" {
            add("\(count.name)_total", "counter", [("", "\(count.value)")])
        }
        add(
            "failures_total", "counter",
            view.failures.map { ("{reason=\"\($0.name)\"}", "\($0.value)") })
        for spread in view.spreads where spread.count > 0 { append(spread, to: &lines) }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func append(_ spread: LoadSpread, to lines: inout [String]) {
        let name = "\(prefix)\(spread.name)_seconds"
        lines.append("# TYPE \(name) summary")
        for (quantile, value) in [
            ("0.5", spread.p50), ("0.9", spread.p90), ("0.95", spread.p95), ("0.99", spread.p99),
        ] { lines.append("\(name){quantile=\"\(quantile)\"} \(seconds(value))") }
        let sum = Fixed(millionths: spread.mean.millionths * Int128(spread.count))
        lines.append("\(name)_sum \(seconds(sum))")
        lines.append("\(name)_count \(spread.count)")
    }

    private static func seconds(_ milliseconds: Fixed) -> Fixed {
        Fixed.ratio(milliseconds.millionths, 1_000_000_000)
    }
}
