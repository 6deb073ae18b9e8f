import Base
import Cloud

/// Media as fluid: rates shared max-min over every capacity that a flow crosses.
///
/// Nothing ticks. A change marks what it touches; `settle` then finds the new rates. Where no
/// capacity is asked for more than it has, every flow simply gets what it wants, at a cost of a
/// few additions. Only when one is does progressive filling run (Bertsekas and Gallager, *Data
/// Networks*, 6.5.2), over the flows that share a bottleneck with what changed. A flow's rate
/// feeds those that play from it, so filling is repeated until nothing changes; the chain is
/// publisher, server, node, viewer.
///
/// Where more than `crowd` flows share a capacity, those that come and go wait for the next
/// sharing, at most `shareEvery` after the last: so many TCP connections take at least that long
/// to find their shares, and a crowd's comings and goings would otherwise cost a look at every
/// flow each. No capacity is overdrawn meanwhile.
struct Fluid: Sendable {
    struct Capacity: Sendable {
        /// Units a second: bytes, or CPU nanoseconds.
        var limit: Int64
        /// What all flows together want of it, and what they get.
        var demand: Int64 = 0
        var use: Int64 = 0
        /// Whether more was ever wanted of it than it had.
        var wasOver = false
        /// True for a capacity of which a flow takes CPU time and not bytes.
        var isCPU: Bool
        // Scratch of one filling round.
        var left: Int64 = 0
        var weight: Int64 = 0
        var isShared = false

        var isOver: Bool { demand > limit }
    }

    /// How many flows on one capacity are shared at once, and how often more are.
    static let crowd = 64
    static let shareEvery = Interval.milliseconds(500)

    /// The longest chain of flows that feed one another, and one to see that nothing changed.
    private static let passesMax = 6
    /// Passes in which every unit of a capacity is given away. After them what rounding left over
    /// stays: it would go to a flow in one pass and back from those that it feeds in the next.
    private static let exactPasses = 3
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
    /// The open flows that cross each capacity.
    private var members: [[Int32]] = []
    /// Capacities on which rates must be shared anew.
    private var dirty: [Int32] = []
    private var isDirty: [Bool] = []
    private var sharedAt = Instant(nanoseconds: 0)
    // Scratch of one filling round: the capacities and flows that hang together, the capacities
    // among them that are over their limits, the flows without a new rate yet, and the new rates.
    private var reached: [Int32] = []
    private var over: [Int32] = []
    private var sharing: [Int32] = []
    private var isSharing: [Bool] = []
    private var waiting: [Int32] = []
    private var rates: [Int64] = []
    /// How often rates were shared by filling.
    private(set) var fillings: Int64 = 0

    mutating func addCapacity(_ limit: Int64, isCPU: Bool = false) -> Int32 {
        check(limit >= 0, "a capacity below zero")
        capacities.append(Capacity(limit: limit, isCPU: isCPU))
        members.append([])
        isDirty.append(false)
        return Int32(capacities.count - 1)
    }

    mutating func setLimit(_ index: Int32, _ limit: Int64) {
        check(limit >= 0, "a capacity below zero")
        let old = capacities[Int(index)].limit
        guard old != limit else { return }
        capacities[Int(index)].limit = limit
        let demand = capacities[Int(index)].demand
        guard demand > old || demand > limit else { return }
        if demand > limit { capacities[Int(index)].wasOver = true }
        markDirty(index)
        if capacities[Int(index)].use > limit { sharedAt = Instant(nanoseconds: 0) }
    }

    @inline(__always)
    func flow(_ index: Int32) -> Flow { flows[Int(index)] }
    func fed(by index: Int32) -> [Int32] { subscribers[Int(index)] }

