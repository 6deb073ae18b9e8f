import Base

/// The contents of `bill.json`. Every amount is a decimal string of `currency`, already rounded
/// where it is shown; quantities are exact numbers.
public struct BillSheet: Sendable, Hashable, Codable {
    public var currency: String
    public var region: String
    public var regime: String
    public var priceBook: String
    /// A month of 730 hours at the run's rates.
    public var total730h: String
    /// The simulated period itself.
    public var totalPeriod: String
    public var lines: [Line]

    public struct Line: Sendable, Hashable, Codable {
        public var id: String
        public var service: String
        public var quantity: ExactNumber
        public var unit: String
        public var unitPrice: String
        public var amount730h: String
        public var amountPeriod: String
        public var source: String
    }
}
