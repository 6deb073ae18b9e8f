import Base
import Media
import RTMP
import Testing

@testable import Load

@Suite struct TapeTests {
    @Test("two rounds of a tape are the clip itself, each picture with its own stamp")
    func rounds() throws {
        var shape = Clip.Shape()
        shape.videoRate = 300_000
        let tape = try ClipTape(shape)
        var reader = ChunkReader(limits: Limits())
        var size: [UInt8] = []
        var writer = ChunkWriter()
        writer.setChunkSize(ClipTape.chunkSize, into: &size)
        reader.receive(size.span)
        _ = try reader.next()
        var clip = try Clip(shape)
        for header in tape.headers { #expect(clip.next() == header) }
        let stream = MessageStreamID(7)
        for round in Int64(0)..<2 {
            for index in tape.items.indices {
                let time = tape.time(index, round: round)
                let stamp = Instant(nanoseconds: 5_000_000_000 + time)
                var bytes: [UInt8] = []
                tape.write(index, time: time, on: stream, stamp: stamp, into: &bytes)
                reader.receive(bytes.span)
                let (read, made) = (try reader.next(), clip.next(stamp: stamp))
                let (message, expected) = (try #require(read), try #require(made))
                try #require(expected.timestamp.milliseconds == time)
                try #require(message.stream == stream)
                try #require(Int64(message.timestamp) == time)
                // The clip's sizes wander by a byte where its rate does not divide evenly.
                try #require(abs(message.payload.count - expected.payload.count) <= 1)
                if expected.kind == .video {
                    let again = MediaMessage(
                        kind: .video, timestamp: expected.timestamp, payload: message.payload)
                    try #require(Clip.stamp(in: again) == stamp)
                    try #require(MediaRole(again) == MediaRole(expected))
                }
            }
        }
    }

    @Test("a file whose times begin late has no longer headers than any other")
    func lateFile() throws {
        var shape = Clip.Shape()
        shape.videoRate = 2_000_000
        shape.duration = .seconds(1)
        var bytes = FLVTags.header(hasAudio: true, hasVideo: true)
        for var message in try Clip(shape) {
            message.timestamp = Timestamp(
                milliseconds: message.timestamp.milliseconds + 16_777_215)
            FLVTags.append(message, to: &bytes)
        }
        let tape = try ClipTape(flv: bytes)
        #expect(tape.items.count > 30)
        for item in tape.items {
            // A byte of header for each chunk but the first.
            let cuts = max(item.length - 1, 0) / ClipTape.chunkSize
            try #require(item.bytes.count == 12 + item.length + cuts)
        }
    }
}
