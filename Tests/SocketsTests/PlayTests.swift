import Base
import Foundation
import Media
import Platform
import RTMP
import Sockets
import Testing

/// What others wrote publishes to us and plays from us. Each test publishes a clip at twice its
/// speed, has it played meanwhile, and compares what arrived with the clip packet by packet.
@Suite(.serialized) struct PlayTests {
    /// Checksums of the clip itself.
    static func clipChecksums() async throws -> URL {
        let (tool, file) = try Scratch.checksums(Scratch.clip.path)
        #expect(try await tool.finish(within: 20) == 0, "\(tool.text)")
        return file
    }

    @Test(
        "ffmpeg gets every frame from a key frame on, over RTMP and HTTP-FLV, at both latencies",
        arguments: [350, 0])
    func ffmpeg(latency: Int64) async throws {
        try await TestServer.with({ $0.stream.latency = .milliseconds(latency) }) { server in
            let clip = try await Self.clipChecksums()
            let publisher = try Scratch.publish(server.url("a"))
            #expect(try await server.waitForPublisher())
            let rtmp = try Scratch.checksums(server.url("a"))
            let flv = try Scratch.checksums("http://127.0.0.1:\(server.http)/live/a.flv")
            #expect(try await publisher.finish(within: 20) == 0, "\(publisher.text)")
            #expect(try await rtmp.tool.finish(within: 10) == 0, "\(rtmp.tool.text)")
            #expect(try await flv.tool.finish(within: 10) == 0, "\(flv.tool.text)")
            try expectTail(rtmp.file, of: clip, missingAtMost: 200)
            try expectTail(flv.file, of: clip, missingAtMost: 200)
        }
    }

    /// At twelve times its speed, where lost packets and times that drift apart would be more.
    @Test("in ten minutes of stream no frame is lost, and sound and picture stay together")
    func sync() async throws {
        try await TestServer.with { server in
            let clip = try Scratch.checksums(Scratch.longClip.path)
            #expect(try await clip.tool.finish(within: 20) == 0, "\(clip.tool.text)")
            let publisher = try Scratch.publish(server.url("a"), Scratch.longClip, rate: 12)
            #expect(try await server.waitForPublisher())
            let rtmp = try Scratch.checksums(server.url("a"))
            let flv = try Scratch.checksums("http://127.0.0.1:\(server.http)/live/a.flv")
            #expect(try await publisher.finish(within: 90) == 0, "\(publisher.text)")
            for player in [rtmp, flv] {
                #expect(try await player.tool.finish(within: 10) == 0, "\(player.tool.text)")
                try expectTail(player.file, of: clip.file, missingAtMost: 3_000)
                let pictures = try Scratch.frames(player.file, stream: 0)
                #expect(pictures.count >= 10 * 60 * 30)
            }
        }
    }

    @Test("ffmpeg gets every picture and sound from HLS, and the traffic is counted")
    func hls() async throws {
        try await TestServer.with({ options in
            options.stream.hls?.target = .seconds(1)
            options.stream.hls?.count = 20
        }) { server in
            let clip = try Scratch.contents(["-i", Scratch.clip.path])
            #expect(try await clip.tool.finish(within: 20) == 0, "\(clip.tool.text)")
            let publisher = try Scratch.publish(server.url("a"), loops: 1)
            #expect(try await server.waitForPublisher())
            let url = "http://127.0.0.1:\(server.http)/live/a.m3u8"
            let played = try Scratch.contents(["-live_start_index", "0", "-t", "6", "-i", url])
            #expect(try await played.tool.finish(within: 25) == 0)
            #expect(played.tool.text.isEmpty, "\(played.tool.text)")
            for (all, got, count) in [
                (clip.pictures, played.pictures, 175), (clip.sound, played.sound, 250),
            ] {
                let all = try Scratch.frames(all, stream: 0).map(\.checksum)
                let got = try Scratch.frames(got, stream: 0).map(\.checksum)
                let start = try #require(got.first.flatMap { all.firstIndex(of: $0) })
                #expect(got.count >= count)
                #expect(Array((all + all)[start...].prefix(got.count)) == got)
            }
            let report = try await server.report()
            let fetcher = try #require(report.clients.first { $0.activity == .fetching })
            #expect(fetcher.bytesSent > 400_000 && report.tally.hlsBytes == fetcher.bytesSent)
            #expect(try await publisher.finish(within: 15) == 0, "\(publisher.text)")
        }
    }

