import Base

extension PriceBook {
    /// One price of AWS's price list, as far as a book keeps it.
    public struct Offer: Sendable, Hashable {
        /// The id of the price that it is of, such as `ec2:t3.micro`.
        public var id: String
        public var service: String
        public var title: String
        public var unit: Unit
        /// In order; the last has no end.
        public var tiers: [Tier]
        public var effective: String
        /// The offer file: its code and version.
        public var source: String

        public init(
            id: String, service: String, title: String, unit: Unit, tiers: [Tier],
            effective: String, source: String
        ) {
            self.id = id
            self.service = service
            self.title = title
            self.unit = unit
            self.tiers = tiers
            self.effective = effective
            self.source = source
        }
    }

    /// This book with prices of the price list put over its own, and new ones behind them.
    ///
    /// What the list does not have keeps its price and source. A price that is there keeps its unit
    /// and its allowance of the legacy free tier.
    public func updated(with offers: [Offer], date: String) -> PriceBook {
        var book = self
        book.date = date
        book.id = "aws-\(region)-\(date)-imported"
        for offer in offers {
            check(!offer.tiers.isEmpty, "an offer without a price")
            if let index = book.index(ofPrice: offer.id) {
                book.prices[index].tiers = offer.tiers
                book.prices[index].effective = offer.effective
                book.prices[index].source = offer.source
                book.prices[index].confidence = .stated
            } else {
                book.prices.append(
                    Price(
                        id: offer.id, service: offer.service, title: offer.title, unit: offer.unit,
                        tiers: offer.tiers, pool: nil, poolDisputed: false,
                        effective: offer.effective, source: offer.source, confidence: .stated))
            }
        }
        return book
    }
}

extension PriceBook.Tier {
    /// `end` nil is without end; both in the price's unit.
    public init(upTo end: Ratio?, price: Ratio) {
        self.end = end
        self.price = price
    }
}
