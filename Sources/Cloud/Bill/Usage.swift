import Base

/// What was used in a period of one region: the integrals that a bill is computed from.
///
/// Every item names a price of the region's book. Quantities are exact; nothing is rounded here.
public struct Usage: Sendable, Hashable {
    /// A bill longer than this is not a bill of a few machines.
    public static let itemsMax = 200

    public var region: String
    /// What the quantities cover; a whole number of seconds, positive.
    public var period: Interval
    /// In the order in which the bill lists them and allowances are used up.
    public private(set) var items: [Item] = []
    /// Shown beside the total, never in it: value-added tax in tenths of a percent.
    public var taxPerMille: Int64?
    /// Shown beside the total, never in it: what the platform owes its nodes for the period.
    public var owedToNodes: Ratio?

    public struct Item: Sendable, Hashable {
        /// The bill line's id, unique in the usage, such as `ipv4-load-balancer`.
        public var id: String
        /// The id of a price, such as `ipv4:load-balancer`.
        public var price: String
        public var quantity: Quantity

        public init(_ id: String, price: String, _ quantity: Quantity) {
            self.id = id
            self.price = price
            self.quantity = quantity
        }
    }

    /// How much of it; the price's unit says which of these it takes.
    public enum Quantity: Sendable, Hashable {
        /// In the price's own unit.
        case units(Ratio)
        /// For a price per gigabyte: the book says how many bytes that is.
        case bytes(Int64)
        /// One thing kept for a time: for prices by the hour, the vCPU-hour or the month.
        case time(Interval)
        /// Gigabytes of storage as ordered (GiB), kept for a time: for prices by the GB-month.
        case storage(gigabytes: Int64, Interval)
    }

    public init(region: String, period: Interval) {
        check(period > .zero, "usage over no time")
        check(period.nanoseconds % 1_000_000_000 == 0, "usage over a broken second")
        self.region = region
        self.period = period
    }

    public mutating func add(_ item: Item) {
        check(items.count < Usage.itemsMax, "usage of too many items")
        check(!items.contains { $0.id == item.id }, "two items called \(item.id)")
        items.append(item)
    }

    /// What was used in this period and then in the next; both list the same items in the same
    /// order.
    public func followed(by next: Usage) -> Usage {
        check(region == next.region, "usage of two regions")
        check(items.count == next.items.count, "usage of different items")
        var sum = Usage(region: region, period: period + next.period)
        for (mine, theirs) in zip(items, next.items) {
            check(mine.id == theirs.id && mine.price == theirs.price, "items in another order")
            sum.add(Item(mine.id, price: mine.price, mine.quantity.plus(theirs.quantity)))
        }
        sum.taxPerMille = taxPerMille
        sum.owedToNodes = owedToNodes.map { $0 + (next.owedToNodes ?? .zero) } ?? next.owedToNodes
        return sum
    }
}

extension Usage.Quantity {
    /// In the unit of the price it is charged at.
    public func units(of unit: PriceBook.Unit, in book: PriceBook) -> Ratio {
        switch self {
        case .units(let units):
            return units
        case .bytes(let bytes):
            check(unit == .gigabyte, "bytes at a price for a \(unit.rawValue)")
            return Ratio(Int128(bytes), over: Int128(book.transferGigabyte))
        case .time(let time):
            return unit == .month ? time.hours / Ratio(book.monthHours) : time.hours
        case .storage(let gigabytes, let time):
            check(unit == .gigabyteMonth, "storage at a price for a \(unit.rawValue)")
            return Ratio(gigabytes) * time.hours / Ratio(book.monthHours)
        }
    }

    /// The same kind on both sides; storage adds up over time only at one size.
    fileprivate func plus(_ other: Usage.Quantity) -> Usage.Quantity {
        switch (self, other) {
        case (.units(let a), .units(let b)): return .units(a + b)
        case (.bytes(let a), .bytes(let b)): return .bytes(a + b)
        case (.time(let a), .time(let b)): return .time(a + b)
        case (.storage(let size, let a), .storage(let other, let b)) where size == other:
            return .storage(gigabytes: size, a + b)
        case (.units, _), (.bytes, _), (.time, _), (.storage, _):
            check(false, "quantities of two kinds")
            return self
        }
    }
}

extension Interval {
    public var hours: Ratio { Ratio(Int128(nanoseconds), over: 3_600_000_000_000) }
}
