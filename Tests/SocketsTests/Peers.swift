import Foundation
import NIOCore
import NIOPosix
import TestServers
import Testing

/// nginx-rtmp, for one test.
struct Nginx {
    let port: Int
    var url: String { "rtmp://127.0.0.1:\(port)/live/a" }

    static func with<Value>(_ body: (Nginx) async throws -> Value) async throws -> Value {
        let folder = Scratch.folder.appending(path: "nginx-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let port = try FreePort.any()
        let configuration = """
            load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
            daemon off; worker_processes 1; user root; pid \(folder.path)/nginx.pid;
            error_log \(folder.path)/error.log; events { worker_connections 64; }
            rtmp { server { listen 127.0.0.1:\(port); chunk_size 4096;
                application live { live on; wait_key on; publish_notify on; access_log off; } } }
            """
        let file = folder.appending(path: "nginx.conf")
        try configuration.write(to: file, atomically: true, encoding: .utf8)
        let tool = try Tool("nginx", "-p", folder.path, "-c", file.path)
        defer { tool.stop() }
        #expect(try await Ports.waitUntilOpen(port), "\(tool.text)")
        return try await body(Nginx(port: port))
    }
}

/// tshark, taking down what goes over a port of the loopback interface.
struct Capture {
    private let tool: Tool
    private let file: String
    private let port: Int

    /// More than what a file without packets has.
    private static let headLength = 1_500

    static func start(port: Int) async throws -> Capture {
        let file = Scratch.folder.appending(path: "\(UUID().uuidString).pcapng").path
        let tool = try Tool(
            "tshark", "-q", "-i", "lo", "-f", "tcp port \(port)", "-w", file)
        let capture = Capture(tool: tool, file: file, port: port)
        // Its file is there before it listens: it does once it has seen connections of ours.
        for _ in 0..<100 {
            if capture.length > headLength { break }
            #expect(try await Ports.waitUntilOpen(port))
            try await Task.sleep(for: .milliseconds(100))
        }
        return capture
    }

    private var length: Int {
        let values = try? FileManager.default.attributesOfItem(atPath: file)
        return values?[.size] as? Int ?? 0
    }

    func stop() async throws {
        // What the kernel still holds for it is written within its polling time.
        try await Task.sleep(for: .seconds(1))
        tool.stop()
    }

    /// How many RTMP messages the filter lets pass, and what is malformed among them.
    func messages(_ filter: String) async throws -> (count: Int, malformed: [String]) {
        let types = try await read("rtmpt && \(filter)", "rtmpt.header.typeid")
        let malformed = try await read("_ws.malformed && \(filter)", "_ws.col.Info")
        return (
            types.split { $0 == "\n" || $0 == "," }.count,
            malformed.split(separator: "\n").map(String.init).filter { $0.first != "R" }
        )
    }

    private func read(_ filter: String, _ field: String) async throws -> String {
        let tool = try Tool(
            "tshark", "-r", file, "-d", "tcp.port==\(port),rtmpt", "-Y", filter, "-T", "fields",
            "-e", field)
        #expect(try await tool.finish(within: 30) == 0, "\(tool.text)")
        return tool.text
    }
}

enum Ports {
    /// Whether somebody listens within ten seconds.
    static func waitUntilOpen(_ port: Int) async throws -> Bool {
        let group = MultiThreadedEventLoopGroup.singleton
        for _ in 0..<200 {
            let channel = try? await ClientBootstrap(group: group)
                .connect(host: "127.0.0.1", port: port).get()
            if let channel {
                try await channel.close()
                return true
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        return false
    }
}
