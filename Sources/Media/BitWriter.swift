/// Writes numbers of any count of bits, the most significant first.
struct BitWriter: Sendable {
    private(set) var bytes: [UInt8] = []
    private var pending: UInt64 = 0
    private var pendingCount = 0  // Invariant: below 8 between calls

    /// Bits written so far.
    var count: Int { bytes.count * 8 + pendingCount }

    /// The low `count` bits of `value`; `count` is at most 32.
    mutating func put(_ value: UInt32, _ count: Int) {
        pending = pending << UInt64(count) | UInt64(value) & (1 << UInt64(count) - 1)
        pendingCount += count
        while pendingCount >= 8 {
            pendingCount -= 8
            bytes.append(UInt8(truncatingIfNeeded: pending >> UInt64(pendingCount)))
        }
    }

    /// An unsigned Exp-Golomb code. ITU-T H.264, 9.1. Below 2^16, as all of ours are.
    mutating func putGolomb(_ value: UInt32) {
        let code = value + 1
        let width = UInt32.bitWidth - code.leadingZeroBitCount
        put(0, width - 1)
        put(code, width)
    }

    /// Whole bytes, where a byte begins.
    mutating func put(_ whole: [UInt8]) { for byte in whole { put(UInt32(byte), 8) } }

    /// Zeros up to the next whole byte.
    mutating func align() { if pendingCount > 0 { put(0, 8 - pendingCount) } }

    /// The stop bit and zeros that end a NAL unit. ITU-T H.264, 7.3.2.11.
    mutating func finish() {
        put(1, 1)
        align()
    }
}
