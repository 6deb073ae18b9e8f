import Base
import Packets

/// What a capture showed, for a terminal: a line for each stream, and what went wrong.
public enum CaptureText {
    private static let heads = [
        "STREAM", "Mbit/s", "FPS", "KEY s", "KEY kB", "RTT ms", "AGAIN", "CLOSED", "BEHIND ms",
        "STALLED s",
    ]

    public static func table(_ summary: CaptureSummary) -> [String] {
        lines([heads] + summary.streams.map(cells))
    }

    /// The same with each stream's rate of the last whole step before the others; `width` cuts
    /// lines short.
    public static func live(
        _ report: WatchReport, _ summary: CaptureSummary, width: Int?
    ) -> [String] {
        let rows = zip(report.streams, summary.streams).map { stream, each -> [String] in
            let bytes = stream[max(0, report.rows - 2)].bytes
            let rate = Fixed.ratio(Int128(bytes) * 8_000, Int128(report.step.nanoseconds))
            var row = cells(each)
            row.insert(rate.text(decimals: 2), at: 1)
            return row
        }
        var heads = heads
        heads.insert("NOW", at: 1)
        return lines([heads] + rows).map { line in width.map { String(line.prefix($0)) } ?? line }
    }

    private static func cells(_ stream: CaptureSummary.Stream) -> [String] {
        let (media, network) = (stream.media, stream.network)
        let rate = Fixed(
            millionths: media.videoMbit.value.millionths + media.audioMbit.value.millionths)
        let keyKilobytes = Fixed.ratio(media.keyFrameBytes.mean.value.millionths, 1_000_000_000)
        return [
            stream.label, rate.text(decimals: 2), media.framesPerSecond.value.text(decimals: 1),
            media.groupSeconds.mean.value.text(decimals: 1), keyKilobytes.text(decimals: 1),
            network.roundTripMs.mean.value.text(decimals: 2), "\(network.retransmissions)",
            "\(network.zeroWindows)", media.lagMs.p95.value.text(decimals: 0),
            media.stallSeconds.value.text(decimals: 1),
        ]
    }

    /// The first column is set flush left, the others right.
    private static func lines(_ rows: [[String]]) -> [String] {
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = row.enumerated().map { column, cell in
                let space = String(repeating: " ", count: widths[column] - cell.count)
                return column == 0 ? cell + space : space + cell
            }
            return cells.joined(separator: "  ")
        }
    }

    /// One line about the capture as a whole.
    public static func state(_ summary: CaptureSummary) -> String {
        "\(summary.source): \(summary.lengthSeconds.seconds.readable), "
            + "\(Numbers.grouped(summary.packets)) packets, "
            + "\(Numbers.bytes(Fixed(summary.bytes))), "
            + "\(Numbers.grouped(summary.droppedPackets)) lost by the capture; "
            + "\(summary.connections) TCP connections, \(summary.streams.count) with RTMP"
    }

    public static func render(_ summary: CaptureSummary) -> String {
        var lines = [state(summary)]
        if let partial = summary.partial { lines.append("Partial results: \(partial)") }
        if !summary.streams.isEmpty { lines += [""] + table(summary) }
        for stream in summary.streams where !stream.remarks.isEmpty {
            lines += ["", stream.label] + stream.remarks.map { "  \($0)" }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
