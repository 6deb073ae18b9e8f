import Foundation
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import TestServers

/// `bench-platform [PROGRAM]`: what the coordinator takes through its own HTTP port, on SQLite and
/// on a PostgreSQL of its own.
///
/// The server has the first core, and is asked from the second (`taskset -c 1 bench-platform`).
/// Prints heartbeats a second with everybody asking as fast as answers come; the delay of
/// heartbeats at half the wanted load, from when each was due; and what the overview costs with
/// 10,000 nodes.
@main
struct PlatformBenchmark {
    static let nodesMax = 10_000
    static let connections = 32
    static let seconds = 10
    static func main() async throws {
        showLinesAtOnce()
        let arguments = CommandLine.arguments
        let program = arguments.count > 1 ? arguments[1] : ".build/release/streamr-sim"
        try await measure("SQLite", program, database: nil, wanted: 2_000)
        let postgres = try PostgresServer()
        defer { postgres.stop() }
        try await measure(
            "PostgreSQL", program, database: try postgres.database(), wanted: 1_000)
    }

    /// `wanted` is how many heartbeats a second there are to be.
    private static func measure(
        _ name: String, _ program: String, database: String?, wanted: Int
    ) async throws {
        let server = try Server.start(program, database: database)
        defer { server.stop() }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        var requesters: [Requester] = []
        for _ in 0..<connections {
            requesters.append(try await .connect(port: server.port, on: group.next()))
        }
        let nodes = try await register(requesters)
        print("\(name), \(nodes.count) nodes:")
        try await measureFlood(server, requesters, nodes)
        try await measureSteady(requesters, nodes, rate: wanted / 2)
        try await measureOverview(server, requesters[0])
        for requester in requesters { await requester.close() }
        try await group.shutdownGracefully()
    }

    struct Node: Sendable {
        var headers: String
        var body: String
    }

    // MARK: Setting up

