import Base
import Foundation
import Load
import NIOCore
import NIOPosix
import Results
import Testing

/// nginx-rtmp, which others wrote, as the target.
@Suite struct NginxTests {
    static let module = "/usr/lib/nginx/modules/ngx_rtmp_module.so"

    private func withNginx<Value>(_ body: (Int) async throws -> Value) async throws -> Value {
        let port = try await Faulty.freePort()
        return try await Blast.inFolder { folder in
            let configuration = """
                load_module \(Self.module);
                daemon off; worker_processes 1; user root; pid \(folder.path)/nginx.pid;
                error_log \(folder.path)/error.log; events { worker_connections 64; }
                rtmp { server { listen 127.0.0.1:\(port); chunk_size 4096;
                    application live { live on; access_log off; } } }
                """
            let file = folder.appending(path: "nginx.conf")
            try configuration.write(to: file, atomically: true, encoding: .utf8)
            let nginx = Process()
            nginx.executableURL = URL(filePath: "/usr/sbin/nginx")
            nginx.arguments = ["-p", folder.path, "-c", file.path]
            nginx.standardError = FileHandle.nullDevice
            try nginx.run()
            defer { nginx.terminate() }
            try await Task.sleep(for: .seconds(1))
            return try await body(port)
        }
    }

    @Test(
        "every picture arrives through nginx-rtmp, with its stamp", .timeLimit(.minutes(1)),
        .enabled(if: FileManager.default.fileExists(atPath: module)))
    func whole() async throws {
        let result = try await withNginx { port in
            try await LoadPlan.small(port: port, publishers: 2, players: 4, seconds: 6).run()
        }
        #expect(result.targetDoubts.isEmpty)
        #expect(try result.status("connections") == .pass, "\(result.failures)")
        #expect(result.count("players_started") == Fixed(4))
        #expect(try #require(result.count("pictures")) > Fixed(4 * 90))
        #expect(result.count("pictures_lost") == .zero)
        #expect(result.count("pictures_out_of_order") == .zero)
        #expect(result.count("pictures_without_stamp") == .zero)
        #expect(try #require(result.spread("delivery_delay")).p50 < Fixed(200))
    }
}
