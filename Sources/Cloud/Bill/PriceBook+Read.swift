import Base

extension PriceBook {
    public static let schema = "streamr-sim/prices/1"

    /// Reads a book's JSON text; every fault at once.
    public static func read(_ bytes: [UInt8]) -> Result<PriceBook, FileFaults> {
        var faults = FileFaults()
        let tree = parse(bytes, &faults)
        guard let tree, let book = book(tree, &faults), faults.faults.isEmpty else {
            return .failure(faults)
        }
        return .success(book)
    }

    private static func book(_ tree: JSONTree, _ faults: inout FileFaults) -> PriceBook? {
        guard var reader = JSONObjectReader(tree, at: "$", &faults) else { return nil }
        _ = reader.word("schema", of: [schema], &faults)
        let id = reader.string("id", "the book's id", &faults)
        let date = reader.string("date", "a day such as 2026-11-22", &faults)
        let region = reader.word("region", of: regions, &faults)
        let currency = reader.word("currency", of: ["USD"], &faults)
        let month = whole(&reader, "monthHours", "hours in a month", &faults)
        let transfer = whole(&reader, "transferGigabyte", "bytes", &faults)
        let other = whole(&reader, "transferGigabyteAlternative", "bytes", &faults)
        let storage = whole(&reader, "storageGigabyte", "bytes", &faults)
        _ = reader.optionalString("note", "a sentence", &faults)
        var pools: [Pool] = []
        let poolTrees = reader.array("pools", "the legacy free tier's allowances", &faults)
        for (index, tree) in (poolTrees ?? []).enumerated() {
            pool(tree, at: "$.pools[\(index)]", &faults).map { pools.append($0) }
        }
        var prices: [Price] = []
        let priceTrees = reader.array("prices", "the prices", &faults)
        for (index, tree) in (priceTrees ?? []).enumerated() {
            price(tree, at: "$.prices[\(index)]", pools: pools, &faults)
                .map { prices.append($0) }
        }
        reader.finish(&faults)
        guard let id, let date, let region, let currency, let month, let transfer, let other,
            let storage
        else { return nil }
        return PriceBook(
            id: id, date: date, region: region, currency: currency, monthHours: month,
            transferGigabyte: transfer, transferGigabyteAlternative: other,
            storageGigabyte: storage, prices: prices, pools: pools)
    }

    private static func pool(
        _ tree: JSONTree, at path: String, _ faults: inout FileFaults
    ) -> Pool? {
        guard var reader = JSONObjectReader(tree, at: path, &faults) else { return nil }
        let id = reader.string("id", "the allowance's id", &faults)
        let allowance = reader.decimal("allowance", "units free in a month", &faults)
        let source = reader.string("source", "where it was read", &faults)
        reader.finish(&faults)
        guard let id, let allowance, let source else { return nil }
        return Pool(id: id, allowance: allowance, source: source)
    }

    private static func price(
        _ tree: JSONTree, at path: String, pools: [Pool], _ faults: inout FileFaults
    ) -> Price? {
        guard var reader = JSONObjectReader(tree, at: path, &faults) else { return nil }
        let id = reader.string("id", "the price's id", &faults)
        let service = reader.string("service", "the service", &faults)
        let title = reader.string("title", "what is priced", &faults)
        let unit = reader.word("unit", of: Unit.allCases.map(\.rawValue), &faults)
        let tiers = tiers(&reader, &faults)
        let pool = reader.optionalString("pool", "an allowance's id", &faults)
        let index = pool.flatMap { pool in pools.firstIndex { $0.id == pool } }
        if let pool, index == nil {
            faults.add(
                reader.path(of: "pool"), "an allowance's id", found: "\"\(pool)\"",
                hint: nearest(to: pool, in: pools.map(\.id)))
        }
        let disputed = reader.optional("poolDisputed")
        let effective = reader.string("effective", "a day, a month, a year or undated", &faults)
        let source = reader.string("source", "where it was read", &faults)
        let confidence = reader.word("confidence", of: Confidence.allCases.map(\.rawValue), &faults)
        reader.finish(&faults)
        guard let id, let service, let title, let unit = unit.flatMap(Unit.init), let tiers,
            let effective, let source, let confidence = confidence.flatMap(Confidence.init)
        else { return nil }
        return Price(
            id: id, service: service, title: title, unit: unit, tiers: tiers, pool: index,
            poolDisputed: disputed == .bool(true), effective: effective, source: source,
            confidence: confidence)
    }

    /// Either `price` or `tiers`, whose ends rise and whose last has none.
    private static func tiers(
        _ reader: inout JSONObjectReader, _ faults: inout FileFaults
    ) -> [Tier]? {
        guard let tree = reader.optional("tiers") else {
            return reader.decimal("price", "dollars for a unit, as a decimal", &faults)
                .map { [Tier(end: nil, price: $0)] }
        }
        guard case .array(let elements) = tree, !elements.isEmpty else {
            faults.add(reader.path(of: "tiers"), "an array of tiers", found: tree.kind)
            return nil
        }
        var tiers: [Tier] = []
        for (index, element) in elements.enumerated() {
            let path = "\(reader.path(of: "tiers"))[\(index)]"
            guard var tier = JSONObjectReader(element, at: path, &faults) else { return nil }
            let price = tier.decimal("price", "dollars for a unit, as a decimal", &faults)
            let last = index == elements.count - 1
            let end = last ? nil : tier.decimal("upTo", "the last unit of the tier", &faults)
            tier.finish(&faults)
            guard let price, last || end != nil else { return nil }
            if let end, end <= tiers.last?.end ?? .zero {
                faults.add(path + ".upTo", "more than the tier before", found: end.decimal)
            }
            tiers.append(Tier(end: end, price: price))
        }
        return tiers
    }

    private static func whole(
        _ reader: inout JSONObjectReader, _ name: String, _ expected: String,
        _ faults: inout FileFaults
    ) -> Int64? {
        guard let text = reader.string(name, expected, &faults) else { return nil }
        if let value = Int64(text), value > 0 { return value }
        faults.add(reader.path(of: name), "a whole number of " + expected, found: "\"\(text)\"")
        return nil
    }
}

/// The text as a tree; nil, after adding the fault, when it is not JSON.
func parse(_ bytes: [UInt8], _ faults: inout FileFaults) -> JSONTree? {
    do {
        return try JSONTree.parse(bytes)
    } catch {
        let line = bytes.prefix(error.offset).count { $0 == 0x0A } + 1
        faults.add("$", error.expected, found: "something else on line \(line)")
        return nil
    }
}
