/// Reads numbers of any count of bits, the most significant first; nil once they have run out.
struct BitReader: Sendable {
    private let bytes: [UInt8]
    private var offset = 0  // Invariant: offset <= bytes.count * 8

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var remaining: Int { bytes.count * 8 - offset }

    /// `count` is at most 32.
    mutating func take(_ count: Int) -> UInt32? {
        guard count <= remaining else { return nil }
        var value: UInt32 = 0
        for _ in 0..<count {
            value = value << 1 | UInt32(bytes[offset >> 3] >> UInt8(7 - offset & 7) & 1)
            offset += 1
        }
        return value
    }

    mutating func flag() -> Bool? { take(1).map { $0 == 1 } }

    /// An unsigned Exp-Golomb code. ITU-T H.264, 9.1.
    mutating func golomb() -> UInt32? {
        var zeros = 0
        while true {
            guard let bit = take(1) else { return nil }
            if bit == 1 { break }
            zeros += 1
            guard zeros < 32 else { return nil }
        }
        guard let rest = take(zeros) else { return nil }
        return UInt32(truncatingIfNeeded: (UInt64(1) << UInt64(zeros)) - 1 + UInt64(rest))
    }

    /// A signed Exp-Golomb code. ITU-T H.264, 9.1.1.
    mutating func signedGolomb() -> Int32? {
        guard let code = golomb() else { return nil }
        let magnitude = Int64(code) / 2 + Int64(code & 1)
        return Int32(code & 1 == 1 ? magnitude : -magnitude)
    }
}
