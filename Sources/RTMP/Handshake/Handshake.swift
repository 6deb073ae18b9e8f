import Base

/// The packets of the handshake: version byte, then 1,536 bytes each way, twice. Adobe RTMP 5.2.
///
/// ```
/// C0, S0: version (1) = 3
/// C1, S1: time (4), zero or software version (4), random (1528)
/// C2, S2: the peer's packet echoed, or random bytes with a digest keyed from the peer's
/// ```
/// As in SRS and nginx-rtmp a digest is answered with a digest in the same half, anything else
/// with the simple form, and what comes as C2 or S2 is not looked at: clients differ too much.
public enum Handshake {
    public static let version: UInt8 = 3
    public static let packetLength = 1536

    /// S0, S1 and S2 in answer to C0's version and C1.
    static func answer(
        c1: [UInt8], time: UInt32, random: inout Random
    ) -> [UInt8] {
        check(c1.count == packetLength)
        guard isSigned(c1), let (schema, digest) = HandshakeDigest.find(in: c1, signer: .client)
        else {
            return [version] + packet(time: time, software: 0, random: &random) + c1
        }
        var s1 = packet(time: time, software: softwareServer, random: &random)
        _ = HandshakeDigest.put(into: &s1, schema, signer: .server)
        return [version] + s1 + answer(to: digest, signer: .server, random: &random)
    }

    /// C0 and C1.
    static func hello(
        _ form: Form, time: UInt32, random: inout Random
    ) -> [UInt8] {
        switch form {
        case .simple:
            return [version] + packet(time: time, software: 0, random: &random)
        case .digest:
            var c1 = packet(time: time, software: softwareClient, random: &random)
            _ = HandshakeDigest.put(into: &c1, .first, signer: .client)
            return [version] + c1
        }
    }

    /// C2 in answer to S1.
    static func answer(s1: [UInt8], _ form: Form, random: inout Random) -> [UInt8] {
        check(s1.count == packetLength)
        switch form {
        case .simple:
            return s1
        case .digest:
            guard let found = HandshakeDigest.find(in: s1, signer: .server) else { return s1 }
            return answer(to: found.digest, signer: .client, random: &random)
        }
    }

    /// Throws unless it is the one version in use.
    static func refuse(version: UInt8) throws(RTMPError) {
        switch version {
        case Self.version: return
        case 6, 8, 9: throw .encryptedHandshake(version: version)
        case _: throw .unknownVersion(version)
        }
    }

    /// What our client begins with. A server that knows no digests answers either.
    public enum Form: Sendable, Hashable, CaseIterable {
        case simple, digest
    }

    /// A plain client leaves the software version zero.
    private static func isSigned(_ c1: [UInt8]) -> Bool { c1.bigEndian32(at: 4) != 0 }

    /// Flash Player 9.0.124.2 and Flash Media Server 3.5.1.1, the first to sign: peers look for
    /// no more than a number that is high enough.
    private static let softwareClient: UInt32 = 0x0900_7C02
    private static let softwareServer: UInt32 = 0x0305_0101

    private static func packet(time: UInt32, software: UInt32, random: inout Random) -> [UInt8] {
        var packet: [UInt8] = []
        packet.reserveCapacity(packetLength)
        packet.appendBigEndian32(time)
        packet.appendBigEndian32(software)
        fill(&packet, to: packetLength, random: &random)
        return packet
    }

    private static func answer(
        to digest: [UInt8], signer: HandshakeDigest.Signer, random: inout Random
    ) -> [UInt8] {
        var packet: [UInt8] = []
        packet.reserveCapacity(packetLength)
        fill(&packet, to: packetLength - HandshakeDigest.length, random: &random)
        return packet + HandshakeDigest.answer(to: digest, over: packet[...], signer: signer)
    }

    private static func fill(_ packet: inout [UInt8], to count: Int, random: inout Random) {
        let start = packet.count
        check((count - start).isMultiple(of: 8), "a part that is no multiple of eight")
        packet.append(contentsOf: repeatElement(0, count: count - start))
        packet.withUnsafeMutableBytes { bytes in
            for offset in stride(from: start, to: count, by: 8) {
                bytes.storeBytes(of: random.next().bigEndian, toByteOffset: offset, as: UInt64.self)
            }
        }
    }
}