    @Test("GStreamer publishes what ffmpeg then gets, every frame")
    func gstreamer() async throws {
        try await TestServer.with { server in
            let clip = try await Self.clipChecksums()
            let publisher = try Tool(
                words: "gst-launch-1.0 -q filesrc location=\(Scratch.clip.path) ! flvdemux name=d"
                    .words
                    + "d.video ! queue ! h264parse ! m.video".words
                    + "d.audio ! queue ! aacparse ! m.audio".words
                    + "flvmux name=m streamable=true ! identity sync=true !".words
                    + ["rtmp2sink", "location=\(server.url("a"))"])
            #expect(try await server.waitForPublisher())
            let player = try Scratch.checksums(server.url("a"))
            #expect(try await publisher.finish(within: 30) == 0, "\(publisher.text)")
            #expect(try await player.tool.finish(within: 10) == 0, "\(player.tool.text)")
            // Its muxer moves the first frames' times.
            try expectTail(player.file, of: clip, missingAtMost: 200, keepsTimes: false)
        }
    }

    @Test(
        "codecs of Enhanced RTMP are relayed packet by packet, and reported",
        arguments: [
            ("hvc1", "libx265 -preset ultrafast", "aac"),
            ("av01", "libsvtav1 -preset 10", "libopus"),
        ])
    func enhanced(codec: String, video: String, audio: String) async throws {
        let ffmpeg = try await Scratch.newFFmpeg()
        let clip = Scratch.folder.appending(path: "\(codec).flv")
        let encode = try Tool(
            words: [ffmpeg, "-loglevel", "error", "-y"]
                + "-f lavfi -i testsrc2=size=160x96:rate=30 -f lavfi -i sine=frequency=440".words
                + "-t 8 -g 30 -c:v \(video) -b:v 300k -c:a \(audio) -ar 48000".words
                + ["-f", "flv", clip.path])
        #expect(try await encode.finish(within: 60) == 0, "\(encode.text)")
        try await TestServer.with { server in
            let publisher = try Tool(
                words: [ffmpeg, "-loglevel", "error", "-readrate", "1", "-i", clip.path]
                    + "-c copy -rtmp_enhanced_codecs hvc1,av01,vp09,Opus -f flv".words
                    + [server.url("a")])
            #expect(try await server.waitForPublisher())
            let player = try Scratch.checksums(server.url("a"), program: ffmpeg)
            let rows = try await server.json("/api/v1/streams")
            let stream = try #require((rows["streams"] as? [[String: Any]])?.first)
            #expect((stream["video"] as? [String: Any])?["codec"] as? String == codec)
            #expect((stream["video"] as? [String: Any])?["width"] as? Int == 160)
            #expect(
                (stream["audio"] as? [String: Any])?["codec"] as? String
                    == (audio == "aac" ? "AAC" : "Opus"))
            #expect(try await publisher.finish(within: 20) == 0, "\(publisher.text)")
            #expect(try await player.tool.finish(within: 10) == 0, "\(player.tool.text)")
            let whole = try Scratch.checksums(clip.path, program: ffmpeg)
            #expect(try await whole.tool.finish(within: 20) == 0, "\(whole.tool.text)")
            try expectTail(player.file, of: whole.file, missingAtMost: 200)
        }
    }

    @Test("rtmpdump, GStreamer and mpv play a stream")
    func others() async throws {
        try await TestServer.with { server in
            let publisher = try Scratch.publish(server.url("a"), rate: 1)
            defer { publisher.stop() }
            #expect(try await server.waitForPublisher())
            let dumped = Scratch.folder.appending(path: "dump.flv")
            let dump = try Tool(
                "rtmpdump", "-q", "--live", "--stop", "3", "-r", server.url("a"), "-o", dumped.path)
            let mpv = try Tool(
                "mpv", "--no-config", "--vo=null", "--ao=null", "--length=2", "--untimed",
                "--msg-level=all=warn", server.url("a"))
            let gst = try Tool(
                "gst-launch-1.0", "-q", "rtmp2src", "num-buffers=100",
                "location=\(server.url("a"))", "!", "flvdemux", "name=d", "d.video", "!", "queue",
                "!", "h264parse", "!", "fakesink", "sync=false", "d.audio", "!", "queue", "!",
                "fakesink", "sync=false")
            #expect(try await mpv.finish(within: 20) == 0, "\(mpv.text)")
            #expect(try await gst.finish(within: 20) == 0, "\(gst.text)")
            _ = try await dump.finish(within: 15)
            let check = try Tool(
                "ffprobe", "-v", "error", "-count_packets", "-show_entries",
                "stream=codec_name,nb_read_packets", "-of", "csv=p=0", dumped.path)
            #expect(try await check.finish(within: 10) == 0)
            let packets = check.text.split(separator: "\n").compactMap {
                Int($0.split(separator: ",").last ?? "")
            }
            #expect(packets.count == 2 && packets.allSatisfy { $0 > 45 }, "\(check.text)")
        }
    }

    /// Only our side is looked at, with chunks of 4,096 bytes: at 60,000, which is also what
    /// ffmpeg sends, tshark 4.0 loses its place.
    @Test("tshark finds nothing malformed in what we say to a publisher and a player")
    func capture() async throws {
        try await TestServer.with({ $0.stream.chunkSize = 4096 }) { server in
            let capture = try await Capture.start(port: server.rtmp)
            let publisher = try Scratch.publish(server.url("a"), rate: 4)
            #expect(try await server.waitForPublisher())
            let player = try Scratch.checksums(server.url("a"))
            #expect(try await publisher.finish(within: 10) == 0, "\(publisher.text)")
            #expect(try await player.tool.finish(within: 10) == 0)
            try await capture.stop()
            let ours = try await capture.messages("tcp.srcport == \(server.rtmp)")
            #expect(ours.count > 500)
            #expect(ours.malformed == [])
        }
    }

    @Test("players stay when the publisher leaves, and go on when it is back")
    func republish() async throws {
        try await TestServer.with { server in
            let first = try Scratch.publish(server.url("a"))
            #expect(try await server.waitForPublisher())
            let player = try await TestClient.play("a", port: server.rtmp)
            #expect(try await first.finish(within: 20) == 0, "\(first.text)")
            #expect(try await server.wait { $0.streams.first?.publishedAt == nil })
            let before = await player.messages
            let second = try Scratch.publish(server.url("a"))
            #expect(try await second.finish(within: 20) == 0, "\(second.text)")
            let after = await player.messages
            #expect(before.count > 300 && after.count > 2 * before.count - 100)
            let times = after.filter { $0.kind == .video }.map(\.timestamp.milliseconds)
            #expect(times == times.sorted(), "time runs backwards")
            await player.leave()
        }
    }

    @Test(
        "a second publisher is refused, or replaces the first, as configured",
        arguments: StreamConfiguration.SecondPublisher.allCases)
    func second(_ rule: StreamConfiguration.SecondPublisher) async throws {
        try await TestServer.with({ $0.stream.secondPublisher = rule }) { server in
            let first = try Scratch.publish(server.url("a"), rate: 1)
            #expect(try await server.waitForPublisher())
            let second = try Scratch.publish(server.url("a"), rate: 4)
            let refused = try await second.finish(within: 10)
            switch rule {
            case .refused:
                #expect(refused != 0)
                #expect(first.process.isRunning)
            case .replaces:
                #expect(refused == 0, "\(second.text)")
                #expect(try await first.finish(within: 5) != 0)
            }
            first.stop()
        }
    }
}
