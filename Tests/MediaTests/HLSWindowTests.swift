import Base
import Foundation
import RTMP
import Testing

@testable import Media

/// The rules of a live playlist. RFC 8216.
@Suite struct HLSWindowTests {
    static func feed(_ window: inout HLSWindow, _ messages: some Sequence<MediaMessage>) {
        for message in messages where message.kind != .data {
            let isHeader = message.payload[1] == 0
            let isKey = message.kind == .video && !isHeader && message.payload[0] >> 4 == 1
            window.append(message, isKey: isKey, isHeader: isHeader)
        }
    }

    static func clip(seconds: Int64, group: Int = 60) throws -> [MediaMessage] {
        var shape = Clip.Shape()
        shape.groupLength = group
        shape.videoRate = 500_000
        shape.width = 320
        shape.height = 180
        shape.duration = .seconds(seconds)
        return Array(try Clip(shape))
    }

    static func number(_ name: String, _ playlist: String) -> Int? {
        playlist.split(separator: "\n").first { $0.hasPrefix("#\(name):") }
            .flatMap { Int($0.dropFirst(name.count + 2)) }
    }

    @Test(
        "the sequence rises by one for each segment that leaves, and no segment outlasts the target"
    )
    func sequence() throws {
        var window = HLSWindow(HLSWindow.Options())
        #expect(window.playlist(prefix: "", suffix: "") == nil)
        var last = 0
        for message in try Self.clip(seconds: 61) {
            Self.feed(&window, [message])
            guard let playlist = window.playlist(prefix: "s", suffix: "?k=1") else { continue }
            let first = try #require(Self.number("EXT-X-MEDIA-SEQUENCE", playlist))
            #expect(first == last || first == last + 1)
            last = first
            let longest = try #require(Self.number("EXT-X-TARGETDURATION", playlist))
            for segment in window.segments { #expect(segment.duration <= longest * 1000) }
            #expect(playlist.contains("\ns\(first).ts?k=1\n"))
        }
        #expect(last == 30 - HLSWindow.Options().count)
    }

    @Test("a republish is a discontinuity, which is counted when it leaves the playlist")
    func discontinuity() throws {
        var window = HLSWindow(HLSWindow.Options())
        Self.feed(&window, try Self.clip(seconds: 9))
        window.discontinue()
        Self.feed(&window, try Self.clip(seconds: 5))
        let playlist = try #require(window.playlist(prefix: "", suffix: ""))
        #expect(playlist.components(separatedBy: "#EXT-X-DISCONTINUITY\n").count == 2)
        #expect(Self.number("EXT-X-DISCONTINUITY-SEQUENCE", playlist) == nil)
        Self.feed(&window, try Self.clip(seconds: 60).dropFirst(3))
        let later = try #require(window.playlist(prefix: "", suffix: ""))
        #expect(!later.contains("#EXT-X-DISCONTINUITY\n"))
        #expect(Self.number("EXT-X-DISCONTINUITY-SEQUENCE", later) == 1)
    }

    @Test("the target duration never falls, even when a long segment has left")
    func target() throws {
        var window = HLSWindow(HLSWindow.Options())
        Self.feed(&window, try Self.clip(seconds: 5, group: 150))
        let moved = try Self.clip(seconds: 60).map {
            var message = $0
            message.timestamp.milliseconds += 5000
            return message
        }
        Self.feed(&window, moved.dropFirst(3))
        #expect(window.segments.allSatisfy { $0.duration == 2000 })
        let playlist = try #require(window.playlist(prefix: "", suffix: ""))
        #expect(Self.number("EXT-X-TARGETDURATION", playlist) == 5)
    }

    @Test(
        "a publisher's clock that leaps is a discontinuity, not a segment of an hour",
        arguments: [3_600_000, -3_600_000] as [Int64])
    func leap(step: Int64) throws {
        var window = HLSWindow(HLSWindow.Options())
        let clip = try Self.clip(seconds: 9).map {
            var message = $0
            message.timestamp.milliseconds += 4_000_000
            return message
        }
        Self.feed(&window, clip)
        let after = clip.map {
            var message = $0
            message.timestamp.milliseconds += step
            return message
        }
        Self.feed(&window, after)
        #expect(window.segments.filter(\.isDiscontinuous).count == 1)
        #expect(window.segments.count >= 8)
        #expect(window.segments.allSatisfy { (900...2100) ~= $0.duration })
    }

    @Test("what no encoder makes never traps, and every segment is whole packets")
    func hostile() throws {
        let seed: UInt64 = 11
        var random = Random(seed: seed, entity: "HLS", purpose: "mutations")
        var options = HLSWindow.Options()
        options.bytesMax = 200_000
        var window = HLSWindow(options)
        let clip = try Self.clip(seconds: 2)
        for round in 0..<20_000 {
            var message = clip[Int(random.below(UInt64(clip.count)))]
            message.timestamp.milliseconds = random.within(0...1 << Int64(random.below(40)))
            let length = Int(random.below(UInt64(message.payload.count) + 1))
            if random.below(4) == 0 { message.payload = Array(message.payload.prefix(length)) }
            for _ in 0..<random.below(4) where !message.payload.isEmpty {
                let bound = UInt64(min(message.payload.count, 16))
                message.payload[Int(random.below(bound))] = UInt8(random.below(256))
            }
            window.append(
                message, isKey: random.below(2) == 0, isHeader: random.below(10) == 0)
            if random.below(50) == 0 { window.discontinue() }
            #expect(window.bytesKept < 500_000, "seed \(seed), round \(round)")
        }
        for segment in window.segments { #expect(segment.bytes.count % 188 == 0) }
        #expect(!window.segments.isEmpty)
    }

    @Test("the bytes kept are bounded, with or without key frames")
    func bounded() throws {
        for group in [60, 3600] {
            var options = HLSWindow.Options()
            options.bytesMax = 300_000
            var window = HLSWindow(options)
            for message in try Self.clip(seconds: 60, group: group) {
                Self.feed(&window, [message])
                #expect(window.bytesKept <= options.bytesMax * 3 / 2 + 200_000)
            }
            #expect(!window.segments.isEmpty)
        }
    }

    @Test("ffmpeg plays the window as files, picture by picture and with the same sound")
    func played() throws {
        var options = HLSWindow.Options()
        options.count = 20
        try FLVTests.made { path, bytes in
            var window = HLSWindow(options)
            let messages = try Tool.read(bytes, pieces: 1 << 20)
            Self.feed(&window, messages)
            window.discontinue()
            let folder = try Tool.folder()
            defer { try? FileManager.default.removeItem(at: folder) }
            for segment in window.segments {
                try Data(segment.bytes).write(
                    to: folder.appending(path: "\(segment.sequence).ts"))
            }
            let playlist = try #require(window.playlist(prefix: "", suffix: ""))
            let file = folder.appending(path: "live.m3u8")
            try Data((playlist + "#EXT-X-ENDLIST\n").utf8).write(to: file)
            #expect(window.segments.count == 3)
            #expect(try Tool.decode(file.path).complaints.isEmpty)
            #expect(try Tool.pictures(file.path) == Tool.pictures(path))
            #expect(try Tool.sound(file.path) == Tool.sound(path))
        }
    }
}
