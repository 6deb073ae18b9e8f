import Base

/// A capture of simulated TCP connections, as `tcpdump` would have written it: pcap with
/// nanoseconds, Ethernet, IPv4. Opens in Wireshark.
///
/// Source of the format: draft-ietf-opsawg-pcap; link type 1 is Ethernet.
struct PacketFile: Sendable {
    /// Frames kept at most, in bytes; the rest of the window is left out and counted.
    static let bytesMax = 64 << 20

    /// One connection's ends and how far each has got.
    struct Connection: Sendable {
        let clientPort: UInt16
        let clientHost: UInt32
        let serverHost: UInt32
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
    private(set) var leftOut: Int64 = 0
    private var connections: UInt16 = 0

    /// 10.0.0.10 is the instance; clients and nodes have addresses for documentation (RFC 5737).
    private static let serverHost: UInt32 = 0x0A00_000A
    private static let clientNetwork: UInt32 = 0xCB00_7100
    private static let nodeNetwork: UInt32 = 0xC633_6400
    private static let serverPort: UInt16 = 1_935

    /// A handshake in three packets; `delay` is the path's, one way. `node` serves in place of
    /// the instance.
    mutating func open(node: Int?, delay: Interval, at now: Instant) -> Connection {
        connections &+= 1
        var connection = Connection(
            clientPort: 40_000 + connections % 20_000,
            clientHost: Self.clientNetwork | UInt32(connections % 250 + 1),
            serverHost: node.map { Self.nodeNetwork | UInt32($0 % 250 + 1) } ?? Self.serverHost,
            last: now + delay + delay)
        append([], of: connection, toServer: true, flags: .syn, at: now)
        connection.clientSent = 1
        append([], of: connection, toServer: false, flags: [.syn, .ack], at: now + delay)
        connection.serverSent = 1
        append([], of: connection, toServer: true, flags: .ack, at: now + delay + delay)
        return connection
    }

    /// Bytes of one direction, cut into segments; at `now`, or as soon as the connection has said
    /// what it said before.
    mutating func send(
        _ bytes: [UInt8], on connection: inout Connection, toServer: Bool, at now: Instant
    ) {
        connection.last = max(connection.last, now)
        var start = 0
        while start < bytes.count {
            let end = min(start + Int(TCPResponse.segment), bytes.count)
            append(
                bytes[start..<end], of: connection, toServer: toServer, flags: .ack,
                at: connection.last)
            let count = UInt32(end - start)
            if toServer { connection.clientSent &+= count } else { connection.serverSent &+= count }
            start = end
        }
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
        header.append32(toServer ? connection.clientHost : connection.serverHost)
        header.append32(toServer ? connection.serverHost : connection.clientHost)
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
        header.append16(toServer ? connection.clientPort : Self.serverPort)
        header.append16(toServer ? Self.serverPort : connection.clientPort)
        header.append32(mine)
        header.append32(flags.contains(.ack) ? theirs : 0)
        header += [0x50, flags.rawValue, 0xFF, 0xFF, 0, 0, 0, 0]
        var pseudo: UInt32 = 6 + UInt32(header.count + payload.count)
        for host in [connection.clientHost, connection.serverHost] {
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
    func bytes() -> [UInt8] {
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
