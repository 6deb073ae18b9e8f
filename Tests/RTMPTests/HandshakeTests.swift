import Base
import Testing

@testable import RTMP

@Suite struct HandshakeTests {
    /// Byte i is i * 7 mod 256, but for a software version and for the bytes that tell the
    /// digests' places, whose sums exceed the room for them. Digests by Python's hmac.
    static func packet() -> [UInt8] {
        var packet = (0..<1536).map { UInt8($0 * 7 % 256) }
        packet.replaceSubrange(0..<8, with: hex("00000000 09007C02"))
        packet.replaceSubrange(8..<12, with: hex("FFFEC0A0"))
        packet.replaceSubrange(772..<776, with: hex("FFFFFFFF"))
        return packet
    }

    static let vectors: [(HandshakeDigest.Schema, HandshakeDigest.Signer, Int, String)] = [
        (
            .first, .client, 145,
            "04e8997d20e17a97c6d142cb6db41171b399a663f2938e8682c18d9959c580ed"
        ),
        (
            .first, .server, 145,
            "194bb593e4ec455a6964df69b8e4d8fe0faf008abed464871f4f46553b16a7f6"
        ),
        (
            .second, .client, 1068,
            "78fbd6f7ec39132288662012e428058c26b8f6c70431ea9304308e7d7a528c29"
        ),
        (
            .second, .server, 1068,
            "8d284b364529af0b9443d865c3ac62a5a8c6588314fc800e9737a869b0b1dbe5"
        ),
    ]

    @Test("digests stand where and are what another implementation says", arguments: vectors)
    func digest(
        schema: HandshakeDigest.Schema, signer: HandshakeDigest.Signer, offset: Int,
        digest: String
    ) throws {
        var packet = Self.packet()
        #expect(HandshakeDigest.put(into: &packet, schema, signer: signer) == hex(digest))
        #expect(Array(packet[offset..<offset + 32]) == hex(digest))
        let found = try #require(HandshakeDigest.find(in: packet, signer: signer))
        #expect(found.schema == schema)
        #expect(found.digest == hex(digest))
        packet[100] ^= 1
        #expect(HandshakeDigest.find(in: packet, signer: signer) == nil)
    }

    @Test("the answer to a digest is what another implementation says")
    func answer() {
        let digest = [UInt8](0..<32)
        let rest = Self.packet()[..<1504]
        #expect(
            HandshakeDigest.answer(to: digest, over: rest, signer: .server)
                == hex("b8a4e94ccda114ec0df3deae36c9bbb94b70227d00a5f20f4da232c8e216dd0b"))
        #expect(
            HandshakeDigest.answer(to: digest, over: rest, signer: .client)
                == hex("ab5316c9f5fcf51eec326682117afd21f3cffbda962e3470d2f73d11113e546f"))
    }

    @Test("a plain C1 comes back as S2")
    func simple() {
        var c1 = Self.packet()
        c1.replaceSubrange(4..<8, with: [0, 0, 0, 0])
        var random = Random(seed: 1)
        let answer = Handshake.answer(c1: c1, time: 7, random: &random)
        #expect(answer.count == 1 + 2 * 1536)
        #expect(answer[0] == 3)
        #expect(Array(answer[1..<9]) == hex("00000007 00000000"))
        #expect(Array(answer[1537...]) == c1)
    }

    @Test("a software version without a valid digest is answered plainly")
    func unsigned() {
        var random = Random(seed: 1)
        let answer = Handshake.answer(c1: Self.packet(), time: 0, random: &random)
        #expect(Array(answer[1537...]) == Self.packet())
    }

    @Test(
        "a signed C1 is answered in the same half, and S2 proves that its digest was read",
        arguments: HandshakeDigest.Schema.allCases)
    func signed(schema: HandshakeDigest.Schema) throws {
        var c1 = Self.packet()
        let digest = HandshakeDigest.put(into: &c1, schema, signer: .client)
        var random = Random(seed: 1)
        let answer = Handshake.answer(c1: c1, time: 0, random: &random)
        let found = try #require(
            HandshakeDigest.find(in: Array(answer[1..<1537]), signer: .server))
        #expect(found.schema == schema)
        let s2 = Array(answer[1537...])
        #expect(
            Array(s2[1504...])
                == HandshakeDigest.answer(to: digest, over: s2[..<1504], signer: .server))
    }

    @Test("our client's digest is one our server finds, and the other way round")
    func both() throws {
        var random = Random(seed: 3)
        let hello = Handshake.hello(.digest, time: 0, random: &random)
        let digest = try #require(
            HandshakeDigest.find(in: Array(hello[1...]), signer: .client)
        ).digest
        let answer = Handshake.answer(c1: Array(hello[1...]), time: 0, random: &random)
        let s2 = Array(answer[1537...])
        #expect(
            Array(s2[1504...])
                == HandshakeDigest.answer(to: digest, over: s2[..<1504], signer: .server))
        let s1 = Array(answer[1..<1537])
        let s1Digest = try #require(HandshakeDigest.find(in: s1, signer: .server)).digest
        let c2 = Handshake.answer(s1: s1, .digest, random: &random)
        #expect(
            Array(c2[1504...])
                == HandshakeDigest.answer(to: s1Digest, over: c2[..<1504], signer: .client))
    }

    @Test("only version 3 is spoken", arguments: UInt8.min...UInt8.max)
    func version(version: UInt8) {
        var harness = ServerHarness()
        harness.receive([version])
        let expected: RTMPError? =
            switch version {
            case 3: nil
            case 6, 8, 9: .encryptedHandshake(version: version)
            default: .unknownVersion(version)
            }
        #expect(harness.trace.error == expected)
    }

    @Test("C2 may be anything, and commands may come with it")
    func garbage() throws {
        var random = Random(seed: 5)
        var harness = ServerHarness()
        harness.receive(Handshake.hello(.simple, time: 0, random: &random))
        #expect(harness.trace.output.count == 3073)
        var wire = bytes(1536, &random)
        var writer = ChunkWriter()
        let connect = Command(
            "connect", transaction: 1, [.object([AMFProperty("app", .string("live"))])])
        writer.write(connect.message(on: .connection), on: .command, into: &wire)
        harness.receive(wire)
        guard case .connect(let request)? = harness.trace.events.first else {
            Issue.record("no connect")
            return
        }
        #expect(request.app == "live")
    }
}
