import Base

/// Arithmetic that a report does on numbers of any size, also from a file that someone else
/// wrote: every result is held at the ends of what a `Fixed` can say, and nothing traps.
extension Fixed {
    static func difference(_ a: Fixed, _ b: Fixed) -> Fixed {
        Fixed(clamping: a.millionths - b.millionths)
    }

    static func sum(_ values: [Fixed]) -> Fixed {
        Fixed(clamping: values.reduce(0) { $0 + $1.millionths })
    }

    /// `part ÷ whole × amount`, rounded half to even; nil where the whole is not positive.
    static func part(_ part: Fixed, of whole: Fixed, times amount: Fixed) -> Fixed? {
        guard whole > .zero else { return nil }
        let (product, isOver) = part.millionths.multipliedReportingOverflow(by: amount.millionths)
        guard !isOver else { return (part < .zero) == (amount < .zero) ? .max : .min }
        return Fixed(clamping: product.dividedHalfEven(by: whole.millionths))
    }

    var magnitude: Fixed { self < .zero ? Fixed(millionths: -millionths) : self }
}
