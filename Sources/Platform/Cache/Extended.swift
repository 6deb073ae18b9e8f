import RESP

/// What `long double` is where Redis mostly runs: 64 bits of mantissa. INCRBYFLOAT adds in it, so
/// that 10.5 + 0.1 is 10.6; integers alone, so the same on every machine.
struct Extended: Sendable, Hashable {
    private var isNegative = false
    /// The top bit is set, except of zero. The value is mantissa × 2^exponent.
    private var mantissa: UInt64 = 0
    private var exponent = 0

    private static let exponentMax = 16_384 - 64
    /// MAX_LONG_DOUBLE_CHARS.
    private static let lengthMax = 5 * 1024
    private static let decimalsMax = 17

    init() {}

    private init(_ isNegative: Bool, _ magnitude: Magnitude, exponent: Int, isInexact: Bool) {
        guard !magnitude.isZero else { return }
        // Two bits more than kept, the last of which tells of all that were cut.
        var wide = magnitude
        var shift = magnitude.bitWidth - 66
        var isSticky = isInexact
        if shift > 0 {
            let (value, rest) = magnitude.shiftedRight(shift)
            wide = value
            isSticky = isSticky || rest
        } else {
            wide.shiftLeft(-shift)
        }
        var kept = wide.shiftedRight(2).value.low
        let tail = wide.low & 3
        if tail == 3 || (tail == 2 && (isSticky || kept & 1 == 1)) {
            kept &+= 1
            if kept == 0 {
                kept = 1 << 63
                shift += 1
            }
        }
        self.isNegative = isNegative
        mantissa = kept
        self.exponent = exponent + shift + 2
    }

    var isFinite: Bool { exponent <= Self.exponentMax }

    // MARK: Decimal

    /// A number as `strtold` reads one in decimal, to its end; nil for what is none, and for one
    /// that is too large.
    init?(_ word: Word) {
        guard !word.isEmpty, word.count < Self.lengthMax else { return nil }
        var rest = word
        var negative = false
        if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            negative = sign == UInt8(ascii: "-")
            rest.removeFirst()
        }
        if rest.matches("INF") || rest.matches("INFINITY") {
            self.init(negative, Magnitude(1), exponent: .max / 2, isInexact: false)
            return
        }
        var magnitude = Magnitude()
        var power = 0
        guard Self.readDigits(&rest, into: &magnitude, &power),
            let exponent = Self.readExponent(&rest), rest.isEmpty
        else { return nil }
        power += exponent
        guard abs(power) < Self.lengthMax else { return nil }
        var binary = 0
        var isInexact = false
        if power >= 0 {
            magnitude.multiply(byPowerOf: 10, power)
        } else {
            binary = -power * 4 + 66
            magnitude.shiftLeft(binary)
            for _ in 0..<(-power) { isInexact = magnitude.divide(by: 10) != 0 || isInexact }
        }
        self.init(negative, magnitude, exponent: -binary, isInexact: isInexact)
        guard isFinite else { return nil }
    }

    private static func readDigits(
        _ rest: inout Word, into magnitude: inout Magnitude, _ power: inout Int
    ) -> Bool {
        var digits = 0
        var hasPoint = false
        while let byte = rest.first {
            if byte == UInt8(ascii: "."), !hasPoint {
                hasPoint = true
            } else if (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
                magnitude.multiply(by: 10, adding: UInt32(byte - UInt8(ascii: "0")))
                digits += 1
                if hasPoint { power -= 1 }
            } else {
                break
            }
            rest.removeFirst()
        }
        return digits > 0
    }

    private static func readExponent(_ rest: inout Word) -> Int? {
        guard let byte = rest.first else { return 0 }
        guard byte | 0x20 == UInt8(ascii: "e") else { return nil }
        var digits = rest.dropFirst()
        if digits.first == UInt8(ascii: "+") { digits.removeFirst() }
        let isNegative = digits.first == UInt8(ascii: "-")
        if isNegative { digits.removeFirst() }
        guard (1...6).contains(digits.count) else { return nil }
        var value = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            value = value * 10 + Int(digit - UInt8(ascii: "0"))
        }
        rest = []
        return isNegative ? -value : value
    }

    /// With at most 17 decimals and without zeros at the end.
    var text: [UInt8] {
        var scaled = Magnitude(UInt128(mantissa))
        scaled.multiply(byPowerOf: 10, Self.decimalsMax)
        if exponent >= 0 {
            scaled.shiftLeft(exponent)
        } else {
            scaled = scaled.roundedRight(-exponent)
        }
        var digits = scaled.digits
        guard !digits.isEmpty else { return [UInt8(ascii: "0")] }
        let padding = Self.decimalsMax + 1 - digits.count
        if padding > 0 {
            digits.insert(contentsOf: repeatElement(UInt8(ascii: "0"), count: padding), at: 0)
        }
        digits.insert(UInt8(ascii: "."), at: digits.count - Self.decimalsMax)
        while digits.last == UInt8(ascii: "0") { digits.removeLast() }
        if digits.last == UInt8(ascii: ".") { digits.removeLast() }
        return isNegative ? [UInt8(ascii: "-")] + digits : digits
    }

    // MARK: Sum

    static func + (a: Extended, b: Extended) -> Extended {
        guard a.mantissa != 0 else { return b }
        guard b.mantissa != 0 else { return a }
        let (large, small) =
            (a.exponent, a.mantissa) >= (b.exponent, b.mantissa) ? (a, b) : (b, a)
        let distance = large.exponent - small.exponent
        let wideLarge = UInt128(large.mantissa) << 63
        var wideSmall = UInt128(small.mantissa) << 63
        let cut = distance >= 127 ? wideSmall : wideSmall & ((1 << UInt128(distance)) - 1)
        wideSmall = distance >= 127 ? 0 : wideSmall >> UInt128(distance)
        if cut != 0 { wideSmall |= 1 }
        let sum =
            large.isNegative == small.isNegative ? wideLarge + wideSmall : wideLarge - wideSmall
        return Extended(
            large.isNegative, Magnitude(sum), exponent: large.exponent - 63, isInexact: false)
    }
}
