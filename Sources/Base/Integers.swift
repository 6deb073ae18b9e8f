/// `a × b ÷ c`, rounded toward zero, without overflow in between. `c` is positive.
@inlinable public func multiplyDivide(_ a: Int64, _ b: Int64, _ c: Int64) -> Int64 {
    check(c > 0, "division by \(c)")
    return Int64(Int128(a) * Int128(b) / Int128(c))
}

/// `a × b ÷ c`, rounded up, for `a`, `b` >= 0 and `c` > 0.
@inlinable public func multiplyDivideUp(_ a: Int64, _ b: Int64, _ c: Int64) -> Int64 {
    check(a >= 0 && b >= 0 && c > 0, "rounding up a negative product")
    return Int64((Int128(a) * Int128(b) + Int128(c - 1)) / Int128(c))
}

extension Int128 {
    /// `self ÷ divisor`, rounded half to even; `divisor` is positive.
    public func dividedHalfEven(by divisor: Int128) -> Int128 {
        check(divisor > 0, "division by \(divisor)")
        var (quotient, remainder) = self.quotientAndRemainder(dividingBy: divisor)
        if remainder < 0 {
            quotient -= 1
            remainder += divisor
        }
        let twice = remainder * 2
        if twice > divisor || (twice == divisor && quotient & 1 != 0) { quotient += 1 }
        return quotient
    }
}
