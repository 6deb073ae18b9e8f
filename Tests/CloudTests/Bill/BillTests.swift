import Base
import Cloud
import Foundation
import Testing

/// The files that ship in `scenarios/bills`, and changes to them.
enum Shipped {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("scenarios/bills")

    static func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: folder.appendingPathComponent(name)))
    }

    /// The file's bill, after replacing texts in it, each of which must be there.
    static func bill(_ name: String, _ changes: (String, String)...) throws -> Bill {
        var text = String(decoding: try bytes(name), as: UTF8.self)
        for (old, new) in changes {
            try #require(text.contains(old), "\(old) in \(name)")
            text = text.replacingOccurrences(of: old, with: new)
        }
        let file = try UsageFile.read([UInt8](text.utf8)).get()
        return Bill(file.usage, at: file.book, under: file.regime)
    }
}

@Suite struct BillTests {
    static let noMedia = [
        "instance 8.32", "root-volume 0.88", "ipv4-instance 3.65", "ipv4-load-balancer 7.30",
        "load-balancer 18.40", "load-balancer-capacity 0.12", "database 14.60",
        "database-storage 12.70", "database-backup 0.00", "cache 12.41", "secret 0.40",
        "zone 0.50", "certificate 0.00",
    ]

    func figures(_ bill: Bill) -> [String] { bill.lines.map { "\($0.id) \($0.amount730h.cents)" } }

    @Test("the plan's stack without media costs 79.27, line by line")
    func noMediaLines() throws {
        let bill = try Shipped.bill("no-media.json")
        #expect(figures(bill) == Self.noMedia)
        #expect(bill.total730h.cents == "79.27")
        #expect(bill.totalPeriod == bill.total730h)
        // The rounded lines add up to 79.28: the total is rounded from the exact sum.
        #expect(bill.total730h.decimal == "79.2748")
    }

    @Test("five by three costs 255.06, line by line")
    func fiveByThree() throws {
        let bill = try Shipped.bill("five-by-three.json")
        #expect(figures(bill) == Self.noMedia + ["egress 175.78"])
        #expect(bill.total730h.cents == "255.06")
    }

