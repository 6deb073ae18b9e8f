/// A natural number of any size, for exact conversions between binary and decimal fractions.
struct Magnitude: Sendable, Hashable {
    /// Least significant first, without leading zeros.
    private var words: [UInt32] = []

    private static let billion: UInt64 = 1_000_000_000

    init(_ value: UInt128 = 0) {
        var rest = value
        while rest > 0 {
            words.append(UInt32(truncatingIfNeeded: rest))
            rest >>= 32
        }
    }

    var isZero: Bool { words.isEmpty }

    var bitWidth: Int {
        guard let last = words.last else { return 0 }
        return words.count * 32 - last.leadingZeroBitCount
    }

    private mutating func trim() {
        while words.last == 0 { words.removeLast() }
    }

    mutating func multiply(by factor: UInt32, adding addend: UInt32 = 0) {
        var carry = UInt64(addend)
        for index in words.indices {
            carry += UInt64(words[index]) * UInt64(factor)
            words[index] = UInt32(truncatingIfNeeded: carry)
            carry >>= 32
        }
        if carry > 0 { words.append(UInt32(carry)) }
    }

    mutating func multiply(byPowerOf base: UInt32, _ exponent: Int) {
        for _ in 0..<exponent { multiply(by: base) }
    }

    /// The remainder; `self` becomes the quotient.
    mutating func divide(by divisor: UInt32) -> UInt32 {
        var remainder: UInt64 = 0
        for index in words.indices.reversed() {
            remainder = remainder << 32 | UInt64(words[index])
            words[index] = UInt32(remainder / UInt64(divisor))
            remainder %= UInt64(divisor)
        }
        trim()
        return UInt32(remainder)
    }

    mutating func shiftLeft(_ bits: Int) {
        guard !isZero else { return }
        multiply(by: 1 << UInt32(bits & 31))
        words.insert(contentsOf: [UInt32](repeating: 0, count: bits >> 5), at: 0)
    }

    /// The bits from `bit` on, and whether there is any below it.
    func shiftedRight(_ bit: Int) -> (value: Magnitude, isInexact: Bool) {
        guard bit > 0 else { return (self, false) }
        let whole = bit >> 5
        guard whole < words.count else { return (Magnitude(), !isZero) }
        var result = self
        result.words.removeFirst(whole)
        let rest = result.divide(by: 1 << UInt32(bit & 31))
        return (result, rest != 0 || words[..<whole].contains { $0 != 0 })
    }

    /// Divided by 2^bits, to nearest, ties to even.
    func roundedRight(_ bits: Int) -> Magnitude {
        guard bits > 0 else { return self }
        let (twice, isInexact) = shiftedRight(bits - 1)
        var result = twice
        let half = result.divide(by: 2)
        if half == 1 && (isInexact || result.isOdd) { result.increment() }
        return result
    }

    private var isOdd: Bool { (words.first ?? 0) & 1 == 1 }

    private mutating func increment() {
        if isZero { words = [0] }
        multiply(by: 1, adding: 1)
    }

    /// The low 64 bits.
    var low: UInt64 {
        UInt64(words.first ?? 0) | UInt64(words.count > 1 ? words[1] : 0) << 32
    }

    /// In decimal, without leading zeros; empty for zero.
    var digits: [UInt8] {
        var rest = self
        var reversed: [UInt8] = []
        while !rest.isZero {
            var part = rest.divide(by: UInt32(Self.billion))
            for _ in 0..<9 {
                reversed.append(UInt8(ascii: "0") + UInt8(part % 10))
                part /= 10
            }
        }
        while reversed.last == UInt8(ascii: "0") { reversed.removeLast() }
        return reversed.reversed()
    }
}
