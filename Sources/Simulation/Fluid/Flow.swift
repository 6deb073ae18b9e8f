import Base
import Cloud

/// One media session as a fluid: bytes that wait in a queue and leave at a shared rate.
///
/// A publisher's queue is its encoder's send buffer, fed by the encoder. A player's queue is kept
/// by the server (or node) it plays from and is fed by what that one receives. All rates are wire
/// bytes a second, so framing is inside them. Between two calls every rate is constant and every
/// level moves along a straight line, so integrals and crossings are exact.
struct Flow: Sendable {
    /// Who plays at the far end.
    enum Player: UInt8, Sendable {
        /// Nobody: a publisher's or a node's pull.
        case none
        /// Not yet enough buffered to begin.
        case starting
        case playing
        case stalled
    }

    /// The capacities that the flow crosses; `noCapacity` in unused places.
    var crosses: [4 of Int32] = [noCapacity, noCapacity, noCapacity, noCapacity]
    /// CPU picoseconds for each byte, spent from the capacity in place `cpuPlace` of `crosses`.
    var cpuPerByte: Int64 = 0
    /// What the path allows by itself: the home's line and TCP's response to loss.
    var ceiling: Int64
    /// What comes into the queue.
    var feed: Int64 = 0
    /// What the solver was last told that the flow wants.
    var want: Int64 = 0
    var rate: Int64 = 0
    /// Bytes waiting. Invariant: never below zero.
    var queue: Integral = .zero
    /// The queue's edge; reaching it is an event. Zero is no edge.
    var queueMax: Int64 = 0
    var player: Player = .none
    /// Bytes received and not yet played.
    var buffer: Integral = .zero
    /// Bytes that must be buffered before playing begins.
    var bufferTarget: Int64 = 0
    /// Bytes that a second of media has now, and has on average.
    var content: Int64 = 0
    var contentMean: Int64 = 0
    var sent: Integral = .zero
    /// Time in `playing` and in `stalled`.
    var played: Interval = .zero
    var stalledTime: Interval = .zero
    var stalls: Int64 = 0
    /// Twice the time that what was sent had waited: byte-billionths × nanoseconds.
    var waited: Int128 = 0
    /// The flow that this one plays from, or `noFlow`.
    var feeder: Int32 = noFlow
    /// Whose flow it is: an index that the solver passes through.
    let owner: Int32
    var updatedAt: Instant
    var isOpen = true

    static let cpuPlace = 3

    init(ceiling: Int64, owner: Int32, at now: Instant) {
        check(ceiling > 0, "a path that carries nothing")
        self.ceiling = ceiling
        self.owner = owner
        updatedAt = now
    }

    /// Moves every integral to `now` under the present rates.
    mutating func advance(to now: Instant) {
        check(now >= updatedAt, "time ran backwards")
        let elapsed = now - updatedAt
        guard elapsed > .zero else { return }
        updatedAt = now
        sent += .of(rate: rate, over: elapsed)
        let before = queue
        if feed != rate { queue = max(.zero, queue + .of(rate: feed - rate, over: elapsed)) }
        if before > .zero && rate > 0 {
            // What leaves now came in when what waits behind it had not: waiting bytes ÷ feed ago.
            let area = (before.billionths &+ queue.billionths) &* Int128(elapsed.nanoseconds)
            waited &+= area &* Int128(rate) / Int128(max(feed, contentMean, 1))
        }
        switch player {
        case .none: break
        case .starting: buffer += .of(rate: rate, over: elapsed)
        case .playing:
            played += elapsed
            buffer = max(.zero, buffer + .of(rate: rate - drain, over: elapsed))
        case .stalled:
            stalledTime += elapsed
            buffer += .of(rate: rate, over: elapsed)
        }
    }

    /// Bytes that a second of playing takes. Who plays from a queue plays what was made long ago,
    /// at the bit rates of then; who gets everything at once plays at the rate of now.
    @inline(__always)
    var drain: Int64 { queue > .zero || feed > rate ? contentMean : content }

    /// What the flow would take now: its feed, or all it can get while bytes wait.
    @inline(__always)
    var wanted: Int64 { queue > .zero ? ceiling : min(feed, ceiling) }

    /// When the next edge is reached if all rates stay; nil for never.
    @inline(__always)
    func crossing() -> Instant? {
        var next: Interval?
        func consider(_ distance: Integral, _ speed: Int64) {
            guard speed > 0, let time = distance.timeUp(at: speed) else { return }
            next = next.map { min($0, time) } ?? time
        }
        if feed < rate && queue > .zero { consider(queue, rate - feed) }
        if feed > rate && queueMax > 0 { consider(Integral(queueMax) - queue, feed - rate) }
        switch player {
        case .none: break
        case .starting, .stalled: consider(Integral(bufferTarget) - buffer, rate)
        case .playing: consider(buffer, drain - rate)
        }
        guard let next, next < .days(1_000) else { return nil }
        return updatedAt + next
    }
}

let noCapacity: Int32 = -1
let noFlow: Int32 = -1

/// An edge that a flow has reached.
enum FlowEdge: Sendable {
    case queueEmpty, queueFull, bufferEmpty, bufferReady
}
