import Base

/// A block of IPv4 addresses.
public struct CIDR: Sendable, Hashable {
    public var first: UInt32
    /// Leading bits that are fixed, 0 ... 32.
    public var length: Int

    /// Bits past the length are dropped, as AWS does.
    public init(first: UInt32, length: Int) {
        check((0...32).contains(length), "a prefix of \(length) bits")
        self.length = length
        self.first = first & CIDR.mask(length)
    }

    /// `10.0.0.0/16`; nil for anything else.
    public init?(_ text: String) {
        let halves = text.split(separator: "/", omittingEmptySubsequences: false)
        guard halves.count == 2, let length = Int(halves[1]), (0...32).contains(length),
            let address = CIDR.address(halves[0])
        else { return nil }
        self.init(first: address, length: length)
    }

    public static let everything = CIDR(first: 0, length: 0)

    public var last: UInt32 { first | ~CIDR.mask(length) }
    public var size: Int64 { 1 << Int64(32 - length) }
    public var text: String { CIDR.text(first) + "/\(length)" }

    public func contains(_ address: UInt32) -> Bool { address & CIDR.mask(length) == first }

    public func contains(_ other: CIDR) -> Bool {
        length <= other.length && contains(other.first)
    }

    public static func text(_ address: UInt32) -> String {
        [24, 16, 8, 0].map { String(address >> UInt32($0) & 255) }.joined(separator: ".")
    }

    private static func address(_ text: Substring) -> UInt32? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var address: UInt32 = 0
        for part in parts {
            guard let byte = UInt8(part) else { return nil }
            address = address << 8 | UInt32(byte)
        }
        return address
    }

    private static func mask(_ length: Int) -> UInt32 {
        length == 0 ? 0 : ~0 << UInt32(32 - length)
    }
}