    private static func register(_ requesters: [Requester]) async throws -> [Node] {
        let account = try await ask(
            requesters[0], "/api/v1/auth/register-streamer", "",
            #"{"name":"bench","password":"correct horse"}"#)
        let bearer = "Authorization: Bearer \(account["access_token"] ?? "")\r\n"
        let stream = try await ask(requesters[0], "/streams", bearer, #"{"title":"bench"}"#)
        let (id, key) = (stream["stream_id"] ?? "", stream["stream_key"] ?? "")
        return try await withThrowingTaskGroup(of: [Node].self) { group in
            for (index, requester) in requesters.enumerated() {
                group.addTask {
                    var nodes: [Node] = []
                    for number in stride(from: index, to: nodesMax, by: requesters.count) {
                        nodes.append(try await register(number, id, key, requester))
                    }
                    return nodes
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
    }

    /// Each from a home of its own, as far as the limits on signing in are concerned.
    private static func register(
        _ number: Int, _ stream: String, _ key: String, _ requester: Requester
    ) async throws -> Node {
        let home = "X-Forwarded-For: 10.0.\(number / 250).\(number % 250)\r\n"
        let answer = try await ask(
            requester, "/api/v1/auth/register", home,
            #"{"stream_id":"\#(stream)","stream_key":"\#(key)","name":"node-\#(number)","#
                + #""host":"127.0.0.1","rtmp_port":9,"http_port":9}"#)
        let body =
            #"{"node_id":"\#(answer["node_id"] ?? "")","stream_id":"\#(stream)","#
            + #""stats_url":"http://192.0.2.1:8080/stats","capacity_pct":25.5,"viewers":5,"#
            + #""timestamp":"2026-12-01T19:30:00Z"}"#
        return Node(
            headers: "Authorization: Bearer \(answer["access_token"] ?? "")\r\n", body: body)
    }

    private static func ask(
        _ requester: Requester, _ path: String, _ headers: String, _ body: String
    ) async throws -> [String: String] {
        let reply = try await requester.ask("POST", path, headers, body)
        guard reply.status == 200 || reply.status == 201,
            let object = try JSONSerialization.jsonObject(with: Data(reply.body.utf8))
                as? [String: Any]
        else { throw Refused(text: "\(path): \(reply.status) \(reply.body)") }
        return object.compactMapValues { $0 as? String }
    }

    struct Refused: Error { var text: String }

    // MARK: Measuring

    private static func beat(_ node: Node, _ requester: Requester) async throws {
        let reply = try await requester.ask("POST", "/nodes/heartbeat", node.headers, node.body)
        guard reply.status == 200 else { throw Refused(text: "\(reply.status) \(reply.body)") }
    }

    private static func measureFlood(
        _ server: Server, _ requesters: [Requester], _ nodes: [Node]
    ) async throws {
        let cpu = server.cpuSeconds
        let start = NIODeadline.now()
        let end = start + .seconds(Int64(seconds))
        let turn = NIOLockedValueBox(0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for requester in requesters {
                group.addTask {
                    while NIODeadline.now() < end {
                        let index = turn.withLockedValue { turn in
                            turn += 1
                            return turn
                        }
                        try await beat(nodes[index % nodes.count], requester)
                    }
                }
            }
            try await group.waitForAll()
        }
        let count = Double(turn.withLockedValue { $0 })
        let spent = server.cpuSeconds - cpu
        let elapsed = Double((NIODeadline.now() - start).nanoseconds) / 1e9
        print(
            "heartbeats: \(Int(count / elapsed)) a second, \(Int(count / spent)) a CPU second of "
                + "the server")
    }

    private static func measureSteady(
        _ requesters: [Requester], _ nodes: [Node], rate: Int
    ) async throws {
        let count = rate * seconds
        // A node that beat within the last second is told to wait.
        let start = NIODeadline.now() + .seconds(2)
        let delays = try await withThrowingTaskGroup(of: [Int64].self) { group in
            for (place, requester) in requesters.enumerated() {
                group.addTask {
                    var delays: [Int64] = []
                    for index in stride(from: place, to: count, by: requesters.count) {
                        let due =
                            start + .nanoseconds(Int64(index) * 1_000_000_000 / Int64(rate))
                        let wait = (due - NIODeadline.now()).nanoseconds
                        if wait > 0 { try await Task.sleep(nanoseconds: UInt64(wait)) }
                        try await beat(nodes[index % nodes.count], requester)
                        delays.append((NIODeadline.now() - due).nanoseconds)
                    }
                    return delays
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }.sorted()
        func text(_ share: Double) -> String {
            let nanoseconds = delays[Int(Double(delays.count - 1) * share)]
            return String(format: "%.1f ms", Double(nanoseconds) / 1e6)
        }
        print("at \(rate) a second: p50 \(text(0.5)), p99 \(text(0.99)), most \(text(1))")
    }

    private static func measureOverview(_ server: Server, _ requester: Requester) async throws {
        for (name, accept) in [("page", "text/html"), ("JSON", "application/json")] {
            let cpu = server.cpuSeconds
            let start = NIODeadline.now()
            let count = 50
            for index in 0..<count {
                let reply = try await requester.ask(
                    "GET", "/dashboard",
                    "Accept: \(accept)\r\nX-Forwarded-For: 10.9.0.\(index)\r\n", "")
                guard reply.status == 200 else { throw Refused(text: reply.body) }
            }
            let elapsed = Double((NIODeadline.now() - start).nanoseconds) / 1e6
            let spent = (server.cpuSeconds - cpu) * 1e3
            print(
                String(
                    format: "overview as %@ of %d nodes: %.1f ms, %.1f ms of CPU", name, nodesMax,
                    elapsed / Double(count), spent / Double(count)))
        }
    }
}

/// `streamr-sim serve` in a folder of its own.
final class Server {
    private let process = Process()
    private let folder: URL
    private(set) var port = 0

    static func start(_ program: String, database: String?) throws -> Server {
        let server = Server()
        let output = Pipe()
        server.process.executableURL = URL(filePath: "/usr/bin/taskset")
        server.process.arguments =
            [
                "-c", "0", program, "serve", "--bind", "127.0.0.1", "--rtmp-port", "0",
                "--http-port", "0",
                "--api-port", "0", "--coordinator-port", "0", "--https-port", "0", "--cache-port",
                "0", "--data", server.folder.path, "--json",
            ] + (database.map { ["--database", $0] } ?? [])
        server.process.standardOutput = output
        try server.process.run()
        struct Ports: Decodable { var coordinator: Int }
        let line = output.fileHandleForReading.availableData
        server.port = try JSONDecoder().decode(Ports.self, from: line).coordinator
        return server
    }

    private init() {
        folder = FileManager.default.temporaryDirectory.appending(
            path: "bench-platform-\(ProcessInfo.processInfo.processIdentifier)")
    }

    var cpuSeconds: Double { ProcessFigures.cpuSeconds(of: process.processIdentifier) }

    func stop() {
        process.terminate()
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: folder)
    }
}
