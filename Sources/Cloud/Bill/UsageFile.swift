import Base

/// A usage written down by hand: what `streamr-sim bill` prices.
///
/// ```json
/// {
///   "schema": "streamr-sim/usage/1",
///   "region": "eu-west-1", "regime": "on-demand", "period": "730 h",
///   "usage": [
///     { "id": "instance", "price": "ec2:t3.micro", "quantity": "730 h" },
///     { "id": "egress", "price": "egress:internet", "quantity": "2053.125 GB" }
///   ]
/// }
/// ```
/// Optional: `description`; `credits` of a Free plan in dollars; `gigabyte` of data transfer,
/// `decimal` (the price book's) or `binary`; `taxPercent` and `owedToNodes` (dollars), which are
/// shown beside the total.
public struct UsageFile: Sendable, Hashable {
    public static let schema = "streamr-sim/usage/1"

    // These limits keep every exact sum far inside 128 bits.
    public static let periodHoursMax: Int64 = 87_600  // ten years
    public static let unitsMax: Int64 = 1_000_000
    public static let unitsFractionMax: Int64 = 10_000  // four digits after the point
    public static let bytesMax: Int64 = 1_000_000_000_000_000

    public var usage: Usage
    public var book: PriceBook
    public var regime: Regime

    /// Reads the file's bytes; every fault at once.
    public static func read(_ bytes: [UInt8]) -> Result<UsageFile, FileFaults> {
        var faults = FileFaults()
        let tree = parse(bytes, &faults)
        guard let tree, let file = file(tree, &faults), faults.faults.isEmpty else {
            return .failure(faults)
        }
        return .success(file)
    }

    private static func file(_ tree: JSONTree, _ faults: inout FileFaults) -> UsageFile? {
        guard var reader = JSONObjectReader(tree, at: "$", &faults) else { return nil }
        _ = reader.word("schema", of: [schema], &faults)
        _ = reader.optionalString("description", "a sentence", &faults)
        let region = reader.word("region", of: PriceBook.regions, &faults)
        let regime = regime(&reader, &faults)
        let gigabyte = gigabyte(&reader, &faults)
        let period = period(&reader, &faults)
        let tax = amount(&reader, "taxPercent", "a percentage up to 100", 100, 10, &faults)
        let owed = amount(&reader, "owedToNodes", "dollars", unitsMax, 100, &faults)
        let elements = reader.array("usage", "an array of what was used", &faults) ?? []
        reader.finish(&faults)
        var book = region.flatMap { PriceBook.shipped(region: $0) }
        if gigabyte == .binary { book = book?.withAlternativeGigabyte() }
        let items = items(elements, book, &faults)
        guard let book, let regime, let period, faults.faults.isEmpty else { return nil }
        var usage = Usage(region: book.region, period: period)
        items.forEach { usage.add($0) }
        usage.taxPerMille = tax.map { Int64(($0 * Ratio(10)).floor) }
        usage.owedToNodes = owed
        return UsageFile(usage: usage, book: book, regime: regime)
    }

    private enum Gigabyte: String, CaseIterable { case decimal, binary }

    private static func gigabyte(
        _ reader: inout JSONObjectReader, _ faults: inout FileFaults
    ) -> Gigabyte? {
        guard reader.optional("gigabyte") != nil else { return .decimal }
        return reader.word("gigabyte", of: Gigabyte.allCases.map(\.rawValue), &faults)
            .flatMap(Gigabyte.init)
    }

    private static func regime(
        _ reader: inout JSONObjectReader, _ faults: inout FileFaults
    ) -> Regime? {
        let dollars = amount(&reader, "credits", "dollars", unitsMax, 100, &faults)
        let cents = dollars.map { Int64(($0 * Ratio(100)).floor) }
        return reader.word("regime", of: Regime.names, &faults).flatMap {
            Regime(name: $0, creditsCents: cents ?? Regime.creditsCentsAtSignUp)
        }
    }

    /// An optional decimal string between 0 and `max`, in whole parts of `1 / parts`.
    private static func amount(
        _ reader: inout JSONObjectReader, _ name: String, _ expected: String, _ max: Int64,
        _ parts: Int64, _ faults: inout FileFaults
    ) -> Ratio? {
        let expected = "\(expected) as a decimal in steps of \((Ratio(1) / Ratio(parts)).decimal)"
        guard let text = reader.optionalString(name, expected, &faults) else { return nil }
        if let value = Ratio(decimal: text), value <= Ratio(max),
            (value * Ratio(parts)).denominator == 1
        {
            return value
        }
        faults.add(reader.path(of: name), expected, found: "\"\(text)\"")
        return nil
    }

