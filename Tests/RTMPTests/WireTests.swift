import Base
import Testing

@testable import RTMP

@Suite struct WireTests {
    static let controls: [(ControlMessage, UInt8, String)] = [
        (.setChunkSize(4096), 1, "00001000"),
        (.abort(6), 2, "00000006"),
        (.acknowledgement(2_500_000), 3, "002625A0"),
        (.windowAcknowledgementSize(5_000_000), 5, "004C4B40"),
        (.setPeerBandwidth(2_500_000, .hard), 6, "002625A0 00"),
        (.setPeerBandwidth(2_500_000, .soft), 6, "002625A0 01"),
        (.setPeerBandwidth(2_500_000, .dynamic), 6, "002625A0 02"),
        (.user(.streamBegin(.first)), 4, "0000 00000001"),
        (.user(.streamEnd(.first)), 4, "0001 00000001"),
        (.user(.streamDry(.first)), 4, "0002 00000001"),
        (.user(.setBufferLength(.first, 3000)), 4, "0003 00000001 00000BB8"),
        (.user(.streamIsRecorded(.first)), 4, "0004 00000001"),
        (.user(.pingRequest(0x0102_0304)), 4, "0006 01020304"),
        (.user(.pingResponse(0x0102_0304)), 4, "0007 01020304"),
        (.user(.other(26, [0])), 4, "001A 00"),
        (.user(.other(31, hex("00000001"))), 4, "001F 00000001"),
    ]

    @Test("control messages read as what they were written from", arguments: controls)
    func control(value: ControlMessage, type: UInt8, payload: String) throws {
        #expect(value.message.type.raw == type)
        #expect(value.message.payload == hex(payload))
        #expect(value.message.stream == .connection)
        #expect(try ControlMessage(value.message) == value)
    }

