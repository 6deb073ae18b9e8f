import Base
import Cloud
import Scenarios
import Testing

@testable import Simulation

@Suite struct KernelTests {
    /// Method: random pushes, timers, looks and steps of the clock against a list that is searched;
    /// waits of all lengths, many of them equal, so that buckets of every level fill and the front
    /// grows from behind.
    @Test("events come by time, then in the order they were pushed", arguments: UInt64(1)...12)
    func order(seed: UInt64) {
        var random = Random(seed: seed)
        let start = Instant(nanoseconds: Int64(random.below(1 << 60)))
        var queue = EventQueue(start: start)
        var model: [(time: Instant, number: Int32)] = []
        var timer: (time: Instant, number: Int32)?
        let spread = 1 + random.below(45)
        var number: Int32 = 0
        func wait() -> Interval {
            let bits = random.below(8) == 0 ? random.below(52) : random.below(spread)
            return Interval(nanoseconds: Int64(random.below(1 << bits)))
        }
        for step in 0..<2_000 {
            let isFilling = step / 500 % 2 == 0
            number += 1
            switch random.below(isFilling ? 12 : 24) {
            case 0: timer = (queue.now + wait(), number)
            case 1:
                timer = nil
                queue.cancel(.flow(0))
            case 2:
                let next = (model + [timer].compactMap { $0 }).map(\.time).min()
                #expect(queue.nextAt == next)
                let last = (next ?? queue.now) - Interval(nanoseconds: 1)
                let moment = min(queue.now + wait(), last)
                if moment >= queue.now { queue.advance(to: moment) }
            case 3...7:
                let burst = random.below(40) == 0 ? 100 : 1
                let time = queue.now + wait()
                for _ in 0..<burst {
                    number += 1
                    queue.push(.fault(number), at: time)
                    model.append((time, number))
                }
            case _:
                expectNext(&queue, &model, &timer)
            }
            if let timer, timer.number == number { queue.expect(.flow(0), at: timer.time) }
            #expect(queue.count == model.count)
        }
        while !model.isEmpty || timer != nil { expectNext(&queue, &model, &timer) }
        #expect(queue.nextAt == nil)
    }

    /// Takes the next of the queue and of the model.
    private func expectNext(
        _ queue: inout EventQueue, _ model: inout [(time: Instant, number: Int32)],
        _ timer: inout (time: Instant, number: Int32)?
    ) {
        let first = model.indices.min { model[$0] < model[$1] }
        if let due = timer, first.map({ due < model[$0] }) ?? true {
            timer = nil
            guard case .timer(.flow(0)) = queue.pop() else {
                Issue.record("the timer was passed over")
                return
            }
            #expect(queue.now == due.time)
        } else if let first {
            let expected = model.remove(at: first)
            guard case .fault(let got) = queue.pop() else {
                Issue.record("not an event that was pushed")
                return
            }
            #expect(got == expected.number && queue.now == expected.time)
        }
    }

    @Test("TCP's ceilings are those of the papers within one percent")
    func ceilings() {
        let line: Int64 = 1_000_000_000
        let wire = 1_514.0
        for (milliseconds, loss) in [(20, 0.001), (100, 0.01), (50, 0.0001)] {
            let roundTrip = Interval.milliseconds(Int64(milliseconds))
            let share = Share(millionths: Int64(loss * 1e6))
            let seconds = Double(milliseconds) / 1e3
            let reno = wire / seconds * (1.5 / loss).squareRoot()
            let got = TCPResponse.ceiling(
                line: line, roundTrip: roundTrip, loss: share, control: .reno)
            #expect(abs(Double(got) / reno - 1) < 0.01)
            let cube = (seconds / loss) * (seconds / loss) * (seconds / loss)
            let cubic = wire / seconds * 1.054 * cube.squareRoot().squareRoot()
            let gotCubic = TCPResponse.ceiling(
                line: line, roundTrip: roundTrip, loss: share, control: .cubic)
            #expect(abs(Double(gotCubic) / max(reno, cubic) - 1) < 0.01)
        }
        let bbr = TCPResponse.ceiling(
            line: line, roundTrip: .milliseconds(50), loss: .percent(1), control: .bbr)
        #expect(bbr == line / 100 * 99)
    }

    /// Method: what a file may say of a home at its ends, doubled and joined as a path through a
    /// node is; where the root's argument is largest against the formula in floating point.
    @Test("TCP's ceiling lies between one byte a second and the line for every home there may be")
    func ceilingCorners() {
        let losses = [1, 10, 500, 500_000].map { Share(millionths: $0) }
        let delays = [Interval(nanoseconds: 1_000), .milliseconds(35), .seconds(1), .seconds(2)]
        for control in CongestionControl.allCases {
            for (loss, delay) in losses.flatMap({ loss in delays.map { (loss, $0) } }) {
                for line in [Int64(1), 125, 1_250_000_000] {
                    var home = Plan.cable
                    (home.loss, home.delay, home.congestion) = (loss, delay, control)
                    for isThroughNode in [false, true] {
                        if isThroughNode { home.crossAlso(home) }
                        #expect((1...line).contains(home.pathCeiling(line: line)))
                    }
                }
            }
        }
        let ratio = 8.0 / 1e-6
        let cubic = 1_514.0 / 8 * 1.054 * (ratio * ratio * ratio).squareRoot().squareRoot()
        let got = TCPResponse.ceiling(
            line: .max, roundTrip: .seconds(8), loss: Share(millionths: 1), control: .cubic)
        #expect(abs(Double(got) / cubic - 1) < 0.01)
    }

