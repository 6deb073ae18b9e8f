import Base
import Cloud
import Testing

@Suite struct DatabaseMachineTests {
    // 1970-01-05 was a Monday.
    let start = Instant(nanoseconds: 0) + .days(4)

    private func micro(balance: Int64, connectionsMax: Int = 80) -> DatabaseMachine {
        DatabaseMachine(
            .micro(storageGibibytes: 20, connectionsMax: connectionsMax), balance: balance,
            at: start)
    }

    @Test("one GiB gives 112 connections by AWS's formula, less with the system's share")
    func formula() {
        #expect(DatabaseMachine.connectionsMax(memory: 1 << 30, systemShare: 0) == 112)
        #expect(DatabaseMachine.connectionsMax(memory: 1 << 30, systemShare: 300 << 20) == 79)
        let most = DatabaseMachine.systemShares.upperBound
        #expect(DatabaseMachine.connectionsMax(memory: 1 << 30, systemShare: most) == 80)
    }

    @Test("the last connection is refused and a closed one makes room")
    func connections() {
        var database = micro(balance: 0, connectionsMax: 5)
        // Of five, three are kept for superusers.
        let opened = (0..<3).map { _ in database.connect(at: start) }
        #expect(opened == [true, true, false])
        database.disconnect(1, at: start)
        #expect(database.connect(at: start) == true)
        #expect(database.connectionsRefused == 1)
    }

    @Test("transactions take the vCPU that is free first, then queue for the disk")
    func latency() {
        var database = micro(balance: 0)
        #expect(
            database.admit(cpu: .milliseconds(2), operations: 0, bytes: 0, at: start)
                == .refused(.noConnection))
        #expect(database.connect(at: start) == true)
        let answers = (0..<3).map { _ in
            database.admit(cpu: .milliseconds(2), operations: 3, bytes: 8_192, at: start)
        }
        // Two vCPUs and 3000 operations a second: 1 ms for each one's disk work, one by one.
        #expect(
            answers == [
                .answered(after: .milliseconds(3)), .answered(after: .milliseconds(4)),
                .answered(after: .milliseconds(5)),
            ])
        #expect(database.credits.used.whole == 6_000_000)
    }

    /// The slow model hands waiting transactions to idle vCPUs, a microsecond at a time.
    @Test("agrees with a queue that ticks every microsecond", arguments: 1...20)
    func queue(seed: UInt64) {
        var random = Random(seed: seed)
        var database = micro(balance: 0)
        #expect(database.connect(at: start) == true)
        var asked: [(at: Int64, cost: Int64)] = []
        var at: Int64 = 0
        for _ in 0..<200 {
            at += random.within(0...400)
            asked.append((at, random.within(1...700)))
        }
        var ended = [Int64](repeating: 0, count: asked.count)
        var running: [(job: Int, left: Int64)?] = [nil, nil]
        var next = 0
        var ticks: Int64 = 0
        while ended.contains(0) {
            for slot in 0..<2 where running[slot] == nil {
                guard next < asked.count, asked[next].at <= ticks else { continue }
                running[slot] = (next, asked[next].cost)
                next += 1
            }
            ticks += 1
            for slot in 0..<2 {
                guard let (job, left) = running[slot] else { continue }
                running[slot] = left > 1 ? (job, left - 1) : nil
                if left == 1 { ended[job] = ticks }
            }
        }
        for (job, item) in asked.enumerated() {
            let answer = database.admit(
                cpu: Interval(nanoseconds: item.cost * 1_000), operations: 0, bytes: 0,
                at: start + Interval(nanoseconds: item.at * 1_000))
            let expected = Interval(nanoseconds: (ended[job] - item.at) * 1_000)
            #expect(answer == .answered(after: expected), "seed \(seed), job \(job)")
        }
    }

    @Test("in standard mode an empty balance makes CPU time ten times as long")
    func held() {
        var plan = DatabaseMachine.Plan.micro(storageGibibytes: 20, connectionsMax: 80)
        plan.mode = .standard
        var database = DatabaseMachine(plan, balance: 0, at: start)
        #expect(database.connect(at: start) == true)
        let answer = database.admit(cpu: .milliseconds(2), operations: 0, bytes: 0, at: start)
        #expect(answer == .answered(after: .milliseconds(20)))
    }

    @Test("a patch waits for the weekly window, cuts every connection, and the database returns")
    func patch() {
        var database = micro(balance: 0)
        #expect(database.connect(at: start) == true)
        database.schedulePatch(at: start)
        let window = start + .hours(6 * 24 + 3)
        #expect(database.crossing() == window)
        database.advance(to: window - .seconds(1))
        #expect(database.isAvailable)
        #expect(database.connect(at: window) == false)
        #expect(database.connections == 0)
        #expect(
            database.admit(cpu: .zero, operations: 0, bytes: 0, at: window) == .refused(.down))
        #expect(database.crossing() == window + .seconds(90))
        #expect(database.connect(at: window + .seconds(90)) == true)
        #expect(database.downTime == .seconds(90))
        #expect(database.restarts == 1)
        #expect(database.crossing() == nil)
    }

    @Test("a backup holds disk work back, and only disk work")
    func backup() {
        var database = micro(balance: 0)
        let backup = start + .hours(2)
        #expect(database.connect(at: start) == true)
        let memory = database.admit(cpu: .milliseconds(1), operations: 0, bytes: 0, at: backup)
        let disk = database.admit(
            cpu: .milliseconds(1), operations: 3, bytes: 0, at: backup + .milliseconds(500))
        #expect(memory == .answered(after: .milliseconds(1)))
        #expect(disk == .answered(after: .milliseconds(1_501)))
    }

    @Test("a full volume refuses writes and serves the rest")
    func full() {
        var database = micro(balance: 0)
        #expect(database.connect(at: start) == true)
        let rows = database.storage.add("rows", cap: nil)
        #expect(database.storage.write(rows, 20 << 30, at: start) == true)
        #expect(
            database.admit(cpu: .zero, operations: 1, bytes: 8_192, at: start)
                == .refused(.storageFull))
        #expect(
            database.admit(cpu: .zero, operations: 0, bytes: 0, at: start)
                == .answered(after: .zero))
    }
}

