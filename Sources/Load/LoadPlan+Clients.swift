import Base
import Platform
import RTMP

// Who calls when.
extension LoadPlan {
    /// One connection to be.
    struct Client: Sendable {
        enum Kind: Sendable { case publisher, player, flvPlayer, hlsPlayer }

        var kind: Kind
        var number: Int
        var stream: Int
        /// Which of the plan's shapes its stream has.
        var shape = 0
        /// From the start of the load.
        var start: Interval
        /// When it leaves by itself; nil is not before the end.
        var until: Interval?
        /// What a player keeps in reserve before it begins to show.
        var reserve = Reception.reserve
        /// Whether its session had begun before the part of a scenario that is driven.
        var isLate = false
        /// A publisher's uplink or a player's downlink; nil where that is of no matter.
        var line: Rate?
        /// What a player bears; nil is anything.
        var patience: Patience?
        /// How it comes again after a failure; nil is not at all.
        var backOff: BackOff?
        /// Whether it comes again after a failure, and whether it had begun before that.
        var hasFailed = false
        /// Whether it is one of the clients that failed; who left a narrow line is not.
        var isCountedFailed = false
        var hasBegun = false

        struct Patience: Sendable {
            /// The longest stall.
            var stallMax: Interval
            /// About how long after leaving it comes again; nil is never.
            var returnsAfter: Interval?
            var random: Random

            /// Drawn each time.
            mutating func absence() -> Interval? {
                guard let returnsAfter else { return nil }
                return ViewerClient.absence(returnsAfter, &random)
            }
        }

        /// Whether it is there for any time at all.
        var comes: Bool { until.map { start < $0 } ?? true }

        var name: String {
            switch kind {
            case .publisher: "publisher-\(number)"
            case .player: "player-\(number)"
            case .flvPlayer: "flv-player-\(number)"
            case .hlsPlayer: "hls-player-\(number)"
            }
        }

        /// Of a publisher's pictures, those that count as the schedule's.
        func counted(from began: Instant) -> Range<Instant>? {
            guard let until, until - start > LoadPlan.headStart * 2 else { return nil }
            return began + start + LoadPlan.headStart..<began + until - LoadPlan.headStart
        }

        var purpose: ClientSession.Purpose {
            switch kind {
            case .publisher: .publish
            case .player, .flvPlayer, .hlsPlayer: .play
            }
        }
    }

    /// Players come after the publishers, and not before those had time to begin.
    static let headStart = Interval.milliseconds(500)

    var clients: [Client] {
        clientsOfAll.filter { $0.stream % shard.count == shard.place }
    }

    /// Of all shards together.
    var clientsOfAll: [Client] { timetable ?? arranged(populations) }

    /// How many streams there are in the course of the load.
    public var streamCount: Int {
        timetable.map { clients in
            Set(clients.filter { $0.kind == .publisher }.map(\.stream)).count
        } ?? publishers
    }

    /// Nobody comes sooner than the ceilings allow.
    mutating func spreadOut() {
        guard let most = ceilings.clientsPerSecond, var clients = timetable else { return }
        clients.sort { ($0.start, $0.number) < ($1.start, $1.number) }
        for index in clients.indices where index >= most {
            let earliest = clients[index - most].start + .seconds(1)
            clients[index].start = max(clients[index].start, earliest)
        }
        timetable = clients.filter(\.comes)
    }
}
