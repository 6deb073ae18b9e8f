import Base
import Cloud
import Testing

/// CloudWatch's update rule for one second, in billionths of a CPU nanosecond.
private struct SlowCredits {
    let earned, cap: Int128
    var unlimited: Bool
    var balance: Int128
    var surplus: Int128 = 0
    var use: Int128 = 0
    var charged: Int128 = 0
    var pending: Int128 = 0
    var seconds = 0

    mutating func tick() {
        apply(earned - use * 1_000_000_000)
        seconds += 1
        if seconds % 3_600 == 0 {
            charged += pending
            pending = 0
        }
    }

    mutating func apply(_ change: Int128) {
        let adjusted = balance - surplus + change
        balance = unlimited ? max(0, min(cap, adjusted)) : min(cap, adjusted)
        guard unlimited else { return }
        surplus = max(0, -adjusted)
        if surplus > cap {
            pending += surplus - cap
            surplus = cap
        }
    }
}

@Suite struct CPUCreditsTests {
    let start = Instant(nanoseconds: 0)

    private func credits(_ name: String, _ mode: CPUCredits.Mode, balance: Int64) throws
        -> CPUCredits
    {
        let type = try #require(MachineType.named(name))
        return CPUCredits(type, mode: mode, balance: balance, at: start)
    }

    /// Utilisation in thousandths of the whole machine of two vCPUs.
    private func rate(_ thousandths: Int64) -> Int64 { 2_000_000 * thousandths }

    @Test("288 credits last 160 minutes at 2 x 100 % and 360 at 1 x 100 %")
    func duration() throws {
        for mode in [CPUCredits.Mode.standard, .unlimited] {
            var both = try credits("t3.micro", mode, balance: 288)
            both.setUse(2_000_000_000, at: start)
            #expect(both.crossingZero() == start + .minutes(160))
            var one = try credits("t3.micro", mode, balance: 288)
            one.setUse(1_000_000_000, at: start)
            #expect(one.crossingZero() == start + .minutes(360))
        }
    }

    @Test("every size earns its credits in an hour and 24 hours' worth at most")
    func table() throws {
        let earned: [(String, Int64)] = [
            ("t3.nano", 6), ("t3a.micro", 12), ("t4g.small", 24), ("t3.medium", 24),
            ("t3.large", 36), ("t4g.xlarge", 96), ("t3a.2xlarge", 192),
            ("db.t3.micro", 12), ("cache.t4g.micro", 12),
        ]
        for (name, hourly) in earned {
            var idle = try credits(name, .unlimited, balance: 0)
            idle.advance(to: start + .hours(1))
            #expect(idle.balanceMillicredits == hourly * 1_000, "\(name)")
            idle.advance(to: start + .days(3))
            #expect(idle.balanceMillicredits == hourly * 24_000, "\(name)")
        }
    }

    /// Amazon EC2 User Guide, standard-mode-examples, example 1 (P1-P7).
    @Test("AWS's example of a t3.nano in standard mode")
    func standardExample() throws {
        var nano = try credits("t3.nano", .standard, balance: 0)
        nano.advance(to: start + .hours(24))
        #expect(nano.balanceMillicredits == 144_000)
        nano.setUse(rate(25), at: start + .hours(24))
        nano.setUse(rate(70), at: start + .hours(36))
        #expect(nano.balanceMillicredits == 144_000)
        nano.setUse(rate(25), at: start + .hours(60))
        #expect(nano.balanceMillicredits == 86_400)
        nano.setUse(rate(1_000), at: start + .hours(72))
        #expect(nano.balanceMillicredits == 122_400)
        let empty = try #require(nano.crossing())
        #expect((start + .hours(73)..<start + .hours(74)).contains(empty))
        nano.setUse(nano.baseline, at: empty)
        #expect(nano.allowed == rate(50))
        nano.setUse(0, at: empty + .hours(14))
        #expect(nano.balanceMillicredits == 0)
        // The crossing is a whole nanosecond, so a part of one is owed: hence the one more.
        nano.advance(to: empty + .hours(38))
        #expect(nano.balanceMillicredits == 143_999)
        nano.advance(to: empty + .hours(38) + Interval(nanoseconds: 20))
        #expect(nano.balanceMillicredits == 144_000)
        #expect(nano.surplusBillable == .zero)
    }

