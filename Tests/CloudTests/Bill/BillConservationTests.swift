import Base
import Cloud
import Testing

/// Random usage of every price of the book, from a printed seed.
@Suite struct BillConservationTests {
    func usage(_ random: inout Random, of book: PriceBook, period: Interval) -> Usage {
        var usage = Usage(region: book.region, period: period)
        for price in book.prices {
            let draw = Int64(random.below(2_000_000_000_000))
            let quantity: Usage.Quantity =
                switch price.unit {
                case .gigabyte: .bytes(draw * 50)
                case .hour, .month, .vCPUHour: .time(Interval(nanoseconds: draw * 1_000))
                case .gigabyteMonth: .storage(gigabytes: 100, Interval(nanoseconds: draw * 1_000))
                case .lcuHour, .call: .units(Ratio(Int128(draw), over: 1_000_000))
                }
            usage.add(.init(price.id, price: price.id, quantity))
        }
        return usage
    }

    static let regimes: [Regime] = [
        .onDemand, .legacyFreeTier(disputed: true), .legacyFreeTier(disputed: false),
        .freePlan(creditsCents: 10_000),
    ]

    @Test("the lines and their portions add up to the total exactly", arguments: 1...20)
    func sum(seed: UInt64) throws {
        let book = try #require(PriceBook.shipped(region: "eu-west-1"))
        var random = Random(seed: seed)
        let period = Interval.seconds(random.within(3_600...10_000_000))
        let usage = usage(&random, of: book, period: period)
        for regime in Self.regimes {
            let bill = Bill(usage, at: book, under: regime)
            var total = Ratio.zero
            for line in bill.lines {
                let month = line.portions.reduce(Ratio.zero) { $0 + $1.quantity730h * $1.unitPrice }
                #expect(line.amount730h == month, "seed \(seed), \(line.id)")
                let used = line.portions.reduce(Ratio.zero) { $0 + $1.quantity730h }
                let seconds = Int128(period.wholeSeconds)
                #expect(used == line.quantity * Ratio(730 * 3_600, over: seconds))
                total += month
            }
            #expect(bill.total730h == total, "seed \(seed)")
            let share = Ratio(Int128(period.wholeSeconds), over: 730 * 3_600)
            #expect(bill.totalPeriod == total * share, "seed \(seed)")
        }
    }

    @Test("two periods of the same rates cost what the whole does, exactly", arguments: 1...20)
    func split(seed: UInt64) throws {
        let book = try #require(PriceBook.shipped(region: "us-east-1"))
        var random = Random(seed: seed)
        let half = usage(&random, of: book, period: .days(15))
        let whole = half.followed(by: half)
        for regime in Self.regimes {
            let part = Bill(half, at: book, under: regime)
            let all = Bill(whole, at: book, under: regime)
            #expect(all.totalPeriod == part.totalPeriod + part.totalPeriod, "seed \(seed)")
            #expect(all.total730h == part.total730h, "seed \(seed)")
        }
    }

    @Test("usage of two different periods adds up before it is priced", arguments: 1...20)
    func followed(seed: UInt64) throws {
        let book = try #require(PriceBook.shipped(region: "eu-west-1"))
        var random = Random(seed: seed)
        let first = usage(&random, of: book, period: .days(10))
        let second = usage(&random, of: book, period: .days(20))
        let there = Bill(first.followed(by: second), at: book, under: .onDemand)
        let back = Bill(second.followed(by: first), at: book, under: .onDemand)
        #expect(there.total730h == back.total730h, "seed \(seed)")
        let flat = ["ec2:t3.micro", "alb:lcu", "secret"]
        let parts = [first, second].map { Bill($0, at: book, under: .onDemand) }
        for (index, line) in there.lines.enumerated() where flat.contains(line.id) {
            let sum = parts[0].lines[index].amountPeriod + parts[1].lines[index].amountPeriod
            #expect(line.amountPeriod == sum, "seed \(seed), \(line.id)")
        }
    }

    @Test("more usage never costs less, under any regime", arguments: 1...10)
    func monotone(seed: UInt64) throws {
        let book = try #require(PriceBook.shipped(region: "eu-west-1"))
        var random = Random(seed: seed)
        let less = usage(&random, of: book, period: .days(30))
        var more = Usage(region: less.region, period: less.period)
        for item in less.items {
            more.add(item)
            more.add(.init(item.id + "+", price: item.price, item.quantity))
        }
        for regime in Self.regimes {
            let cheap = Bill(less, at: book, under: regime).total730h
            #expect(Bill(more, at: book, under: regime).total730h >= cheap, "seed \(seed)")
        }
        let list = Bill(less, at: book, under: .onDemand).total730h
        let legacy = Bill(less, at: book, under: .legacyFreeTier(disputed: true)).total730h
        #expect(legacy < list, "seed \(seed)")
    }
}
