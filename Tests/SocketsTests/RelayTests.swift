import Foundation
import Platform
import RTMP
import Sockets
import Testing

/// Streams that come from or go to other servers.
@Suite(.serialized) struct RelayTests {
    @Test("a relay fetches a stream, and again when its source comes back")
    func fixed() async throws {
        try await TestServer.with { origin in
            let rule = StreamConfiguration.Relay(
                name: StreamName(app: "live", name: "copy"),
                source: try #require(StreamURL(origin.url("a"))))
            try await TestServer.with({ $0.stream.relays = [rule] }) { edge in
                for _ in 0..<2 {
                    let publisher = try Scratch.publish(origin.url("a"), rate: 2)
                    #expect(try await edge.waitForPublisher("copy"))
                    let player = try Scratch.checksums(edge.url("copy"))
                    #expect(try await publisher.finish(within: 20) == 0, "\(publisher.text)")
                    #expect(try await player.tool.finish(within: 10) == 0, "\(player.tool.text)")
                    let clip = try await PlayTests.clipChecksums()
                    try expectTail(player.file, of: clip, missingAtMost: 300)
                }
            }
        }
    }

    @Test("an edge fetches from its origin what somebody plays, once, and lets go of it")
    func onDemand() async throws {
        try await TestServer.with { origin in
            let source = try #require(StreamURL("rtmp://127.0.0.1:\(origin.rtmp)/x/y"))
            try await TestServer.with({ $0.stream.origin = source }) { edge in
                let publisher = try Scratch.publish(origin.url("a"), rate: 1)
                #expect(try await origin.waitForPublisher())
                let first = try await TestClient.play("a", port: edge.rtmp)
                let second = try await TestClient.play("a", port: edge.rtmp)
                #expect(try await edge.waitForPublisher())
                #expect(try await origin.report().clients.count == 2)
                try await Task.sleep(for: .seconds(2))
                #expect(await first.messages.count > 60)
                #expect(await second.messages.count > 60)
                await first.leave()
                await second.leave()
                publisher.stop()
            }
        }
    }

    @Test("our client publishes to nginx-rtmp and our relay plays from it, every frame")
    func nginx() async throws {
        let folder = Scratch.folder.appending(path: "nginx")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let port = try Ports.free()
        let configuration = """
            load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
            daemon off; worker_processes 1; user root; pid \(folder.path)/nginx.pid;
            error_log \(folder.path)/error.log; events { worker_connections 64; }
            rtmp { server { listen 127.0.0.1:\(port); chunk_size 4096;
                application live { live on; wait_key on; access_log off; } } }
            """
        let file = folder.appending(path: "nginx.conf")
        try configuration.write(to: file, atomically: true, encoding: .utf8)
        let nginx = try Tool("nginx", "-p", folder.path, "-c", file.path)
        defer { nginx.stop() }
        try await Task.sleep(for: .milliseconds(700))
        #expect(nginx.process.isRunning, "\(nginx.text)")
        let source = try #require(StreamURL("rtmp://127.0.0.1:\(port)/live/a"))
        let rule = StreamConfiguration.Relay(
            name: StreamName(app: "live", name: "a"), source: source)
        try await TestServer.with({ $0.stream.relays = [rule] }) { server in
            let publisher = try await TestClient.connect(.publish, "a", port: port)
            for _ in 0..<100 {
                if await publisher.isStarted { break }
                try await Task.sleep(for: .milliseconds(50))
            }
            #expect(await publisher.isStarted)
            let clip = try FLVFile.messages(Scratch.clip)
            // The second half, once somebody listens.
            let half = clip.firstIndex { $0.timestamp.milliseconds > 4000 } ?? 0
            publisher.publish(Array(clip[..<half]))
            #expect(try await server.wait { !$0.streams.isEmpty })
            let player = try await TestClient.play("a", port: server.rtmp)
            try await Task.sleep(for: .milliseconds(1500))
            publisher.publish(Array(clip[half...]))
            let wanted = clip[half...].filter { $0.kind == .video }.map(\.payload)
            for _ in 0..<100 {
                if await player.messages.count(where: { $0.kind == .video }) >= wanted.count {
                    break
                }
                try await Task.sleep(for: .milliseconds(50))
            }
            let got = await player.messages.filter { $0.kind == .video }.map(\.payload)
            let start = try #require(
                wanted.firstIndex { payload in
                    payload[0] >> 4 == 1 && got.contains(payload)
                })
            #expect(Array(got.suffix(wanted.count - start)) == Array(wanted[start...]))
            #expect(start <= 30, "more than one group of pictures late")
            await player.leave()
            await publisher.leave()
        }
    }
}

/// Ports nobody uses.
enum Ports {
    static func free() throws -> Int {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, length) == 0 ? getsockname(socket, $0, &length) : -1
            }
        }
        try #require(result == 0)
        return Int(UInt16(bigEndian: address.sin_port))
    }
}

/// The messages of an FLV file. Adobe FLV 10.1, annex E.
enum FLVFile {
    static func messages(_ file: URL) throws -> [MediaMessage] {
        let bytes = [UInt8](try Data(contentsOf: file))
        var messages: [MediaMessage] = []
        var at = 13
        while at + 11 <= bytes.count {
            let length = Int(bytes[at + 1]) << 16 | Int(bytes[at + 2]) << 8 | Int(bytes[at + 3])
            let time =
                Int64(bytes[at + 4]) << 16 | Int64(bytes[at + 5]) << 8 | Int64(bytes[at + 6])
                | Int64(bytes[at + 7]) << 24
            let kinds: [UInt8: MediaMessage.Kind] = [8: .audio, 9: .video, 18: .data]
            if let kind = kinds[bytes[at]] {
                messages.append(
                    MediaMessage(
                        kind: kind, timestamp: Timestamp(milliseconds: time),
                        payload: Array(bytes[at + 11..<at + 11 + length])))
            }
            at += 11 + length + 4
        }
        return messages
    }
}
