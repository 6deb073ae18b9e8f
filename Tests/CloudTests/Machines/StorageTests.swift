import Base
import Cloud
import Testing

@Suite struct VolumeTests {
    let start = Instant(nanoseconds: 0)

    @Test("unlimited json-file logs of 10 lines a second fill 4.5 GB in 26 days")
    func logs() throws {
        var disk = Volume(capacity: 8_000_000_000, at: start)
        let images = disk.add("images", cap: nil)
        #expect(disk.write(images, 3_500_000_000, at: start) == true)
        let log = disk.add("srs log", cap: nil)
        disk.setGrowth(log, 2_000, at: start)
        let full = try #require(disk.crossingFull())
        #expect((full - start).wholeSeconds == 2_250_000)
        disk.advance(to: full)
        #expect(disk.isFull)
        #expect(disk.write(images, 1, at: full) == false)
        disk.remove(log, 1_000, at: full)
        #expect(disk.write(images, 1, at: full) == true)
    }

    @Test("a capped log stops at five files of 20 MB and never fills the disk")
    func capped() {
        var disk = Volume(capacity: 1_000_000_000, at: start)
        let log = disk.add("srs log", cap: Volume.localLogMax)
        disk.setGrowth(log, 2_000, at: start)
        #expect(disk.crossing() == start + .seconds(50_000))
        #expect(disk.crossingFull() == nil)
        disk.advance(to: start + .days(365))
        #expect(disk.used.whole == 100_000_000)
        #expect(disk.consumers[log].refused == .zero)
    }

    /// The slow model moves one nanosecond at a time and takes from consumers in their order.
    @Test("agrees with a model that ticks every nanosecond", arguments: 1...40)
    func brute(seed: UInt64) {
        var random = Random(seed: seed)
        let capacity = random.within(20...200)
        var fast = Volume(capacity: capacity, at: start)
        let caps = [nil, random.within(1...60), random.within(1...60)]
        var held: [Int128] = [0, 0, 0]
        var growth: [Int128] = [0, 0, 0]
        var refused: [Int128] = [0, 0, 0]
        for (index, cap) in caps.enumerated() { #expect(fast.add("\(index)", cap: cap) == index) }
        func take(_ index: Int, _ wanted: Int128) {
            let room = caps[index].map { Int128($0) * 1_000_000_000 - held[index] }
            if let room, room == 0 { return }
            let free = Int128(capacity) * 1_000_000_000 - held.reduce(0, +)
            let fits = room.map { min($0, wanted) } ?? wanted
            if fits > free { refused[index] += wanted - free }
            held[index] += min(fits, free)
        }
        var now = start
        for step in 0..<120 {
            let foreseen = fast.crossingFull()
            for _ in 0..<random.within(0...30) {
                let wasFull = held.reduce(0, +) == Int128(capacity) * 1_000_000_000
                for index in 0..<3 { take(index, growth[index]) }
                now += Interval(nanoseconds: 1)
                let isFull = held.reduce(0, +) == Int128(capacity) * 1_000_000_000
                if isFull && !wasFull { #expect(foreseen == now, "seed \(seed), step \(step)") }
            }
            let index = Int(random.below(3))
            switch random.below(3) {
            case 0:
                growth[index] = Int128(random.within(0...900_000_000))
                fast.setGrowth(index, Int64(growth[index]), at: now)
            case 1:
                let bytes = random.within(0...9)
                take(index, Int128(bytes) * 1_000_000_000)
                _ = fast.write(index, bytes, at: now)
            case 2, _:
                let gone = min(held[index], Int128(random.within(0...30)) * 1_000_000_000)
                held[index] -= gone
                fast.remove(index, Int64((gone + 999_999_999) / 1_000_000_000), at: now)
            }
            #expect(
                fast.consumers.map(\.used.billionths) == held, "seed \(seed), step \(step)")
            #expect(
                fast.consumers.map(\.refused.billionths) == refused, "seed \(seed), step \(step)")
            #expect(fast.used.billionths == held.reduce(0, +), "seed \(seed), step \(step)")
        }
    }
}

@Suite struct MemoryTests {
    @Test("a t3.micro shows 904 MiB, and the largest process goes when it is passed")
    func victim() throws {
        let type = try #require(MachineType.named("t3.micro"))
        #expect(type.memoryVisible == 904 << 20)
        var memory = Memory(visible: type.memoryVisible, swap: 0)
        let srs = memory.add("srs", adjustment: 0)
        let coordinator = memory.add("coordinator", adjustment: 0)
        #expect(memory.setResident(srs, 500 << 20) == nil)
        #expect(memory.setResident(coordinator, 404 << 20) == nil)
        #expect(memory.setResident(coordinator, 405 << 20) == srs)
        #expect(memory.used == 405 << 20)
        #expect(memory.usedMax == 904 << 20)
        #expect(memory.relieve() == nil)
    }

