import Base

/// A running total of a rate over time, exact: the rate is whole units a second, time is whole
/// nanoseconds, so the total is a whole number of billionths of a unit.
///
/// A month of 5 Gb/s is 1.6e24 billionths of a byte, hence 128 bits. Adding costs a multiplication
/// and no division; dividing happens when a figure is read.
@frozen
public struct Integral: Sendable, Hashable, Comparable {
    /// Billionths of a unit.
    public var billionths: Int128

    @inlinable public init(billionths: Int128) { self.billionths = billionths }

    @inlinable public init(_ units: Int64) {
        billionths = Integral.product(units, 1_000_000_000)
    }

    @inlinable public static var zero: Integral { Integral(billionths: 0) }

    /// Whole units, rounded down.
    public var whole: Int64 {
        let (quotient, remainder) = billionths.quotientAndRemainder(dividingBy: 1_000_000_000)
        return Int64(remainder < 0 ? quotient - 1 : quotient)
    }

    @inlinable public static func < (a: Integral, b: Integral) -> Bool {
        a.billionths < b.billionths
    }
    @inlinable public static func + (a: Integral, b: Integral) -> Integral {
        Integral(billionths: a.billionths &+ b.billionths)
    }
    @inlinable public static func - (a: Integral, b: Integral) -> Integral {
        Integral(billionths: a.billionths &- b.billionths)
    }
    @inlinable public static func += (a: inout Integral, b: Integral) { a = a + b }
    @inlinable public static func -= (a: inout Integral, b: Integral) { a = a - b }

    /// `rate` units a second kept up for `time`.
    @inlinable public static func of(rate: Int64, over time: Interval) -> Integral {
        Integral(billionths: product(rate, time.nanoseconds))
    }

    /// The least whole number of nanoseconds in which `rate` (> 0) units a second add up to at
    /// least this much; nil when that lies beyond 292 years. Zero for nothing or less.
    public func timeUp(at rate: Int64) -> Interval? {
        check(rate > 0, "a time at rate \(rate)")
        guard billionths > 0 else { return .zero }
        let rounded = UInt128(billionths) + UInt128(rate) - 1
        let (high, low) = (UInt64(rounded >> 64), UInt64(truncatingIfNeeded: rounded))
        // Else the quotient has more than 64 bits; and dividing in one instruction is exact.
        guard high < UInt64(rate) else { return nil }
        let needed = UInt64(rate).dividingFullWidth((high, low)).quotient
        return needed > Int64.max ? nil : Interval(nanoseconds: Int64(needed))
    }

    // Two 64-bit factors cannot overflow 128 bits; the unchecked product stays inline.
    @inlinable @inline(__always)
    static func product(_ a: Int64, _ b: Int64) -> Int128 { Int128(a) &* Int128(b) }
}

extension Instant {
    /// `self + interval`, or nil when either is missing or the sum lies beyond time.
    func adding(_ interval: Interval?) -> Instant? {
        guard let interval else { return nil }
        let (sum, overflow) = nanoseconds.addingReportingOverflow(interval.nanoseconds)
        return overflow ? nil : Instant(nanoseconds: sum)
    }
}
