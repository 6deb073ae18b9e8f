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