    @Test("oom_score_adj moves the choice, and -1000 is never chosen")
    func adjustment() {
        var memory = Memory(visible: 1_000_000, swap: 0)
        let large = memory.add("large", adjustment: -300)
        let small = memory.add("small", adjustment: 100)
        let system = memory.add("system", adjustment: -1_000)
        #expect(memory.setResident(large, 500_000) == nil)
        #expect(memory.setResident(small, 200_000) == nil)
        #expect(memory.setResident(system, 400_000) == small)
        #expect(memory.setResident(system, 900_000) == large)
        #expect(memory.setResident(system, 1_100_000) == nil)
        #expect(memory.isExhausted)
    }

    @Test("swap adds room")
    func swap() {
        var memory = Memory(visible: 900, swap: 1_000)
        let process = memory.add("process", adjustment: 0)
        #expect(memory.setResident(process, 1_900) == nil)
        #expect(memory.setResident(process, 1_901) == process)
        #expect(memory.kills == 1)
    }
}

/// A machine's memory page by page, as one list of owners, those that do not fit among them: the
/// slow model. Nothing is summed up on the way.
private struct SlowMemory {
    let limit: Int
    var adjustments: [Int] = []
    var owners: [Int] = []
    var usedMax = 0
    var kills = 0

    func held(_ process: Int) -> Int { owners.count { $0 == process } }

    mutating func set(_ process: Int, _ pages: Int) -> Int? {
        owners.removeAll { $0 == process }
        for _ in 0..<pages { owners.append(process) }
        return relieve()
    }

    mutating func relieve() -> Int? {
        guard owners.count > limit else {
            usedMax = max(usedMax, owners.count)
            return nil
        }
        guard let victim else { return nil }
        owners.removeAll { $0 == victim }
        kills += 1
        return victim
    }

    /// By `oom_badness`: all processes sorted, the worst first, of equals the one that came first.
    var victim: Int? {
        let mortal = adjustments.indices.filter { adjustments[$0] > -1_000 && held($0) > 0 }
        let points = mortal.map { held($0) + adjustments[$0] * (limit / 1_000) }
        return zip(mortal, points).sorted { ($1.1, $0.0) < ($0.1, $1.0) }.first?.0
    }
}

@Suite struct SlowMemoryTests {
    /// Method: pages of one byte, four to six processes, sizes that pass the limit now and then.
    @Test("agrees with a memory that is counted page by page", arguments: 1...20)
    func brute(seed: UInt64) {
        var random = Random(seed: seed)
        let visible = random.within(1_000...2_000)
        let swap = random.below(2) == 0 ? 0 : random.within(1...1_000)
        var fast = Memory(visible: visible, swap: swap)
        var slow = SlowMemory(limit: Int(visible + swap))
        for index in 0..<Int(4 + random.below(3)) {
            let adjustment = index == 0 ? -1_000 : random.within(-999...1_000)
            slow.adjustments.append(Int(adjustment))
            #expect(fast.add("process \(index)", adjustment: adjustment) == index)
        }
        for step in 0..<150 {
            let index = Int(random.below(UInt64(slow.adjustments.count)))
            let most = fast.limit * 2 / Int64(slow.adjustments.count)
            let bytes = random.below(6) == 0 ? 0 : random.within(0...most)
            var killed = fast.setResident(index, bytes)
            #expect(killed == slow.set(index, Int(bytes)), "seed \(seed), step \(step)")
            while killed != nil {
                killed = fast.relieve()
                #expect(killed == slow.relieve(), "seed \(seed), step \(step)")
            }
            #expect(
                fast.processes.map { Int($0.resident) }
                    == slow.adjustments.indices.map { slow.held($0) },
                "seed \(seed), step \(step)")
            #expect(
                [fast.used, fast.usedMax, fast.kills]
                    == [slow.owners.count, slow.usedMax, slow.kills].map(Int64.init),
                "seed \(seed), step \(step)")
            #expect(fast.victim == slow.victim, "seed \(seed), step \(step)")
            #expect(fast.isExhausted == (slow.owners.count > slow.limit))
        }
        #expect(fast.kills > 0, "seed \(seed): nothing was ever killed")
    }
}
