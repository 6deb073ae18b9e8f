import Base
import Platform

/// The server's figures in Prometheus's text format.
///
/// https://prometheus.io/docs/instrumenting/exposition_formats/
enum Metrics {
    static func text(_ report: StreamReport, at now: Instant) -> String {
        var lines = Lines()
        lines.add("connections", "gauge", "Connections that are open.", report.clients.count)
        lines.add(
            "streams", "gauge", "Streams that are published or waited for.", report.streams.count)
        lines.add(
            "publishers", "gauge", "Clients that publish.",
            report.clients.count { $0.activity == .publishing })
        lines.add("players", "gauge", "Clients that play.", report.viewers)
        lines.add("received_bytes_total", "counter", "Bytes received.", report.bytesReceived)
        lines.add("sent_bytes_total", "counter", "Bytes sent.", report.bytesSent)
        lines.add(
            "connections_total", "counter", "Connections ever opened.", report.tally.connections)
        lines.add("publishes_total", "counter", "Publishes begun.", report.tally.publishes)
        lines.add("plays_total", "counter", "Plays begun.", report.tally.plays)
        lines.add("refused_total", "counter", "Refused for want of room.", report.tally.refused)
        lines.add(
            "faults_total", "counter", "Connections ended by the peer's fault.", report.tally.faults
        )
        lines.add("hls_sent_bytes_total", "counter", "Bytes sent as HLS.", report.tally.hlsBytes)
        lines.begin("dropped_messages_total", "counter", "Messages left out for slow players.")
        lines.sample("dropped_messages_total", "kind=\"audio\"", report.tally.dropped.audio)
        lines.sample("dropped_messages_total", "kind=\"video\"", report.tally.dropped.video)
        lines.sample("dropped_messages_total", "kind=\"data\"", report.tally.dropped.data)
        lines.add("resident_bytes", "gauge", "Resident memory.", HostFigures.residentBytes)
        lines.add(
            "cpu_seconds_total", "counter", "CPU time of the process.",
            Fixed.ratio(Int128(HostFigures.cpuMilliseconds), 1_000))
        lines.add(
            "uptime_seconds", "gauge", "Since the server began.",
            (now - report.startedAt).wholeSeconds)
        addStreams(report, to: &lines)
        return lines.text
    }

    private static func addStreams(_ report: StreamReport, to lines: inout Lines) {
        lines.begin("stream_received_bytes_total", "counter", "Media bytes from the publisher.")
        for stream in report.streams {
            lines.sample("stream_received_bytes_total", label(stream), stream.bytesReceived)
        }
        lines.begin("stream_sent_bytes_total", "counter", "Bytes to all players.")
        for stream in report.streams {
            lines.sample("stream_sent_bytes_total", label(stream), stream.bytesSent)
        }
        lines.begin("stream_clients", "gauge", "Publisher and players.")
        for stream in report.streams {
            lines.sample("stream_clients", label(stream), stream.clients)
        }
    }

    private static func label(_ stream: StreamReport.Stream) -> String {
        "app=\"\(escaped(stream.name.app))\",stream=\"\(escaped(stream.name.name))\""
    }

    static func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            case _: result.append(character)
            }
        }
        return result
    }

    struct Lines {
        var text = ""

        mutating func begin(_ name: String, _ type: String, _ help: String) {
            text += "# HELP streamr_\(name) \(help)\n# TYPE streamr_\(name) \(type)\n"
        }

        mutating func sample(_ name: String, _ labels: String, _ value: some BinaryInteger) {
            text += "streamr_\(name){\(labels)} \(value)\n"
        }

        mutating func add(
            _ name: String, _ type: String, _ help: String, _ value: some CustomStringConvertible
        ) {
            begin(name, type, help)
            text += "streamr_\(name) \(value)\n"
        }
    }
}