    @Test("a control message cut short is refused", arguments: controls)
    func truncatedControl(value: ControlMessage, type: UInt8, payload: String) {
        if case .user(.other) = value { return }
        for count in 0..<value.message.payload.count {
            var message = value.message
            message.payload.removeLast(message.payload.count - count)
            #expect(throws: RTMPError.truncatedMessage(type: type)) {
                try ControlMessage(message)
            }
        }
    }

    static let headers: [(ChunkHeader, String)] = [
        (header(.full, 3, 0, 200, 20, 0), "03 000000 0000C8 14 00000000"),
        (header(.full, 6, 0xFF_FFFE, 1, 9, 1), "06 FFFFFE 000001 09 01000000"),
        (header(.full, 6, 0xFF_FFFF, 1, 9, 1), "06 FFFFFF 000001 09 01000000 00FFFFFF"),
        (
            header(.full, 6, 0xFFFF_FFFF, 1, 9, 0x0102_0304),
            "06 FFFFFF 000001 09 04030201 FFFFFFFF"
        ),
        (header(.sameStream, 4, 23, 300, 8, 1), "44 000017 00012C 08"),
        (header(.timeOnly, 63, 23, 300, 8, 1), "BF 000017"),
        (header(.nothing, 64, 0, 300, 8, 1), "C0 00"),
        (header(.nothing, 319, 0, 300, 8, 1), "C0 FF"),
        (header(.nothing, 320, 0, 300, 8, 1), "C1 00 01"),
        (header(.nothing, 65_599, 0, 300, 8, 1), "C1 FF FF"),
        (header(.nothing, 5, 0x0100_0000, 300, 8, 1), "C5 01000000"),
    ]

    static func header(
        _ format: ChunkHeader.Format, _ chunkStream: UInt32, _ time: UInt32, _ length: Int,
        _ type: UInt8, _ stream: UInt32
    ) -> ChunkHeader {
        ChunkHeader(
            format: format, chunkStream: ChunkStreamID(chunkStream), time: time, length: length,
            type: MessageType(type), stream: MessageStreamID(stream))
    }

    @Test("chunk headers have the specified bytes", arguments: headers)
    func chunkHeader(value: ChunkHeader, wire: String) {
        var output: [UInt8] = []
        value.append(to: &output)
        #expect(output == hex(wire))
    }

    @Test("an aggregate's parts keep their distance from its time")
    func aggregate() throws {
        let payload = hex(
            """
            08 000002 00000A 00 000000 AF01 0000000D
            09 000003 000021 01 000000 270100 0000000E
            """)
        let message = Message(
            type: .aggregate, stream: .first, timestamp: 1000, payload: payload)
        let parts = try Aggregate.split(message)
        #expect(
            parts == [
                Message(type: .audio, stream: .first, timestamp: 1000, payload: hex("AF01")),
                Message(
                    type: .video, stream: .first, timestamp: 1000 + 0x0100_0021 - 10,
                    payload: hex("270100")),
            ])
    }

    @Test("an aggregate cut anywhere but between its parts is refused")
    func aggregateCut() {
        let payload = hex("08 000002 00000A 00 000000 AF01 0000000D")
        for count in 1..<13 {
            let message = Message(
                type: .aggregate, stream: .first, timestamp: 0,
                payload: Array(payload[..<count]))
            #expect(throws: RTMPError.badAggregate) { try Aggregate.split(message) }
        }
    }

    static let urls: [(String, String, UInt16, String, String, String)] = [
        ("rtmp://h/live/s", "h", 1935, "live", "s", "rtmp://h/live"),
        ("rtmp://h:1936/live/s?key=a/b", "h", 1936, "live", "s?key=a/b", "rtmp://h:1936/live"),
        ("RTMPS://h/a/b/s", "h", 443, "a/b", "s", "rtmps://h/a/b"),
        ("rtmp://[::1]:1935/live/s", "::1", 1935, "live", "s", "rtmp://[::1]/live"),
    ]

    @Test("addresses come apart at the last slash before the query", arguments: urls)
    func url(
        text: String, host: String, port: UInt16, app: String, name: String, tcURL: String
    ) throws {
        let url = try #require(StreamURL(text))
        #expect(url.host == host)
        #expect(url.port == port)
        #expect(url.app == app)
        #expect(url.name == name)
        #expect(url.tcURL == tcURL)
    }

    @Test(
        "what is no stream's address is none",
        arguments: [
            "", "rtmp", "http://h/a/b", "rtmp://", "rtmp://h", "rtmp://h/", "rtmp://h/a",
            "rtmp://h/a/", "rtmp:///a/b", "rtmp://h:0/a/b", "rtmp://h:99999/a/b",
            "rtmp://h:/a/b", "rtmp://u@h/a/b", "rtmp://h/?/b",
        ])
    func noURL(text: String) { #expect(StreamURL(text) == nil) }

    @Test("challenges are read from Adobe's and Limelight's words")
    func challenge() throws {
        let first = try #require(
            AuthenticationChallenge(
                description: "[ AccessManager.Reject ] : [ code=403 need auth; authmod=adobe ] : "))
        #expect(first.scheme == .adobe)
        #expect(first.reason == "")
        let second = try #require(
            AuthenticationChallenge(
                description: "[ AccessManager.Reject ] : [ authmod=adobe ] : "
                    + "?reason=needauth&user=u&salt=s1&challenge=c2==&opaque=o3=="))
        #expect(second.reason == "needauth")
        #expect(second.user == "u")
        #expect(second.salt == "s1")
        #expect(second.challenge == "c2==")
        #expect(second.opaque == "o3==")
        let third = try #require(
            AuthenticationChallenge(
                description: "[ AccessManager.Reject ] : [ authmod=llnw ] : "
                    + "?reason=needauth&user=u&nonce=n"))
        #expect(third.scheme == .limelight)
        #expect(third.nonce == "n")
        #expect(AuthenticationChallenge(description: "no such application") == nil)
    }
}