@Suite struct CacheMachineTests {
    let start = Instant(nanoseconds: 0)

    private func micro(balance: Int64) throws -> CacheMachine {
        let type = try #require(MachineType.named("cache.t4g.micro"))
        return CacheMachine(
            type, memoryMax: CacheMachine.memoryMaxMicro, balance: balance, at: start)
    }

    @Test("a quarter is reserved: 402,653,184 bytes for data")
    func usable() throws {
        #expect(try micro(balance: 0).memoryMax == 402_653_184)
    }

    @Test("what a type with a model holds is AWS's figure for it; others have none")
    func nodeTypes() {
        #expect(CacheMachine.memoryMax(of: "cache.t4g.small") == 1_471_026_299)
        #expect(CacheMachine.memoryMax(of: "cache.m6i.large") == nil)
        for type in CacheMachine.nodeTypes { #expect(MachineType.named(type) != nil, "\(type)") }
    }

    @Test("commands wait for one another, and five times as long without credits")
    func latency() throws {
        var rich = try micro(balance: 10)
        let waits = (0..<3).map { _ in rich.run(cpu: .milliseconds(1), at: start) }
        #expect(waits == [.milliseconds(1), .milliseconds(2), .milliseconds(3)])
        var poor = try micro(balance: 0)
        #expect(poor.run(cpu: .milliseconds(1), at: start) == .milliseconds(5))
    }

    /// The slow model has a line of commands and a purse, and looks at both every 10 ms.
    ///
    /// All times are whole ticks: a credit is earned at 2 ms of CPU a tick, kept up to 24 hours',
    /// and a fifth of a vCPU is five ticks for the work of one.
    @Test("agrees with a thread and a purse that tick every 10 ms", arguments: 1...8)
    func brute(seed: UInt64) throws {
        var random = Random(seed: seed)
        let balance = random.within(0...1)
        var cache = try micro(balance: balance)
        let tick: Int64 = 10_000_000
        let ticks: Int64 = 320_000
        var purse = balance * CPUCredits.credit
        var isHeld = balance == 0
        var heldTicks: Int64 = 0
        var spent: Int64 = 0
        var line: [Int64] = []  // ticks that each waiting command still takes
        var held = 0
        for step in Int64(0)..<ticks {
            // Idle for long at times, so that the thread is let go again.
            if random.chance(millionths: step % 80_000 < 20_000 ? 60_000 : 300) {
                let cost = random.within(1...20)
                line.append(cost * (isHeld ? 5 : 1))
                if isHeld { held += 1 }
                purse -= cost * tick
                spent += cost * tick
                isHeld = isHeld || purse <= 0
                let took = cache.run(
                    cpu: Interval(nanoseconds: cost * tick),
                    at: start + Interval(nanoseconds: step * tick))
                #expect(
                    took.nanoseconds == line.reduce(0, +) * tick, "seed \(seed), step \(step)")
            }
            if let first = line.first {
                line[0] = first - 1
                if first == 1 { line.removeFirst() }
            }
            purse = min(purse + tick / 5, 288 * CPUCredits.credit)
            if isHeld { heldTicks += 1 }
            if purse >= CPUCredits.credit { isHeld = false }
        }
        cache.credits.advance(to: start + Interval(nanoseconds: ticks * tick))
        #expect(cache.credits.level.whole == purse, "seed \(seed)")
        #expect(cache.credits.used.whole == spent, "seed \(seed)")
        #expect(cache.credits.heldTime.nanoseconds == heldTicks * tick, "seed \(seed)")
        #expect(held > 0 && heldTicks < ticks, "seed \(seed): held throughout, or never")
    }
}

