import Foundation
import NIOCore
import NIOPosix
import Platform

/// Keeps the worker from being led where only we can go.
///
/// A node's address and `stats_url` are a stranger's words. A name is resolved once, every address
/// that it has is checked, and the connection goes to the very one that was checked, so that a name
/// which means something else a moment later leads nowhere.
struct AddressGuard: Sendable {
    /// For platforms and tests whose nodes are on private networks.
    var allowsPrivate: Bool
    let pool: NIOThreadPool

    enum Refusal: Error, Hashable {
        /// An address within us, on our networks, or nobody's.
        case notPublic
        case unresolved
    }

    func resolve(host: String, port: Int) async throws -> SocketAddress {
        let addresses = try await pool.runIfActive { Self.lookUp(host, port) }
        guard let first = addresses.first(where: { $0.protocol == .inet }) ?? addresses.first
        else { throw Refusal.unresolved }
        guard allowsPrivate || addresses.allSatisfy({ PublicAddress($0) != nil }) else {
            throw Refusal.notPublic
        }
        return first
    }

    private static func lookUp(_ host: String, _ port: Int) -> [SocketAddress] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_family = AF_UNSPEC
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var found: [SocketAddress] = []
        var next = list
        while let entry = next?.pointee {
            switch entry.ai_family {
            case AF_INET:
                entry.ai_addr.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                    found.append(SocketAddress($0.pointee))
                }
            case AF_INET6:
                entry.ai_addr.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
                    found.append(SocketAddress($0.pointee))
                }
            case _: break
            }
            next = entry.ai_next
        }
        return found
    }
}

/// An address that anybody on the Internet may have.
struct PublicAddress: Sendable, Hashable {
    let bytes: [UInt8]

    /// Nil for what is loopback, private, link-local (cloud metadata among it), multicast,
    /// documentation, a tunnel's, or nobody's.
    init?(_ address: SocketAddress) {
        self.init(bytes: address.addressBytes)
    }

    /// Four or sixteen, in network order.
    init?(bytes: [UInt8]) {
        if bytes.count == 16, bytes.starts(with: Self.mapped) {
            self.init(bytes: Array(bytes.suffix(4)))
            return
        }
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        let blocks = bytes.count == 4 ? Self.blocksV4 : Self.blocksV6
        guard !blocks.contains(where: { $0.contains(bytes) }) else { return nil }
        // Of IPv6, only 2000::/3 was ever given out.
        guard bytes.count == 4 || bytes[0] & 0xE0 == 0x20 else { return nil }
        self.init(checked: bytes)
    }

    private init(checked bytes: [UInt8]) { self.bytes = bytes }

    private static let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]

    private struct Block {
        var prefix: [UInt8]
        var bits: Int

        func contains(_ address: [UInt8]) -> Bool {
            for (index, byte) in prefix.enumerated() {
                let rest = min(8, bits - index * 8)
                guard rest > 0 else { return true }
                let mask = UInt8(truncatingIfNeeded: 0xFF00 >> rest)
                if (byte ^ address[index]) & mask != 0 { return false }
            }
            return true
        }
    }

    // IANA's IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890 and its updates).
    private static let blocksV4: [Block] = [
        Block(prefix: [0], bits: 8), Block(prefix: [10], bits: 8),
        Block(prefix: [100, 64], bits: 10), Block(prefix: [127], bits: 8),
        Block(prefix: [169, 254], bits: 16), Block(prefix: [172, 16], bits: 12),
        Block(prefix: [192, 0, 0], bits: 24), Block(prefix: [192, 0, 2], bits: 24),
        Block(prefix: [192, 88, 99], bits: 24), Block(prefix: [192, 168], bits: 16),
        Block(prefix: [198, 18], bits: 15), Block(prefix: [198, 51, 100], bits: 24),
        Block(prefix: [203, 0, 113], bits: 24), Block(prefix: [224], bits: 3),
    ]
    private static let blocksV6: [Block] = [
        // Teredo and other protocols' own, documentation, and 6to4, which hides an IPv4 address.
        Block(prefix: [0x20, 0x01, 0x00], bits: 23),
        Block(prefix: [0x20, 0x01, 0x0D, 0xB8], bits: 32),
        Block(prefix: [0x20, 0x02], bits: 16), Block(prefix: [0x3F, 0xFF, 0x00], bits: 20),
    ]
}

extension SocketAddress {
    /// The IP address alone, in network order: four bytes, or sixteen; none of a path.
    var addressBytes: [UInt8] {
        let place: Range<Int>
        switch self {
        case .v4: place = 4..<8
        case .v6: place = 8..<24
        case .unixDomainSocket: return []
        }
        // Where `sockaddr_in` and `sockaddr_in6` have it. RFC 3493, 3.3.
        return withSockAddr { pointer, size in
            Array(UnsafeRawBufferPointer(start: pointer, count: size)[place])
        }
    }
}
