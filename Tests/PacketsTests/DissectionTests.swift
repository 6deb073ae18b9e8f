import Base
import Testing

@testable import Packets

/// A TCP segment is found behind every kind of header, and nothing else is taken for one.
@Suite struct DissectionTests {
    static let ipv4 = TestSegment(fromClient: true, sequence: 7, payload: [1, 2, 3]).ipv4

    /// fd00::1 to fd00::2, `next` before the TCP segment.
    static func ipv6(next: UInt8 = 6, _ extensions: String = "") -> [UInt8] {
        let tcp = TestSegment(fromClient: true, sequence: 7, payload: [1, 2, 3]).tcp
        let headers = hex(extensions)
        var bytes = hex("60000000")
        bytes.put16(headers.count + tcp.count)
        bytes += [next, 64]
        for host: UInt8 in [1, 2] { bytes += [0xFD] + [UInt8](repeating: 0, count: 14) + [host] }
        return bytes + headers + tcp
    }

    static let macs = "020000000001 020000000002"
    static let found: [(name: String, link: LinkType, bytes: [UInt8])] = [
        ("Ethernet", .ethernet, hex(macs + "0800") + ipv4),
        ("padded Ethernet", .ethernet, hex(macs + "0800") + ipv4 + hex("000000000000")),
        ("a VLAN", .ethernet, hex(macs + "8100 0005 0800") + ipv4),
        ("a VLAN in a VLAN", .ethernet, hex(macs + "88a8 0005 8100 0006 86dd") + ipv6()),
        ("raw IP", .rawIP, ipv4),
        ("raw IP with the BSDs' number", LinkType(raw: 12), ipv6()),
        ("IPv4 alone", .ipv4, ipv4),
        ("IPv6 alone", .ipv6, ipv6()),
        ("Linux cooked", .linuxCooked, hex("0000 0304 0006 000000000000 0000 0800") + ipv4),
        (
            "Linux cooked with a VLAN", .linuxCooked,
            hex("0000 0304 0006 000000000000 0000 8100 0001 0800") + ipv4
        ),
        (
            "Linux cooked 2", .linuxCooked2,
            hex("86dd 0000 00000001 0304 00 06 0000000000000000") + ipv6()
        ),
        ("BSD loopback of a little host", .null, hex("02000000") + ipv4),
        ("BSD loopback of macOS", .null, hex("1e000000") + ipv6()),
        ("OpenBSD loopback", .loop, hex("00000002") + ipv4),
        (
            "hop-by-hop and destination options", .ipv6,
            ipv6(next: 0, "3c00 0104 00000000 0601 0104 00000000 0000000000000000")
        ),
        ("a routing header", .ipv6, ipv6(next: 43, "0600 0000 00000000")),
        ("an authentication header", .ipv6, ipv6(next: 51, "0601 0000 00000001 00000001")),
        ("a fragment that is whole", .ipv6, ipv6(next: 44, "0600 0000 00000001")),
        (
            "a length left to the network card", .ipv4,
            [0x45, 0, 0, 0] + ipv4[4...]
        ),
    ]

    private func dissect(_ bytes: [UInt8], _ link: LinkType, length: Int? = nil) -> Dissection {
        Dissection(bytes.span, 0..<bytes.count, length: length ?? bytes.count, link: link)
    }

    @Test("every link type and every header before TCP", arguments: found.indices)
    func headers(_ index: Int) {
        let (name, link, bytes) = Self.found[index]
        guard case .segment(let segment) = dissect(bytes, link) else {
            Issue.record("\(name): \(dissect(bytes, link))")
            return
        }
        #expect(Array(bytes[segment.payload]) == [1, 2, 3], "\(name)")
        #expect(segment.length == 3 && segment.sequence == 7, "\(name)")
        #expect(segment.source.port == 40_000 && segment.destination.port == 1_935, "\(name)")
    }

    @Test("fragments, other protocols and unknown links are told apart from what is broken")
    func others() {
        var fragment = Self.ipv4
        fragment[6] = 0x20
        #expect(dissect(fragment, .ipv4) == .fragment)
        #expect(dissect(Self.ipv6(next: 44, "0600 0009 00000001"), .ipv6) == .fragment)
        var udp = Self.ipv4
        udp[9] = 17
        #expect(dissect(udp, .ipv4) == .other)
        #expect(dissect(hex(Self.macs + "0806") + Self.ipv4, .ethernet) == .other)
        #expect(dissect(Self.ipv4, LinkType(raw: 105)) == .other)
        #expect(dissect(hex(Self.macs), .ethernet) == .malformed)
    }

    @Test("no packet cut short at any byte, or with any byte changed, leads astray")
    func hostile() {
        for (_, link, bytes) in Self.found {
            for count in bytes.indices {
                let part = Array(bytes[..<count])
                guard case .segment(let segment) = dissect(part, link, length: bytes.count) else {
                    continue
                }
                #expect(segment.payload.upperBound <= count)
                #expect(segment.length == 3)
            }
            for index in bytes.indices {
                for value: UInt8 in [0, 1, 0x0F, 0x7F, 0x80, 0xFF] {
                    var changed = bytes
                    changed[index] = value
                    guard case .segment(let segment) = dissect(changed, link) else { continue }
                    #expect(segment.payload.upperBound <= changed.count)
                    #expect(segment.length >= segment.payload.count)
                }
            }
        }
    }

    @Test("a SYN's window scale is found among its options, and not beyond them")
    func windowScale() {
        let cases: [(String, UInt8?)] = [
            ("020405b4 01 030307 00000000", 7), ("0303ff 00", 14), ("01010101", nil),
            ("0200 0000", nil), ("05ff 0000", nil), ("01010303", nil),
        ]
        for (options, shift) in cases {
            var bytes = TestSegment(fromClient: true, sequence: 7, flags: .syn).ipv4
            var words = hex(options)
            while words.count % 4 != 0 { words.append(0) }
            bytes += words
            bytes[3] = UInt8(bytes.count)
            bytes[32] = UInt8(5 + words.count / 4) << 4
            guard case .segment(let segment) = dissect(bytes, .ipv4) else {
                Issue.record("\(options)")
                continue
            }
            #expect(segment.windowShift == shift, "\(options)")
        }
    }

    @Test("addresses are written as RFC 5952 has them")
    func endpoints() {
        let cases: [(UInt64, UInt64, String)] = [
            (0, 0xFFFF_0A00_0001, "10.0.0.1:80"), (0, 1, "[::1]:80"), (0, 0, "[::]:80"),
            (0x2001_0DB8_0000_0000, 0x0001_0000_0000_0001, "[2001:db8::1:0:0:1]:80"),
            (0x2001_0DB8_0000_0001, 0x0001_0001_0001_0001, "[2001:db8:0:1:1:1:1:1]:80"),
            (0xFE80_0000_0000_0000, 0, "[fe80::]:80"),
        ]
        for (high, low, text) in cases {
            #expect(Endpoint(high: high, low: low, port: 80).description == text)
        }
    }
}
