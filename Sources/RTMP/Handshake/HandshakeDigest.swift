import Base
import Crypto

/// The signatures inside the "complex" handshake of Flash Player 9 and Flash Media Server 3.
///
/// Adobe never published it; it is described by its public reimplementations (librtmp, SRS,
/// nginx-rtmp). C1 and S1 carry an HMAC-SHA256 of their other 1,504 bytes, at a place that four
/// of their bytes tell, in one of two halves; C2 and S2 end with an HMAC keyed from the peer's.
enum HandshakeDigest {
    static let length = 32

    /// Which 764-byte half of the packet holds the digest.
    enum Schema: CaseIterable {
        case second, first

        var start: Int {
            switch self {
            case .first: 8
            case .second: 8 + 764
            }
        }
    }

    /// Whose packet is signed; the keys are the well-known ones.
    enum Signer {
        case client, server

        var name: String {
            switch self {
            case .client: "Genuine Adobe Flash Player 001"
            case .server: "Genuine Adobe Flash Media Server 001"
            }
        }
    }

    /// The 32 bytes that follow the name in the key for C2 and S2.
    private static let keyTail: [UInt8] = [
        0xF0, 0xEE, 0xC2, 0x4A, 0x80, 0x68, 0xBE, 0xE8, 0x2E, 0x00, 0xD0, 0xD1, 0x02, 0x9E, 0x7E,
        0x57, 0x6E, 0xEC, 0x5D, 0x2D, 0x29, 0x80, 0x6F, 0xAB, 0x93, 0xB8, 0xE6, 0x36, 0xCF, 0xEB,
        0x31, 0xAE,
    ]

    /// Finds the packet's valid digest, if it has one.
    static func find(
        in packet: [UInt8], signer: Signer
    ) -> (schema: Schema, digest: [UInt8])? {
        for schema in Schema.allCases {
            let offset = place(in: packet, schema)
            let digest = Array(packet[offset..<offset + length])
            if digest == sign(packet, digestAt: offset, signer) { return (schema, digest) }
        }
        return nil
    }

    /// Writes the packet's digest into it and returns the digest.
    static func put(into packet: inout [UInt8], _ schema: Schema, signer: Signer) -> [UInt8] {
        let offset = place(in: packet, schema)
        let digest = sign(packet, digestAt: offset, signer)
        packet.replaceSubrange(offset..<offset + length, with: digest)
        return digest
    }

    /// The last 32 bytes of C2 or S2: a signature of the rest, keyed by the peer's digest.
    static func answer(to digest: [UInt8], over rest: ArraySlice<UInt8>, signer: Signer) -> [UInt8]
    {
        let key = authenticate(digest[...], key: Array(signer.name.utf8) + keyTail)
        return authenticate(rest, key: key)
    }

    private static func place(in packet: [UInt8], _ schema: Schema) -> Int {
        check(packet.count == Handshake.packetLength)
        let start = schema.start
        let sum = packet[start..<start + 4].reduce(0) { $0 + Int($1) }
        return start + 4 + sum % (764 - 4 - length)
    }

    private static func sign(
        _ packet: [UInt8], digestAt offset: Int, _ signer: Signer
    ) -> [UInt8] {
        let rest = packet[..<offset] + packet[(offset + length)...]
        return authenticate(rest, key: Array(signer.name.utf8))
    }

    private static func authenticate(_ bytes: ArraySlice<UInt8>, key: [UInt8]) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: bytes, using: SymmetricKey(data: key)))
    }
}
