/// What stands before the IP packet. Source: https://www.tcpdump.org/linktypes.html
public struct LinkType: Sendable, Hashable {
    public let raw: UInt16
    public init(raw: UInt16) { self.raw = raw }

    public static let null = LinkType(raw: 0)
    public static let ethernet = LinkType(raw: 1)
    public static let rawIP = LinkType(raw: 101)
    public static let loop = LinkType(raw: 108)
    public static let linuxCooked = LinkType(raw: 113)
    public static let ipv4 = LinkType(raw: 228)
    public static let ipv6 = LinkType(raw: 229)
    public static let linuxCooked2 = LinkType(raw: 276)
    /// Raw IP as some systems' own numbers have it in files.
    private static let rawIPAliases: [UInt16] = [12, 14]

    enum Network { case ipv4, ipv6, other }

    var isKnown: Bool {
        switch self {
        case .null, .ethernet, .rawIP, .loop, .linuxCooked, .ipv4, .ipv6, .linuxCooked2: true
        case _: Self.rawIPAliases.contains(raw)
        }
    }

    /// Moves `offset` past the link's headers; nil where the packet is too short for them, or the
    /// link type is not known.
    func network(
        _ bytes: Span<UInt8>, _ packet: Range<Int>, _ offset: inout Int
    ) -> Network? {
        let start = packet.lowerBound
        switch self {
        case .ethernet:
            guard packet.count >= 14 else { return nil }
            offset = start + 14
            return Self.payload(of: bytes.bigEndian16(at: start + 12), bytes, packet, &offset)
        case .linuxCooked:
            guard packet.count >= 16 else { return nil }
            offset = start + 16
            return Self.payload(of: bytes.bigEndian16(at: start + 14), bytes, packet, &offset)
        case .linuxCooked2:
            guard packet.count >= 20 else { return nil }
            offset = start + 20
            return Self.payload(of: bytes.bigEndian16(at: start), bytes, packet, &offset)
        case .null, .loop:
            guard packet.count >= 4 else { return nil }
            offset = start + 4
            return Self.family(bytes.bigEndian32(at: start))
        case _:
            guard isKnown, packet.count >= 1 else { return nil }
            switch bytes[start] >> 4 {
            case 4: return .ipv4
            case 6: return .ipv6
            case _: return .other
            }
        }
    }

    /// Steps over VLAN tags, stacked or not: IEEE 802.1Q and 802.1ad.
    private static func payload(
        of etherType: UInt16, _ bytes: Span<UInt8>, _ packet: Range<Int>, _ offset: inout Int
    ) -> Network? {
        var type = etherType
        while type == 0x8100 || type == 0x88A8 || type == 0x9100 {
            guard packet.upperBound - offset >= 4 else { return nil }
            type = bytes.bigEndian16(at: offset + 2)
            offset += 4
        }
        return type == 0x0800 ? .ipv4 : type == 0x86DD ? .ipv6 : .other
    }

    /// The address family, in the byte order of whichever host wrote it: 2 is IPv4 everywhere,
    /// IPv6 is 10 on Linux, 24, 28 or 30 on the BSDs.
    private static func family(_ word: UInt32) -> Network {
        switch min(word, word.byteSwapped) {
        case 2: .ipv4
        case 10, 24, 28, 30: .ipv6
        case _: .other
        }
    }
}
