/// A running 128-bit fingerprint of the words it was fed, in order.
///
/// Two multiply-and-fold lanes with different odd constants (the construction of wyhash): fast,
/// stable across machines and releases, and not meant to resist an adversary.
@frozen
public struct Digest: Sendable, Hashable {
    @usableFromInline var a: UInt64
    @usableFromInline var b: UInt64

    @inlinable public init(seed: UInt64 = 0) {
        a = seed ^ 0x2D35_8DCC_AA6C_78A5
        b = seed &+ 0x8BB8_4B93_962E_ACC9
    }

    @inlinable public mutating func combine(_ word: UInt64) {
        a = Digest.fold(a ^ word, 0xA076_1D64_78BD_642F)
        b = Digest.fold(b &+ word &+ 0x4B33_A62E_D433_D4A3, 0xE703_7ED1_A0B4_28DB) ^ a
    }

    @inlinable public mutating func combine(_ word: Int64) { combine(UInt64(bitPattern: word)) }
    @inlinable public mutating func combine(_ word: Int) { combine(Int64(word)) }

    public mutating func combine(_ text: String) {
        combine(text.utf8.count)
        var word: UInt64 = 0
        var filled = 0
        for byte in text.utf8 {
            word = word << 8 | UInt64(byte)
            filled += 1
            if filled == 8 {
                combine(word)
                word = 0
                filled = 0
            }
        }
        if filled > 0 { combine(word) }
    }

    /// The first half of the fingerprint, to seed a stream from.
    @inlinable public var word: UInt64 { Digest.fold(a ^ 0x9E37_79B9_7F4A_7C15, b | 1) }

    /// Thirty-two hexadecimal digits.
    public var hex: String { Digest.hex(a) + Digest.hex(b) }

    @inlinable @inline(__always)
    static func fold(_ x: UInt64, _ y: UInt64) -> UInt64 {
        let product = x.multipliedFullWidth(by: y)
        return product.high ^ product.low ^ x
    }

    private static func hex(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
