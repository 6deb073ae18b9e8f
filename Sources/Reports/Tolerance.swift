import Base

/// How far two numbers of one name may lie apart.
public struct Tolerance: Sendable, Hashable {
    /// As `Comparison` names its rows: a figure's name, `bill.total730h`, `bill.LINE`,
    /// `verdict.ID`, `gate.RULE`, `fingerprint`; a `*` at its end stands for any rest.
    public var name: String
    public var allowed: Allowed

    public enum Allowed: Sendable, Hashable {
        case exact
        /// Equal once rounded to whole cents.
        case cent
        /// In millionths of the reference: 10,000 is one percent.
        case relative(millionths: Int64)
        case absolute(Fixed)
        case any
    }

    public init(name: String, allowed: Allowed) {
        self.name = name
        self.allowed = allowed
    }

    /// From the command line: `NAME=1%`, `NAME=0.5` (in the number's own unit), `NAME=any`.
    public init?(argument: String) {
        guard let sign = argument.lastIndex(of: "="), sign != argument.startIndex else {
            return nil
        }
        name = String(argument[..<sign])
        let value = argument[argument.index(after: sign)...]
        if value == "any" {
            allowed = .any
        } else if value.last == "%", let percent = Fixed(decimal: value.dropLast()),
            percent >= .zero, percent <= Fixed(1_000_000)
        {
            allowed = .relative(millionths: Int64(percent.millionths / 100))
        } else if let amount = Fixed(decimal: value), amount >= .zero {
            allowed = .absolute(amount)
        } else {
            return nil
        }
    }

    /// Whether it says something of the row.
    public func covers(_ row: String) -> Bool {
        name.hasSuffix("*") ? row.hasPrefix(name.dropLast()) : row == name
    }
}

extension Tolerance.Allowed: CustomStringConvertible {
    public var description: String {
        switch self {
        case .exact: "exact"
        case .cent: "to the cent"
        case .relative(let millionths):
            "± \(Fixed.ratio(Int128(millionths), 10_000).text(decimalsMax: 4)) %"
        case .absolute(let amount): "± \(amount)"
        case .any: "not judged"
        }
    }

    /// Whether `value` lies close enough to `reference`; exact integers throughout.
    public func holds(_ value: Fixed, reference: Fixed) -> Bool {
        let apart = (value.millionths - reference.millionths).magnitude
        return switch self {
        case .exact: apart == 0
        case .cent: value.text(decimals: 2) == reference.text(decimals: 2)
        case .relative(let millionths):
            Int128(apart) * 1_000_000
                <= Int128(reference.millionths.magnitude) * Int128(millionths)
        case .absolute(let amount): apart <= amount.millionths.magnitude
        case .any: true
        }
    }
}
