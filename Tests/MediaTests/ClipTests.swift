import Base
import RTMP
import Testing

@testable import Media

/// The clip without an encoder, as ffmpeg sees it.
@Suite struct ClipTests {
    static func shape(_ change: (inout Clip.Shape) -> Void = { _ in }) -> Clip.Shape {
        var shape = Clip.Shape()
        shape.duration = .seconds(4)
        change(&shape)
        return shape
    }

    static let shapes = [
        shape(),
        shape { $0.audioRate = 0 },
        shape {
            $0.width = 426
            $0.height = 240
            $0.videoRate = 400_000
            $0.framesPerSecond = 25
            $0.groupLength = 25
        },
        shape {
            $0.width = 1920
            $0.height = 1080
            $0.framesPerSecond = 60
            $0.videoRate = 9_000_000
            $0.audioRate = 320_000
        },
        shape {
            $0.width = 34
            $0.height = 32
            $0.groupLength = 1
            $0.framesPerSecond = 7
            $0.keyFrameWeight = 1
        },
        shape {
            $0.width = 32
            $0.height = 130
            $0.groupLength = 40
            $0.videoRate = 120_000
        },
    ]

    @Test("ffmpeg decodes every frame of every shape and complains of nothing", arguments: shapes)
    func decodes(shape: Clip.Shape) throws {
        let bytes = Tool.flv(Array(try Clip(shape)))
        try Tool.withFile(bytes, "flv") { path in
            let outcome = try Tool.decode(path)
            #expect(outcome.status == 0 && outcome.complaints.isEmpty, "\(outcome.complaints)")
            let pictures = try Tool.pictures(path)
            #expect(pictures.count == 4 * shape.framesPerSecond)
            for (one, next) in zip(pictures, pictures.dropFirst()) { #expect(one != next) }
            let probe = try Tool.run([
                "ffprobe", "-v", "error", "-select_streams", "v", "-show_entries",
                "stream=width,height,r_frame_rate,profile", "-of", "csv=p=0", path,
            ])
            #expect(
                probe.lines.first.map(String.init)
                    == "Constrained Baseline,\(shape.width),\(shape.height),"
                    + "\(shape.framesPerSecond)/1")
        }
    }

    @Test("both rates are as asked, and key frames have their weight")
    func rates() throws {
        let shape = Self.shape { $0.duration = .seconds(60) }
        let frames = try Clip(shape).dropFirst(3)
        let video = frames.filter { $0.kind == .video }
        let audio = frames.filter { $0.kind == .audio }
        #expect(video.reduce(0) { $0 + $1.payload.count } == shape.videoRate * 60 / 8)
        let sound = audio.reduce(0) { $0 + $1.payload.count }
        let wanted = Int64(audio.count) * 1024 * Int64(shape.audioRate) / (8 * 48_000)
        #expect(Int64(sound) == wanted)
        for (key, other) in zip(video, video.dropFirst()) where key.payload[0] == 0x17 {
            #expect(abs(key.payload.count - 8 * other.payload.count) <= 16)
        }
    }

    @Test("every length of a silent frame is made exactly, and ffmpeg takes them all")
    func silence() throws {
        let shape = Self.shape { $0.audioRate = 8_000 }
        let head = Array(try Clip(shape).prefix(3).filter { $0.kind == .audio })
        #expect(head.count == 1)
        var frames = head
        for length in 9..<1200 {
            let payload = Clip.silence(length: length)
            #expect(payload.count == length)
            frames.append(
                MediaMessage(
                    kind: .audio, timestamp: Timestamp(milliseconds: Int64(length) * 21),
                    payload: payload))
        }
        try Tool.withFile(Tool.flv(frames), "flv") { path in
            let outcome = try Tool.decode(path)
            #expect(outcome.status == 0 && outcome.complaints.isEmpty, "\(outcome.complaints)")
        }
    }

    @Test("times rise over both kinds, without end")
    func order() throws {
        var clip = try Clip(Self.shape { $0.duration = nil })
        var last: Int64 = 0
        for _ in 0..<20_000 {
            let time = clip.nextTime
            let next = clip.next()
            let message = try #require(next)
            #expect(message.timestamp == time && message.timestamp.milliseconds >= last)
            last = message.timestamp.milliseconds
        }
        #expect(last > 200_000)
    }

    @Test("a stamp is read back, costs no byte, and no decoder minds it")
    func stamps() throws {
        let instants = [0, 1, 1_700_000_000_123_456_789, Int64.max, -1]
        var plain = try Clip(Self.shape())
        var stamped = try Clip(Self.shape())
        var messages: [MediaMessage] = []
        while let without = plain.next() {
            let instant = Instant(nanoseconds: instants[messages.count % instants.count])
            let next = stamped.next(stamp: instant)
            let with = try #require(next)
            #expect(with.payload.count == without.payload.count)
            let isPicture = with.kind == .video && with.payload[1] == 1
            #expect(Clip.stamp(in: with) == (isPicture ? instant : nil))
            #expect(Clip.stamp(in: without) == nil)
            messages.append(with)
        }
        try Tool.withFile(Tool.flv(messages), "flv") { path in
            let outcome = try Tool.decode(path)
            #expect(outcome.status == 0 && outcome.complaints.isEmpty, "\(outcome.complaints)")
        }
    }

    @Test("a shape that cannot be had is refused by the field that is wrong")
    func refusals() {
        func error(_ change: (inout Clip.Shape) -> Void) -> ClipError? {
            do throws(ClipError) {
                _ = try Clip(Self.shape(change))
                return nil
            } catch {
                return error
            }
        }
        #expect(error { $0.width = 31 } == .size)
        #expect(error { $0.height = 4098 } == .size)
        #expect(error { $0.framesPerSecond = 0 } == .framesPerSecond)
        #expect(error { $0.groupLength = .max } == .groupLength)
        #expect(error { $0.keyFrameWeight = -1 } == .keyFrameWeight)
        #expect(error { $0.videoRate = 0 } == .videoRate)
        #expect(error { $0.audioRate = 1 } == .audioRate)
        #expect(
            error {
                $0.videoRate = 100_000_000
                $0.framesPerSecond = 1
            } == .keyFrameTooLong)
        #expect(
            error {
                $0.width = 4096
                $0.height = 4096
                $0.framesPerSecond = 240
            } == .noLevel)
    }
}
