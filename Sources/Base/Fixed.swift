/// A decimal number in whole millionths: what results show, write and compare.
///
/// Exact to six decimals and free of binary floating point, so its text is the same everywhere.
@frozen
public struct Fixed: Sendable, Hashable, Comparable, CustomStringConvertible {
    public var millionths: Int128

    @inlinable public init(millionths: Int128) { self.millionths = millionths }
    @inlinable public init(_ whole: Int64) { millionths = Int128(whole) * 1_000_000 }
    @inlinable public init(_ whole: Int) { millionths = Int128(whole) * 1_000_000 }

    public static let zero = Fixed(millionths: 0)
    /// The ends: every whole 64-bit number fits, petabytes in bytes among them.
    public static let max = Fixed(Int64.max)
    public static let min = Fixed(-Int64.max)

    /// Held at the ends.
    public init(clamping millionths: Int128) {
        self.millionths = Swift.min(
            Swift.max(millionths, Fixed.min.millionths), Fixed.max.millionths)
    }

    /// `numerator ÷ denominator`, rounded half to even at the sixth decimal.
    /// Zero where the denominator is: an average over nothing.
    public static func ratio(_ numerator: Int128, _ denominator: Int128) -> Fixed {
        guard denominator != 0 else { return .zero }
        check(denominator > 0, "a ratio to \(denominator)")
        let value = Fixed(millionths: (numerator * 1_000_000).dividedHalfEven(by: denominator))
        check(value >= .min && value <= .max, "a ratio out of range")
        return value
    }

    @inlinable public static func < (a: Fixed, b: Fixed) -> Bool { a.millionths < b.millionths }

    /// Plain decimal digits without trailing zeros: `2.5`, `-0.000001`, `1200`.
    public var description: String { text(decimalsMax: 6) }

    /// With at most so many decimals (rounded half to even), trailing zeros removed.
    public func text(decimalsMax: Int) -> String {
        var text = text(decimals: decimalsMax)
        guard decimalsMax > 0 else { return text }
        while text.utf8.last == UInt8(ascii: "0") { text.removeLast() }
        if text.utf8.last == UInt8(ascii: ".") { text.removeLast() }
        return text == "-0" ? "0" : text
    }

    /// With exactly so many decimals, 0 ... 6, rounded half to even.
    public func text(decimals: Int) -> String {
        check((0...6).contains(decimals), "\(decimals) decimals")
        var divisor: Int128 = 1
        for _ in decimals..<6 { divisor *= 10 }
        let scaled = millionths.dividedHalfEven(by: divisor)
        let digits = String(scaled.magnitude)
        let sign = scaled < 0 ? "-" : ""
        guard decimals > 0 else { return sign + digits }
        let padded =
            String(repeating: "0", count: Swift.max(0, decimals + 1 - digits.count)) + digits
        let split = padded.index(padded.endIndex, offsetBy: -decimals)
        return sign + padded[..<split] + "." + padded[split...]
    }
}
