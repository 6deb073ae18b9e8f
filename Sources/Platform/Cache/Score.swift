import RESP

/// The score of a member of a sorted set: the one place where the platform's programs have binary
/// fractions, because the protocol does. Sums, products and comparisons of them are
/// exactly specified, so they are the same on every machine.
struct Score: Sendable, Comparable {
    private var value: Double

    static let zero = Score(0 as Int64)

    private init(value: Double) { self.value = value }

    init(_ integer: Int64) { value = Double(integer) }

    /// A number as `strtod` reads one, to its end. Nil for what is none, and for one too large or
    /// too small to be told from infinity or zero.
    init?(_ word: Word) {
        if let integer = Decimal.parse(word), integer.magnitude < 1 << 53 {
            value = Double(integer)
            return
        }
        guard let number = Double(String(decoding: word, as: UTF8.self)), !number.isNaN else {
            return nil
        }
        let isNamed = word.contains { $0 | 0x20 == UInt8(ascii: "n") }
        if number.isInfinite && !isNamed { return nil }
        if number == 0 && Self.hasDigit(word) { return nil }
        value = number
    }

    /// Whether the mantissa has a digit other than zero.
    private static func hasDigit(_ word: Word) -> Bool {
        word.prefix { $0 | 0x20 != UInt8(ascii: "e") }
            .contains { (UInt8(ascii: "1")...UInt8(ascii: "9")).contains($0) }
    }

    static func < (a: Score, b: Score) -> Bool { a.value < b.value }

    /// Nil if it is not a number: infinity less infinity.
    func adding(_ other: Score) -> Score? {
        let sum = value + other.value
        return sum.isNaN ? nil : Score(value: sum)
    }

    /// As ZUNIONSTORE weighs; what is not a number counts as zero.
    func weighed(by weight: Score) -> Score {
        let product = value * weight.value
        return Score(value: product.isNaN ? 0 : product)
    }

    /// As ZUNIONSTORE sums; what is not a number counts as zero.
    func addingOrZero(_ other: Score) -> Score { adding(other) ?? .zero }

    var withoutNegativeZero: Score { value == 0 ? .zero : self }

    /// The whole number it is, if it is one that a list pack stores as such (`double2ll`).
    var packed: Int64? {
        value.magnitude <= Double(Int64.max / 2) ? Int64(exactly: value) : nil
    }

    // MARK: Text

    private static let significant = 17

    /// As `printf("%.17g")` has it.
    var text: [UInt8] {
        if value != 0, value.magnitude < 1e15, let integer = Int64(exactly: value) {
            return Decimal.text(integer)
        }
        if value.isInfinite { return [UInt8]((value > 0 ? "inf" : "-inf").utf8) }
        let sign: [UInt8] = value.sign == .minus ? [UInt8(ascii: "-")] : []
        if value == 0 { return sign + [UInt8(ascii: "0")] }
        var magnitude = Magnitude(UInt128(value.significandBitPattern))
        var exponent = value.magnitude.isNormal ? Int(value.exponent) - 52 : -1074
        if value.magnitude.isNormal {
            magnitude = Magnitude(UInt128(value.significandBitPattern | 1 << 52))
        }
        if exponent >= 0 {
            magnitude.shiftLeft(exponent)
            exponent = 0
        } else {
            magnitude.multiply(byPowerOf: 5, -exponent)
        }
        var digits = magnitude.digits
        var power = digits.count - 1 + exponent  // of ten, of the first digit
        if Self.round(&digits) { power += 1 }
        while digits.last == UInt8(ascii: "0") { digits.removeLast() }
        return sign + Self.placed(digits, power)
    }

    /// Rounds to the digits that are significant, ties to even; true if that made one more before.
    private static func round(_ digits: inout [UInt8]) -> Bool {
        guard digits.count > significant else { return false }
        let tail = digits[significant...]
        let half = UInt8(ascii: "5")
        let isTie = tail.first == half && !tail.dropFirst().contains { $0 != UInt8(ascii: "0") }
        let isUp = isTie ? digits[significant - 1] & 1 == 1 : tail[significant] >= half
        digits.removeLast(digits.count - significant)
        guard isUp else { return false }
        var place = significant - 1
        while place >= 0, digits[place] == UInt8(ascii: "9") {
            digits[place] = UInt8(ascii: "0")
            place -= 1
        }
        if place >= 0 {
            digits[place] += 1
            return false
        }
        digits.insert(UInt8(ascii: "1"), at: 0)
        digits.removeLast()
        return true
    }

    private static func placed(_ digits: [UInt8], _ power: Int) -> [UInt8] {
        let zero = UInt8(ascii: "0")
        let point = UInt8(ascii: ".")
        if power < -4 || power >= significant {
            var text = [digits[0]]
            if digits.count > 1 { text += [point] + digits[1...] }
            text += [UInt8(ascii: "e"), UInt8(ascii: power < 0 ? "-" : "+")]
            if abs(power) < 10 { text.append(zero) }
            return text + Decimal.text(Int64(abs(power)))
        }
        if power < 0 {
            return [zero, point] + repeatElement(zero, count: -power - 1) + digits
        }
        if digits.count <= power + 1 {
            return digits + repeatElement(zero, count: power + 1 - digits.count)
        }
        return digits[...power] + [point] + digits[(power + 1)...]
    }
}