    private static func period(
        _ reader: inout JSONObjectReader, _ faults: inout FileFaults
    ) -> Interval? {
        let expected = "a time in whole minutes such as \"730 h\" or \"30 d\", ten years at most"
        guard let text = reader.string("period", expected, &faults) else { return nil }
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        if parts.count == 2, let value = Ratio(decimal: parts[0]),
            let unit = minutes(in: parts[1])
        {
            let minutes = value * Ratio(unit)
            if minutes.denominator == 1, minutes >= Ratio(1),
                minutes <= Ratio(periodHoursMax * 60)
            {
                return .minutes(Int64(minutes.numerator))
            }
        }
        faults.add(reader.path(of: "period"), expected, found: "\"\(text)\"")
        return nil
    }

    private static func minutes(in unit: Substring) -> Int64? {
        switch unit {
        case "min": 1
        case "h": 60
        case "d": 1_440
        case _: nil
        }
    }

    private static func items(
        _ elements: [JSONTree], _ book: PriceBook?, _ faults: inout FileFaults
    ) -> [Usage.Item] {
        guard elements.count <= Usage.itemsMax else {
            faults.add("$.usage", "at most \(Usage.itemsMax) items", found: "\(elements.count)")
            return []
        }
        var items: [Usage.Item] = []
        for (index, element) in elements.enumerated() {
            let path = "$.usage[\(index)]"
            guard let item = item(element, at: path, book, &faults) else { continue }
            if items.contains(where: { $0.id == item.id }) {
                faults.add(path + ".id", "an id used once", found: "\"\(item.id)\"")
            }
            items.append(item)
        }
        return items
    }

    private static func item(
        _ element: JSONTree, at path: String, _ book: PriceBook?, _ faults: inout FileFaults
    ) -> Usage.Item? {
        guard var reader = JSONObjectReader(element, at: path, &faults) else { return nil }
        let id = reader.string("id", "a name for the line", &faults)
        let name = reader.string("price", "the id of a price", &faults)
        let quantity = reader.string("quantity", "a decimal and a unit", &faults)
        reader.finish(&faults)
        // Without a book the region is wrong, which is told already.
        guard let id, let name, let quantity, let book else { return nil }
        guard let index = book.index(ofPrice: name) else {
            faults.add(
                path + ".price", "the id of a price (`streamr-sim prices` lists them)",
                found: "\"\(name)\"", hint: nearest(to: name, in: book.prices.map(\.id)))
            return nil
        }
        let unit = book.prices[index].unit
        guard let amount = UsageQuantityText.read(quantity, for: unit, in: book) else {
            let units = UsageQuantityText.units(for: unit)
            let written = quantity.split(separator: " ").last.map(String.init) ?? ""
            faults.add(
                path + ".quantity",
                "a decimal and one of the units \(units.joined(separator: ", ")) such as "
                    + "\"1.5 \(unit.rawValue)\", within the limits", found: "\"\(quantity)\"",
                hint: units.contains(written) ? nil : nearest(to: written, in: units))
            return nil
        }
        return Usage.Item(id, price: name, amount)
    }
}

/// A quantity as a usage file writes it: `730 h`, `100 GB-month`, `2053.125 GB`.
private enum UsageQuantityText {
    /// The units that a price for this unit can be used in.
    static func units(for unit: PriceBook.Unit) -> [String] {
        switch unit {
        case .hour, .lcuHour, .vCPUHour, .call: [unit.rawValue]
        case .gigabyte: ["GB", "GiB", "B"]
        case .gigabyteMonth: ["GB-month", "GB-h"]
        case .month: ["month", "h"]
        }
    }

    static func read(
        _ text: String, for unit: PriceBook.Unit, in book: PriceBook
    ) -> Usage.Quantity? {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 2, let value = Ratio(decimal: parts[0]) else { return nil }
        let name = String(parts[1])
        guard units(for: unit).contains(name) else { return nil }
        if unit == .gigabyte { return bytes(value, name) }
        guard value <= Ratio(UsageFile.unitsMax),
            (value * Ratio(UsageFile.unitsFractionMax)).denominator == 1
        else { return nil }
        return .units(name == unit.rawValue ? value : value / Ratio(book.monthHours))
    }

    private static func bytes(_ value: Ratio, _ name: String) -> Usage.Quantity? {
        let factor: Int64 = name == "GB" ? 1_000_000_000 : name == "GiB" ? 1 << 30 : 1
        let bytes = value * Ratio(factor)
        guard bytes.denominator == 1, bytes <= Ratio(UsageFile.bytesMax) else { return nil }
        return .bytes(Int64(bytes.numerator))
    }
}
