import Base

/// Arithmetic that a report does on numbers of any size, also from a file that someone else
/// wrote: every result is held at the ends of what a `Fixed` can say, and nothing traps.
extension Fixed {
    private init(clamping millionths: Int128) { self.init(millionths: Int64(clamping: millionths)) }

    static func difference(_ a: Fixed, _ b: Fixed) -> Fixed {
        Fixed(clamping: Int128(a.millionths) - Int128(b.millionths))
    }

    static func sum(_ values: [Fixed]) -> Fixed {
        Fixed(clamping: values.reduce(Int128(0)) { $0 + Int128($1.millionths) })
    }

    /// `part ÷ whole × amount`, rounded half to even; nil where the whole is not positive.
    static func part(_ part: Fixed, of whole: Fixed, times amount: Fixed) -> Fixed? {
        guard whole > .zero else { return nil }
        let product = Int128(part.millionths) * Int128(amount.millionths)
        return Fixed(clamping: product.dividedHalfEven(by: Int128(whole.millionths)))
    }

    var magnitude: Fixed { Fixed(millionths: Int64(clamping: millionths.magnitude)) }
}