    /// Opens a flow; `feeder` is the flow it plays from, or `noFlow` for an encoder's.
    mutating func open(_ flow: Flow, feeder: Int32, at now: Instant) -> Int32 {
        var flow = flow
        flow.feeder = feeder
        flow.updatedAt = now
        let index: Int32
        if let slot = free.popLast() {
            flows[Int(slot)] = flow
            index = slot
        } else {
            check(flows.count < Self.flowsMax, "more than \(Self.flowsMax) flows")
            index = Int32(flows.count)
            flows.append(flow)
            subscribers.append([])
            isTouched.append(false)
            isSharing.append(false)
            rates.append(0)
        }
        open.append(index)
        for place in 0..<4 where flow.crosses[place] != noCapacity {
            members[Int(flow.crosses[place])].append(index)
        }
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
        mark(index, setWant(index, 0))
        apply(index, rate: 0, at: now)
        flows[i].isOpen = false
        for place in 0..<4 where flows[i].crosses[place] != noCapacity {
            let c = Int(flows[i].crosses[place])
            if let member = members[c].firstIndex(of: index) {
                members[c].swapAt(member, members[c].count - 1)
                members[c].removeLast()
            }
        }
        if flows[i].feeder != noFlow {
            subscribers[Int(flows[i].feeder)].removeAll { $0 == index }
        }
        for subscriber in subscribers[i] { flows[Int(subscriber)].feeder = noFlow }
        let last = flows[i]
        subscribers[i].removeAll()
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
    /// Returns when to call again for crowds that wait; nil when all is shared.
    mutating func settle(at now: Instant) -> Instant? {
        let isDue = now >= sharedAt + Self.shareEvery
        var isShared = false
        for pass in 0..<Self.passesMax {
            let hasCrowd = split(isDue: isDue || isShared)
            guard !reached.isEmpty else { break }
            isShared = isShared || hasCrowd
            fill(at: now, isExact: pass < Self.exactPasses)
        }
        if isShared { sharedAt = now }
        guard !dirty.isEmpty else { return nil }
        let next = sharedAt + Self.shareEvery
        return next > now ? next : now + Self.shareEvery
    }

    var needsSettling: Bool { !dirty.isEmpty }

    /// Moves dirty capacities to `reached`, to be shared now; those of crowds only when it is due.
    /// Returns whether there is a crowd among them.
    private mutating func split(isDue: Bool) -> Bool {
        reached.removeAll(keepingCapacity: true)
        var hasCrowd = false
        var kept = 0
        for place in dirty.indices {
            let capacity = dirty[place]
            let isCrowd = members[Int(capacity)].count > Self.crowd
            if isDue || !isCrowd {
                reached.append(capacity)
                hasCrowd = hasCrowd || isCrowd
            } else {
                dirty[kept] = capacity
                kept += 1
            }
        }
        dirty.removeLast(dirty.count - kept)
        return hasCrowd
    }

    private mutating func markDirty(_ capacity: Int32) {
        guard !isDirty[Int(capacity)] else { return }
        isDirty[Int(capacity)] = true
        dirty.append(capacity)
    }

    /// Marks the capacities of a flow that are in the set of places.
    private mutating func mark(_ flow: Int32, _ places: UInt8) {
        let crosses = flows[Int(flow)].crosses
        for place in 0..<4 where places & 1 << place != 0 { markDirty(crosses[place]) }
    }

    /// When the flow reaches its next edge if all rates stay; nil for never, and when it is closed.
    func crossing(_ index: Int32) -> Instant? {
        flows[Int(index)].isOpen ? flows[Int(index)].crossing() : nil
    }

    mutating func clearTouched() {
        for index in touched { isTouched[Int(index)] = false }
        touched.removeAll(keepingCapacity: true)
    }

    /// An edge event of the flow fired: which edge is it, if any is due?
    mutating func edge(_ index: Int32, at now: Instant) -> FlowEdge? {
        let i = Int(index)
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
        let short = setWant(index, want)
        if short == 0 {
            if flows[i].rate != want { apply(index, rate: want, at: flows[i].updatedAt) }
        } else if !isHeld {
            if flows[i].rate > want { apply(index, rate: want, at: flows[i].updatedAt) }
            mark(index, short)
        }
    }

    /// Returns the places of the capacities that are, or were, asked for more than they have.
    private mutating func setWant(_ index: Int32, _ want: Int64) -> UInt8 {
        let i = Int(index)
        let old = flows[i].want
        flows[i].want = want
        let crosses = flows[i].crosses
        let cpuPerByte = flows[i].cpuPerByte
        var short: UInt8 = 0
        for place in 0..<4 {
            let c = Int(crosses[place])
            guard c >= 0 else { continue }
            let wasOver = capacities[c].isOver
            capacities[c].demand += load(want, place, cpuPerByte) - load(old, place, cpuPerByte)
            check(capacities[c].demand >= 0, "a demand below zero")
            let isOver = capacities[c].isOver
            if isOver { capacities[c].wasOver = true }
            if wasOver || isOver { short |= 1 << place }
        }
        return short
    }

    /// What a flow of this rate takes of the capacity in this place.
    @inline(__always)
    private func load(_ rate: Int64, _ place: Int, _ cpuPerByte: Int64) -> Int64 {
        place == Flow.cpuPlace ? rate * cpuPerByte / 1_000 : rate
    }

    /// Gives the flow a rate; those that it feeds follow.
    private mutating func apply(_ index: Int32, rate: Int64, at now: Instant) {
        let i = Int(index)
        let old = flows[i].rate
        guard rate != old else { return }
        flows[i].advance(to: now)
        flows[i].rate = rate
        let crosses = flows[i].crosses
        let cpuPerByte = flows[i].cpuPerByte
        for place in 0..<4 {
            let c = Int(crosses[place])
            guard c >= 0 else { continue }
            capacities[c].use += load(rate, place, cpuPerByte) - load(old, place, cpuPerByte)
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

    /// Shares anew what hangs together with the capacities in `reached`.
    private mutating func fill(at now: Instant, isExact: Bool) {
        fillings += 1
        reach(at: now)
        for capacity in reached { capacities[Int(capacity)].isShared = false }
        over.removeAll(keepingCapacity: true)
        for capacity in reached where capacities[Int(capacity)].isOver {
            over.append(capacity)
            capacities[Int(capacity)].left = capacities[Int(capacity)].limit
            capacities[Int(capacity)].weight = 0
        }
        for flow in sharing { weigh(Int(flow)) }
        share()
        let cpuPerByte = isExact ? 0 : sharing.reduce(0) { $0 + flows[Int($1)].cpuPerByte }
        for flow in sharing {
            isSharing[Int(flow)] = false
            // A flow whose feeder got less wants less by now.
            let rate = min(rates[Int(flow)], flows[Int(flow)].want)
            let more = rate - flows[Int(flow)].rate
            if !isExact && more > 0 && more <= leftOver(Int(flow), cpuPerByte) { continue }
            apply(flow, rate: rate, at: now)
        }
    }

    /// The most that rounding can leave for one flow: a unit of each flow that shares, and of CPU
    /// time what a byte a second of each takes besides.
    private func leftOver(_ flow: Int, _ cpuPerByteOfAll: Int64) -> Int64 {
        let count = Int64(sharing.count)
        let cpuPerByte = flows[flow].cpuPerByte
        guard cpuPerByte > 0 else { return count }
        return count + (cpuPerByteOfAll + 1_000 * count) / cpuPerByte
    }

    /// Collects the flows on the capacities in `reached`, and on every capacity over its limit that
    /// one of them crosses, and so on; their wants are looked at again.
    private mutating func reach(at now: Instant) {
        sharing.removeAll(keepingCapacity: true)
        for capacity in reached {
            isDirty[Int(capacity)] = false
            capacities[Int(capacity)].isShared = true
        }
        var next = 0
        while next < reached.count {
            let capacity = Int(reached[next])
            next += 1
            for place in members[capacity].indices {
                let flow = members[capacity][place]
                guard !isSharing[Int(flow)] else { continue }
                isSharing[Int(flow)] = true
                sharing.append(flow)
                flows[Int(flow)].advance(to: now)
                let short = setWant(flow, flows[Int(flow)].wanted)
                guard short != 0 else { continue }
                let crosses = flows[Int(flow)].crosses
                for place in 0..<4 where short & 1 << place != 0 {
                    let other = crosses[place]
                    guard !capacities[Int(other)].isShared else { continue }
                    capacities[Int(other)].isShared = true
                    reached.append(other)
                }
            }
        }
    }

    /// Fixes flows that want no more than the level at which the next bottleneck binds, or else
    /// the flows of that bottleneck, until none is left.
    private mutating func share() {
        waiting.removeAll(keepingCapacity: true)
        waiting.append(contentsOf: sharing)
        while !waiting.isEmpty {
            let (level, bottleneck) = leastLevel()
            let before = waiting.count
            fixWaiting(level, across: noCapacity)
            if waiting.count == before { fixWaiting(level, across: bottleneck) }
        }
    }

    /// Gives those waiting flows what they want up to the level that cross the capacity, or, for
    /// `noCapacity`, that want no more than the level.
    private mutating func fixWaiting(_ level: Int64, across bottleneck: Int32) {
        var kept = 0
        for place in waiting.indices {
            let index = waiting[place]
            let flow = Int(index)
            let want = flows[flow].want
            if bottleneck == noCapacity ? want <= level : crosses(flow, bottleneck) {
                rates[flow] = min(level, want)
                fix(flow, rates[flow])
            } else {
                waiting[kept] = index
                kept += 1
            }
        }
        waiting.removeLast(waiting.count - kept)
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
        let crosses = flows[flow].crosses
        return crosses[0] == capacity || crosses[1] == capacity || crosses[2] == capacity
            || crosses[3] == capacity
    }

    private mutating func weigh(_ flow: Int) {
        let crosses = flows[flow].crosses
        let cpuPerByte = flows[flow].cpuPerByte
        for place in 0..<4 {
            let c = Int(crosses[place])
            guard c >= 0, capacities[c].isOver else { continue }
            capacities[c].weight += place == Flow.cpuPlace ? cpuPerByte : 1
        }
    }

    private mutating func fix(_ flow: Int, _ rate: Int64) {
        let crosses = flows[flow].crosses
        let cpuPerByte = flows[flow].cpuPerByte
        for place in 0..<4 {
            let c = Int(crosses[place])
            guard c >= 0, capacities[c].isOver else { continue }
            capacities[c].weight -= place == Flow.cpuPlace ? cpuPerByte : 1
            capacities[c].left -= load(rate, place, cpuPerByte)
        }
    }
}
