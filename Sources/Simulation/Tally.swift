import Base
import Cloud

/// What a run counts: integers only, read once at the end.
struct Tally: Sendable {
    /// Bytes from the instance or front to the internet, by what they were for.
    var egressViewers: Integral = .zero
    var egressNodes: Integral = .zero
    /// Of the media sent to viewers and nodes: what the encoders made.
    var egressVideo: Int64 = 0
    var egressAudio: Int64 = 0
    var egressControl: Int64 = 0
    var egressScans: Int64 = 0
    var ingressMedia: Integral = .zero
    var ingressControl: Int64 = 0
    /// Bytes that nodes sent to viewers from their own uplinks.
    var relayed: Integral = .zero

    var attempts: [Reach] = [Reach](repeating: Reach(), count: PublicService.allCases.count)
    var probes: Int64 = 0
    var probesGood: Int64 = 0
    var probeFirstBad: Instant?
    var probeSlowest: Interval = .zero

    /// Viewer time asked for and time in which media played.
    var wanted: Interval = .zero
    var played: Interval = .zero
    var stalled: Interval = .zero
    var stalls: Int64 = 0
    var viewerSessions: Int64 = 0
    var viewersRoutedToNodes: Int64 = 0
    var viewersLost: Int64 = 0
    var mediaFirstBad: Instant?
    /// Scheduled streaming time and time on air.
    var scheduled: Interval = .zero
    var onAir: Interval = .zero
    var publishSessions: Int64 = 0
    var publishCut: Int64 = 0
    var reconnects: Int64 = 0
    var publishRejected: Int64 = 0
    var framesSent: Int64 = 0
    /// Video frames that encoders left out, and that queues dropped on the way to a viewer.
    var framesDroppedEncoder: Int64 = 0
    var framesDroppedQueue: Int64 = 0
    /// CPU nanoseconds that the RTMP server spent on media.
    var mediaCPU: Int64 = 0
    /// Twice the integral of what waited in players' queues (see `Flow`).
    var viewersWaited: Int128 = 0
    var viewersSent: Integral = .zero

    var friendsCompleted: [Bool] = []
    var streamsMost: Int64 = 0
    var streamsMostAt: Instant?

    var heartbeats: Int64 = 0
    var calls: Int64 = 0
    var callsFailed: Int64 = 0
    /// Calls that the load balancer passed on while its target was unhealthy.
    var callsToUnhealthy: Int64 = 0
    /// By the database, for want of connections.
    var connectionsRefused: Int64 = 0
    var transactions: Int64 = 0
    /// Of the transactions, those that changed rows.
    var writes: Int64 = 0
    var spotChecks: Int64 = 0
    var spotChecksPassed: Int64 = 0
    var nodesFlagged: Int64 = 0
    var paidNanodollars: Int64 = 0
    var scans: Int64 = 0
    var scansAnswered: Int64 = 0
    var healthChecks: Int64 = 0
    var healthChecksFailed: Int64 = 0
    var oomKills: Int64 = 0
    var gaveUp: Int64 = 0

    /// Attempts from outside on one public service.
    struct Reach: Sendable {
        var tried: Int64 = 0
        var reached: Int64 = 0
        var firstMissed: Instant?
    }
}

/// What the plan offers to the outside.
enum PublicService: Int, Sendable, CaseIterable {
    case publish, play, https

    var name: String {
        switch self {
        case .publish: "RTMP publishing"
        case .play: "RTMP playing"
        case .https: "HTTPS"
        }
    }
}