    /// Amazon EC2 User Guide, unlimited-mode-examples, example 1 (P1-P7). AWS rounds 122.4 to 122.
    @Test("AWS's example of a t3.nano in unlimited mode charges 304 credits")
    func unlimitedExample() throws {
        var nano = try credits("t3.nano", .unlimited, balance: 0)
        nano.setUse(rate(25), at: start + .hours(24))
        nano.setUse(rate(70), at: start + .hours(36))
        nano.setUse(rate(25), at: start + .hours(60))
        nano.setUse(rate(1_000), at: start + .hours(72))
        #expect(nano.balanceMillicredits == 122_400)
        #expect(nano.crossing() == nil)
        nano.setUse(rate(50), at: start + .hours(77))
        #expect(nano.surplusMillicredits == 144_000)
        #expect(nano.surplusCharged.whole == CPUCredits.credit * 3_036 / 10)
        nano.setUse(0, at: start + .hours(90))
        #expect(nano.surplusMillicredits == 144_000)
        nano.advance(to: start + .hours(114))
        #expect(nano.surplusMillicredits == 0)
        #expect(nano.balanceMillicredits == 0)
        #expect(nano.surplusCharged.whole == CPUCredits.credit * 3_036 / 10)
    }

    @Test("surplus above the free part is charged at the end of its hour, not before")
    func hourly() throws {
        var micro = try credits("t3.micro", .unlimited, balance: 0)
        micro.setUse(2_000_000_000, at: start)
        #expect(micro.crossingCharge() == start + .minutes(160))
        micro.advance(to: start + .minutes(170))
        #expect(micro.surplusCharged == .zero)
        #expect(micro.surplusPending.whole == CPUCredits.credit * 18)
        micro.advance(to: start + .minutes(180))
        #expect(micro.surplusCharged.whole == CPUCredits.credit * 36)
        #expect(micro.surplusPending == .zero)
    }

    @Test("a stop or a switch charges the surplus owed, and paid-back surplus costs nothing")
    func outstanding() throws {
        var stopped = try credits("t3.micro", .unlimited, balance: 0)
        stopped.setUse(1_000_000_000, at: start)
        stopped.advance(to: start + .minutes(30))
        var switched = stopped
        var idle = stopped
        stopped.stop(at: start + .minutes(30))
        switched.setMode(.standard, at: start + .minutes(30))
        idle.setUse(0, at: start + .minutes(30))
        idle.advance(to: start + .hours(3))
        #expect(stopped.surplusCharged.whole == CPUCredits.credit * 24)
        #expect(stopped.allowed == 0)
        #expect(switched.surplusCharged.whole == CPUCredits.credit * 24)
        #expect(switched.isHeld)
        #expect(idle.surplusBillable == .zero)
        #expect(idle.balanceMillicredits == 6_000)
    }

    @Test("credits outlive seven stopped days and no more, and nothing is earned meanwhile")
    func stopped() throws {
        for (days, balance) in [(7, 100_000), (8, 0)] as [(Int64, Int64)] {
            var micro = try credits("t3.micro", .standard, balance: 100)
            micro.stop(at: start)
            micro.advance(to: start + .days(days))
            micro.start(at: start + .days(days))
            #expect(micro.balanceMillicredits == balance)
            #expect(micro.isHeld == (balance == 0))
        }
    }

