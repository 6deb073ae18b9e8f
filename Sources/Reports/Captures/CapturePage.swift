import Base
import Results

/// The report of a capture: one file that opens without a network, like that of a run.
enum CapturePage {
    static func render(_ record: CaptureRecord) -> String {
        let summary = record.summary
        return Page.document(
            title: "\(summary.source): \(headline(summary))", skip: "the streams",
            header: header(summary),
            sections: [
                Page.Section(id: "streams", title: "Streams", body: streams(summary)),
                Page.Section(id: "remarks", title: "Who lost what", body: remarks(summary)),
                Page.Section(id: "time", title: "Over time", body: charts(record)),
                Page.Section(id: "network", title: "The network", body: network(summary)),
                Page.Section(id: "capture", title: "The capture itself", body: capture(summary)),
            ],
            footer: "<footer><p>Measured on the wire by streamr-sim.</p></footer>")
    }

    static func headline(_ summary: CaptureSummary) -> String {
        let count = summary.streams.count
        let streams = count == 1 ? "1 stream" : "\(count) streams"
        let troubled = summary.streams.count { !$0.remarks.isEmpty }
        return switch troubled {
        case 0: "\(streams) on the wire, and nothing was lost"
        case 1: "\(streams) on the wire; something went wrong with 1"
        case _: "\(streams) on the wire; something went wrong with \(troubled)"
        }
    }

    private static func header(_ summary: CaptureSummary) -> Markup {
        let partial: Markup =
            summary.partial.map {
                "<p class=\"partial\"><strong>Partial results.</strong> \($0)</p>"
            } ?? ""
        let filter = summary.filter.map { ", \($0)" } ?? ""
        return """
            <header class="inconclusive">
            <p class="kicker">streamr-sim <span aria-hidden="true">·</span> pcap watch</p>
            <h1>\(headline(summary)).</h1>
            \(partial)
            <p class="standfirst">\(summary.source)\(filter)</p>
            <dl class="facts">
            \(Page.fact("From", "\(summary.start.instant.readable) UTC"))
            \(Page.fact("Length", summary.lengthSeconds.seconds.readable))
            \(Page.fact("Packets", Numbers.grouped(summary.packets)))
            \(Page.fact("On the wire", Numbers.bytes(Fixed(summary.bytes))))
            \(Page.fact("Lost by the capture", Numbers.grouped(summary.droppedPackets)))
            </dl>
            </header>
            """
    }

    private static func streams(_ summary: CaptureSummary) -> Markup {
        guard !summary.streams.isEmpty else {
            return "<p>No RTMP was seen: \(summary.otherConnections) other connections.</p>"
        }
        return Page.table(
            caption: "Rates are of the media's payload, over the time in which media came.",
            heads: [
                Page.Head("Stream"), Page.Head("Codecs"), Page.Head("Video Mbit/s", number: true),
                Page.Head("Audio Mbit/s", number: true), Page.Head("Frames/s", number: true),
                Page.Head("Key frame every s", number: true),
                Page.Head("Key frame bytes", number: true),
                Page.Head("Frame bytes", number: true), Page.Head("Behind ms, p95", number: true),
                Page.Head("Stalled s", number: true),
            ],
            rows: summary.streams.map { stream in
                let media = stream.media
                return [
                    "\(stream.label)", "\(media.videoCodec) \(media.audioCodec)",
                    number(media.videoMbit), number(media.audioMbit),
                    number(media.framesPerSecond, 1), number(media.groupSeconds.mean),
                    number(media.keyFrameBytes.mean, 0), number(media.frameBytes.mean, 0),
                    number(media.lagMs.p95, 0), number(media.stallSeconds, 1),
                ]
            }, kind: "cards")
    }

    private static func remarks(_ summary: CaptureSummary) -> Markup {
        let troubled = summary.streams.filter { !$0.remarks.isEmpty }
        guard !troubled.isEmpty else { return "" }
        let parts = troubled.map { stream -> Markup in
            """
            <h3>\(stream.label)</h3>
            <ul>
            \(stream.remarks.map { "<li>\($0)</li>" })
            </ul>
            """
        }
        return "\(parts)"
    }

    /// Of each kind of column as many charts as are needed.
    private static func charts(_ record: CaptureRecord) -> Markup {
        guard record.series.rows > 0 else { return "" }
        let charts = ["rate", "video frames", "lag", "retransmissions"].flatMap { kind in
            let columns = record.series.columns.filter { $0.name.hasSuffix(": \(kind)") }
            return stride(from: 0, to: columns.count, by: Chart.columnsMax).map { first in
                Chart(
                    title: kind.capitalizedFirst, unit: columns[first].unit,
                    columns: Array(columns[first...].prefix(Chart.columnsMax)))
            }
        }
        return """
            <p class="note">Time is UTC, a sample every \(record.series.step.readable). The rate \
            is that of the TCP payload; lag is how far a frame was behind the best one.</p>
            <div class="charts">
            \(charts.map { $0.markup(record.series, outages: []) })
            </div>
            """
    }

    private static func network(_ summary: CaptureSummary) -> Markup {
        guard !summary.streams.isEmpty else { return "" }
        return Page.table(
            caption: "Of the direction in which the media go, seen where the capture was made.",
            heads: [
                Page.Head("Stream"), Page.Head("Round trip ms, least", number: true),
                Page.Head("Mean", number: true), Page.Head("p95", number: true),
                Page.Head("Segments", number: true), Page.Head("Sent again", number: true),
                Page.Head("Lost before", number: true), Page.Head("Lost after", number: true),
                Page.Head("Out of order", number: true), Page.Head("Closed windows", number: true),
                Page.Head("Bytes unseen", number: true),
            ],
            rows: summary.streams.map { stream in
                let network = stream.network
                return [
                    "\(stream.label)", number(network.roundTripMs.least),
                    number(network.roundTripMs.mean), number(network.roundTripMs.p95),
                    "\(Numbers.grouped(network.segments))",
                    "\(Numbers.grouped(network.retransmissions))",
                    "\(Numbers.grouped(network.lostBeforeCapture))",
                    "\(Numbers.grouped(network.lostAfterCapture))",
                    "\(Numbers.grouped(network.reordered))",
                    "\(Numbers.grouped(network.zeroWindows))",
                    "\(Numbers.grouped(network.missedBytes))",
                ]
            }, kind: "cards")
    }

    private static func capture(_ summary: CaptureSummary) -> Markup {
        let rows: [(String, Int64)] = [
            ("TCP connections", summary.connections),
            ("Connections without RTMP", summary.otherConnections),
            ("Bytes of those", summary.otherBytes),
            ("Packets lost by the kernel or the capture", summary.droppedPackets),
            ("Fragments of TCP, not put together", summary.fragments),
            ("Packets that are no TCP", summary.otherPackets),
            ("Malformed packets", summary.malformedPackets),
            ("Segments of which only the beginning was captured", summary.cutShortSegments),
            ("Open connections given up for others", summary.evictedConnections),
            ("Times a connection's memory was given up", summary.connectionsLetGo),
        ]
        return Page.table(
            caption: "What else the capture held.",
            heads: [Page.Head("What"), Page.Head("Count", number: true)],
            rows: rows.map { ["\($0.0)", "\(Numbers.grouped($0.1))"] }, kind: "plain")
    }

    private static func number(_ value: ExactNumber, _ decimalsMax: Int = 2) -> Markup {
        "\(Numbers.grouped(value.value, decimalsMax: decimalsMax))"
    }
}

extension String {
    fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
