/// A named stream of random numbers: xoshiro256** seeded through SplitMix64.
///
/// Every (entity, purpose) owns a stream derived by name from the run's seed, so that a new draw
/// in one place never shifts another (ns-3's streams). The sampling rules below are ours and
/// frozen: the standard library's may change between Swift releases.
/// Source of the generator: Blackman and Vigna, https://prng.di.unimi.it/xoshiro256starstar.c
@frozen
public struct Random: Sendable, Hashable {
    @usableFromInline var s0: UInt64
    @usableFromInline var s1: UInt64
    @usableFromInline var s2: UInt64
    @usableFromInline var s3: UInt64

    public init(seed: UInt64) {
        var state = seed
        func splitMix() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
        s0 = splitMix()
        s1 = splitMix()
        s2 = splitMix()
        s3 = splitMix()
    }

    /// The stream that belongs to `entity` for `purpose` in the run with this seed.
    public init(seed: UInt64, entity: String, purpose: String) {
        var digest = Digest(seed: seed)
        digest.combine(entity)
        digest.combine(purpose)
        self.init(seed: digest.word)
    }

    @inlinable public mutating func next() -> UInt64 {
        let product = s1 &* 5
        let result = (product << 7 | product >> 57) &* 9
        let t = s1 << 17
        s2 ^= s0
        s3 ^= s1
        s1 ^= s2
        s0 ^= s3
        s2 ^= t
        s3 = s3 << 45 | s3 >> 19
        return result
    }

    /// A whole number in `0 ..< bound`, each equally likely (Lemire 2019, with rejection).
    @inlinable public mutating func below(_ bound: UInt64) -> UInt64 {
        check(bound > 0, "a draw below zero")
        var product = next().multipliedFullWidth(by: bound)
        if product.low < bound {
            let threshold = (0 &- bound) % bound
            while product.low < threshold { product = next().multipliedFullWidth(by: bound) }
        }
        return product.high
    }

    /// A whole number in the closed range.
    @inlinable public mutating func within(_ range: ClosedRange<Int64>) -> Int64 {
        let width = UInt64(range.upperBound - range.lowerBound) + 1
        return range.lowerBound + Int64(below(width))
    }

    @inlinable public mutating func interval(_ range: ClosedRange<Interval>) -> Interval {
        Interval(
            nanoseconds: within(range.lowerBound.nanoseconds...range.upperBound.nanoseconds))
    }

    /// True with the probability `millionths` / 1,000,000.
    @inlinable public mutating func chance(millionths: Int64) -> Bool {
        Int64(below(1_000_000)) < millionths
    }

    /// An exponential draw with the given mean, in integers only:
    /// -ln u = ln 2 · (leadingZeros + 1 - log2 mantissa). No libm, so the same bits everywhere.
    public mutating func exponential(mean: UInt64) -> UInt64 {
        let u = next() | 1
        var mantissa = u << UInt64(u.leadingZeroBitCount)  // in [2^63, 2^64)
        var log2: UInt64 = 0  // its fraction, Q32
        for bit in stride(from: 31, through: 0, by: -1) {  // square, compare, halve
            let square = mantissa.multipliedFullWidth(by: mantissa)
            if square.high >> 63 == 1 {
                mantissa = square.high
                log2 |= 1 << UInt64(bit)
            } else {
                mantissa = square.high << 1 | square.low >> 63
            }
        }
        let bits = UInt64(u.leadingZeroBitCount + 1) << 32 - log2  // -log2 u, Q32
        let nats = bits.multipliedFullWidth(by: 0xB172_17F7_D1CF_79AC).high  // times ln 2
        let scaled = mean.multipliedFullWidth(by: nats << 16)
        return scaled.high << 16 | scaled.low >> 48
    }

    public mutating func exponential(mean: Interval) -> Interval {
        Interval(nanoseconds: Int64(exponential(mean: UInt64(mean.nanoseconds))))
    }

    /// Fisher–Yates; the order depends on this stream alone.
    public mutating func shuffle<Element>(_ items: inout [Element]) {
        guard items.count > 1 else { return }
        for last in stride(from: items.count - 1, to: 0, by: -1) {
            items.swapAt(last, Int(below(UInt64(last) + 1)))
        }
    }
}
