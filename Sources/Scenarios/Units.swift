import Base
import Cloud

/// What a value in a file is instead of what was expected.
struct Mismatch: Error, Hashable {
    var found: String
    /// The nearest right text, where one is near.
    var hint: String?
}

/// The units of one quantity, and its text in both directions: `"2.5 Mbit/s"`, `"14 d 3 h"`.
///
/// Amounts are decimal digits and are converted in integers: a text that is not a whole number of
/// the smallest unit is refused, never rounded.
struct Units: Sendable {
    struct Unit: Sendable {
        let name: String
        /// In smallest units.
        let size: Int64
        /// How many decimals a written amount may show.
        let decimals: Int
    }

    /// Keeps an amount times a unit within 128 bits.
    static let digitsMax = 20
    /// Far above the longest sensible text.
    static let textMax = 64

    /// What the smallest unit counts, for messages.
    let base: String
    /// How nothing is written.
    let zero: String
    /// Largest first; the last has size 1 and no decimals.
    let units: [Unit]
    /// Whether several amounts may follow each other and are added: `3 h 20 min`.
    let isSum: Bool

    static let rate = Units(
        base: "bits a second", zero: "0 bit/s",
        units: [
            Unit(name: "Gbit/s", size: 1_000_000_000, decimals: 3),
            Unit(name: "Mbit/s", size: 1_000_000, decimals: 3),
            Unit(name: "kbit/s", size: 1_000, decimals: 3),
            Unit(name: "bit/s", size: 1, decimals: 0),
        ], isSum: false)

    static let bytes = Units(
        base: "bytes", zero: "0 B",
        units: [
            Unit(name: "TiB", size: 1 << 40, decimals: 0),
            Unit(name: "TB", size: 1_000_000_000_000, decimals: 0),
            Unit(name: "GiB", size: 1 << 30, decimals: 0),
            Unit(name: "GB", size: 1_000_000_000, decimals: 0),
            Unit(name: "MiB", size: 1 << 20, decimals: 0),
            Unit(name: "MB", size: 1_000_000, decimals: 0),
            Unit(name: "KiB", size: 1 << 10, decimals: 0),
            Unit(name: "kB", size: 1_000, decimals: 0),
            Unit(name: "B", size: 1, decimals: 0),
        ], isSum: false)

    static let time = Units(
        base: "nanoseconds", zero: "0 s",
        units: [
            Unit(name: "d", size: 86_400_000_000_000, decimals: 0),
            Unit(name: "h", size: 3_600_000_000_000, decimals: 0),
            Unit(name: "min", size: 60_000_000_000, decimals: 0),
            Unit(name: "s", size: 1_000_000_000, decimals: 3),
            Unit(name: "ms", size: 1_000_000, decimals: 3),
            Unit(name: "us", size: 1_000, decimals: 3),
            Unit(name: "ns", size: 1, decimals: 0),
        ], isSum: true)

    static let share = Units(
        base: "millionths", zero: "0 %",
        units: [
            Unit(name: "%", size: 10_000, decimals: 4),
            Unit(name: "ppm", size: 1, decimals: 0),
        ], isSum: false)

    /// The smallest units that a text amounts to; never negative.
    func parse(_ text: String) throws(Mismatch) -> Int64 {
        let bytes = Array(text.utf8)
        guard bytes.count <= Self.textMax else { throw Mismatch(found: "a text too long") }
        var offset = 0
        var total: Int128 = 0
        repeat {
            total += try amount(bytes, &offset, of: text)
            skipSpace(bytes, &offset)
        } while isSum && offset < bytes.count
        guard offset == bytes.count, total <= Int128(Int64.max) else {
            throw Mismatch(found: "\"\(text)\"")
        }
        return Int64(total)
    }

    private func amount(
        _ bytes: [UInt8], _ offset: inout Int, of text: String
    ) throws(Mismatch) -> Int128 {
        let whole = digits(bytes, &offset)
        var fraction = ""
        if offset < bytes.count, bytes[offset] == UInt8(ascii: ".") {
            offset += 1
            fraction = digits(bytes, &offset)
            guard !fraction.isEmpty else { throw Mismatch(found: "\"\(text)\"") }
        }
        guard !whole.isEmpty, whole.count + fraction.count <= Self.digitsMax,
            let value = Int128(whole + fraction)
        else { throw Mismatch(found: "\"\(text)\"") }
        let unit = try unit(bytes, &offset, of: text)
        var scale: Int128 = 1
        for _ in 0..<fraction.count { scale *= 10 }
        let product = value * Int128(unit.size)
        guard product % scale == 0 else {
            throw Mismatch(found: "\"\(text)\", which is no whole number of \(base)")
        }
        return product / scale
    }

    private func unit(
        _ bytes: [UInt8], _ offset: inout Int, of text: String
    ) throws(Mismatch) -> Unit {
        let before = String(decoding: bytes[..<offset], as: UTF8.self)
        skipSpace(bytes, &offset)
        let start = offset
        while offset < bytes.count, bytes[offset] != UInt8(ascii: " "), !isDigit(bytes[offset]) {
            offset += 1
        }
        let name = String(decoding: bytes[start..<offset], as: UTF8.self)
        if let unit = units.first(where: { $0.name == name }) { return unit }
        // "days" begins with its unit's name, "minutes" as well.
        let near =
            name.isEmpty
            ? nil
            : nearest(to: name, in: units.map(\.name))
                ?? units.first { name.hasPrefix($0.name) }?.name
        let after = String(decoding: bytes[offset...], as: UTF8.self)
        throw Mismatch(
            found: name.isEmpty ? "\"\(text)\", without its unit" : "\"\(text)\"",
            hint: near.map { "\(before) \($0)\(after)" })
    }

    private func digits(_ bytes: [UInt8], _ offset: inout Int) -> String {
        let start = offset
        while offset < bytes.count, isDigit(bytes[offset]) { offset += 1 }
        return String(decoding: bytes[start..<offset], as: UTF8.self)
    }

    private func skipSpace(_ bytes: [UInt8], _ offset: inout Int) {
        while offset < bytes.count, bytes[offset] == UInt8(ascii: " ") { offset += 1 }
    }

    private func isDigit(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
    }

    /// The text that `parse` reads back to the same value, in the largest unit that shows it
    /// exactly.
    func text(_ value: Int64) -> String {
        check(value >= 0, "a negative quantity of \(value) \(base)")
        for unit in units where value >= unit.size {
            var scale: Int64 = 1
            for _ in 0..<unit.decimals { scale *= 10 }
            let product = Int128(value) * Int128(scale)
            guard product % Int128(unit.size) == 0 else { continue }
            let scaled = product / Int128(unit.size)
            return decimal(scaled, decimals: unit.decimals) + " " + unit.name
        }
        return zero
    }

    private func decimal(_ scaled: Int128, decimals: Int) -> String {
        var scale: Int128 = 1
        for _ in 0..<decimals { scale *= 10 }
        let whole = String(scaled / scale)
        var fraction = String(scaled % scale)
        fraction = String(repeating: "0", count: max(0, decimals - fraction.count)) + fraction
        while fraction.utf8.last == UInt8(ascii: "0") { fraction.removeLast() }
        return fraction.isEmpty || decimals == 0 ? whole : whole + "." + fraction
    }

    /// A regular expression (ECMA-262) for the form of the texts, for the schema.
    var pattern: String {
        let names = units.map(\.name).joined(separator: "|")
        let amount = "[0-9]+(\\.[0-9]+)? *(\(names))"
        return isSum ? "^\(amount)( *\(amount))*$" : "^\(amount)$"
    }
}