@Suite struct LoadBalancerTests {
    let start = Instant(nanoseconds: 0)

    private func balancer() -> LoadBalancer {
        LoadBalancer(
            healthCheck: .standard, idleTimeout: LoadBalancer.idleTimeoutDefault, rules: 2,
            gigabyte: 1_000_000_000, at: start)
    }

    @Test("one pass is enough for a new target, two failures end it, five passes bring it back")
    func health() {
        var balancer = balancer()
        let target = balancer.register(at: start)
        #expect(balancer.targets[target].health == .initial)
        let results = [
            true, false, true, false, false, true, true, true, true, false, true, true, true,
            true, true,
        ]
        let changes = results.indices.filter {
            #expect(balancer.crossing() == start + .seconds(30 * Int64($0)))
            #expect(balancer.startCheck(at: start + .seconds(30 * Int64($0))) == target)
            #expect(balancer.startCheck(at: start + .seconds(30 * Int64($0))) == nil)
            return balancer.checked(target, passed: results[$0])
        }
        #expect(changes == [0, 4, 14])
    }

    /// The slow model reads the whole history backwards at every check.
    @Test("health follows from the last results alone", arguments: 1...20)
    func history(seed: UInt64) {
        var random = Random(seed: seed)
        var balancer = balancer()
        let target = balancer.register(at: start)
        var history: [Bool] = []
        var healthy = false
        for step in 0..<400 {
            let passed = random.chance(millionths: step % 40 < 20 ? 300_000 : 900_000)
            history.append(passed)
            _ = balancer.checked(target, passed: passed)
            if step == 0 {
                healthy = passed
            } else if healthy {
                healthy = history.suffix(2).contains(true)
            } else {
                healthy = step >= 5 && !history.suffix(5).contains(false)
            }
            #expect(
                balancer.targets[target].health == (healthy ? .healthy : .unhealthy),
                "seed \(seed), step \(step)")
        }
    }

    @Test("a target that was out of use is a new one, looked at at once")
    func outOfUse() {
        var balancer = balancer()
        let target = balancer.register(at: start)
        #expect(balancer.checked(target, passed: true) == true)
        balancer.setUsed(target, false, at: start + .seconds(40))
        #expect(balancer.startCheck(at: start + .seconds(60)) == nil)
        balancer.setUsed(target, true, at: start + .seconds(100))
        #expect(balancer.targets[target].health == .initial)
        #expect(balancer.startCheck(at: start + .seconds(100)) == target)
        #expect(balancer.crossing() == start + .seconds(130))
    }

    @Test("with no healthy target all are used; without targets none")
    func failOpen() {
        var balancer = balancer()
        #expect(balancer.route() == nil)
        let first = balancer.register(at: start)
        let second = balancer.register(at: start)
        #expect(balancer.isFailOpen)
        #expect([balancer.route(), balancer.route()] == [second, first])
        #expect(balancer.checked(first, passed: true) == true)
        #expect(!balancer.isFailOpen)
        #expect([balancer.route(), balancer.route()] == [first, first])
        balancer.setUsed(first, false, at: start)
        #expect(balancer.route() == second)
        balancer.setUsed(second, false, at: start)
        #expect(balancer.route() == nil && balancer.crossing() == nil)
    }
}

