import Base
import Foundation
import Load
import Reports

/// What goes out of a load while it is under way: figures for Prometheus, and a line of JSON for
/// each second.
struct BlastOutputs {
    private let endpoint: MetricsEndpoint?
    private let lines: StandingWriter?
    private let start: Instant

    /// Ten minutes of lines may wait for whoever reads them.
    private static let linesMax = 600

    /// `note` is told where the endpoint is.
    init(
        metricsPort: Int?, jsonLines: String?, start: Instant, _ note: (String) -> Void
    ) async throws {
        self.start = start
        lines = try jsonLines.map { path in
            StandingWriter(try Self.file(path), waitingMax: Self.linesMax)
        }
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

    /// Does not wait for the reader of a pipe to come.
    private static func file(_ path: String) throws -> FileHandle {
        let descriptor = open(
            path, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            let reason =
                errno == ENXIO ? "nobody reads this pipe" : String(cString: strerror(errno))
            throw Failure.usage("--json-lines: cannot write \(path): \(reason)")
        }
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) & ~O_NONBLOCK)
        return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    /// Each line is written at once: an end of any kind loses none that came before, unless it
    /// goes to a pipe that is not read.
    func show(_ view: LoadRun.View) {
        endpoint?.show(view)
        guard let lines else { return }
        let time = Moment(start + view.elapsed).text
        let fields = view.fields.map { "\"\($0.name)\":\($0.value)" }.joined(separator: ",")
        let seconds = Fixed.ratio(Int128(view.elapsed.nanoseconds), 1_000_000_000)
        lines.write("{\"time\":\"\(time)\",\"elapsed_s\":\(seconds),\(fields)}\n")
    }

    func stop() async {
        lines?.finish()
        await endpoint?.stop()
    }
}
