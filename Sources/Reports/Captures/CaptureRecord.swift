import Base
import Foundation
import Packets
import Results

/// What a capture showed: the contents of its results folder.
public struct CaptureRecord: Sendable, Hashable {
    public var summary: CaptureSummary
    public var series: Series

    /// Streams with columns of their own: as many as a page can show.
    static let streamsInSeriesMax = 16

    public init(
        _ report: WatchReport, source: String, filter: String?, partial: String?
    ) {
        let figures = report.figures
        let rest = report.streams.filter(\.hasSeries).prefix(Self.streamsInSeriesMax)
        series = Series(
            start: report.start, step: report.step,
            columns: rest.flatMap { $0.columns(rows: report.rows, step: report.step) })
        summary = CaptureSummary(
            source: source, filter: filter, partial: partial,
            start: Moment(figures.first ?? report.start),
            lengthSeconds: ExactNumber(seconds: figures.length), packets: figures.packets,
            bytes: figures.bytes, droppedPackets: figures.dropped, fragments: figures.fragments,
            otherPackets: figures.otherPackets, malformedPackets: figures.malformed,
            cutShortSegments: figures.cutShort, connections: figures.connections,
            evictedConnections: figures.evicted, connectionsLetGo: figures.letGo,
            otherConnections: figures.restConnections, otherBytes: figures.restBytes,
            streams: report.streams.map(CaptureSummary.Stream.init),
            series: Summary.SeriesHeading(series))
    }

    /// Every file of the folder, and its bytes.
    public func files(host: HostFacts) throws -> [(name: String, data: Data)] {
        [
            (ResultsFolder.summaryName, try ResultsFolder.json(summary)),
            (ResultsFolder.seriesName, Data(SeriesFile.write(series))),
            (ResultsFolder.reportName, Data(CapturePage.render(self).utf8)),
            (ResultsFolder.runInfoName, try ResultsFolder.json(host)),
        ]
    }
}

extension StreamReport {
    fileprivate func columns(rows: Int, step: Interval) -> [Series.Column] {
        func column(
            _ name: String, _ unit: String, _ value: (SeriesRow) -> Fixed
        ) -> Series.Column {
            Series.Column(
                name: "\(label): \(name)", unit: unit, values: (0..<rows).map { value(self[$0]) })
        }
        return [
            column("rate", "Mbit/s") {
                Fixed.ratio(Int128($0.bytes) * 8_000, Int128(step.nanoseconds))
            },
            column("video frames", "per second") {
                Fixed.ratio(Int128($0.frames) * 1_000_000_000, Int128(step.nanoseconds))
            },
            column("lag", "ms") { Fixed($0.lag) },
            column("retransmissions", "count") { Fixed($0.retransmissions) },
        ]
    }
}
