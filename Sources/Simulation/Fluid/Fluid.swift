import Base
import Cloud

/// Media as fluid: rates shared max-min over every capacity that a flow crosses.
///
/// Nothing ticks. A change marks what it touches; `settle` then finds the new rates. Where no
/// capacity is asked for more than it has, every flow simply gets what it wants, at a cost of a
/// few additions. Only when one is does progressive filling run, over the flows that there are
/// (Bertsekas and Gallager, *Data Networks*, 6.5.2). A flow's rate feeds those that play from it,
/// so filling is repeated until nothing changes; the chain is publisher, server, node, viewer.
struct Fluid: Sendable {
    struct Capacity: Sendable {
        /// Units a second: bytes, or CPU nanoseconds.
        var limit: Int64
        /// What all flows together want of it, and what they get.
        var demand: Int64 = 0
        var use: Int64 = 0
        /// True for a capacity of which a flow takes CPU time and not bytes.
        var isCPU: Bool
        // Scratch of one filling round.
        var left: Int64 = 0
        var weight: Int64 = 0
    }

    /// The longest chain of flows that feed one another, and one to see that nothing changed.
    private static let passesMax = 6
    static let flowsMax = 1_000_000

    private(set) var capacities: [Capacity] = []
    private(set) var flows: [Flow] = []
    /// For each flow those that are fed by what it delivers; beside it, so that `Flow` is plain.
    private var subscribers: [[Int32]] = []
    private var free: [Int32] = []
    private(set) var open: [Int32] = []
    /// Flows whose edges must be scheduled anew.
    private(set) var touched: [Int32] = []
    private var isTouched: [Bool] = []
    /// Capacities over their limit the last time rates were shared.
    private var over: [Int32] = []
    private var mustFill = false
    // Scratch of one filling round: flows by want, their new rates, and which are settled.
    private var order: [Int32] = []
    private var rates: [Int64] = []
    private var isFixed: [Bool] = []
    /// How often rates were shared by filling.
    private(set) var fillings: Int64 = 0

    mutating func addCapacity(_ limit: Int64, isCPU: Bool = false) -> Int32 {
        check(limit >= 0, "a capacity below zero")
        capacities.append(Capacity(limit: limit, isCPU: isCPU))
        return Int32(capacities.count - 1)
    }

    mutating func setLimit(_ index: Int32, _ limit: Int64) {
        check(limit >= 0, "a capacity below zero")
        let old = capacities[Int(index)].limit
        guard old != limit else { return }
        capacities[Int(index)].limit = limit
        let demand = capacities[Int(index)].demand
        if demand > old || demand > limit { mustFill = true }
    }

    func flow(_ index: Int32) -> Flow { flows[Int(index)] }
    func fed(by index: Int32) -> [Int32] { subscribers[Int(index)] }

    /// Opens a flow; `feeder` is the flow it plays from, or `noFlow` for an encoder's.
    mutating func open(_ flow: Flow, feeder: Int32, at now: Instant) -> Int32 {
        var flow = flow
        flow.feeder = feeder
        flow.updatedAt = now
        let index: Int32
        if let slot = free.popLast() {
            flow.generation = flows[Int(slot)].generation &+ 1
            flows[Int(slot)] = flow
            index = slot
        } else {
            check(flows.count < Self.flowsMax, "more than \(Self.flowsMax) flows")
            index = Int32(flows.count)
            flows.append(flow)
            subscribers.append([])
            isTouched.append(false)
        }
        open.append(index)
        if feeder != noFlow {
            subscribers[Int(feeder)].append(index)
            flows[Int(index)].feed = flows[Int(feeder)].rate
        }
        rewant(index)
        touch(index)
        return index
    }

