import Foundation

/// redis-benchmark against Redis and our cache in one run: requests a second, and the CPU time that
/// each server's process spent for one (the kernel's own account, `/proc/PID/stat`).
///
///     bench-cache [--binary .build/release/streamr-sim] [--requests 400000]
///
/// Each server runs on the first core and redis-benchmark on the second, where there are two.
struct Server {
    let name: String
    let port: Int
    let process: Process

    init(name: String, port: Int, command: [String]) throws {
        self.name = name
        self.port = port
        process = Process()
        process.executableURL = URL(filePath: "/usr/bin/taskset")
        process.arguments = ["-c", "0"] + command
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        for _ in 0..<100 {
            if (try? run("/usr/bin/redis-cli", ["-p", "\(port)", "ping"])) == "PONG\n" { return }
            usleep(50_000)
        }
        stop()
        throw CocoaError(.executableLoad)
    }

    func stop() { kill(process.processIdentifier, SIGKILL) }

    /// Seconds that the process has spent.
    var cpu: Double {
        let stat =
            (try? String(contentsOfFile: "/proc/\(process.processIdentifier)/stat", encoding: .utf8))
            ?? ""
        let fields = stat.split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12])
        else { return 0 }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }
}

func run(_ path: String, _ arguments: [String]) throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: path)
    process.arguments = arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: data, as: UTF8.self)
}

func argument(_ name: String) -> String? {
    let words = CommandLine.arguments
    guard let index = words.firstIndex(of: name), index + 1 < words.count else { return nil }
    return words[index + 1]
}

/// Requests a second and microseconds of CPU time for one.
func measure(
    _ server: Server, _ test: String, pipeline: Int, requests: Int
) throws -> (rate: Double, cost: Double) {
    let before = server.cpu
    let text = try run(
        "/usr/bin/taskset",
        [
            "-c", "1", "/usr/bin/redis-benchmark", "-p", "\(server.port)", "-t", test, "-n",
            "\(requests)", "-P", "\(pipeline)", "-r", "10000", "--csv",
        ])
    let cost = (server.cpu - before) * 1e6 / Double(requests)
    let row = text.split(separator: "\n").last ?? ""
    let fields = row.split(separator: ",").map { $0.trimmingCharacters(in: ["\""]) }
    return (fields.count > 1 ? Double(fields[1]) ?? 0 : 0, cost)
}

let binary = argument("--binary") ?? ".build/release/streamr-sim"
let requests = Int(argument("--requests") ?? "") ?? 400_000
let ports = (redis: 20_000 + Int(getpid()) % 20_000, ours: 20_001 + Int(getpid()) % 20_000)
let redis = try Server(
    name: "Redis", port: ports.redis,
    command: [
        "/usr/bin/redis-server", "--port", "\(ports.redis)", "--bind", "127.0.0.1", "--save", "",
    ])
defer { redis.stop() }
let ours = try Server(
    name: "streamr-sim", port: ports.ours,
    command: [binary, "serve", "cache", "--cache-port", "\(ports.ours)"])
defer { ours.stop() }
print("redis-benchmark, 50 clients       requests/s            µs of CPU each")
print("command  pipeline         Redis      ours  ratio     Redis   ours  ratio")
for pipeline in [1, 16] {
    for test in ["get", "set", "hset"] {
        let count = pipeline == 1 ? requests / 4 : requests
        let a = try measure(redis, test, pipeline: pipeline, requests: count)
        let b = try measure(ours, test, pipeline: pipeline, requests: count)
        print(
            test.padding(toLength: 10, withPad: " ", startingAt: 0)
                + String(
                    format: "%7d %13.0f %9.0f %6.2f %9.2f %6.2f %6.2f", pipeline, a.rate, b.rate,
                    b.rate / max(a.rate, 1), a.cost, b.cost, a.cost / max(b.cost, 0.01)))
    }
}