@Suite struct CapacityMeterTests {
    let start = Instant(nanoseconds: 0)

    @Test("one LCU is 25 connections a second, 3000 kept, 1 GB an hour or 1000 evaluations")
    func single() {
        let hour = start + .hours(1)
        var new = CapacityMeter(rules: 0, gigabyte: 1_000_000_000, at: start)
        for _ in 0..<90_000 {
            new.opened(at: start)
            new.closed(at: start)
        }
        var kept = CapacityMeter(rules: 0, gigabyte: 1_000_000_000, at: start)
        for _ in 0..<3_000 { kept.opened(at: start) }
        var moved = CapacityMeter(rules: 0, gigabyte: 1 << 30, at: start)
        moved.moved(1 << 30, at: start)
        var asked = CapacityMeter(rules: 20, gigabyte: 1_000_000_000, at: start)
        for _ in 0..<360_000 { asked.requested(at: start) }
        for meter in [new, kept, moved, asked] {
            var meter = meter
            meter.advance(to: hour)
            #expect(meter.units == CapacityMeter.unitsPerLCUHour)
            #expect(meter.microLCUHours == 1_000_000)
        }
    }

    @Test("the largest share of each hour counts, not the sum and not the month's largest")
    func largest() {
        var meter = CapacityMeter(rules: 10, gigabyte: 1_000_000_000, at: start)
        meter.moved(500_000_000, at: start)
        meter.opened(at: start)
        meter.closed(at: start + .minutes(1))
        for _ in 0..<9_000 {
            meter.opened(at: start + .minutes(61))
            meter.closed(at: start + .minutes(61))
        }
        meter.requested(at: start + .minutes(61))
        meter.advance(to: start + .hours(3))
        #expect(meter.microLCUHours == 600_000)
        #expect(meter.hoursLed(by: .bytes) == 1)
        #expect(meter.hoursLed(by: .newConnections) == 1)
        #expect(meter.hoursLed(by: .activeConnections) == 0)
    }

    @Test("agrees with a meter that looks every second", arguments: 1...10)
    func brute(seed: UInt64) {
        var random = Random(seed: seed)
        var meter = CapacityMeter(rules: 30, gigabyte: 1_000_000_000, at: start)
        let whole = CapacityMeter.unitsPerLCUHour
        var open: Int128 = 0
        var counts: [Int128] = [0, 0, 0, 0]  // new, connection-seconds, bytes, evaluations
        var total: Int128 = 0
        func share() -> Int128 {
            max(
                counts[0] * whole / 90_000, counts[1] * whole / 10_800_000,
                counts[2] * whole / 1_000_000_000, counts[3] * whole / 3_600_000)
        }
        for second in 1...Int64(10_800) {
            counts[1] += open
            if second % 3_600 == 0 {
                total += share()
                counts = [0, 0, 0, 0]
            }
            let now = start + .seconds(second)
            switch random.below(6) {
            case 0:
                meter.opened(at: now)
                open += 1
                counts[0] += 1
            case 1 where open > 0:
                meter.closed(at: now)
                open -= 1
            case 2:
                let bytes = random.within(0...5_000_000)
                meter.moved(bytes, at: now)
                counts[2] += Int128(bytes)
            case 3:
                meter.requested(at: now)
                counts[3] += 20
            case 0..., _: meter.advance(to: now)
            }
            if second % 100 == 0 {
                #expect(meter.units == total + share(), "seed \(seed), second \(second)")
            }
        }
    }
}

