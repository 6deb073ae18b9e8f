import Foundation
import Platform
import RTMP
import Sockets
import TestServers
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

    @Test("a relay comes back to a source that was away")
    func restart() async throws {
        let port = try FreePort.any()
        let rule = StreamConfiguration.Relay(
            name: StreamName(app: "live", name: "copy"),
            source: try #require(StreamURL("rtmp://127.0.0.1:\(port)/live/a")))
        try await TestServer.with({ $0.stream.relays = [rule] }) { edge in
            for _ in 0..<2 {
                try await TestServer.with({ $0.rtmpPort = port }) { origin in
                    let publisher = try Scratch.publish(origin.url("a"), rate: 1)
                    #expect(try await edge.waitForPublisher("copy"))
                    publisher.stop()
                }
                #expect(try await edge.wait { $0.streams.allSatisfy { $0.publishedAt == nil } })
            }
        }
    }

    @Test("a relay fetches from nginx-rtmp every frame that our client publishes there")
    func nginx() async throws {
        try await Nginx.with { nginx in
            let rule = StreamConfiguration.Relay(
                name: StreamName(app: "live", name: "a"),
                source: try #require(StreamURL(nginx.url)))
            try await TestServer.with({ $0.stream.relays = [rule] }) { server in
                let publisher = try await TestClient.connect(.publish, "a", port: nginx.port)
                #expect(await publisher.isStarted)
                let clip = try FLVFile.messages(Scratch.clip)
                let sending = Task { try await publisher.client.publish(clip, speed: 2) }
                #expect(try await server.waitForPublisher())
                let player = try Scratch.checksums(server.url("a"))
                try await sending.value
                await publisher.leave()
                #expect(try await player.tool.finish(within: 10) == 0, "\(player.tool.text)")
                let checksums = try await PlayTests.clipChecksums()
                try expectTail(player.file, of: checksums, missingAtMost: 300)
            }
        }
    }
}
