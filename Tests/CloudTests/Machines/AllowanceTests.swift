import Base
import Cloud
import Testing

/// The rules of `Allowance` taken one nanosecond at a time, in the plainest way.
private struct SlowAllowance {
    let baseline, burst, capacity, release: Int64  // capacity and release in billionths
    var level: Int64  // billionths
    var use: Int64 = 0
    var held: Bool
    var used: Int64 = 0
    var heldNanoseconds: Int64 = 0

    mutating func tick() {
        if held { heldNanoseconds += 1 }
        used += use
        level = min(level + baseline - use, capacity)
        judge()
    }

    mutating func charge(_ tokens: Int64) {
        used += tokens * 1_000_000_000
        level -= tokens * 1_000_000_000
        if level <= 0 { held = true }
    }

    private mutating func judge() {
        if level <= 0 { held = true } else if level >= release { held = false }
    }
}

@Suite struct AllowanceTests {
    /// Random uses and lumps over buckets so small that they empty and fill within nanoseconds.
    @Test("agrees with a model that ticks every nanosecond", arguments: 1...60)
    func brute(seed: UInt64) {
        var random = Random(seed: seed)
        let baseline = random.within(1...2_000_000_000)
        let burst = baseline + random.within(1...5_000_000_000)
        let capacity = random.within(1...60)
        let release = random.within(1...capacity)
        let level = random.within(0...capacity)
        var now = Instant(nanoseconds: random.within(0...1_000))
        var fast = Allowance(
            baseline: baseline, burst: burst, capacity: capacity, release: release, level: level,
            at: now)
        var slow = SlowAllowance(
            baseline: baseline, burst: burst, capacity: capacity * 1_000_000_000,
            release: release * 1_000_000_000, level: level * 1_000_000_000, held: level <= 0)
        for step in 0..<300 {
            let foreseen = fast.crossing()
            for _ in 0..<random.within(0...40) {
                let allowed = slow.held ? baseline : burst
                slow.tick()
                now += Interval(nanoseconds: 1)
                let changed = allowed != (slow.held ? baseline : burst)
                if changed { #expect(foreseen == now, "seed \(seed), step \(step)") }
                guard foreseen != now else {
                    #expect(changed, "seed \(seed), step \(step)")
                    break
                }
            }
            if random.chance(millionths: 300_000) {
                let tokens = random.within(0...3)
                slow.charge(tokens)
                fast.charge(tokens, at: now)
            } else {
                slow.use = random.within(0...burst)
                fast.setUse(slow.use, at: now)
            }
            #expect(fast.level.billionths == Int128(slow.level), "seed \(seed), step \(step)")
            #expect(fast.used.billionths == Int128(slow.used), "seed \(seed), step \(step)")
            #expect(fast.isHeld == slow.held, "seed \(seed), step \(step)")
            #expect(fast.heldTime.nanoseconds == slow.heldNanoseconds, "seed \(seed), step \(step)")
        }
    }

    @Test("one long step and many short ones give the same bits", arguments: 1...20)
    func split(seed: UInt64) {
        var random = Random(seed: seed)
        var whole = Allowance(
            baseline: 8_000_000, burst: 625_000_000, capacity: 1_000_000_000, release: 8_000_000,
            level: 1_000_000_000, at: Instant(nanoseconds: 0))
        var pieces = whole
        for _ in 0..<50 {
            let use = random.within(0...20_000_000)
            whole.setUse(use, at: whole.updatedAt)
            pieces.setUse(use, at: pieces.updatedAt)
            let end = whole.updatedAt + random.interval(.seconds(0) ... .hours(1))
            whole.advance(to: end)
            while pieces.updatedAt < end {
                pieces.advance(to: min(end, pieces.updatedAt + .milliseconds(77_777)))
            }
            #expect(whole == pieces, "seed \(seed)")
        }
    }

    @Test("a t3.micro sends 5 Gb/s for the five minutes of its assumed bucket, then 64 Mb/s")
    func network() throws {
        let start = Instant(nanoseconds: 0)
        let type = try #require(MachineType.named("t3.micro"))
        // 300 s × (5 - 0.064) Gb/s.
        var network = NetworkAllowance(type, bucket: 185_100_000_000, at: start)
        network.outbound.setUse(625_000_000, at: start)
        #expect(network.crossing() == start + .seconds(300))
        network.advance(to: start + .seconds(300))
        #expect(network.outbound.allowed == 8_000_000)
        #expect(network.inbound.allowed == 625_000_000)
        network.outbound.setUse(8_000_000, at: start + .seconds(300))
        #expect(network.crossing() == nil)
    }

    @Test("a stopped instance earns no network allowance, and keeps what it had")
    func stoppedNetwork() throws {
        let start = Instant(nanoseconds: 0)
        let type = try #require(MachineType.named("t3.micro"))
        var network = NetworkAllowance(type, bucket: 1_000_000_000_000, at: start)
        network.outbound.setUse(625_000_000, at: start)
        network.stop(at: start + .seconds(100))
        let level = network.outbound.level
        #expect(level < network.outbound.capacity)
        #expect(network.crossing() == nil)
        network.advance(to: start + .hours(6))
        network.start(at: start + .hours(6))
        #expect(network.outbound.level == level)
        network.advance(to: start + .hours(6) + .seconds(10))
        #expect(network.outbound.level == level + Integral(80_000_000))
    }

    @Test("a use just under the baseline does not flicker between the two rates")
    func hysteresis() {
        let start = Instant(nanoseconds: 0)
        var allowance = Allowance(
            baseline: 1_000, burst: 9_000, capacity: 100, release: 100, level: 0, at: start)
        allowance.setUse(999, at: start)
        #expect(allowance.crossing() == start + .seconds(100))
    }

    @Test("AWS's gp2 table: 100 GiB bursts for 2000 s and refills in 18,000 s; 20 GiB 1862 s")
    func gp2() throws {
        let start = Instant(nanoseconds: 0)
        let type = try #require(MachineType.named("m6i.large"))
        for (size, burst, refill) in [(100, 2_000, 18_000), (20, 1_862, 54_000)] {
            var disk = BurstDisk(.gp2, gibibytes: Int64(size), on: type, at: start)
            disk.volumeOperations.setUse(3_000, at: start)
            let empty = try #require(disk.volumeOperations.crossing())
            #expect((empty - start).wholeSeconds == Int64(burst))
            disk.volumeOperations.setUse(0, at: empty)
            let full = try #require(disk.volumeOperations.crossingFull())
            #expect((full - empty).wholeSeconds == Int64(refill))
        }
    }

    @Test("a t3.micro reaches its disk maximum for 30 minutes, then 500 operations a second")
    func instanceDisk() throws {
        let start = Instant(nanoseconds: 0)
        let type = try #require(MachineType.named("t3.micro"))
        var disk = BurstDisk(.gp3, gibibytes: 20, on: type, at: start)
        #expect(disk.operationsAllowed == 3_000)
        disk.instanceOperations.setUse(11_800, at: start)
        #expect(disk.crossing() == start + .minutes(30))
        disk.advance(to: start + .minutes(30))
        #expect(disk.operationsAllowed == 500)
        let time = disk.charge(operations: 50, bytes: 4_096, at: start + .minutes(30))
        #expect(time == .milliseconds(100))
    }
}
