import Base
import Cloud

/// A bill as its file has it: every amount rounded once where it is shown, as a decimal string.
///
/// `Bill.json` alone writes the file; this is what a reader sees of it.
public struct BillSheet: Sendable, Hashable, Decodable {
    public var currency: String
    public var region: String
    public var regime: String
    public var priceBook: String
    /// A month of 730 hours at the run's rates.
    public var total730h: String
    /// The simulated period itself.
    public var totalPeriod: String
    public var lines: [Line]
    /// Beside the total, never in it.
    public var taxPercent: String?
    public var total730hWithTax: String?
    /// For the period.
    public var owedToNodes: String?
    public var freePlan: FreePlan?

    public struct Line: Sendable, Hashable, Decodable {
        public var id: String
        public var service: String
        public var quantity: ExactNumber
        public var unit: String
        public var unitPrice: String
        public var amount730h: String
        public var amountPeriod: String
        public var source: String
        public var confidence: String
    }

    /// When the account closes if the bill's rates are kept up.
    public struct FreePlan: Sendable, Hashable, Decodable {
        public var closesAfterDays: String
        public var closesOnDay: Int64
        /// Otherwise the plan's six months were over first.
        public var creditsRanOut: Bool
    }

    public init(_ bill: Bill) {
        currency = bill.currency
        region = bill.region
        regime = bill.regime.name
        priceBook = bill.priceBook
        total730h = bill.total730h.cents
        totalPeriod = bill.totalPeriod.cents
        lines = bill.lines.map(Line.init)
        taxPercent = bill.taxPerMille.map { Ratio(Int128($0), over: 10).decimal }
        total730hWithTax = bill.total730hWithTax?.cents
        owedToNodes = bill.owedToNodes?.cents
        freePlan = bill.closing.map(FreePlan.init)
    }
}

extension BillSheet {
    /// The place of the first amount of a file that is no number; nil where all are.
    var wrongAmount: String? {
        let own: [(String, String?)] = [
            ("total730h", total730h), ("totalPeriod", totalPeriod), ("taxPercent", taxPercent),
            ("total730hWithTax", total730hWithTax), ("owedToNodes", owedToNodes),
            ("freePlan.closesAfterDays", freePlan?.closesAfterDays),
        ]
        let ofLines = lines.enumerated().flatMap { index, line in
            [
                ("lines[\(index)].unitPrice", line.unitPrice),
                ("lines[\(index)].amount730h", line.amount730h),
                ("lines[\(index)].amountPeriod", line.amountPeriod),
            ]
        }
        let wrong = (own + ofLines).first { _, amount in
            amount.map { Fixed(decimal: $0) == nil } ?? false
        }
        return wrong.map { "$.\($0.0)" }
    }
}

extension BillSheet.Line {
    fileprivate init(_ line: Bill.Line) {
        id = line.id
        service = line.service
        // By way of the file's nine decimals, so that a bill read back is rounded the same way.
        guard let shown = Fixed(decimal: line.quantity.decimal) else {
            fatalError("broken invariant: a quantity of \(line.quantity.decimal)")
        }
        quantity = ExactNumber(shown)
        unit = line.unit.rawValue
        unitPrice = line.unitPrice.decimal
        amount730h = line.amount730h.cents
        amountPeriod = line.amountPeriod.cents
        source = line.source
        confidence = line.confidence.rawValue
    }
}

extension BillSheet.FreePlan {
    fileprivate init(_ closing: Bill.Closing) {
        closesAfterDays = closing.days
        closesOnDay = Int64(closing.dayOfAccount)
        creditsRanOut = closing.creditsRanOut
    }
}
