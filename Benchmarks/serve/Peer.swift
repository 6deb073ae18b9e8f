import Foundation
import TestServers

/// A server under test, in a process of its own on the first core.
struct Peer {
    enum Kind: String, CaseIterable {
        case streamr = "streamr-sim"
        case nginx = "nginx-rtmp"
        case prompt = "streamr-sim latency 0"
    }

    static let nginxModule = "/usr/lib/nginx/modules/ngx_rtmp_module.so"

    let port: Int
    /// Of HTTP-FLV; only of ours.
    let httpPort: Int
    private let process: Process
    /// The process that does the work: nginx's is a worker.
    private let worker: Int32
    private let folder: URL

    static func start(_ kind: Kind, binary: String) throws -> Peer {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "bench-serve-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let port = try FreePort.any()
        let httpPort = try FreePort.any()
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/taskset")
        switch kind {
        case .streamr, .prompt:
            let latency = kind == .prompt ? "0" : "350ms"
            process.arguments = [
                "-c", "0", binary, "serve", "rtmp", "--bind", "127.0.0.1", "--rtmp-port",
                "\(port)", "--http-port", "\(httpPort)", "--api-port", "0", "--latency", latency,
            ]
        case .nginx:
            let file = folder.appending(path: "nginx.conf")
            try configuration(port: port, folder: folder.path)
                .write(to: file, atomically: true, encoding: .utf8)
            process.arguments = [
                "-c", "0", "/usr/sbin/nginx", "-p", folder.path, "-c", file.path,
            ]
        }
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        Thread.sleep(forTimeInterval: 1.5)
        guard process.isRunning else { throw Failure(description: "\(kind) does not start") }
        return Peer(
            port: port, httpPort: httpPort, process: process,
            worker: kind == .nginx
                ? try child(of: process.processIdentifier) : process.processIdentifier,
            folder: folder)
    }

    struct Failure: Error, CustomStringConvertible { var description: String }

    private static func configuration(port: Int, folder: String) -> String {
        """
        load_module \(nginxModule);
        daemon off; worker_processes 1; user root; pid \(folder)/nginx.pid;
        error_log \(folder)/error.log; events { worker_connections 8192; }
        rtmp { server { listen 127.0.0.1:\(port); chunk_size 4096;
            application live { live on; access_log off; } } }
        """
    }

    private static func child(of parent: Int32) throws -> Int32 {
        guard let child = ProcessFigures.firstChild(of: parent) else {
            throw Failure(description: "nginx has no worker")
        }
        return child
    }

    /// User and system time so far.
    var cpuSeconds: Double { ProcessFigures.cpuSeconds(of: worker) }

    var residentBytes: Int { ProcessFigures.residentBytes(of: worker) }

    func stop() {
        process.terminate()
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: folder)
    }
}
