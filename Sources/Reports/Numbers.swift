import Base
import Results

/// How numbers are shown to people; files hold them exactly.
enum Numbers {
    /// `12,345.68`: grouped by thousands, with at most so many decimals.
    static func grouped(_ value: Fixed, decimalsMax: Int = 3) -> String {
        grouped(digits: value.text(decimalsMax: decimalsMax))
    }

    static func grouped(_ count: Int64) -> String { grouped(digits: String(count)) }

    /// `3 friends`, `1 friend`.
    static func measured(_ value: Fixed, _ unit: String) -> String {
        "\(grouped(value)) \(self.unit(unit, of: value))"
    }

    /// A unit in the number that its value asks for.
    static func unit(_ unit: String, of value: Fixed) -> String {
        value.counted(unit)
    }

    /// Groups the whole part of plain decimal digits.
    static func grouped(digits: String) -> String {
        let unsigned = digits.hasPrefix("-") ? digits.dropFirst() : digits[...]
        let whole = unsigned.prefix { $0 != "." }
        var result = ""
        for (index, digit) in whole.enumerated() {
            if index > 0 && (whole.count - index) % 3 == 0 { result.append(",") }
            result.append(digit)
        }
        return (digits.hasPrefix("-") ? "-" : "") + result + unsigned.dropFirst(whole.count)
    }

    /// Decimal bytes as the bill counts them: `2.05 TB`, `640 MB`, `12 bytes`.
    static func bytes(_ value: Fixed) -> String {
        let units = ["kB", "MB", "GB", "TB", "PB"]
        var (divisor, unit): (Int128, String) = (1, "bytes")
        for name in units where Int128(value.millionths.magnitude) >= divisor * 1_000_000_000 {
            divisor *= 1_000
            unit = name
        }
        let scaled = Fixed.ratio(value.millionths, divisor * 1_000_000)
        return grouped(digits: scaled.text(decimals: divisor == 1 ? 0 : 2)) + " " + unit
    }

    /// `value` as a share of `whole` in percent: `9.1 %`; a dash where there is no whole.
    static func percent(_ value: Fixed, of whole: Fixed, decimals: Int = 1) -> String {
        guard let percent = Fixed.part(value, of: whole, times: Fixed(100)) else { return "–" }
        return percent.text(decimals: decimals) + " %"
    }
}

/// Amounts as decimal strings.
enum Money {
    /// As in the file, its whole part grouped: `1,262.15`.
    static func text(_ amount: String) -> String { Numbers.grouped(digits: amount) }

    /// Without the cents where there are none: `30`.
    static func short(_ amount: String) -> String {
        text(amount.hasSuffix(".00") ? String(amount.dropLast(3)) : amount)
    }

    /// For proportions; an amount that is not a number counts as nothing.
    static func value(_ amount: String) -> Fixed { Fixed(decimal: amount) ?? .zero }
}
