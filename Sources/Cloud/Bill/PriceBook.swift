import Base

/// The prices of one region on one day, each with where it was read.
///
/// The books ship inside the program (`shipped`), so a bill needs no file and no network.
public struct PriceBook: Sendable, Hashable {
    /// Such as `aws-eu-west-1-2026-11-22`: what a bill quotes.
    public var id: String
    /// The day the book was put together, ISO 8601.
    public var date: String
    public var region: String
    public var currency: String
    /// Hours in the normal month that AWS's calculators use.
    public var monthHours: Int64
    /// Bytes in a gigabyte of data transfer, as this book counts them.
    public var transferGigabyte: Int64
    /// The other reading: AWS does not say in its price list which one is billed.
    public var transferGigabyteAlternative: Int64
    /// Bytes in a gigabyte of storage: volumes are ordered in GiB and billed one for one.
    public var storageGigabyte: Int64
    public var prices: [Price]
    /// Monthly allowances of the legacy free tier, each shared by the prices that name it.
    public var pools: [Pool]

    /// One thing that is charged for.
    public struct Price: Sendable, Hashable {
        /// Such as `ec2:t3.micro`: what usage names.
        public var id: String
        public var service: String
        public var title: String
        public var unit: Unit
        /// In order; the last has no end. One tier for a flat price.
        public var tiers: [Tier]
        /// The allowance of the legacy free tier that covers it, as an index into `pools`.
        public var pool: Int?
        /// Whether AWS's documents conflict on that cover.
        public var poolDisputed: Bool
        /// From when the price is known to hold: ISO 8601, as exactly as the source says, or
        /// `undated`.
        public var effective: String
        public var source: String
        public var confidence: Confidence
    }

    /// A stretch of the month's quantity at one price.
    public struct Tier: Sendable, Hashable {
        /// Where it ends, counted from the month's first unit; nil for the last.
        public var end: Ratio?
        /// Dollars for a unit.
        public var price: Ratio
    }

    public struct Pool: Sendable, Hashable {
        public var id: String
        /// Units free in a month.
        public var allowance: Ratio
        public var source: String
    }

    /// What a price is for; also how bills show quantities.
    public enum Unit: String, Sendable, Hashable, CaseIterable {
        case hour = "h"
        case gigabyte = "GB"
        case gigabyteMonth = "GB-month"
        case lcuHour = "LCU-h"
        case vCPUHour = "vCPU-h"
        /// One thing (a secret, a zone, an alarm) kept for a month.
        case month
        case call
    }

    /// How well a price is known.
    public enum Confidence: String, Sendable, Hashable, CaseIterable {
        /// Read in the source.
        case stated
        /// Worked out from figures that were read; the source says how.
        case derived
        /// Known, but not found in a source that could be read.
        case remembered
    }

    public func index(ofPrice id: String) -> Int? { prices.firstIndex { $0.id == id } }

    /// The same book with the other reading of a transferred gigabyte.
    public func withAlternativeGigabyte() -> PriceBook {
        var book = self
        book.transferGigabyte = transferGigabyteAlternative
        book.transferGigabyteAlternative = transferGigabyte
        return book
    }
}

extension PriceBook {
    public static let regions = ["eu-west-1", "us-east-1"]

    /// The book that ships for this region; nil for a region without one.
    public static func shipped(region: String) -> PriceBook? {
        switch region {
        case "eu-west-1": read(shipped: PackageResources.eu_west_1_json)
        case "us-east-1": read(shipped: PackageResources.us_east_1_json)
        case _: nil
        }
    }

    private static func read(shipped bytes: [UInt8]) -> PriceBook {
        switch PriceBook.read(bytes) {
        case .success(let book): return book
        case .failure(let faults): fatalError("broken invariant: the shipped prices: \(faults)")
        }
    }
}
