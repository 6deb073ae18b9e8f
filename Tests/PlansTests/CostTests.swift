import Cloud
import Foundation
import Testing

@testable import Plans

@Suite("Costs of templates") struct CostTests {
    private func cost(
        _ plan: Plan, _ regime: String = "on-demand",
        _ measured: PlanCost.Measured = .nothing
    ) throws -> PlanCost {
        let regime = try #require(Regime(name: regime, creditsCents: 10_000))
        let book = try #require(PriceBook.shipped(region: plan.region))
        return PlanCost(plan, measured, at: book, under: regime)
    }

    private func usage(_ name: String) throws -> PlanCost.Measured {
        let file = Given.root.appending(path: "scenarios/bills/\(name).json")
        return try PlanCost.Measured.read(usage: [UInt8](Data(contentsOf: file))).get()
    }

    /// Method: the plan's stack was priced by hand from the price lists: 8.32 instance, 0.88 disk,
    /// 3.65 and 7.30 addresses, 18.40 load balancer, 14.60 + 12.70 database, 12.41 cache, 0.40
    /// secret: 78.66. With 14.6 LCU-hours (0.12) and a zone (0.50) that is the 79.27 of the usage
    /// file which states it line by line.
    @Test("the plan as written costs what it costs by hand, to the cent")
    func seed() throws {
        let plan = try Given.seed()
        let fixed = try cost(plan)
        #expect(fixed.bill.total730h.cents == "78.66")
        #expect(fixed.unpriced.isEmpty)
        let amounts = zip(fixed.lines, fixed.bill.lines).map { "\($0.what) \($1.amount730h.cents)" }
        #expect(
            amounts == [
                "instance 8.32", "root-volume 0.88", "public-address 3.65", "load-balancer 18.40",
                "public-addresses 7.30", "database 14.60", "database-storage 12.70", "cache 12.41",
                "secret 0.40",
            ])
        let used = try cost(plan, "on-demand", try usage("no-media"))
        #expect(used.bill.total730h.cents == "78.77", "with 0.12 of load balancer capacity")
        let file = try Data(
            contentsOf: Given.root.appending(path: "scenarios/bills/no-media.json"))
        let stated = try #require(try? billReport([UInt8](file)).get())
        #expect(stated.text.contains("79.27"), "the zone is not in the templates")
        let media = try cost(plan, "on-demand", try usage("five-by-three"))
        #expect((media.bill.total730h - used.bill.total730h).cents == "175.78")
    }

    @Test(
        "each shape costs what its parts cost, in each regime and region",
        arguments: [
            ("corrected", "eu-west-1", "on-demand", "67.40"),
            ("corrected", "us-east-1", "on-demand", "62.25"),
            ("nat-multi-az", "eu-west-1", "on-demand", "161.92"),
            ("corrected", "eu-west-1", "legacy-free-tier-strict", "26.45"),
            ("graviton", "eu-west-1", "on-demand", "56.88"),
            // By hand: 11.68 + 2.30 database, 9.344 cache, 0.40, 1.60 disk, 3.65, 16.425 + 7.30
            // load balancer, 0.50: the instance itself has no price that a source gives.
            ("graviton", "us-east-1", "on-demand", "53.20"),
        ])
    func shapes(shape: String, region: String, regime: String, total: String) throws {
        let cost = try cost(try Given.shape(shape, region: region), regime)
        #expect(cost.bill.total730h.cents == total)
        let stacks = cost.plan.graph.templates.indices.map {
            cost.total(cost.indices(ofStack: $0))
        }
        #expect(stacks.reduce(.zero, +).cents == cost.bill.total730h.cents)
    }

    @Test("what has no price is named and not guessed")
    func unpriced() throws {
        let graviton = try cost(try Given.shape("graviton", region: "us-east-1"))
        #expect(graviton.unpriced.map(\.price) == ["ec2:t4g.small"])
        #expect(graviton.text(.nothing).contains("no price ec2:t4g.small"))
        #expect(try cost(try Given.shape("fargate")).text(.nothing).contains("ECS and Fargate"))
    }

    @Test("a run's bill gives the usage, an Infracost file writes it, two plans differ by lines")
    func run() throws {
        let bill = """
            {"periodHours": 720, "lines": [
              {"id": "egress", "quantity": 1440.5},
              {"id": "load-balancer-capacity", "quantity": 7.2},
              {"id": "instance", "quantity": 720}]}
            """
        let plan = try Given.shape("corrected")
        let measured = try PlanCost.Measured.read(bill: Array(bill.utf8), of: plan)
        let used = try cost(plan, "on-demand", measured)
        // 1440.5 GB in 720 h are 1460.507 GB a month: 1360.507 of them at 0.09.
        #expect((used.bill.total730h - (try cost(plan)).bill.total730h).cents == "122.50")
        let book = try #require(PriceBook.shipped(region: "eu-west-1"))
        let infracost = measured.infracost(plan, at: book)
        #expect(infracost.contains("monthly_outbound_internet_gb: 1460.507"))
        #expect(infracost.contains("  Balancer71DDC9D9:\n    processed_bytes_gb: 7.300"))
        let difference = PlanCost.difference(
            from: try cost(try Given.shape("corrected")),
            to: try cost(try Given.shape("nat-multi-az")))
        #expect(difference.contains("total") && difference.contains("+94.52"))
        #expect(difference.contains("+14.60"), "the standby")
    }

    @Test("CSV has a row for each line, with date and source")
    func csv() throws {
        let cost = try cost(try Given.seed())
        let rows = cost.csv.split(separator: "\n")
        #expect(rows.count == cost.lines.count + 1)
        #expect(rows[1].hasPrefix("StreamrApplicationStack,") || rows[1].contains("2026-09-01"))
    }
}
