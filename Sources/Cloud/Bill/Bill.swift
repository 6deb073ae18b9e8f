import Base

/// What a usage costs, line by line, for its own period and for a month of 730 hours.
///
/// The month is the period's rates kept up for 730 hours: each quantity times 730 h ÷ period,
/// exactly. Free allowances and tiers belong to a month, so they are applied to the month's
/// quantity; an amount for the period is its share (period ÷ 730 h) of the month's, as if every
/// allowance accrued evenly. Two periods with the same rates therefore add up exactly; and a
/// period of 730 hours is the month.
///
/// Amounts are exact. Each figure that is shown is rounded half to even once, from the exact
/// value, so the lines as shown may add up to a cent more or less than the total.
public struct Bill: Sendable, Hashable {
    public var region: String
    public var regime: Regime
    public var currency: String
    /// The id of the price book.
    public var priceBook: String
    public var period: Interval
    public var lines: [Line]
    /// Beside the total, see `Usage`.
    public var taxPerMille: Int64?
    public var owedToNodes: Ratio?

    public struct Line: Sendable, Hashable {
        public var id: String
        public var service: String
        /// What was used in the period.
        public var quantity: Ratio
        public var unit: PriceBook.Unit
        /// Dollars for the next unit: the price of the tier that the month's quantity reached.
        public var unitPrice: Ratio
        /// The month's quantity by price, free stretches included, in the order of charging.
        public var portions: [Portion]
        public var amount730h: Ratio
        public var amountPeriod: Ratio
        public var source: String
        public var confidence: PriceBook.Confidence
    }

    public struct Portion: Sendable, Hashable {
        /// Units in a month of 730 hours.
        public var quantity730h: Ratio
        public var unitPrice: Ratio
    }

    public var total730h: Ratio { lines.reduce(.zero) { $0 + $1.amount730h } }
    public var totalPeriod: Ratio { lines.reduce(.zero) { $0 + $1.amountPeriod } }

    /// Every item must name a price of the book and give a quantity of its unit: `UsageFile`
    /// tells of those that do not, and a usage made by the program traps here.
    public init(_ usage: Usage, at book: PriceBook, under regime: Regime) {
        check(usage.region == book.region, "usage of \(usage.region) at prices of \(book.region)")
        region = usage.region
        self.regime = regime
        currency = book.currency
        priceBook = book.id
        period = usage.period
        taxPerMille = usage.taxPerMille
        owedToNodes = usage.owedToNodes
        var till = Till(book: book, regime: regime, period: usage.period)
        lines = usage.items.map { till.charge($0) }
    }
}

/// Charges items one after the other and remembers what of each allowance and tier is used up.
private struct Till {
    let book: PriceBook
    let regime: Regime
    /// 730 hours ÷ period.
    let scale: Ratio
    /// Units charged so far, for each price of the book.
    private var charged: [Ratio]
    /// Units left, for each pool of the book.
    private var free: [Ratio]

    init(book: PriceBook, regime: Regime, period: Interval) {
        self.book = book
        self.regime = regime
        scale = Ratio(book.monthHours) / period.hours
        charged = Array(repeating: .zero, count: book.prices.count)
        free = book.pools.map(\.allowance)
    }

    mutating func charge(_ item: Usage.Item) -> Bill.Line {
        guard let index = book.index(ofPrice: item.price) else {
            fatalError("broken invariant: no price is called \(item.price) in \(book.id)")
        }
        let price = book.prices[index]
        let quantity = item.quantity.units(of: price.unit, in: book)
        check(quantity >= .zero, "a negative quantity of \(item.id)")
        let monthly = quantity * scale
        let allowed = takeAllowance(monthly, of: price)
        let paid = takeTiers(monthly - allowed, of: index)
        let amount = paid.reduce(Ratio.zero) { $0 + $1.quantity730h * $1.unitPrice }
        let given = Bill.Portion(quantity730h: allowed, unitPrice: .zero)
        return Bill.Line(
            id: item.id, service: price.service, quantity: quantity, unit: price.unit,
            unitPrice: paid.last?.unitPrice ?? price.tiers[0].price,
            portions: (allowed > .zero ? [given] : []) + paid, amount730h: amount,
            amountPeriod: amount / scale, source: price.source, confidence: price.confidence)
    }

    /// What the legacy free tier still covers of a month's quantity.
    private mutating func takeAllowance(_ monthly: Ratio, of price: PriceBook.Price) -> Ratio {
        guard case .legacyFreeTier(let disputed) = regime, let pool = price.pool,
            disputed || !price.poolDisputed
        else { return .zero }
        let taken = min(monthly, free[pool])
        free[pool] = free[pool] - taken
        return taken
    }

    /// A month's quantity cut at the tiers' ends, after what other items took at this price.
    private mutating func takeTiers(_ monthly: Ratio, of index: Int) -> [Bill.Portion] {
        var portions: [Bill.Portion] = []
        var start = charged[index]
        let end = start + monthly
        for tier in book.prices[index].tiers where start < end {
            let upTo = tier.end.map { min($0, end) } ?? end
            guard start < upTo else { continue }
            portions.append(
                Bill.Portion(quantity730h: upTo - start, unitPrice: tier.price))
            start = upTo
        }
        check(start == end, "the last tier of a price has an end")
        charged[index] = end
        return portions
    }
}

extension Bill {
    /// When a Free plan's account closes if the bill's rates are kept up, and why.
    public struct Closing: Sendable, Hashable {
        /// From the opening of the account, exact.
        public var hours: Ratio
        /// Whether the credits were gone first; otherwise the plan's six months were.
        public var creditsRanOut: Bool

        /// Rounded half to even, as one would say it.
        public var days: String { (hours / Ratio(24)).rounded(digits: 0) }
        /// The day of the account in which it falls, counted from 1.
        public var dayOfAccount: Int128 { (hours / Ratio(24)).floor + 1 }
    }

    /// Nil under other regimes.
    public var closing: Closing? {
        guard case .freePlan(let creditsCents) = regime else { return nil }
        let limit = Ratio(Regime.freePlanHoursMax)
        guard total730h > .zero else { return Closing(hours: limit, creditsRanOut: false) }
        let hours = Ratio(Int128(creditsCents), over: 100) * Ratio(730) / total730h
        return hours < limit
            ? Closing(hours: hours, creditsRanOut: true)
            : Closing(hours: limit, creditsRanOut: false)
    }

    /// What a month costs on average over the first `months` when credits only offset the bill
    /// (the Paid plan), never less than nothing.
    public func average730h(months: Int64, creditsCents: Int64) -> Ratio {
        check(months > 0, "an average over no months")
        let paid = total730h * Ratio(months) - Ratio(Int128(creditsCents), over: 100)
        return max(.zero, paid) / Ratio(months)
    }

    /// With value-added tax, where the usage gives its rate.
    public var total730hWithTax: Ratio? {
        taxPerMille.map { total730h * Ratio(Int128(1_000 + $0), over: 1_000) }
    }
}
