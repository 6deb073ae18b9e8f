import Base

/// An exact rational number in lowest terms: what quantities and money are added up in.
///
/// 128 bits carry every bill within the limits of `Usage`: the largest common denominator there
/// is below 2^80 and the largest amount below 2^40. A result that did not fit would trap, never
/// wrap.
public struct Ratio: Sendable, Hashable, Comparable {
    public let numerator: Int128
    /// Invariant: positive, and without a common factor with the numerator.
    public let denominator: Int128

    public static let zero = Ratio(0)

    public init(_ whole: Int64) {
        numerator = Int128(whole)
        denominator = 1
    }

    public init(_ numerator: Int128, over denominator: Int128) {
        check(denominator > 0, "a ratio over \(denominator)")
        let divisor = Ratio.commonDivisor(numerator.magnitude, denominator.magnitude)
        self.numerator = numerator / Int128(divisor)
        self.denominator = denominator / Int128(divisor)
    }

    public static func < (a: Ratio, b: Ratio) -> Bool { (a - b).numerator < 0 }

    public static func + (a: Ratio, b: Ratio) -> Ratio {
        let shared = Int128(commonDivisor(a.denominator.magnitude, b.denominator.magnitude))
        let left = a.numerator * (b.denominator / shared)
        let right = b.numerator * (a.denominator / shared)
        return Ratio(left + right, over: a.denominator / shared * b.denominator)
    }

    public static func - (a: Ratio, b: Ratio) -> Ratio {
        a + Ratio(-b.numerator, over: b.denominator)
    }

    /// Factors are cancelled crosswise first, so that only a result too large can trap.
    public static func * (a: Ratio, b: Ratio) -> Ratio {
        let left = Int128(commonDivisor(a.numerator.magnitude, b.denominator.magnitude))
        let right = Int128(commonDivisor(b.numerator.magnitude, a.denominator.magnitude))
        return Ratio(
            (a.numerator / left) * (b.numerator / right),
            over: (a.denominator / right) * (b.denominator / left))
    }

    /// `b` is positive.
    public static func / (a: Ratio, b: Ratio) -> Ratio {
        check(b.numerator > 0, "division by a ratio that is not positive")
        return a * Ratio(b.denominator, over: b.numerator)
    }

    public static func += (a: inout Ratio, b: Ratio) { a = a + b }

    /// Euclid's; `b` is positive, so the result is too.
    private static func commonDivisor(_ a: UInt128, _ b: UInt128) -> UInt128 {
        var (x, y) = (b, a)
        while y != 0 { (x, y) = (y, x % y) }
        return x
    }
}

extension Ratio {
    public static let wholeDigitsMax = 12  // a trillion dollars, or hours
    public static let fractionDigitsMax = 9  // nano-dollars

    /// Reads a plain decimal such as `0.0114`: digits, at most one point with digits on both
    /// sides, no sign, no exponent; nil for anything else or past the limits on digits.
    public init?(decimal text: some StringProtocol) {
        var value: Int128 = 0
        var whole = 0
        var fraction: Int?
        for byte in text.utf8 {
            if byte == UInt8(ascii: "."), fraction == nil, whole > 0 {
                fraction = 0
                continue
            }
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            value = value * 10 + Int128(byte - UInt8(ascii: "0"))
            if let digits = fraction { fraction = digits + 1 } else { whole += 1 }
            guard whole <= Self.wholeDigitsMax, fraction ?? 0 <= Self.fractionDigitsMax else {
                return nil
            }
        }
        guard whole > 0, fraction != 0 else { return nil }
        self.init(value, over: Ratio.powerOfTen(fraction ?? 0))
    }

    /// Rounded half to even, once, with exactly this many digits after the point.
    public func rounded(digits: Int) -> String {
        let scaled = (self * Ratio(Ratio.powerOfTen(digits), over: 1))
        let units = scaled.numerator.dividedHalfEven(by: scaled.denominator)
        let text = String(units.magnitude)
        let padded = String(repeating: "0", count: max(0, digits + 1 - text.count)) + text
        let sign = units < 0 ? "-" : ""
        if digits == 0 { return sign + padded }
        return "\(sign)\(padded.dropLast(digits)).\(padded.suffix(digits))"
    }

    /// To the cent: how money is shown.
    public var cents: String { rounded(digits: 2) }

    /// The shortest decimal, rounded half to even at nine digits where it does not end before.
    public var decimal: String {
        let text = rounded(digits: Self.fractionDigitsMax)
        let kept = text.utf8.reversed().drop { $0 == UInt8(ascii: "0") }
        let trimmed = kept.first == UInt8(ascii: ".") ? kept.dropFirst() : kept
        return String(decoding: trimmed.reversed(), as: UTF8.self)
    }

    /// Rounded toward minus infinity.
    public var floor: Int128 {
        let (quotient, remainder) = numerator.quotientAndRemainder(dividingBy: denominator)
        return remainder < 0 ? quotient - 1 : quotient
    }

    private static func powerOfTen(_ exponent: Int) -> Int128 {
        (0..<exponent).reduce(1) { power, _ in power * 10 }
    }
}
