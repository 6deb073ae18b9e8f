import Platform

/// Everything that can happen in virtual time. Trivial values: no closure, no reference.
///
/// An event that may have been overtaken carries the generation of what it belongs to, and is
/// dropped when that has moved on.
enum Event: Sendable {
    /// A program asked to be woken.
    case wake(ProgramRef, generation: UInt32)
    /// A call arrives at the program that is called.
    case arrive(flight: Int32, generation: UInt32)
    /// The answer to a call, transaction or command arrives at the program that asked.
    case answer(flight: Int32, generation: UInt32)
    /// Something happens at one end of a connection.
    case link(Int32, generation: UInt32, LinkStep)
    /// What was expected last of a flow or of the machines.
    case timer(Timer)
    /// A key frame of a stream whose encoder is short of uplink.
    case keyFrame(stream: Int32, generation: UInt32)
    /// The bit rate of a varying stream is redrawn.
    case redraw(stream: Int32, generation: UInt32)
    /// A streamer's session begins: its viewers are on their way.
    case audience(stream: Int32)
    /// A viewer's slot is free again.
    case viewerGone(Int32, epoch: UInt32)
    /// The load balancer's next health check.
    case healthCheck
    /// A home's rates change with the evening, or its router goes away or comes back.
    case home(Int32, HomeStep)
    /// The lines of viewers change with the evening.
    case viewerEvening(Int32)
    case fault(Int32)
    /// A container's process, or the instance, comes back.
    case restart(Service, generation: UInt32)
    case instanceUp(generation: UInt32)
    /// A person does what was needed.
    case repair(intervention: Int32)
    case scan
    /// The criterion's minutely look at the dashboard, and someone's visit.
    case probe
    case visit
    /// Crowded capacities are shared anew.
    case share
    /// The end of a step of the time series.
    case sample
}

/// What has one expected time, which moves with every change of a rate.
enum Timer: Sendable, Hashable {
    /// A machine's allowance, credit balance or disk reaches an edge.
    case machines
    /// A flow's queue or buffer reaches an edge.
    case flow(Int32)

    /// As the queue counts timers.
    var number: Int32 {
        switch self {
        case .machines: 0
        case .flow(let index): index + 1
        }
    }

    init(number: Int32) { self = number == 0 ? .machines : .flow(number - 1) }
}

enum LinkStep: UInt8, Sendable {
    case openClient, openServer, bytesToServer, bytesToClient, closeServer, closeClient

    /// Whether it needs the path between the two; an end also finds out by itself.
    var crossesPath: Bool {
        switch self {
        case .openClient, .openServer, .bytesToServer, .bytesToClient: true
        case .closeServer, .closeClient: false
        }
    }
}

enum HomeStep: UInt8, Sendable { case eveningBegins, eveningEnds, goes, returns }

/// One of the world's programs.
struct ProgramRef: Sendable, Hashable {
    enum Kind: UInt8, Sendable { case coordinator, worker, rtmp, streamer, viewer, node, prober }

    var kind: Kind
    var index: Int32

    static let coordinator = ProgramRef(kind: .coordinator, index: 0)
    static let worker = ProgramRef(kind: .worker, index: 0)
    static let rtmp = ProgramRef(kind: .rtmp, index: 0)
    static let prober = ProgramRef(kind: .prober, index: 0)
}

/// What runs on the instance or beside it and can be away.
enum Service: UInt8, Sendable, CaseIterable {
    case rtmp, coordinator, worker, front, database, cache

    var name: String {
        switch self {
        case .rtmp: "rtmp"
        case .coordinator: "coordinator"
        case .worker: "worker"
        case .front: "front"
        case .database: "database"
        case .cache: "cache"
        }
    }
}
