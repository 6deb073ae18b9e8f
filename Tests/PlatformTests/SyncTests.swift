import Base
import Media
import RTMP
import Testing

@testable import Platform

/// Ten minutes of sound and pictures through the server in virtual time, and what players over
/// each protocol get of them.
@Suite struct SyncTests {
    private static let seconds: Int64 = 600
    /// One frame, in milliseconds, rounded up.
    private static let frame: Int64 = 34

    private static let messages: [MediaMessage] = {
        var shape = Clip.Shape()
        shape.width = 320
        shape.height = 180
        shape.videoRate = 200_000
        shape.audioRate = 32_000
        shape.duration = .seconds(seconds)
        return (try? Clip(shape)).map { Array($0) } ?? []
    }()

    /// Sound and pictures: what each protocol must keep.
    private struct Times: Equatable {
        var video: [Int64] = []
        var audio: [Int64] = []

        init(_ messages: [MediaMessage]) {
            for message in messages where message.kind != .data && message.payload[1] == 1 {
                let time = message.timestamp.milliseconds
                if message.kind == .video { video.append(time) } else { audio.append(time) }
            }
        }
    }

    /// How far sound and pictures are apart in the order in which they came, at most.
    private static func gap(_ messages: [MediaMessage]) -> Int64 {
        var last: (video: Int64, audio: Int64) = (0, 0)
        var widest: Int64 = 0
        for message in messages where message.kind != .data && message.payload[1] == 1 {
            let time = message.timestamp.milliseconds
            if message.kind == .video { last.video = time } else { last.audio = time }
            widest = max(widest, abs(last.video - last.audio))
        }
        return widest
    }

    @Test("after ten minutes sound and pictures are within a frame over RTMP and HTTP-FLV")
    func messages() {
        var world = StreamHarness { $0.latency = .milliseconds(350) }
        let publisher = world.connect(.publish, "a")
        let player = world.connect(.play, "a")
        let watcher = world.watch("a")
        Self.play(into: &world, publisher) { _ in }
        let sent = Times(Self.messages)
        #expect(sent.video.count == 18_000 && sent.audio.count > 28_000)
        for media in [world.clients[player].media, world.watchers[watcher].media] {
            #expect(Times(media) == sent)
            #expect(Self.gap(media) <= Self.frame)
        }
    }

    @Test("after ten minutes sound and pictures are within a frame over HLS")
    func segments() throws {
        var world = StreamHarness { $0.latency = .milliseconds(350) }
        let publisher = world.connect(.publish, "a")
        let name = StreamName(app: "live", name: "a")
        var token: UInt64?
        var next: Int64 = 0
        var times: [[Int64]] = [[], []]
        Self.play(into: &world, publisher) { world in
            if token == nil {
                token =
                    try? world.server.startFetch(
                        name, Peer(address: "192.0.2.3"), query: "", at: world.now
                    ).token
            }
            guard let token else { return }
            _ = world.server.playlist(name, token: token, suffix: "", at: world.now)
            while let bytes = world.server.segment(name, next, token: token, at: world.now) {
                let found = Self.shown(bytes)
                for kind in 0..<2 { times[kind] += found[kind] }
                let ends = found.map { $0.last ?? 0 }
                #expect(abs(ends[0] - ends[1]) <= Self.frame)
                next += 1
            }
        }
        #expect(next > 290)
        // From the first key frame of the first segment on, nothing is lost or moved.
        let sent = Times(Self.messages)
        for (shown, whole) in zip(times, [sent.video, sent.audio]) {
            let start = try #require(shown.first)
            #expect(shown == Array(whole.drop { $0 < start }.prefix(shown.count)))
            #expect(shown.count > whole.count - 300)
        }
    }

    /// Publishes at the stream's own speed, in steps of half a second of virtual time.
    private static func play(
        into world: inout StreamHarness, _ publisher: Int,
        _ each: (inout StreamHarness) -> Void
    ) {
        var rest = messages[...]
        for step in 1...(seconds * 2) {
            let due = rest.prefix { $0.timestamp.milliseconds < step * 500 }
            world.publish(publisher, Array(due))
            rest = rest.dropFirst(due.count)
            world.pass(.milliseconds(500))
            each(&world)
        }
    }

    /// Presentation times of video and audio in a segment, in milliseconds of the stream.
    /// ISO/IEC 13818-1, 2.4.3.2 and 2.4.3.6.
    private static func shown(_ bytes: [UInt8]) -> [[Int64]] {
        var times: [[Int64]] = [[], []]
        for start in stride(from: 0, to: bytes.count, by: 188) {
            let pid = Int(bytes[start + 1] & 0x1F) << 8 | Int(bytes[start + 2])
            guard pid == 0x100 || pid == 0x101, bytes[start + 1] & 0x40 != 0 else { continue }
            let hasField = bytes[start + 3] & 0x20 != 0
            let offset = start + 4 + (hasField ? Int(bytes[start + 4]) + 1 : 0)
            let head = Array(bytes[offset..<offset + 14])
            let ticks =
                Int64(head[9] >> 1 & 7) << 30 | Int64(head[10]) << 22
                | Int64(head[11] >> 1) << 15 | Int64(head[12]) << 7 | Int64(head[13] >> 1)
            times[pid - 0x100].append(ticks / 90 - 100)
        }
        return times
    }
}
