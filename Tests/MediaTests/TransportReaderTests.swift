import Base
import RTMP
import Testing

@testable import Media

@Suite struct TransportReaderTests {
    private static let start = Instant(nanoseconds: 7_000_000_000)

    /// Three seconds of stamped pictures, at a rate at which some fill several packets.
    private static func segment(
        _ rate: Int = 400_000
    ) throws -> (bytes: [UInt8], stamps: [Instant]) {
        var shape = Clip.Shape()
        shape.videoRate = rate
        shape.groupLength = 15
        shape.duration = .seconds(3)
        var clip = try Clip(shape)
        var messages: [MediaMessage] = []
        var stamps: [Instant] = []
        while let time = clip.nextTime {
            let stamp = start + .milliseconds(time.milliseconds)
            guard let message = clip.next(stamp: stamp) else { break }
            messages.append(message)
            if message.kind == .video, MediaRole(message) != .header { stamps.append(stamp) }
        }
        return (Tool.transportStream(messages), stamps)
    }

    private static func pictures(
        _ bytes: [UInt8], pieces: Int
    ) -> [TransportReader.Picture] {
        var reader = TransportReader()
        var pictures: [TransportReader.Picture] = []
        for from in stride(from: 0, to: bytes.count, by: pieces) {
            let piece = Array(bytes[from..<min(from + pieces, bytes.count)])
            reader.receive(piece.span)
            while let picture = reader.next() { pictures.append(picture) }
        }
        reader.finish()
        while let picture = reader.next() { pictures.append(picture) }
        return pictures
    }

    @Test("every picture's stamp, in pieces of any size", arguments: [1, 187, 188, 1_000, 1 << 20])
    func stamps(_ pieces: Int) throws {
        for rate in [60_000, 400_000, 5_000_000] {
            let (bytes, stamps) = try Self.segment(rate)
            let pictures = Self.pictures(bytes, pieces: pieces)
            #expect(stamps.count == 90)
            #expect(pictures.map(\.stamp) == stamps)
        }
    }

    @Test("a decoder can begin with key frames, and with no other picture")
    func decodable() throws {
        let pictures = Self.pictures(try Self.segment().bytes, pieces: 4_096)
        let places = pictures.indices.filter { pictures[$0].isDecodableAlone }
        #expect(places == Array(stride(from: 0, to: 90, by: 15)))
    }

    @Test("what is no transport stream gives nothing, whatever is wrong with it")
    func garbage() throws {
        #expect(Self.pictures(Array("<html>no such segment</html>".utf8), pieces: 7).isEmpty)
        var random = Random(seed: 5)
        let whole = try Array(Self.segment().bytes.prefix(188 * 40))
        for _ in 0..<300 {
            var bytes = whole
            for _ in 0..<200 {
                bytes[Int(random.below(UInt64(bytes.count)))] = UInt8(random.below(256))
            }
            for picture in Self.pictures(bytes, pieces: 500) {
                _ = (picture.stamp, picture.isDecodableAlone)
                #expect(picture.bytes.count <= 1_024 + 188)
            }
        }
    }
}
