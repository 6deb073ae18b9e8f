import Base
import Cloud
import Platform
import Results
import Scenarios

/// The whole platform in virtual time: programs, machines, homes and one queue of events.
///
/// One value, one thread. Every input that a program gets goes through `deliver`, which feeds the
/// fingerprint; every effect goes through `perform`. Reading order: this file, then
/// `World+Programs` (who is called), `World+Calls` and `World+Links` (what travels between them),
/// `World+Media` and `World+Encoders` (the fluid), `World+Machines`, `World+Database`,
/// `World+Faults`, `World+Results`.
///
/// A call of a method that only reads copies the world, 4.6 KB, unless it is inlined (Swift 6.3,
/// seen in the instructions): the ones that every event needs are marked `@inline(__always)`.
/// And the checker of values that cannot be copied takes minutes over a long one that only reads,
/// as it looks at each of the world's leaves in each block: what rules and bills is `mutating`.
public struct World: ~Copyable {
    static let flightsMax = 1_000_000
    static let linksMax = 200_000
    static let viewersMax = 100_000
    static let logMax = 60_000
    static let seriesStep = Interval.minutes(5)

    let scenario: Scenario
    let costEnd: CostProfile.End
    let end: Instant
    let book: PriceBook

    var queue: EventQueue
    var fluid = Fluid()
    var host: Host
    var balancer: LoadBalancer?
    var databaseMachine: DatabaseMachine?
    var cacheMachine: CacheMachine?
    var databaseWasUp = true
    /// The coordinator's and the worker's connections to the database.
    var pools: [DatabasePool]

    var coordinator: Coordinator
    var worker: Worker
    var rtmpServer: RTMPServer
    var streamers: [StreamerSlot]
    var nodes: [NodeSlot]
    var viewers = Slots<ViewerSlot>()
    var tables: Tables
    var cacheTables: CacheTables
    var outbox = Outbox()
    /// When the latest input's effects take place: after its CPU time.
    var effectsAt: Instant
    /// The wake that each service's program asked for last.
    var serviceWakes = [UInt32](repeating: 0, count: Service.allCases.count)

    var homes: [Home] = []
    var flights = Slots<Flight>()
    /// With so many flights memory is weighed again.
    var flightsWeighedAt = World.flightsWeighed
    var links = Slots<Link>()
    /// What is said on each link, by the link's index.
    var conversations: [Conversation?] = []
    /// Fills handshakes.
    var sessionRandom: Random
    /// (kind, index, connection) of a client to its link.
    var clientLinks = Lookup<UInt64, Int32>()

    var scanRandom: Random
    var visitRandom: Random
    var faultRandom: Random
    var probeCount: UInt64 = 0
    let scannedPorts: [Int]
    let zones: [TimeZoneRules]
    /// From where the dashboard is probed.
    let proberDelay: Interval
    /// The public address that friends were last told.
    var addressKnown: UInt32 = 1
    /// When crowded capacities are to be shared next; `.distantFuture` for not yet.
    var shareAt = Instant.distantFuture
    /// The instant of the latest edge of a flow, and how many came at it.
    var edgesAt = Instant(nanoseconds: 0)
    var edgesAtOnce = 0
    /// Media sessions at the RTMP server, and whether some came or went since it was weighed.
    var publishers: Int64 = 0
    var players: Int64 = 0
    var sessionsChanged = false

    var tally = Tally()
    var record: Recorder
    /// Frames beside the fluid, while they are looked at; then what they found.
    var frames: FramePlane?
    var framesFrom: Instant
    var framesHandled: Int64 = 0
    var framesTotals: FramePlane.Totals?
    var fluidBefore = MediaTotals()
    var windowReport: FidelityReport?
    /// The window's packets, where they were asked for.
    var capture: Runner.Capture?
    /// In a run by frames: by how much they differ from the machines' own accounts.
    var frameCorrection: Int64 = 0
    /// The same of egress, with what groups of pictures that were not whole make besides.
    var egressCorrection: Int64 = 0
    var viewerEvenings: [ViewerEvening] = []
    var account = Account.open
    /// Set when the run ends, by its duration or an interruption: nothing after it was cut.
    var isOver = false
    /// What only a person could do, and whether it was done.
    var interventions: [Intervention] = []
    var repairs: [RepairKind] = []

