import Base
import Foundation
import Packets
import Results

/// A captured stream beside its simulation, both measured in the same way.
public struct LearnedRecord: Sendable, Hashable {
    public static let schema = "streamr-sim/learned/1"

    public var summary: Summary
    public var series: Series
    /// The scenario that was learned.
    public var scenario: String

    /// The contents of `summary.json`.
    public struct Summary: Sendable, Hashable, Codable {
        public var schema = LearnedRecord.schema
        public var source: String
        public var stream: String
        /// How far the simulated rates of a step of the series are from the captured ones, in
        /// percent of the captured mean: the area between their distributions (Wasserstein's first
        /// distance).
        public var rateDistancePercent: ExactNumber
        public var seconds: Int
        public var rows: [Row]
        public var series: Reports.Summary.SeriesHeading

        public struct Row: Sendable, Hashable, Codable {
            public var name: String
            public var captured: ExactNumber
            public var simulated: ExactNumber
        }
    }

    /// Whole steps that both must have: fewer say nothing of how rates are distributed.
    public static let stepsMin = 3

    /// Nil where there is too little to compare.
    public init?(
        source: String, scenario: String, captured: (WatchReport, StreamReport),
        simulated: (WatchReport, StreamReport)
    ) {
        self.scenario = scenario
        let stream = captured.1
        let step = max(captured.0.step, simulated.0.step)
        let rates = [captured, simulated].map { Self.rates($0.0, $0.1, step) }
        let steps = min(rates[0].count, rates[1].count)
        guard steps >= Self.stepsMin else { return nil }
        series = Series(
            start: stream.media.first ?? stream.openedAt, step: step,
            columns: zip(["captured", "simulated"], rates).map { name, values in
                Series.Column(name: name, unit: "Mbit/s", values: Array(values.prefix(steps)))
            })
        let columns = series.columns.map(\.values)
        summary = Summary(
            source: source, stream: stream.label,
            rateDistancePercent: ExactNumber(Self.distance(columns[0], columns[1])),
            seconds: steps * Int(step.wholeSeconds), rows: Self.rows(captured.1, simulated.1),
            series: Reports.Summary.SeriesHeading(series))
    }

    public func files(host: HostFacts) throws -> [(name: String, data: Data)] {
        [
            (ResultsFolder.summaryName, try ResultsFolder.json(summary)),
            (ResultsFolder.seriesName, Data(SeriesFile.write(series))),
            (ResultsFolder.reportName, Data(LearnedPage.render(self).utf8)),
            (ResultsFolder.runInfoName, try ResultsFolder.json(host)),
        ]
    }

    /// For a terminal.
    public var text: String {
        var lines = ["\(summary.stream), captured and simulated:", ""]
        for row in summary.rows {
            let name = row.name.padding(toLength: 26, withPad: " ", startingAt: 0)
            lines.append(
                "  \(name)\(Self.flushRight(row.captured))\(Self.flushRight(row.simulated))")
        }
        lines.append("")
        lines.append(
            "Distance of the rates over \(summary.seconds) s: "
                + "\(summary.rateDistancePercent.value.text(decimals: 1)) % of the mean")
        return lines.joined(separator: "\n") + "\n"
    }

    private static func flushRight(_ number: ExactNumber) -> String {
        let text = number.value.text(decimalsMax: 3)
        return String(repeating: " ", count: max(1, 14 - text.count)) + text
    }

    /// The media's rate in each whole step, from the first to the last. A step is one of the
    /// report's own or several of them.
    private static func rates(
        _ report: WatchReport, _ stream: StreamReport, _ step: Interval
    ) -> [Fixed] {
        let folded = Int(step.nanoseconds / report.step.nanoseconds)
        let bytes = stride(from: 0, to: report.rows, by: folded).map { row in
            (row..<row + folded).reduce(Int64(0)) {
                $0 + stream[$1].videoBytes + stream[$1].audioBytes
            }
        }
        guard let first = bytes.firstIndex(where: { $0 > 0 }),
            let last = bytes.lastIndex(where: { $0 > 0 }), last - first >= 2
        else { return [] }
        return bytes[first + 1..<last].map {
            Fixed.ratio(Int128($0) * 8_000, Int128(step.nanoseconds))
        }
    }

