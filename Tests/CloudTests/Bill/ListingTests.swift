import Base
import Cloud
import Foundation
import Testing

@Suite struct ListingTests {
    @Test("every price of every book has a day, a source and a place in the month")
    func sourced() throws {
        for region in PriceBook.regions {
            let book = try #require(PriceBook.shipped(region: region))
            #expect(book.region == region)
            #expect(book.prices.count > 30)
            for (index, price) in book.prices.enumerated() {
                #expect(book.index(ofPrice: price.id) == index, "\(price.id) is there once")
                #expect(price.effective.hasPrefix("20") || price.effective == "undated")
                #expect(price.source.count > 4)
                #expect(price.tiers.last?.end == nil)
            }
        }
    }

    @Test("the listed JSON of a book reads back as the same book")
    func readBack() throws {
        let listing = try #require(priceListing(region: "eu-west-1"))
        let tree = try JSONTree.parse([UInt8](listing.json.utf8))
        guard case .array(let books) = tree, books.count == 1 else {
            Issue.record("one book in an array")
            return
        }
        let book = try PriceBook.read([UInt8](books[0].text.utf8)).get()
        #expect(book == PriceBook.shipped(region: "eu-west-1"))
    }

    @Test("a region without a book has no listing; without a region all are listed")
    func regions() {
        #expect(priceListing(region: "eu-west-9") == nil)
        let all = priceListing(region: nil)?.text ?? ""
        #expect(
            all.contains("aws-eu-west-1-2026-11-22") && all.contains("aws-us-east-1-2026-11-22"))
    }

    @Test("a bill's JSON has sorted names and money in decimal strings")
    func billJSON() throws {
        let json = try billReport(try Shipped.bytes("five-by-three.json")).get().json
        #expect(json.contains("\"total730h\": \"255.06\""))
        #expect(json.contains("\"quantity\": 2053.125,"))
        #expect(try JSONTree.parse([UInt8](json.utf8)).text == json)
        let names = ["currency", "lines", "periodHours", "priceBook", "regime", "region"]
        let places = names.map { name in json.range(of: "\n  \"\(name)\"")?.lowerBound }
        #expect(!places.contains(nil))
        #expect(places.compactMap { $0 } == places.compactMap { $0 }.sorted())
    }

    @Test("the regime of the command line overrides the file's; a wrong one is told")
    func regime() throws {
        let bytes = try Shipped.bytes("no-media.json")
        let legacy = try billReport(bytes, regime: "legacy-free-tier").get()
        #expect(legacy.json.contains("\"total730h\": \"30.77\""))
        let plan = try billReport(bytes, regime: "free-plan").get()
        #expect(plan.text.contains("after 38 days, on day 39, the credits are gone"))
        guard case .failure(let faults) = billReport(bytes, regime: "free-pan") else {
            Issue.record("a wrong regime was taken")
            return
        }
        #expect(faults.faults.first?.hint == "free-plan")
    }
}
