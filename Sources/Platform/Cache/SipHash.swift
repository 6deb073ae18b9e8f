import RESP

/// SipHash-1-2, as Redis hashes keys: with a secret, nobody can choose keys that collide.
/// Aumasson and Bernstein, https://www.aumasson.jp/siphash/siphash.pdf
struct SipHash: Sendable {
    private let low: UInt64
    private let high: UInt64

    init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }

    func hash(_ word: Word) -> UInt32 {
        word.withUnsafeBytes { UInt32(truncatingIfNeeded: hash($0)) }
    }

    private func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var state = State(
            v0: low ^ 0x736F_6D65_7073_6575, v1: high ^ 0x646F_7261_6E64_6F6D,
            v2: low ^ 0x6C79_6765_6E65_7261, v3: high ^ 0x7465_6462_7974_6573)
        var place = 0
        while place + 8 <= bytes.count {
            let word = bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self)
            state.absorb(UInt64(littleEndian: word))
            place += 8
        }
        var last = UInt64(truncatingIfNeeded: bytes.count) << 56
        var shift: UInt64 = 0
        while place < bytes.count {
            last |= UInt64(bytes[place]) << shift
            shift += 8
            place += 1
        }
        state.absorb(last)
        state.v2 ^= 0xFF
        state.round()
        state.round()
        return state.v0 ^ state.v1 ^ state.v2 ^ state.v3
    }

    private struct State {
        var v0: UInt64
        var v1: UInt64
        var v2: UInt64
        var v3: UInt64

        @inline(__always) mutating func absorb(_ word: UInt64) {
            v3 ^= word
            round()
            v0 ^= word
        }

        @inline(__always) mutating func round() {
            v0 &+= v1
            v1 = Self.rotated(v1, 13) ^ v0
            v0 = Self.rotated(v0, 32)
            v2 &+= v3
            v3 = Self.rotated(v3, 16) ^ v2
            v0 &+= v3
            v3 = Self.rotated(v3, 21) ^ v0
            v2 &+= v1
            v1 = Self.rotated(v1, 17) ^ v2
            v2 = Self.rotated(v2, 32)
        }

        @inline(__always) static func rotated(_ word: UInt64, _ bits: UInt64) -> UInt64 {
            word << bits | word >> (64 - bits)
        }
    }
}
