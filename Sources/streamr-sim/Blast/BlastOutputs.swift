import Base
import Foundation
import Load
import Reports

/// What goes out of a load while it is under way: figures for Prometheus, and a line of JSON for
/// each second.
struct BlastOutputs {
    private let endpoint: MetricsEndpoint?
    private let lines: FileHandle?
    private let start: Instant

    /// `note` is told where the endpoint is.
    init(
        metricsPort: Int?, jsonLines: String?, start: Instant, _ note: (String) -> Void
    ) async throws {
        self.start = start
        var lines: FileHandle?
        if let jsonLines {
            guard FileManager.default.createFile(atPath: jsonLines, contents: nil) else {
                throw Failure.usage("--json-lines: cannot write \(jsonLines)")
            }
            lines = FileHandle(forWritingAtPath: jsonLines)
        }
        self.lines = lines
        guard let metricsPort else {
            endpoint = nil
            return
        }
        guard (0...65_535).contains(metricsPort) else {
            throw Failure.usage("--metrics-port: a port from 0 to 65535")
        }
        do {
            endpoint = try await MetricsEndpoint.start(port: metricsPort)
        } catch {
            throw Failure.usage("--metrics-port \(metricsPort): \(error)")
        }
        note("figures for Prometheus: http://127.0.0.1:\(endpoint?.port ?? 0)/metrics")
    }

    /// Each line is written at once: an end of any kind loses none that came before.
    func show(_ view: LoadRun.View) {
        endpoint?.show(view)
        guard let lines else { return }
        let time = Moment(start + view.elapsed).text
        let fields = view.fields.map { "\"\($0.name)\":\($0.value)" }.joined(separator: ",")
        let seconds = view.elapsed.wholeSeconds
        try? lines.write(
            contentsOf: Data("{\"time\":\"\(time)\",\"elapsed_s\":\(seconds),\(fields)}\n".utf8))
    }

    func stop() async {
        try? lines?.close()
        await endpoint?.stop()
    }
}
