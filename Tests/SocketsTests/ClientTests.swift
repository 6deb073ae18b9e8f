import Foundation
import Media
import Platform
import RTMP
import Sockets
import TestServers
import Testing

/// Our client at a server that others wrote.
@Suite(.serialized) struct ClientTests {
    @Test("our client publishes to nginx-rtmp, and ffmpeg gets every frame of it")
    func publish() async throws {
        try await Nginx.with { nginx in
            let capture = try await Capture.start(port: nginx.port)
            let publisher = try await TestClient.connect(.publish, "a", port: nginx.port)
            #expect(await publisher.isStarted)
            let clip = try FLVFile.messages(Scratch.clip)
            let sending = Task { try await publisher.client.publish(clip) }
            let player = try Scratch.checksums(nginx.url)
            try await sending.value
            await publisher.leave()
            #expect(try await player.tool.finish(within: 20) == 0, "\(player.tool.text)")
            try await capture.stop()
            let checksums = try await PlayTests.clipChecksums()
            try expectTail(player.file, of: checksums, missingAtMost: 400)
            let ours = try await capture.messages("tcp.dstport == \(nginx.port)")
            #expect(ours.count > 700)
            #expect(ours.malformed == [])
        }
    }

    @Test("our client plays from nginx-rtmp every frame that ffmpeg publishes")
    func play() async throws {
        try await Nginx.with { nginx in
            let capture = try await Capture.start(port: nginx.port)
            let player = try await TestClient.connect(.play, "a", port: nginx.port, within: 0)
            let publisher = try Scratch.publish(nginx.url)
            #expect(try await publisher.finish(within: 20) == 0, "\(publisher.text)")
            #expect(try await player.wait(for: 300, .video))
            try await Task.sleep(for: .milliseconds(300))
            let messages = await player.messages
            let port = try #require(player.client.localPort)
            await player.leave()
            try await capture.stop()
            var file = FLVTags.header(hasAudio: true, hasVideo: true)
            for message in messages { FLVTags.append(message, to: &file) }
            let played = Scratch.folder.appending(path: "played.flv")
            try Data(file).write(to: played)
            let got = try Scratch.checksums(played.path)
            #expect(try await got.tool.finish(within: 20) == 0, "\(got.tool.text)")
            let checksums = try await PlayTests.clipChecksums()
            try expectTail(got.file, of: checksums, missingAtMost: 0)
            // Players say little; ffmpeg's own chunks are too long for tshark 4.0.
            let ours = try await capture.messages("tcp.srcport == \(port)")
            #expect(ours.count > 5)
            #expect(ours.malformed == [])
        }
    }

    @Test("a server that refuses, and one that is not there, are told apart")
    func failures() async throws {
        try await TestServer.with({ $0.hooks = [.publish: "http://127.0.0.1:9/"] }) { server in
            let client = try await TestClient.connect(.publish, "a", port: server.rtmp)
            #expect(await !client.isStarted)
            guard case .rejected(let status)? = await client.failure else {
                Issue.record("no refusal")
                return
            }
            #expect(status.code == "NetStream.Publish.Denied")
        }
        let nobody = try FreePort.any()
        await #expect(throws: (any Error).self) {
            try await TestClient.connect(.play, "a", port: nobody)
        }
    }
}
