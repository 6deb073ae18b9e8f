import Base

/// A capture of made-up TCP connections, as `tcpdump` would have written it: pcap with
/// nanoseconds, Ethernet, IPv4. Opens in Wireshark.
///
/// Source of the format: draft-ietf-opsawg-pcap; link type 1 is Ethernet.
public struct PacketFile: Sendable {
    /// Frames kept at most, in bytes; the rest of the window is left out and counted.
    public static let bytesMax = 64 << 20

    /// One connection's ends and how far each has got.
    public struct Connection: Sendable {
        fileprivate let client: Endpoint
        fileprivate let server: Endpoint
        fileprivate var clientSent: UInt32 = 0
        fileprivate var serverSent: UInt32 = 0
        /// Nothing on the connection is older than what went before.
        fileprivate var last: Instant
    }

    private struct Packet: Sendable {
        var at: Instant
        var start: Int
        var count: Int
    }

    private var frames: [UInt8] = []
    private var packets: [Packet] = []
    public private(set) var leftOut: Int64 = 0
    /// The payload of a full segment.
    private static let segmentLength = 1_448

    public init() {}

    /// A handshake in three packets between two IPv4 addresses; `delay` is the path's, one way.
    public mutating func open(
        client: Endpoint, server: Endpoint, delay: Interval, at now: Instant
    ) -> Connection {
        var connection = Connection(client: client, server: server, last: now + delay + delay)
        append([], of: connection, toServer: true, flags: .syn, at: now)
        connection.clientSent = 1
        append([], of: connection, toServer: false, flags: [.syn, .ack], at: now + delay)
        connection.serverSent = 1
        append([], of: connection, toServer: true, flags: .ack, at: now + delay + delay)
        return connection
    }

    /// Bytes of one direction, cut into segments; at `now`, or as soon as the connection has said
    /// what it said before.
    public mutating func send(
        _ bytes: [UInt8], on connection: inout Connection, toServer: Bool, at now: Instant
    ) {
        connection.last = max(connection.last, now)
        var start = 0
        while start < bytes.count {
            let end = min(start + Self.segmentLength, bytes.count)
            append(
                bytes[start..<end], of: connection, toServer: toServer, flags: .ack,
                at: connection.last)
            let count = UInt32(end - start)
            if toServer { connection.clientSent &+= count } else { connection.serverSent &+= count }
            start = end
        }
    }

    /// A bare acknowledgement of all that was sent the other way.
    public mutating func acknowledge(
        on connection: Connection, toServer: Bool, at now: Instant
    ) {
        append([], of: connection, toServer: toServer, flags: .ack, at: now)
    }

    private struct Flags: OptionSet {
        var rawValue: UInt8
        static let syn = Flags(rawValue: 0x02)
        static let ack = Flags(rawValue: 0x10)
    }

    private mutating func append(
        _ payload: ArraySlice<UInt8>, of connection: Connection, toServer: Bool, flags: Flags,
        at now: Instant
    ) {
        guard frames.count < Self.bytesMax else {
            leftOut += 1
            return
        }
        let start = frames.count
        frames += [2, 0, 0, 0, 0, toServer ? 1 : 2, 2, 0, 0, 0, 0, toServer ? 2 : 1, 8, 0]
        appendIP(payload.count, connection, toServer)
        appendTCP(payload, connection, toServer, flags)
        packets.append(Packet(at: now, start: start, count: frames.count - start))
    }

    private mutating func appendIP(_ count: Int, _ connection: Connection, _ toServer: Bool) {
        var header: [UInt8] = [0x45, 0]
        header.append16(UInt16(20 + 20 + count))
        header += [0, 0, 0x40, 0, 64, 6, 0, 0]
        let hosts = [connection.client.ipv4, connection.server.ipv4]
        for host in toServer ? hosts : hosts.reversed() { header.append32(host) }
        let sum = Self.checksum(header[...], from: 0)
        header[10] = UInt8(sum >> 8)
        header[11] = UInt8(sum & 0xFF)
        frames += header
    }

    private mutating func appendTCP(
        _ payload: ArraySlice<UInt8>, _ connection: Connection, _ toServer: Bool, _ flags: Flags
    ) {
        let (mine, theirs) =
            toServer
            ? (connection.clientSent, connection.serverSent)
            : (connection.serverSent, connection.clientSent)
        var header: [UInt8] = []
        let ports = [connection.client.port, connection.server.port]
        for port in toServer ? ports : ports.reversed() { header.append16(port) }
        header.append32(mine)
        header.append32(flags.contains(.ack) ? theirs : 0)
        header += [0x50, flags.rawValue, 0xFF, 0xFF, 0, 0, 0, 0]
        var pseudo: UInt32 = 6 + UInt32(header.count + payload.count)
        for host in [connection.client.ipv4, connection.server.ipv4] {
            pseudo += host >> 16 + host & 0xFFFF
        }
        let sum = Self.checksum((header + payload)[...], from: pseudo)
        header[16] = UInt8(sum >> 8)
        header[17] = UInt8(sum & 0xFF)
        frames += header
        frames += payload
    }

    /// RFC 1071.
    private static func checksum(_ bytes: ArraySlice<UInt8>, from start: UInt32) -> UInt16 {
        var sum = UInt64(start)
        var isHigh = true
        for byte in bytes {
            sum += isHigh ? UInt64(byte) << 8 : UInt64(byte)
            isHigh.toggle()
        }
        while sum > 0xFFFF { sum = sum & 0xFFFF + sum >> 16 }
        return ~UInt16(sum)
    }

    /// The whole file, packets in order of time.
    public func bytes() -> [UInt8] {
        var file: [UInt8] = []
        file.reserveCapacity(24 + frames.count + packets.count * 16)
        // Written most significant byte first; readers tell by the magic number.
        file.append32(0xA1B2_3C4D)
        file += [0, 2, 0, 4]
        file += [0, 0, 0, 0, 0, 0, 0, 0]
        file.append32(65_535)
        file.append32(1)
        let inOrder = packets.indices.sorted {
            (packets[$0].at, $0) < (packets[$1].at, $1)
        }
        for index in inOrder {
            let packet = packets[index]
            file.append32(UInt32(packet.at.nanoseconds / 1_000_000_000))
            file.append32(UInt32(packet.at.nanoseconds % 1_000_000_000))
            file.append32(UInt32(packet.count))
            file.append32(UInt32(packet.count))
            file += frames[packet.start..<packet.start + packet.count]
        }
        return file
    }
}

extension [UInt8] {
    fileprivate mutating func append16(_ value: UInt16) {
        append(UInt8(value >> 8))
        append(UInt8(value & 0xFF))
    }

    fileprivate mutating func append32(_ value: UInt32) {
        append16(UInt16(value >> 16))
        append16(UInt16(value & 0xFFFF))
    }
}
