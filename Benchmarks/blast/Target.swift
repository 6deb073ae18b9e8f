import Foundation
import TestServers

/// nginx with nginx-rtmp on the first core, for media and for calls.
final class Target {
    let rtmpPort: Int
    let httpPort: Int
    private let process = Process()
    private let folder: URL

    private static let module = "/usr/lib/nginx/modules/ngx_rtmp_module.so"

    struct Failure: Error, CustomStringConvertible { var description: String }

    init() throws {
        rtmpPort = try FreePort.any()
        httpPort = try FreePort.any()
        folder = FileManager.default.temporaryDirectory
            .appending(path: "bench-blast-nginx-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let file = folder.appending(path: "nginx.conf")
        try configuration.write(to: file, atomically: true, encoding: .utf8)
        process.executableURL = URL(filePath: "/usr/bin/taskset")
        process.standardOutput = FileHandle.nullDevice
        process.arguments = ["-c", "0", "/usr/sbin/nginx", "-p", folder.path, "-c", file.path]
        process.standardError = FileHandle.nullDevice
        try process.run()
        Thread.sleep(forTimeInterval: 1.5)
        guard process.isRunning else { throw Failure(description: "nginx does not start") }
    }

    func stop() {
        process.terminate()
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: folder)
    }

    /// Of the worker, which does the work.
    var cpuSeconds: Double {
        ProcessFigures.firstChild(of: process.processIdentifier)
            .map(ProcessFigures.cpuSeconds) ?? .nan
    }

    private var configuration: String {
        """
        load_module \(Self.module);
        daemon off; worker_processes 1; user root; pid \(folder.path)/nginx.pid;
        worker_rlimit_nofile 16384;
        error_log \(folder.path)/error.log; events { worker_connections 8192; }
        rtmp { server { listen 127.0.0.1:\(rtmpPort); chunk_size 4096;
            application live { live on; access_log off; } } }
        http { access_log off; keepalive_requests 100000000; client_body_temp_path \(folder.path);
            server { listen 127.0.0.1:\(httpPort); location / { return 200 "{}"; } } }
        """
    }
}

/// Our own server on the first core, for players by HLS.
final class OwnServer {
    let rtmpPort: Int
    let httpPort: Int
    private let process = Process()

    init(_ program: String) throws {
        rtmpPort = try FreePort.any()
        httpPort = try FreePort.any()
        process.executableURL = URL(filePath: "/usr/bin/taskset")
        process.arguments = [
            "-c", "0", program, "serve", "rtmp", "--bind", "127.0.0.1", "--rtmp-port",
            "\(rtmpPort)", "--http-port", "\(httpPort)", "--api-port", "0",
        ]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        Thread.sleep(forTimeInterval: 1.5)
        guard process.isRunning else { throw Target.Failure(description: "serve does not start") }
    }

    func stop() {
        process.terminate()
        process.waitUntilExit()
    }

    var cpuSeconds: Double { ProcessFigures.cpuSeconds(of: process.processIdentifier) }
}

/// `bench-blast sink` on the first core.
final class SinkProcess {
    let port: Int
    private let process = Process()

    init() throws {
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/taskset")
        process.arguments = ["-c", "0", CommandLine.arguments[0], "sink"]
        process.standardOutput = output
        try process.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        guard let port = Int(line.trimmingCharacters(in: .whitespacesAndNewlines)) else {
            throw Target.Failure(description: "the sink does not start")
        }
        self.port = port
    }

    func stop() {
        process.terminate()
        process.waitUntilExit()
    }
}
