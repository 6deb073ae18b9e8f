import Foundation
import Testing

/// `streamr-sim serve rtmp` in a process of its own, on free ports of 127.0.0.1.
struct ServerProcess {
    let tool: Tool
    let ports: Ports

    struct Ports: Decodable {
        var rtmp: Int
        var rtmps: Int?
        var http: Int
        var api: Int
    }

    /// The debug build: it lies beside the running test program.
    static let binary = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().appending(path: "streamr-sim").path

    /// The release build if there is one, for what is about time.
    static let fastBinary: String = {
        let release = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: ".build/release/streamr-sim").path
        return FileManager.default.isExecutableFile(atPath: release) ? release : binary
    }()

    private static let anyPorts = ["--rtmp-port", "0", "--http-port", "0", "--api-port", "0"]

    /// `variables` are set in its environment, as `NAME=value`.
    static func with<Value>(
        _ flags: [String] = [], variables: [String] = [], address: String = "127.0.0.1",
        program: String = binary,
        _ body: (ServerProcess) async throws -> Value
    ) async throws -> Value {
        let tool = try Tool(
            words: variables + [program, "serve", "rtmp", "--json", "--bind", address]
                + anyPorts + flags)
        defer { tool.stop() }
        let server = ServerProcess(tool: tool, ports: try await ports(tool))
        return try await body(server)
    }

    private static func ports(_ tool: Tool) async throws -> Ports {
        for _ in 0..<200 {
            if let line = tool.text.split(separator: "\n").first, line.hasSuffix("}") {
                return try JSONDecoder().decode(Ports.self, from: Data(line.utf8))
            }
            guard tool.process.isRunning else { break }
            try await Task.sleep(for: .milliseconds(50))
        }
        Issue.record("the server does not start: \(tool.text)")
        throw CancellationError()
    }

    func url(_ name: String) -> String { "rtmp://127.0.0.1:\(ports.rtmp)/live/\(name)" }

    var residentBytes: Int { Resident.bytes(of: tool.process.processIdentifier) }

    /// The value of a metric without labels.
    func metric(_ name: String) async throws -> Int {
        let (_, body) = try await Web.get("http://127.0.0.1:\(ports.api)/metrics")
        let text = String(decoding: body, as: UTF8.self)
        let line = text.split(separator: "\n").first { $0.hasPrefix("streamr_\(name) ") }
        return try #require(line?.split(separator: " ").last.flatMap { Int($0) })
    }

    /// Waits until the metric is as wanted; false after these seconds.
    func wait(
        _ seconds: Int = 10, for name: String, _ isWanted: (Int) -> Bool
    ) async throws -> Bool {
        for _ in 0..<seconds * 10 {
            if isWanted(try await metric(name)) { return true }
            try await Task.sleep(for: .milliseconds(100))
        }
        return false
    }
}

enum Resident {
    static func bytes(of process: Int32) -> Int {
        let text = (try? String(contentsOfFile: "/proc/\(process)/statm", encoding: .utf8)) ?? ""
        let fields = text.split(separator: " ")
        return fields.count > 1 ? (Int(fields[1]) ?? 0) * 4096 : 0
    }
}

enum FileLimit {
    /// As many open files as this process may have.
    static func raise() -> Int {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return Int(clamping: limit.rlim_cur)
    }
}