    /// The AWS account: a Free plan's closes when its credits or its six months are over.
    enum Account: Sendable, Hashable {
        case open
        case closed(at: Instant)
        /// A person went over to the Paid plan.
        case paid
    }

    struct StreamerSlot {
        var program: StreamerClient
        var name: String
        var home: Int32
        var wake: UInt32 = 0
        var sessions: [StreamSession]
        /// The first session that has not begun.
        var next = 0
        var zone: TimeZoneRules
        var audienceRandom: Random
        var media: StreamMedia
    }

    struct NodeSlot {
        var program: NodeProgram
        var name: String
        var home: Int32
        var wake: UInt32 = 0
        var portForwarding: Bool
        var stream: Int32
        /// The flow by which it pulls its stream, while it does.
        var pull: Int32 = noFlow
        var talkedAt: Instant
        /// Whether its connection to the load balancer is open.
        var isBalanced = false
        /// Whether the coordinator knows its present address, which heartbeats bring.
        var isAddressKnown = true
        /// What it relayed over connections that are gone, and what its program knows of.
        var relayedBefore: Int64 = 0
        var relayedTold: Int64 = 0
    }

    struct ViewerSlot: Sendable {
        var program: ViewerClient
        var group: Int
        var stream: Int32
        var wake: UInt32 = 0
        var epoch: UInt32 = 0
        var from: Instant
        var until: Instant
        var isOpen = true
    }

    /// Runs everything that is due up to and including `until`, and on to that very moment.
    public mutating func run(until: Instant) {
        while let next = queue.nextAt, next <= until {
            let event = queue.pop()
            handle(event)
            if sessionsChanged { weighSessions() }
            settle()
            scheduleFlows()
        }
        queue.advance(to: until)
    }

    public var now: Instant { queue.now }
    public var eventsHandled: Int64 { queue.handled + framesHandled + (frames?.handled ?? 0) }

    mutating func handle(_ event: Event) {
        switch event {
        case .wake(let ref, let generation): wake(ref, generation)
        case .arrive(let flight, let generation): arrive(flight, generation)
        case .answer(let flight, let generation): answer(flight, generation)
        case .link(let link, let generation, let step): stepLink(link, generation, step)
        case .timer(.flow(let flow)): flowEdge(flow)
        case .timer(.machines): machineEdge()
        case .keyFrame(let stream, let generation): keyFrame(stream, generation)
        case .redraw(let stream, let generation): redraw(stream, generation)
        case .audience(let stream): admitAudience(stream)
        case .viewerGone(let viewer, let epoch): viewerGone(viewer, epoch)
        case .healthCheck: healthCheck()
        case .home(let home, let step): stepHome(home, step)
        case .viewerEvening(let index): turnViewerEvening(Int(index))
        case .fault(let index): strike(scenario.faults[Int(index)].kind)
        case .restart(let service, let generation): restarted(service, generation)
        case .instanceUp(let generation): instanceUp(generation)
        case .repair(let index): repair(Int(index))
        case .scan: scan()
        case .probe: probe()
        case .visit: visit()
        case .sample: sample()
        case .share: shareAt = .distantFuture
        }
    }

    /// Shares capacities anew where that is due, and has crowds wait for the next sharing.
    private mutating func settle() {
        guard fluid.needsSettling, let at = fluid.settle(at: queue.now), at < shareAt else {
            return
        }
        shareAt = at
        queue.push(.share, at: at)
    }

    /// Expects the edges of all flows whose rates changed, where they come sooner than before.
    mutating func scheduleFlows() {
        guard !fluid.touched.isEmpty else { return }
        for place in fluid.touched.indices {
            let index = fluid.touched[place]
            if frames != nil { passRate(index) }
            guard let at = fluid.crossing(index), at < queue.expected(.flow(index)) else {
                continue
            }
            queue.expect(.flow(index), at: at)
        }
        fluid.clearTouched()
        updateMachineUse()
    }
}
