import Base
import RTMP
import Testing

@testable import Media

/// What decoders are told before the first frame.
@Suite struct ConfigurationTests {
    struct Encoded: Sendable {
        var size: String
        var rate: String
        var words: [String]
        var profile: UInt8
        var shown: (Int, Int)
        var frames: Int64
    }

    static let encoded = [
        Encoded(
            size: "318x182", rate: "25", words: ["-pix_fmt", "yuv420p"], profile: 100,
            shown: (318, 182), frames: 25_000),
        Encoded(
            size: "640x360", rate: "30000/1001", words: ["-profile:v", "baseline"], profile: 66,
            shown: (640, 360), frames: 29_970),
        Encoded(
            size: "1922x1080", rate: "50", words: ["-pix_fmt", "yuv422p"], profile: 122,
            shown: (1922, 1080), frames: 50_000),
        Encoded(
            size: "322x182", rate: "60", words: ["-pix_fmt", "yuv444p"], profile: 244,
            shown: (322, 182), frames: 60_000),
        Encoded(
            size: "720x572", rate: "25",
            words: ["-flags", "+ildct+ilme", "-x264-params", "cqm=jvt", "-aspect", "4:3"],
            profile: 100, shown: (720, 572), frames: 25_000),
        Encoded(
            size: "1280x720", rate: "24",
            words: ["-color_primaries", "bt709", "-colorspace", "bt709", "-color_trc", "bt709"],
            profile: 100, shown: (1280, 720), frames: 24_000),
    ]

    @Test("libx264's sequence sets of every form are understood", arguments: encoded)
    func sequenceSets(encoded: Encoded) throws {
        let hasPixels = encoded.words.contains("-pix_fmt")
        try Tool.withFile([], "flv") { path in
            let outcome = try Tool.run(
                [
                    "ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i",
                    "testsrc2=size=\(encoded.size):rate=\(encoded.rate):duration=0.2", "-c:v",
                    "libx264", "-preset", "veryfast",
                ] + (hasPixels ? [] : ["-pix_fmt", "yuv420p"]) + encoded.words + [
                    "-f", "flv", path,
                ])
            #expect(outcome.status == 0, "\(outcome.complaints)")
            let messages = try Tool.read(Tool.bytes(path), pieces: 1 << 20)
            let header = try #require(messages.first { $0.kind == .video })
            let configuration = try #require(AVCConfiguration(tag: header.payload))
            let parameters = try #require(configuration.parameters)
            #expect(parameters.profile == encoded.profile)
            #expect(parameters.level == configuration.level)
            #expect((parameters.width, parameters.height) == encoded.shown)
            #expect(parameters.framesPerKilosecond == encoded.frames)
        }
    }

    @Test("a set that was cut off or changed at random never traps, nor has a size of nothing")
    func hostile() throws {
        let seed: UInt64 = 7
        var random = Random(seed: seed, entity: "SPS", purpose: "mutations")
        let clip = try Clip(ClipTests.shape())
        let header = try #require(clip.first { $0.kind == .video })
        let whole = try #require(AVCConfiguration(tag: header.payload)?.sequenceSets.first)
        for cut in 0...whole.count { _ = SequenceParameters(Array(whole.prefix(cut))) }
        for round in 0..<20_000 {
            var unit = whole
            for _ in 0...random.below(6) {
                unit[Int(random.below(UInt64(unit.count)))] = UInt8(random.below(256))
            }
            guard let parameters = SequenceParameters(unit) else { continue }
            #expect(
                parameters.width > 0 && parameters.height > 0, "seed \(seed), round \(round)")
            var tag = header.payload
            tag[Int(random.below(UInt64(tag.count)))] = UInt8(random.below(256))
            _ = AVCConfiguration(tag: tag)?.parameters
        }
    }

    /// Bits of an AudioSpecificConfig, each a value and its width. ISO/IEC 14496-3, 1.6.2.1.
    static func audio(_ fields: [(UInt32, Int)]) -> AACConfiguration? {
        var bits = BitWriter()
        for (value, count) in fields { bits.put(value, count) }
        bits.align()
        return AACConfiguration(tag: [0xAF, 0] + bits.bytes)
    }

    @Test("plain AAC, HE-AAC in both forms and rates outside the table's order are understood")
    func audioForms() throws {
        let plain = try #require(Self.audio([(2, 5), (4, 4), (2, 4), (0, 3)]))
        #expect(plain.sampleRate == 44_100 && plain.channels == 2 && plain.coreType == 2)
        #expect(!plain.hasBandReplication)

        let explicit = try #require(
            Self.audio([(29, 5), (6, 4), (1, 4), (3, 4), (2, 5), (0, 3)]))
        #expect(explicit.objectType == 29 && explicit.coreType == 2 && explicit.rateIndex == 6)
        #expect(explicit.sampleRate == 48_000 && explicit.hasParametricStereo)
        // Profile LC, rate 6, one channel: what is announced is the core.
        #expect(explicit.adtsHeader(frameLength: 10)?[2] == 1 << 6 | 6 << 2)

        let appended = try #require(
            Self.audio([
                (2, 5), (7, 4), (2, 4), (0, 3), (0x2B7, 11), (5, 5), (1, 1), (4, 4),
            ]))
        #expect(appended.objectType == 2 && appended.hasBandReplication)
        #expect(appended.sampleRate == 44_100 && appended.rateIndex == 7)
        #expect(!appended.hasParametricStereo)

        let written = try #require(
            Self.audio([(2, 5), (15, 4), (32_000, 24), (1, 4), (0, 3)]))
        #expect(written.rateIndex == 5 && written.sampleRate == 32_000)
    }

    @Test("what ADTS cannot carry is no configuration for us")
    func audioRefused() {
        #expect(Self.audio([(2, 5), (15, 4), (44_000, 24), (1, 4), (0, 3)]) == nil)
        #expect(Self.audio([(2, 5), (4, 4), (0, 4), (0, 3)]) == nil)
        #expect(Self.audio([(2, 5), (4, 4), (2, 4), (0b100, 3)]) == nil)
        #expect(Self.audio([(31, 5), (10, 6), (4, 4), (2, 4), (0, 3)]) == nil)
        #expect(Self.audio([(2, 5), (13, 4), (2, 4), (0, 3)]) == nil)
        for first in UInt8.min...UInt8.max {
            for second in stride(from: 0, through: 255, by: 5) as StrideThrough<Int> {
                _ = AACConfiguration(tag: [0xAF, 0, first, UInt8(second)])
            }
        }
    }
}
