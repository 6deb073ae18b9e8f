import Base
import Media
import RTMP
import Testing

/// Reading and writing FLV, with files of ours and of ffmpeg's.
@Suite struct FLVTests {
    static func clip(seconds: Int64) throws -> [MediaMessage] {
        var shape = Clip.Shape()
        shape.videoRate = 300_000
        shape.width = 320
        shape.height = 180
        shape.duration = .seconds(seconds)
        return Array(try Clip(shape))
    }

    @Test("what was written is read, in pieces of any length", arguments: [1, 2, 7, 4096, 1 << 20])
    func roundTrip(length: Int) throws {
        let messages = try Self.clip(seconds: 2)
        #expect(try Tool.read(Tool.flv(messages), pieces: length) == messages)
    }

    @Test("a file cut off anywhere gives the tags before the cut, and says so")
    func truncated() throws {
        let messages = Array(try Self.clip(seconds: 1).prefix(6))
        let bytes = Tool.flv(messages)
        var ends = 0
        for cut in 0...bytes.count {
            var reader = FLVReader()
            reader.receive(bytes.span.extracting(0..<cut))
            var read: [MediaMessage] = []
            while let message = try reader.next() { read.append(message) }
            #expect(read == Array(messages.prefix(read.count)))
            if reader.isBetweenTags { ends += 1 }
            #expect(!reader.isBetweenTags || Tool.flv(read).count <= cut)
        }
        #expect(ends == messages.count + 1)
    }

    @Test("times go on beyond 2^32 milliseconds")
    func wrap() throws {
        let times: [Int64] = [(1 << 32) - 40, (1 << 32), (1 << 32) + 40]
        let messages = times.map {
            MediaMessage(
                kind: .video, timestamp: Timestamp(milliseconds: $0), payload: [0x27, 1, 0, 0, 0])
        }
        #expect(try Tool.read(Tool.flv(messages), pieces: 64) == messages)
    }

    @Test("tags of unknown kinds are passed over, however they arrive")
    func unknown() throws {
        let messages = Array(try Self.clip(seconds: 1).prefix(4))
        var bytes = Tool.flv(messages)
        let strange: [UInt8] = [15, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]
        bytes += strange + [UInt8](repeating: 9, count: 256 + 4)
        FLVTags.append(messages[3], to: &bytes)
        for length in [1, 100, 1 << 20] {
            #expect(try Tool.read(bytes, pieces: length) == messages + [messages[3]])
        }
    }

    @Test("a bad file is refused with the reason, and gives nothing more")
    func refused() {
        let head = FLVTags.header(hasAudio: true, hasVideo: true)
        func error(_ bytes: [UInt8]) -> FLVError? {
            do throws(FLVError) {
                _ = try Tool.read(bytes, pieces: 5)
                return nil
            } catch {
                return error
            }
        }
        #expect(error([0x47] + head.dropFirst()) == .notFLV)
        #expect(error(head.prefix(3) + [2] + head.dropFirst(4)) == .unknownVersion(2))
        #expect(error(head.prefix(5) + [0, 0, 0, 8] + [0, 0, 0, 0]) == .badHead(8))
        #expect(error(head.prefix(5) + [255, 0, 0, 0] + [0, 0, 0, 0]) == .badHead(255 << 24))
        #expect(
            error(head + [9, 255, 255, 255] + [UInt8](repeating: 0, count: 7))
                == .oversizedTag((1 << 24) - 1))
        #expect(error(head + [9 | 0x20] + [UInt8](repeating: 0, count: 10)) == .encrypted)
    }

    @Test("mutated files never trap, and pieces of any length give the same")
    func mutated() throws {
        let seed: UInt64 = 20_261_124
        var random = Random(seed: seed, entity: "FLV", purpose: "mutations")
        let bytes = Tool.flv(Array(try Self.clip(seconds: 1).prefix(8)))
        func outcome(_ bytes: [UInt8], _ length: Int) -> [MediaMessage]? {
            try? Tool.read(bytes, pieces: length)
        }
        for round in 0..<2000 {
            var mutated = bytes
            for _ in 0...random.below(8) {
                let place = Int(random.below(UInt64(min(mutated.count, 1 << (round % 12 + 1)))))
                mutated[place] = UInt8(random.below(256))
            }
            let whole = outcome(mutated, mutated.count)
            let length = Int(random.below(300)) + 1
            #expect(outcome(mutated, length) == whole, "seed \(seed), round \(round)")
        }
    }

    @Test("a loop's times rise without a gap, and headers come once")
    func loop() throws {
        let messages = try Self.clip(seconds: 2)
        var loop = try #require(MediaLoop(messages))
        #expect(loop.periodMilliseconds == 2000)
        var times: [Int64] = []
        var headers = 0
        for _ in 0..<messages.count * 3 {
            let next = loop.next()
            let message = try #require(next)
            if message.kind == .video, message.payload[1] == 1 {
                times.append(message.timestamp.milliseconds)
            } else if message.kind == .data || message.payload[1] == 0 {
                headers += 1
            }
        }
        #expect(headers == 3)
        for (one, next) in zip(times, times.dropFirst()) { #expect((33...34) ~= next - one) }
        #expect(MediaLoop(Array(messages.prefix(3))) == nil)
    }

    /// Made by libx264 with B-frames and ffmpeg's AAC: moving pictures and a tone.
    static func made(_ body: (String, [UInt8]) throws -> Void) throws {
        try Tool.withFile([], "flv") { path in
            let outcome = try Tool.run([
                "ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i",
                "testsrc2=size=318x180:rate=25:duration=5", "-f", "lavfi", "-i",
                "sine=frequency=440:sample_rate=44100:duration=5", "-c:v", "libx264", "-threads",
                "1", "-preset", "veryfast", "-bf", "3", "-g", "50", "-c:a", "aac", "-ac", "2",
                "-f", "flv", path,
            ])
            #expect(outcome.status == 0, "\(outcome.complaints)")
            try body(path, Tool.bytes(path))
        }
    }

    @Test("ffmpeg's file read and written again has the same packets at the same times")
    func packets() throws {
        try Self.made { path, bytes in
            let messages = try Tool.read(bytes, pieces: 1000)
            #expect(messages.contains { $0.kind == .video && $0.payload[4] > 0 }, "no B-frames")
            let made = try Tool.packets(path)
            #expect(made.count > 300)
            try Tool.withFile(Tool.flv(messages), "flv") { again in
                let copied = try Tool.packets(again)
                #expect(copied == made)
            }
        }
    }

    @Test("as a transport stream it decodes to the same, at times that agree to the millisecond")
    func transport() throws {
        try Self.made { path, bytes in
            let messages = try Tool.read(bytes, pieces: 1 << 20)
            try Tool.withFile(Tool.transportStream(messages), "ts") { stream in
                let outcome = try Tool.decode(stream)
                #expect(outcome.complaints.isEmpty, "\(outcome.complaints)")
                let pictures = try Tool.pictures(path)
                #expect(pictures.count == 125)
                #expect(try Tool.pictures(stream) == pictures)
                #expect(try Tool.sound(stream) == Tool.sound(path))
                for kind in ["v", "a"] {
                    let ticks = try Tool.times(path, kind).map { $0.map { ($0 + 100) * 90 } }
                    #expect(try Tool.times(stream, kind) == ticks)
                }
            }
        }
    }
}