    /// Ends a flow and returns its last state. Flows that were fed by it stay, without feed.
    @discardableResult
    mutating func close(_ index: Int32, at now: Instant) -> Flow {
        let i = Int(index)
        check(flows[i].isOpen, "a flow closed twice")
        flows[i].advance(to: now)
        if setWant(index, 0) { mustFill = true }
        apply(index, rate: 0, at: now)
        flows[i].isOpen = false
        if flows[i].feeder != noFlow {
            subscribers[Int(flows[i].feeder)].removeAll { $0 == index }
        }
        for subscriber in subscribers[i] { flows[Int(subscriber)].feeder = noFlow }
        let last = flows[i]
        subscribers[i].removeAll()
        flows[i].pendingAt = .distantFuture
        open.removeAll { $0 == index }
        free.append(index)
        return last
    }

    /// Changes one flow's state at `now`, after moving it there; its want is looked at again.
    mutating func change(_ index: Int32, at now: Instant, _ body: (inout Flow) -> Void) {
        check(flows[Int(index)].isOpen, "a change to a closed flow")
        flows[Int(index)].advance(to: now)
        body(&flows[Int(index)])
        rewant(index)
        touch(index)
    }

    /// Finds the rates after all changes so far. Call once per event, when done with changes.
    mutating func settle(at now: Instant) {
        guard mustFill else { return }
        for _ in 0..<Self.passesMax {
            mustFill = false
            fill(at: now)
            if !mustFill { return }
        }
        mustFill = false
    }

    var needsSettling: Bool { mustFill }

    /// The flows to schedule anew since the last call.
    mutating func takeTouched() -> [Int32] {
        defer { touched.removeAll(keepingCapacity: true) }
        for index in touched { isTouched[Int(index)] = false }
        return touched
    }

    /// An edge event of the flow fired: which edge is it, if any is due?
    mutating func edge(_ index: Int32, at now: Instant) -> FlowEdge? {
        let i = Int(index)
        flows[i].pendingAt = .distantFuture
        flows[i].advance(to: now)
        let flow = flows[i]
        switch flow.player {
        case .none: break
        case .starting, .stalled:
            if flow.buffer >= Integral(flow.bufferTarget) { return .bufferReady }
        case .playing:
            if flow.buffer == .zero && flow.drain > flow.rate { return .bufferEmpty }
        }
        if flow.queueMax > 0 && flow.feed > flow.rate && flow.queue >= Integral(flow.queueMax) {
            return .queueFull
        }
        if flow.queue == .zero && flow.want != flow.wanted { return .queueEmpty }
        return nil
    }

    mutating func setPending(_ index: Int32, _ at: Instant) { flows[Int(index)].pendingAt = at }

    // MARK: Wants and rates

    private mutating func touch(_ index: Int32) {
        guard !isTouched[Int(index)] else { return }
        isTouched[Int(index)] = true
        touched.append(index)
    }

    /// Looks at what the flow wants now, and gives it that where nothing is short.
    ///
    /// A flow that got less than it wanted, and still wants more than it got, changes nobody's
    /// rate: its bottleneck holds it where it is. Stalls and skips of crowded players are such.
    private mutating func rewant(_ index: Int32) {
        let i = Int(index)
        let want = flows[i].wanted
        let isHeld = flows[i].rate < min(want, flows[i].want)
        let isShort = setWant(index, want)
        if isHeld && isShort { return }
        if isShort {
            mustFill = true
        } else if flows[i].rate != flows[i].want {
            apply(index, rate: flows[i].want, at: flows[i].updatedAt)
        }
    }

    /// Returns whether a capacity that the flow crosses is, or was, asked for more than it has.
    @discardableResult
    private mutating func setWant(_ index: Int32, _ want: Int64) -> Bool {
        let i = Int(index)
        let old = flows[i].want
        flows[i].want = want
        var isShort = false
        for place in 0..<4 {
            let c = Int(flows[i].crosses[place])
            guard c >= 0 else { continue }
            let wasOver = capacities[c].demand > capacities[c].limit
            capacities[c].demand += load(i, place, want) - load(i, place, old)
            check(capacities[c].demand >= 0, "a demand below zero")
            if wasOver || capacities[c].demand > capacities[c].limit { isShort = true }
        }
        return isShort
    }

    @inline(__always)
    private func load(_ flow: Int, _ place: Int, _ rate: Int64) -> Int64 {
        place == Flow.cpuPlace ? rate * flows[flow].cpuPerByte / 1_000 : rate
    }