    @Test("the legacy free tier leaves 30.77, line by line")
    func legacy() throws {
        let bill = try Shipped.bill("legacy-free-tier.json")
        #expect(
            figures(bill) == [
                "instance 0.00", "root-volume 0.00", "ipv4-instance 0.00",
                "ipv4-load-balancer 7.30", "load-balancer 0.00", "load-balancer-capacity 0.00",
                "database 0.00", "database-storage 10.16", "database-backup 0.00",
                "cache 12.41", "secret 0.40", "zone 0.50", "certificate 0.00",
            ])
        #expect(bill.total730h.cents == "30.77")
        let media = ("\"regime\": \"on-demand\"", "\"regime\": \"legacy-free-tier\"")
        #expect(try Shipped.bill("five-by-three.json", media).total730h.cents == "206.55")
        let small = ("100 GB-month", "20 GB-month")
        #expect(try Shipped.bill("legacy-free-tier.json", small).total730h.cents == "20.61")
        let strict = ("legacy-free-tier\"", "legacy-free-tier-strict\"")
        #expect(try Shipped.bill("legacy-free-tier.json", small, strict).total730h.cents == "28.93")
    }

    @Test("each change to the stack gives its known total")
    func variants() throws {
        let small = ("100 GB-month", "20 GB-month")
        let valkey = ("micro:redis", "micro:valkey")
        #expect(try Shipped.bill("no-media.json", small).total730h.cents == "69.11")
        #expect(try Shipped.bill("no-media.json", small, valkey).total730h.cents == "66.63")
        #expect(try Shipped.bill("us-east-1.json").total730h.cents == "73.10")
        #expect(try Shipped.bill("us-east-1.json", small).total730h.cents == "63.90")
        let taxed = ("\"period\"", "\"taxPercent\": \"23\", \"period\"")
        let bill = try Shipped.bill("no-media.json", taxed)
        #expect(bill.total730hWithTax?.cents == "97.51")
        #expect(bill.total730h.cents == "79.27")
    }

    @Test(
        "each extra gives its known amount",
        arguments: [
            ("ec2-surplus:t3", "584 vCPU-h", "29.20"), ("ec2-surplus:t3", "1314 vCPU-h", "65.70"),
            ("rds-surplus:t", "584 vCPU-h", "43.80"), ("rds-surplus:t", "1314 vCPU-h", "98.55"),
            ("nat:hours", "1460 h", "70.08"), ("rds:extended-support", "1460 vCPU-h", "146.00"),
            ("cloudwatch:alarm", "12 month", "0.20"), ("secret:calls", "10000 call", "0.05"),
            ("transfer:between-zones", "100 GB", "1.00"),
            ("elasticache:cache.t4g.micro:valkey", "730 h", "9.93"),
            ("rds:db.t4g.micro", "730 h", "12.41"), ("rds-storage:gp3", "20 GB-month", "2.54"),
        ])
    func extras(price: String, quantity: String, amount: String) throws {
        let item = #"{ "id": "extra", "price": "\#(price)", "quantity": "\#(quantity)" }, "#
        let bill = try Shipped.bill("no-media.json", ("\"usage\": [", "\"usage\": [" + item))
        #expect(bill.lines[0].amount730h.cents == amount)
        #expect(bill.total730h == bill.lines[0].amount730h + Ratio(792_748, over: 10_000))
    }

    @Test("one instance with everything in containers costs 13.35 and leaves 285 GB under 30")
    func fitsThirty() throws {
        var usage = Usage(region: "eu-west-1", period: .hours(730))
        usage.add(.init("instance", price: "ec2:t3.micro", .time(.hours(730))))
        usage.add(.init("ipv4", price: "ipv4:instance", .time(.hours(730))))
        usage.add(
            .init("root", price: "ebs:gp2", .storage(gigabytes: 8, .hours(730))))
        usage.add(.init("zone", price: "route53:zone", .time(.hours(730))))
        let book = try #require(PriceBook.shipped(region: "eu-west-1"))
        let bill = Bill(usage, at: book, under: .onDemand)
        #expect(bill.total730h.cents == "13.35")
        let gigabytes = (Ratio(30) - bill.total730h) / Ratio(9, over: 100) + Ratio(100)
        #expect(gigabytes.rounded(digits: 0) == "285")
    }

    @Test(
        "egress by the other readings of a gigabyte and a month",
        arguments: [
            ("2025 GB", "decimal", "173.25"), ("2053.125 GB", "binary", "163.09"),
            ("2237.90625 GB", "decimal", "192.41"),
        ])
    func egressReadings(quantity: String, gigabyte: String, amount: String) throws {
        let bill = try Shipped.bill(
            "five-by-three.json", ("2053.125 GB", quantity),
            ("\"period\"", "\"gigabyte\": \"\(gigabyte)\", \"period\""))
        #expect(bill.lines.last?.amount730h.cents == amount)
    }

    @Test(
        "egress at the ends of its tiers",
        arguments: [
            (100, "0"), (101, "0.09"), (10_240, "912.6"), (10_241, "912.685"),
            (51_200, "4394.2"), (51_201, "4394.27"), (153_600, "11562.2"), (153_601, "11562.25"),
        ])
    func egressTiers(gigabytes: Int64, amount: String) throws {
        let bill = try egressBill([gigabytes])
        #expect(bill.total730h.decimal == amount)
        #expect(try egressBill([0]).total730h == .zero)
        // The tiers are of the sum over all lines, however it is divided.
        let divided = try egressBill([
            gigabytes / 3, gigabytes / 2, 0, gigabytes - gigabytes / 3 - gigabytes / 2,
        ])
        #expect(divided.total730h == bill.total730h)
    }

    func egressBill(_ gigabytes: [Int64]) throws -> Bill {
        var usage = Usage(region: "us-east-1", period: .hours(730))
        for (index, count) in gigabytes.enumerated() {
            usage.add(
                .init("path-\(index)", price: "egress:internet", .bytes(count * 1_000_000_000)))
        }
        let book = try #require(PriceBook.shipped(region: "us-east-1"))
        return Bill(usage, at: book, under: .onDemand)
    }

    @Test(
        "the free plan's credits run out when they should",
        arguments: [
            ("no-media.json", "100", "38", 39), ("no-media.json", "200", "77", 77),
            ("five-by-three.json", "100", "12", 12), ("five-by-three.json", "200", "24", 24),
        ])
    func runOut(file: String, credits: String, days: String, day: Int128) throws {
        let plan = ("\"on-demand\"", "\"free-plan\", \"credits\": \"\(credits)\"")
        let closing = try #require(try Shipped.bill(file, plan).closing)
        #expect(closing.days == days)
        #expect(closing.dayOfAccount == day)
        #expect(closing.creditsRanOut)
    }

    @Test("a free plan that costs little closes after six months")
    func sixMonths() throws {
        let book = try #require(PriceBook.shipped(region: "eu-west-1"))
        var usage = Usage(region: "eu-west-1", period: .hours(730))
        usage.add(.init("zone", price: "route53:zone", .time(.hours(730))))
        let bill = Bill(usage, at: book, under: .freePlan(creditsCents: 10_000))
        #expect(bill.closing?.hours == Ratio(4_380))
        #expect(bill.closing?.creditsRanOut == false)
        #expect(Bill(usage, at: book, under: .onDemand).closing == nil)
    }

    @Test("on the paid plan the credits lower the first months' average")
    func paidPlan() throws {
        let quiet = try Shipped.bill("no-media.json")
        let busy = try Shipped.bill("five-by-three.json")
        #expect(quiet.average730h(months: 6, creditsCents: 20_000).cents == "45.94")
        #expect(quiet.average730h(months: 12, creditsCents: 20_000).cents == "62.61")
        #expect(busy.average730h(months: 6, creditsCents: 20_000).cents == "221.72")
        #expect(busy.average730h(months: 12, creditsCents: 20_000).cents == "238.39")
        #expect(quiet.average730h(months: 1, creditsCents: 20_000) == .zero)
    }

    @Test("what is owed to nodes and the tax stay out of the total")
    func beside() throws {
        let owed = ("\"period\"", "\"owedToNodes\": \"12.34\", \"period\"")
        let bill = try Shipped.bill("no-media.json", owed)
        #expect(bill.total730h.cents == "79.27")
        #expect(bill.text.contains("Owed to nodes for the period, not in the total: 12.34."))
    }
}