    /// Both have as many values: the mean difference of the n-th largest of each.
    private static func distance(_ a: [Fixed], _ b: [Fixed]) -> Fixed {
        let apart = zip(a.sorted(), b.sorted()).map { ($0.millionths - $1.millionths).magnitude }
        let whole = a.reduce(Int128(0)) { $0 + $1.millionths }
        return Fixed.ratio(Int128(apart.reduce(0, +)) * 100, whole)
    }

    private static func rows(_ a: StreamReport, _ b: StreamReport) -> [Summary.Row] {
        func row(_ name: String, _ value: (StreamReport) -> Fixed) -> Summary.Row {
            Summary.Row(
                name: name, captured: ExactNumber(value(a)), simulated: ExactNumber(value(b)))
        }
        return [
            row("video Mbit/s") { $0.rate(of: $0.media.videoBytes) },
            row("audio Mbit/s") { $0.rate(of: $0.media.audioBytes) },
            row("frames a second") { .ratio(Int128($0.media.framesPerKilosecond), 1_000) },
            row("key frame every s") { .ratio(Int128($0.media.groupLength.mean), 1_000) },
            row("key frame bytes") { Fixed($0.media.keyFrames.mean) },
            row("other frame bytes") { Fixed($0.media.otherFrames.mean) },
            row("audio frame bytes") { Fixed($0.media.audioFrames.mean) },
        ]
    }
}

/// The report of what was learned.
enum LearnedPage {
    static func render(_ record: LearnedRecord) -> String {
        let summary = record.summary
        let distance = summary.rateDistancePercent.value.text(decimals: 1)
        let headline = "The simulation's rates are \(distance) % from the captured stream's"
        return Page.document(
            title: "\(summary.stream): \(headline)", skip: "the figures",
            header: """
                <header class="inconclusive">
                <p class="kicker">streamr-sim <span aria-hidden="true">·</span> pcap learn</p>
                <h1>\(headline).</h1>
                <p class="standfirst">\(summary.stream), in \(summary.source). The distance is \
                the area between the distributions of the rates of \(summary.seconds) seconds, as \
                a share of the captured mean.</p>
                </header>
                """,
            sections: [
                Page.Section(id: "figures", title: "Side by side", body: figures(summary)),
                Page.Section(id: "time", title: "Over time", body: chart(record.series)),
                Page.Section(
                    id: "scenario", title: "The scenario",
                    body: "<pre><code>\(record.scenario)</code></pre>"),
            ],
            footer: "<footer><p>Both sides measured on packets by streamr-sim.</p></footer>")
    }

    private static func figures(_ summary: LearnedRecord.Summary) -> Markup {
        Page.table(
            caption: "Differences are relative to the capture.",
            heads: [
                Page.Head("Figure"), Page.Head("Captured", number: true),
                Page.Head("Simulated", number: true), Page.Head("Relative", number: true),
            ],
            rows: summary.rows.map { row in
                let (captured, simulated) = (row.captured.value, row.simulated.value)
                let difference = Fixed(millionths: simulated.millionths - captured.millionths)
                return [
                    "\(row.name)", "\(Numbers.grouped(captured))", "\(Numbers.grouped(simulated))",
                    "\(captured == .zero ? "–" : Numbers.percent(difference, of: captured))",
                ]
            }, kind: "cards")
    }

    private static func chart(_ series: Series) -> Markup {
        guard series.rows > 0 else { return "" }
        let chart = Chart(title: "Media rate", unit: "Mbit/s", columns: series.columns)
        return "<div class=\"charts\">\(chart.markup(series, outages: []))</div>"
    }
}
