import Base

/// Addresses to ask about, one for each stretch in which every answer is the same.
///
/// Rules and routes speak of blocks, so whether an address is let through changes only at the edges
/// of a block: asking the first address of every stretch between edges is asking them all.
enum AddressSpace {
    /// Addresses of the world outside, for rules and routes about these blocks.
    static func world(_ blocks: [CIDR], outside network: CIDR?) -> [UInt32] {
        let kept = reserved + [network].compactMap { $0 }
        return edges(blocks + kept).filter { address in
            !kept.contains { $0.contains(address) }
        }
    }

    /// Addresses inside `home`, for rules about these blocks.
    static func inside(_ home: CIDR, _ blocks: [CIDR]) -> [UInt32] {
        edges(blocks + [home]).filter { home.contains($0) }
    }

    private static func edges(_ blocks: [CIDR]) -> [UInt32] {
        var edges: [UInt32] = [0]
        for block in blocks {
            edges.append(block.first)
            if block.last < .max { edges.append(block.last + 1) }
        }
        edges.sort()
        return edges.enumerated().filter { $0.offset == 0 || edges[$0.offset - 1] != $0.element }
            .map(\.element)
    }

    /// Not of the public internet: IANA IPv4 Special-Purpose Address Registry, and multicast.
    private static let reserved: [CIDR] = [
        CIDR(first: 0, length: 8), CIDR(first: 10 << 24, length: 8),
        CIDR(first: 100 << 24 | 64 << 16, length: 10), CIDR(first: 127 << 24, length: 8),
        CIDR(first: 169 << 24 | 254 << 16, length: 16),
        CIDR(first: 172 << 24 | 16 << 16, length: 12),
        CIDR(first: 192 << 24 | 168 << 16, length: 16), CIDR(first: 224 << 24, length: 3),
    ]
}
