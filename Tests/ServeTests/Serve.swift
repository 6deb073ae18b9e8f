import Foundation
import Testing

@testable import Sockets

/// Our program as users have it: `streamr-sim serve` on free ports of 127.0.0.1.
struct Serve: Sendable {
    struct Ports: Decodable, Sendable {
        var rtmp: Int
        var http: Int
        var api: Int
        var coordinator: Int
        var https: Int
        var redirect: Int?
        var cache: Int?
    }

    struct Friend: Decodable, Sendable {
        var name: String
        var password: String
        var stream: String
        var streamKey: String
        var apiKey: String
        var server: String
    }

    struct Node: Sendable {
        var tool: Tool
        var id: String
        var rtmp: Int
        var http: Int
    }

    let tool: Tool
    let ports: Ports
    let folder: URL

    /// The debug build: the folder that the running test program lies in.
    static let program = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().appending(path: "streamr-sim").path

    static func with<Value>(
        _ more: String..., body: (Serve) async throws -> Value
    ) async throws -> Value {
        let serve = try await start(
            in: Scratch.folder.appending(path: "data-\(UUID().uuidString)"), more)
        do {
            let value = try await body(serve)
            serve.tool.stop()
            return value
        } catch {
            serve.tool.stop()
            throw error
        }
    }

    static func start(in folder: URL, _ more: [String] = []) async throws -> Serve {
        let tool = try Tool(
            words: [
                program, "serve", "--bind", "127.0.0.1", "--rtmp-port", "0", "--http-port", "0",
                "--api-port", "0", "--coordinator-port", "0", "--https-port", "0",
                "--cache-port", "0", "--data", folder.path, "--json", "--allow-private-nodes",
            ] + more)
        var ports: Ports?
        _ = try await wait(30) {
            ports = line(of: tool)
            return ports != nil || !tool.process.isRunning
        }
        guard let ports else {
            tool.stop()
            throw HTTPAnswer.Missing(name: "ports", answer: tool.text)
        }
        return Serve(tool: tool, ports: ports, folder: folder)
    }

    private static func line<Line: Decodable>(of tool: Tool) -> Line? {
        for line in tool.text.split(separator: "\n") where line.hasPrefix("{") {
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            if let value = try? decoder.decode(Line.self, from: Data(line.utf8)) {
                return value
            }
        }
        return nil
    }

    var url: String { "http://127.0.0.1:\(ports.coordinator)" }
    var front: String { "https://127.0.0.1:\(ports.https)" }

    func friend(_ name: String) async throws -> Friend {
        let tool = try Tool(
            Self.program, "friend", "add", name, "--url", url, "--rtmp-port", "\(ports.rtmp)",
            "--json")
        let status = try await tool.finish(within: 20)
        guard status == 0, let friend: Friend = Self.line(of: tool) else {
            throw HTTPAnswer.Missing(name: "friend", answer: tool.text)
        }
        return friend
    }

    /// ffmpeg on the air with a moving picture, until it is stopped.
    func publish(_ friend: Friend, key: String? = nil) throws -> Tool {
        try Tool(
            words: ["ffmpeg", "-loglevel", "error", "-re"]
                + "-f lavfi -i testsrc2=size=320x180:rate=25 -f lavfi -i sine=frequency=440".words
                + "-c:v libx264 -preset ultrafast -tune zerolatency -g 25 -pix_fmt yuv420p".words
                + "-b:v 400k -c:a aac -b:a 64k -f flv".words
                + ["\(friend.server)/\(friend.stream)?key=\(key ?? friend.streamKey)"])
    }

    func node(_ friend: Friend, _ name: String, _ more: String...) async throws -> Node {
        struct Line: Decodable {
            var node: String
            var rtmp: Int
            var http: Int
        }
        let tool = try Tool(
            words: [
                Self.program, "node", "--coordinator", url, "--stream", friend.stream, "--key",
                friend.streamKey, "--name", name, "--bind", "127.0.0.1", "--rtmp-port", "0",
                "--http-port", "0", "--api-port", "0", "--json",
            ] + more)
        var line: Line?
        _ = try await wait(20) {
            line = Self.line(of: tool)
            return line != nil || !tool.process.isRunning
        }
        guard let line else {
            tool.stop()
            throw HTTPAnswer.Missing(name: "node", answer: tool.text)
        }
        return Node(tool: tool, id: line.node, rtmp: line.rtmp, http: line.http)
    }

    func get(_ path: String) async throws -> HTTPAnswer {
        try await HTTPAnswer.of("GET", url + path)
    }

    func status(of friend: Friend) async throws -> String {
        let answer = try await get("/watch/\(friend.stream)")
        guard case .object(let object)? = answer.json, case .object(let stream)? = object["stream"],
            case .text(let status)? = stream["status"]
        else { return answer.text }
        return status
    }

    /// Asked of the store so far.
    func transactions() async throws -> Int {
        let metrics = try await HTTPAnswer.of("GET", "http://127.0.0.1:\(ports.api)/metrics")
        let line = metrics.string.split(separator: "\n").first {
            !$0.hasPrefix("#") && $0.contains("store_transactions_total ")
        }
        return Int(line?.split(separator: " ").last ?? "") ?? 0
    }

    /// Waits until viewers are sent to the node.
    func waitForViewers(of friend: Friend, to node: Node) async throws -> Bool {
        try await wait(20) {
            try await get("/api/v1/watch/\(friend.stream)").string.contains(
                "\"node_id\":\"\(node.id)\"")
        }
    }

    func waitForLive(_ friend: Friend) async throws -> Bool {
        try await wait(20) { try await status(of: friend) == "LIVE" }
    }
}

extension String {
    var words: [String] { split(separator: " ").map(String.init) }
}
