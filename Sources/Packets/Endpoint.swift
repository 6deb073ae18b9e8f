/// An IP address and a port. IPv4 is held in its IPv6 form, `::ffff:a.b.c.d` (RFC 4291, 2.5.5.2).
public struct Endpoint: Sendable, Hashable, Comparable {
    var high: UInt64
    var low: UInt64
    public var port: UInt16

    init(high: UInt64, low: UInt64, port: UInt16) {
        self.high = high
        self.low = low
        self.port = port
    }

    public init(ipv4: UInt32, port: UInt16) {
        self.init(high: 0, low: Self.mapped | UInt64(ipv4), port: port)
    }

    /// The address, of one that was made from IPv4.
    var ipv4: UInt32 { UInt32(truncatingIfNeeded: low) }

    public static func < (a: Endpoint, b: Endpoint) -> Bool {
        (a.port, a.high, a.low) < (b.port, b.high, b.low)
    }

    private static let mapped: UInt64 = 0xFFFF_0000_0000
}

extension Endpoint: CustomStringConvertible {
    public var description: String {
        high == 0 && low >> 32 == 0xFFFF ? "\(dotted):\(port)" : "[\(colons)]:\(port)"
    }

    private var dotted: String {
        "\(low >> 24 & 255).\(low >> 16 & 255).\(low >> 8 & 255).\(low & 255)"
    }

    /// RFC 5952: lower case, and the first of the longest runs of zeros left out.
    private var colons: String {
        let groups = [high, low].flatMap { half -> [UInt64] in
            [half >> 48, half >> 32 & 0xFFFF, half >> 16 & 0xFFFF, half & 0xFFFF]
        }
        var longest = 0..<0
        var index = 0
        while index < 8 {
            let start = index
            while index < 8, groups[index] == 0 { index += 1 }
            if index - start > max(longest.count, 1) { longest = start..<index }
            index = max(index, start + 1)
        }
        func text(_ range: Range<Int>) -> String {
            range.map { String(groups[$0], radix: 16) }.joined(separator: ":")
        }
        guard !longest.isEmpty else { return text(0..<8) }
        return text(0..<longest.lowerBound) + "::" + text(longest.upperBound..<8)
    }
}