@Suite struct CostProfileTests {
    @Test("the SRS profile brackets its own measured 13 % of a core at 2000 players")
    func srs() {
        // 73 messages and 331,250 bytes a second to each player, the measured clip. Fits are good
        // to 30 %.
        let ends = CostProfile.End.allCases.map { end in
            CostProfile.srs.at(end).sending(messages: 146_000, bytes: 662_500_000).nanoseconds
        }
        #expect(ends == [95_340_000, 118_700_000])
        #expect(ends[1] * 130 / 100 > 130_000_000)
    }

    @Test("nginx-rtmp's brackets its measured 42 % within the fit's 30 %")
    func nginx() {
        let ends = CostProfile.End.allCases.map { end in
            CostProfile.nginxRTMP.at(end).sending(messages: 146_000, bytes: 662_500_000)
                .nanoseconds
        }
        #expect(ends[0] < 420_000_000 && ends[1] * 130 / 100 > 420_000_000)
    }

    @Test("our own server's brackets what it costs beside nginx-rtmp: 0.18 to 0.37 of it")
    func own() {
        func playerSecond(_ profile: CostProfile, _ end: CostProfile.End) -> Int64 {
            profile.at(end).sending(messages: 73, bytes: 331_250).nanoseconds
        }
        // 0.297 of 1.633, 0.366 of 1.805, 0.309 of 1.663 and 0.566 of 1.534 CPU-ms a megabyte.
        let nginx = (low: playerSecond(.nginxRTMP, .low), high: playerSecond(.nginxRTMP, .high))
        #expect(playerSecond(.streamrSim, .low) <= nginx.low * 203 / 1_000)
        #expect(playerSecond(.streamrSim, .high) >= nginx.high * 360 / 1_000)
        #expect(playerSecond(.streamrSim, .high) < nginx.low)
    }

    @Test("scaling multiplies CPU figures by 3.2 and 9 and leaves memory alone")
    func scaled() throws {
        let profile = try #require(CostProfile.named("srs")).onT3
        #expect(profile.low.perMessage == 928_000)
        #expect(profile.high.perMessage == 4_050_000)
        #expect(profile.high.perConnection == 1_017_000)
        #expect(profile.low.memoryPerPlayer == CostProfile.srs.low.memoryPerPlayer)
        #expect(profile.machine == CostProfile.t3Machine)
        #expect(profile.onT3 == profile)
    }

    /// 4000 players of 600 kb/s took 94 % of a 2.5 GHz Skylake core: 235 µs a player-second.
    @Test("scaled to a t3 vCPU the range takes in SRS's own published run")
    func published() {
        // At 600 kb/s and the clip's 73 messages a second.
        let ends = CostProfile.End.allCases.map { end in
            CostProfile.srs.onT3.at(end).sending(messages: 73, bytes: 75_000).nanoseconds
        }
        #expect(ends[0] < 235_000 && 235_000 < ends[1])
    }

    @Test("every shipped profile is found by its name and says where it comes from")
    func shipped() {
        for profile in CostProfile.shipped {
            #expect(CostProfile.named(profile.name) == profile)
            #expect(profile.source.hasPrefix(profile.isAssumption ? "assumed" : "measured"))
            #expect(profile.at(.low).memoryIdle <= profile.at(.high).memoryIdle)
        }
    }
}
