import Base
import RTMP
import Testing

@testable import Media

@Suite struct RoleTests {
    private static func message(_ kind: MediaMessage.Kind, _ text: String) -> MediaMessage {
        let digits = text.filter { !$0.isWhitespace }.map { $0.hexDigitValue ?? 0 }
        let bytes = stride(from: 0, to: digits.count, by: 2).map {
            UInt8(digits[$0] << 4 | digits[$0 + 1])
        }
        return MediaMessage(kind: kind, timestamp: .zero, payload: bytes)
    }

    private static let hvc1 = "68766331"
    private static let opus = "4F707573"

    static let tags: [(MediaMessage.Kind, String, MediaRole, codec: String?, track: UInt8?)] = [
        (.video, "17 00 000000 01", .header, nil, nil), (.video, "17 01 000000", .key, nil, nil),
        (.video, "27 01 000000", .other, nil, nil), (.video, "17 02 000000", .other, nil, nil),
        (.video, "1C 00 000000 01", .header, nil, nil), (.video, "12 84", .key, nil, nil),
        (.audio, "AF 00 1210", .header, nil, nil), (.audio, "AF 01 21", .other, nil, nil),
        (.audio, "2F FF", .other, nil, nil), (.video, "17", .other, nil, nil),
        // Enhanced: sequence start, coded frames with and without a composition time, end, colours.
        (.video, "90 \(hvc1) 01", .header, "hvc1", 0),
        (.video, "91 \(hvc1) 000000", .key, "hvc1", 0), (.video, "93 \(hvc1) 00", .key, "hvc1", 0),
        (.video, "A3 \(hvc1) 00", .other, "hvc1", 0), (.video, "92 \(hvc1)", .other, "hvc1", 0),
        (.video, "94 \(hvc1) 02", .header, "hvc1", 0), (.video, "95 61763031", .header, "av01", 0),
        (.audio, "90 \(opus) 01", .header, "Opus", 0), (.audio, "91 \(opus) 01", .other, "Opus", 0),
        (.audio, "94 \(opus) 01", .header, "Opus", 0),
        // One track of several; several tracks of one codec; and each with its own.
        (.video, "96 00 \(hvc1) 02 01", .header, "hvc1", 2),
        (.video, "96 11 \(hvc1) 01 000001 00", .key, "hvc1", 1),
        (.audio, "95 20 \(opus) 03 000001 00", .header, "Opus", 3),
        // Modifiers: one of a byte (three of nanoseconds), and one of 257 bytes.
        (.video, "97 02 000001 01 \(hvc1) 00", .key, "hvc1", 0),
        (
            .video, "97 FF 0100 \(String(repeating: "00", count: 257)) 00 \(hvc1)", .header, "hvc1",
            0
        ),
        // Commands to the player have no codec; heads that are cut off have none either.
        (.video, "D1 00", .other, nil, nil), (.video, "90 687663", .other, nil, nil),
        (.video, "97 02 0000", .other, nil, nil), (.video, "96 00 \(hvc1)", .other, nil, nil),
    ]

    @Test("roles, codecs and tracks are read from the first bytes", arguments: tags)
    func roles(
        kind: MediaMessage.Kind, text: String, role: MediaRole, codec: String?, track: UInt8?
    ) {
        let message = Self.message(kind, text)
        #expect(MediaRole(message) == role)
        #expect(EnhancedTag(message)?.codec == codec)
        #expect(EnhancedTag(message)?.track == track)
    }

    @Test("headers are kept for every track, the newest of each, and not without end")
    func headers() {
        var headers = StreamHeaders()
        for text in ["90 \(Self.hvc1) 01", "94 \(Self.hvc1) 02", "96 00 \(Self.hvc1) 01 01"] {
            headers.note(Self.message(.video, text), .header)
        }
        headers.note(Self.message(.video, "90 \(Self.hvc1) 07"), .header)
        headers.note(Self.message(.audio, "AF 00 1210"), .header)
        let kept = headers.messages(at: Timestamp(milliseconds: 9))
        #expect(kept.map { $0.payload.last } == [0x07, 0x02, 0x01, 0x10])
        #expect(kept.allSatisfy { $0.timestamp.milliseconds == 9 })
        #expect(headers.configuration(.video)?.payload.last == 0x07)

        for track in 0...255 {
            let digits = String(track, radix: 16)
            let byte = digits.count == 1 ? "0\(digits)" : digits
            headers.note(Self.message(.audio, "95 00 \(Self.opus) \(byte) 01"), .header)
        }
        #expect(headers.messages(at: .zero).count == 32)
        var huge = Self.message(.video, "17 00 000000 01")
        huge.payload += [UInt8](repeating: 0, count: 1 << 20)
        headers.note(huge, .header)
        #expect(headers.configuration(.video)?.payload.last == 0x07)
    }
}
