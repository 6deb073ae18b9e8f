import Base

/// The shipped price books, of one region or of all; nil for a region without a book.
public func priceListing(region: String?) -> Listing? {
    let regions = region.map { [$0] } ?? PriceBook.regions
    let books = regions.compactMap { PriceBook.shipped(region: $0) }
    guard books.count == regions.count else { return nil }
    return Listing(
        text: books.map(\.text).joined(separator: "\n"),
        json: JSONTree.array(books.map(\.json)).text)
}

extension PriceBook {
    /// The table that `streamr-sim prices` prints.
    public var text: String {
        var table = TextTable(rightAligned: [1])
        table.add(["price", currency, "per", "effective", "known", "source"])
        for price in prices { price.rows.forEach { table.add($0) } }
        let head = [
            "\(id): \(region), \(date), without tax; a month is \(monthHours) h",
            "A transferred GB is \(transferGigabyte) bytes (the other reading: "
                + "\(transferGigabyteAlternative)); a stored GB is \(storageGigabyte) bytes.",
            "",
        ]
        let tail =
            [""]
            + pools.map { pool in
                let covered = prices.filter { $0.pool.map { pools[$0] } == pool }.map(\.id)
                return "Legacy free tier: \(pool.allowance.decimal) a month over "
                    + covered.joined(separator: ", ") + "."
            }
        return (head + table.lines + tail).joined(separator: "\n") + "\n"
    }

    public var json: JSONTree {
        .object([
            .init("schema", .string(PriceBook.schema)),
            .init("id", .string(id)),
            .init("date", .string(date)),
            .init("region", .string(region)),
            .init("currency", .string(currency)),
            .init("monthHours", .string(String(monthHours))),
            .init("transferGigabyte", .string(String(transferGigabyte))),
            .init("transferGigabyteAlternative", .string(String(transferGigabyteAlternative))),
            .init("storageGigabyte", .string(String(storageGigabyte))),
            .init("pools", .array(pools.map(\.json))),
            .init("prices", .array(prices.map { $0.json(pools: pools) })),
        ])
    }
}

extension PriceBook.Pool {
    fileprivate var json: JSONTree {
        .object([
            .init("id", .string(id)),
            .init("allowance", .string(allowance.decimal)),
            .init("source", .string(source)),
        ])
    }
}

extension PriceBook.Price {
    /// One row for a flat price, one for each tier otherwise.
    fileprivate var rows: [[String]] {
        tiers.enumerated().map { index, tier in
            let per = unit.rawValue + (tier.end.map { " to \($0.decimal)" } ?? "")
            let about = index == 0 ? [effective, confidence.rawValue, source] : ["", "", ""]
            return [index == 0 ? id : "", tier.price.decimal, per] + about
        }
    }

    fileprivate func json(pools: [PriceBook.Pool]) -> JSONTree {
        var members: [JSONTree.Member] = [
            .init("id", .string(id)),
            .init("service", .string(service)),
            .init("title", .string(title)),
            .init("unit", .string(unit.rawValue)),
            .init("effective", .string(effective)),
            .init("source", .string(source)),
            .init("confidence", .string(confidence.rawValue)),
        ]
        if tiers.count == 1 {
            members.append(.init("price", .string(tiers[0].price.decimal)))
        } else {
            members.append(.init("tiers", .array(tiers.map(\.json))))
        }
        if let pool { members.append(.init("pool", .string(pools[pool].id))) }
        if poolDisputed { members.append(.init("poolDisputed", .bool(true))) }
        return .object(members)
    }
}

extension PriceBook.Tier {
    fileprivate var json: JSONTree {
        let end = self.end.map { [JSONTree.Member("upTo", .string($0.decimal))] } ?? []
        return .object(end + [.init("price", .string(price.decimal))])
    }
}