    @Test("pinned on both vCPUs, an unlimited t3.micro is charged 1.8 vCPU-hours an hour")
    func pinned() throws {
        var micro = try credits("t3.micro", .unlimited, balance: 0)
        micro.setUse(2_000_000_000, at: start)
        micro.advance(to: start + .hours(24))
        let first = micro.surplusCharged
        micro.advance(to: start + .hours(25))
        #expect((micro.surplusCharged - first).whole == 6_480_000_000_000)
    }

    @Test("agrees with CloudWatch's rule applied every second", arguments: 1...12)
    func brute(seed: UInt64) throws {
        var random = Random(seed: seed)
        let type = MachineType.all[Int(random.below(21))]
        let unlimited = random.chance(millionths: 600_000)
        let balance = random.within(0...type.creditsMax)
        var fast = CPUCredits(
            type, mode: unlimited ? .unlimited : .standard, balance: balance, at: start)
        var slow = SlowCredits(
            earned: Int128(type.baselineRate) * 1_000_000_000,
            cap: Int128(type.creditsMax) * 60 * 1_000_000_000_000_000_000,
            unlimited: unlimited, balance: Int128(balance) * 60 * 1_000_000_000_000_000_000)
        var now = start
        for step in 0..<150 {
            let span = random.within(0...1_500)
            for _ in 0..<span { slow.tick() }
            now += .seconds(span)
            if random.chance(millionths: 300_000) {
                let lump = random.within(0...600_000_000_000)
                slow.apply(Int128(-lump) * 1_000_000_000)
                fast.charge(Interval(nanoseconds: lump), at: now)
            } else {
                let use = random.within(0...type.vCPURate)
                slow.use = Int128(use)
                fast.setUse(use, at: now)
            }
            let level = slow.balance - slow.surplus
            #expect(fast.level.billionths == level, "seed \(seed), step \(step)")
            #expect(fast.surplusCharged.billionths == slow.charged, "seed \(seed), step \(step)")
            #expect(fast.surplusPending.billionths == slow.pending, "seed \(seed), step \(step)")
        }
    }

    @Test("every crossing is the first nanosecond of what it foretells", arguments: 1...40)
    func edges(seed: UInt64) throws {
        var random = Random(seed: seed)
        var credits = try credits("t3.micro", .standard, balance: random.within(1...287))
        credits.setUse(random.within(200_000_001...2_000_000_000), at: start)
        let empty = try #require(credits.crossing())
        var before = credits
        before.advance(to: empty - Interval(nanoseconds: 1))
        #expect(!before.isHeld && before.level > .zero, "seed \(seed)")
        credits.setUse(random.within(0...199_999_999), at: empty)
        #expect(credits.isHeld && credits.level <= .zero, "seed \(seed)")
        let back = try #require(credits.crossing())
        before = credits
        before.advance(to: back - Interval(nanoseconds: 1))
        #expect(before.isHeld, "seed \(seed)")
        credits.advance(to: back)
        #expect(!credits.isHeld, "seed \(seed)")
        #expect(credits.heldTime == back - empty, "seed \(seed)")
    }

    @Test("a machine given by hand counts its CPU time and knows no credits")
    func byHand() {
        let type = MachineType(
            name: "bench", cores: 2, coreShare: 500_000, memory: 4 << 30,
            networkBaseline: 125_000_000, networkBurst: 125_000_000,
            disk: .init(throughput: 100_000_000, operations: 10_000))
        var processor = CPUCredits(type, mode: .fixed, balance: 0, at: start)
        #expect(processor.allowed == 1_000_000_000)
        processor.setUse(1_000_000_000, at: start)
        processor.charge(.seconds(3), at: start + .hours(1))
        processor.advance(to: start + .days(2))
        #expect(processor.crossing() == nil && processor.crossingCharge() == nil)
        #expect(processor.used.whole == 172_803_000_000_000)
        #expect(processor.balanceMillicredits == 0 && processor.surplusBillable == .zero)
        #expect(processor.allowed == 1_000_000_000)
        #expect(type.memoryVisible == 4 << 30)
    }
}