    /// Gives the flow a rate; those that it feeds follow.
    private mutating func apply(_ index: Int32, rate: Int64, at now: Instant) {
        let i = Int(index)
        let old = flows[i].rate
        guard rate != old else { return }
        flows[i].advance(to: now)
        flows[i].rate = rate
        for place in 0..<4 {
            let c = Int(flows[i].crosses[place])
            if c >= 0 { capacities[c].use += load(i, place, rate) - load(i, place, old) }
        }
        touch(index)
        for s in 0..<subscribers[i].count {
            let subscriber = subscribers[i][s]
            flows[Int(subscriber)].advance(to: now)
            flows[Int(subscriber)].feed = rate
            touch(subscriber)
            rewant(subscriber)
        }
    }

    // MARK: Progressive filling

    private mutating func fill(at now: Instant) {
        fillings += 1
        for index in open {
            flows[Int(index)].advance(to: now)
            setWant(index, flows[Int(index)].wanted)
        }
        over.removeAll(keepingCapacity: true)
        for c in capacities.indices where capacities[c].demand > capacities[c].limit {
            over.append(Int32(c))
            capacities[c].left = capacities[c].limit
            capacities[c].weight = 0
        }
        order.removeAll(keepingCapacity: true)
        order.append(contentsOf: open)
        order.sort { a, b in
            let (x, y) = (flows[Int(a)].want, flows[Int(b)].want)
            return x == y ? a < b : x < y
        }
        for index in order { weigh(Int(index), by: 1) }
        share(at: now)
    }

    /// Fixes flows from the least want up, and whole bottlenecks as they bind.
    private mutating func share(at now: Instant) {
        rates.removeAll(keepingCapacity: true)
        rates.append(contentsOf: repeatElement(0, count: order.count))
        isFixed.removeAll(keepingCapacity: true)
        isFixed.append(contentsOf: repeatElement(false, count: order.count))
        var next = 0
        while true {
            let (level, bottleneck) = leastLevel()
            var progressed = false
            while next < order.count {
                let flow = Int(order[next])
                if isFixed[next] {
                    next += 1
                    continue
                }
                guard flows[flow].want <= level else { break }
                rates[next] = flows[flow].want
                isFixed[next] = true
                fix(flow, rates[next])
                next += 1
                progressed = true
            }
            if next == order.count { break }
            if progressed { continue }
            for place in next..<order.count where !isFixed[place] {
                let flow = Int(order[place])
                guard crosses(flow, bottleneck) else { continue }
                rates[place] = level
                isFixed[place] = true
                fix(flow, level)
            }
        }
        for place in order.indices where flows[Int(order[place])].isOpen {
            apply(order[place], rate: rates[place], at: now)
        }
    }

    private func leastLevel() -> (level: Int64, capacity: Int32) {
        var least: (level: Int64, capacity: Int32) = (.max, noCapacity)
        for index in over {
            let capacity = capacities[Int(index)]
            guard capacity.weight > 0 else { continue }
            let left = max(0, capacity.left)
            let level =
                capacity.isCPU
                ? multiplyDivide(left, 1_000, capacity.weight) : left / capacity.weight
            if level < least.level { least = (level, index) }
        }
        return least
    }

    private func crosses(_ flow: Int, _ capacity: Int32) -> Bool {
        for place in 0..<4 where flows[flow].crosses[place] == capacity { return true }
        return false
    }

    private mutating func weigh(_ flow: Int, by sign: Int64) {
        for place in 0..<4 {
            let c = Int(flows[flow].crosses[place])
            guard c >= 0, capacities[c].demand > capacities[c].limit else { continue }
            capacities[c].weight += sign * (place == Flow.cpuPlace ? flows[flow].cpuPerByte : 1)
        }
    }

    private mutating func fix(_ flow: Int, _ rate: Int64) {
        weigh(flow, by: -1)
        for place in 0..<4 {
            let c = Int(flows[flow].crosses[place])
            guard c >= 0, capacities[c].demand > capacities[c].limit else { continue }
            capacities[c].left -= load(flow, place, rate)
        }
    }
}