    @Test("a group of pictures adds up to its rate within one frame's rounding")
    func shape() {
        let shape = MediaShape(Plan.media, video: Plan.media.video)
        let group = shape.keyFrame + shape.frame * 59
        #expect(abs(group - (shape.content - shape.audio) * 2) <= 1)
        #expect(shape.keyFrame >= 8 * shape.frame)
        #expect(shape.sinceKeyFrame(.zero) == shape.keyFrame)
    }

    /// Method: random flows over random capacities, against filling in small equal steps.
    @Test("rates are max-min fair and no capacity is overdrawn")
    func fairness() {
        for seed in UInt64(1)...40 {
            var random = Random(seed: seed)
            var fluid = Fluid()
            let now = Instant(nanoseconds: 0)
            let limits = (0..<4).map { _ in Int64(1_000 + random.below(9_000)) }
            let capacities = limits.map { fluid.addCapacity($0) }
            var routes: [[Int]] = []
            var wants: [Int64] = []
            for _ in 0..<(2 + Int(random.below(8))) {
                let a = Int(random.below(4))
                let b = Int(random.below(4))
                var flow = Flow(ceiling: Int64(100 + random.below(6_000)), owner: 0, at: now)
                flow.crosses[0] = capacities[a]
                if b != a { flow.crosses[1] = capacities[b] }
                flow.feed = 1_000_000
                routes.append(a == b ? [a] : [a, b])
                wants.append(flow.ceiling)
                _ = fluid.open(flow, feeder: noFlow, at: now)
            }
            #expect(fluid.settle(at: now) == nil)
            let expected = bruteForce(limits, routes, wants)
            for index in routes.indices {
                let got = fluid.flow(Int32(index)).rate
                #expect(abs(got - expected[index]) <= 12, "seed \(seed), flow \(index)")
            }
            for index in limits.indices {
                #expect(fluid.capacities[index].use <= limits[index], "seed \(seed)")
            }
        }
    }

    @Test("what rounding leaves over does not go to and fro between a flow and those it feeds")
    func leftOver() {
        let now = Instant(nanoseconds: 0) + .seconds(10)
        var fluid = Fluid()
        let cpu = fluid.addCapacity(10_000_000, isCPU: true)
        var flow = Flow(ceiling: 10_000_000, owner: 0, at: now)
        flow.crosses[Flow.cpuPlace] = cpu
        flow.cpuPerByte = 1_000
        flow.feed = 1_000_000
        let publisher = fluid.open(flow, feeder: noFlow, at: now)
        let players = (0..<3).map { _ in fluid.open(flow, feeder: publisher, at: now) }
        #expect(fluid.settle(at: now) == nil)
        fluid.setLimit(cpu, 1_000_003)
        #expect(fluid.settle(at: now) == nil)
        for index in players + [publisher] {
            #expect((250_000...250_003).contains(fluid.flow(index).rate))
        }
        #expect(fluid.capacities[Int(cpu)].use <= 1_000_003)
    }

    private func bruteForce(_ limits: [Int64], _ routes: [[Int]], _ wants: [Int64]) -> [Int64] {
        var rates = [Int64](repeating: 0, count: routes.count)
        var grows = [Bool](repeating: true, count: routes.count)
        while grows.contains(true) {
            for index in routes.indices where grows[index] {
                let isFull = routes[index].contains { capacity in
                    let use = routes.indices.filter { routes[$0].contains(capacity) }
                        .reduce(Int64(0)) { $0 + rates[$1] }
                    return use >= limits[capacity]
                }
                if isFull || rates[index] >= wants[index] {
                    grows[index] = false
                } else {
                    rates[index] += 1
                }
            }
        }
        return rates
    }

    @Test("a queue empties at the very nanosecond at which its bytes are gone")
    func edge() {
        var flow = Flow(ceiling: 1_000, owner: 0, at: Instant(nanoseconds: 0))
        flow.feed = 300
        flow.rate = 1_000
        flow.queue = .init(7)
        let at = flow.crossing()
        #expect(at?.nanoseconds == 10_000_000)
        flow.advance(to: Instant(nanoseconds: 9_999_999))
        #expect(flow.queue > .zero)
        flow.advance(to: Instant(nanoseconds: 10_000_000))
        #expect(flow.queue == .zero)
    }
}
