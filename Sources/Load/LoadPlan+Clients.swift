import Base
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
        (timetable ?? evenly).filter { $0.stream % shard.count == shard.place }
    }

    /// In the first half of the ramp the publishers come, in its second the players.
    private var evenly: [Client] {
        let half = Interval(nanoseconds: ramp.nanoseconds / 2)
        return publishing(over: half)
            + (0..<playersOfAll).map { place in
                var client = player(place)
                client.start = playersFrom(half) + part(place, of: playersOfAll, over: half)
                return client
            }
    }

    private func publishing(over length: Interval) -> [Client] {
        (0..<publishers).map { number in
            Client(
                kind: .publisher, number: number, stream: number,
                start: part(number, of: publishers, over: length))
        }
    }

    private func playersFrom(_ start: Interval) -> Interval {
        publishers > 0 ? max(start, Self.headStart) : .zero
    }

    /// Players by RTMP stand first, then those by HTTP-FLV, then HLS; each kind has the streams in
    /// turn.
    private func player(_ place: Int) -> Client {
        let kinds: [(Client.Kind, Int)] = [
            (.player, players), (.flvPlayer, flvPlayers), (.hlsPlayer, hlsPlayers),
        ]
        var number = place
        for (kind, count) in kinds {
            if number < count {
                return Client(
                    kind: kind, number: number, stream: number % max(publishers, 1), start: .zero)
            }
            number -= count
        }
        return Client(kind: .player, number: place, stream: 0, start: .zero)
    }

    private func part(_ number: Int, of count: Int, over length: Interval) -> Interval {
        Interval(nanoseconds: multiplyDivide(length.nanoseconds, Int64(number), Int64(count)))
    }

    /// Publishers come and go as the stages say, the last to come first, each with a stream of its
    /// own; players are there while theirs is. The plan's publishers are then how many there are at
    /// once at most.
    public mutating func follow(publishers stages: LoadStages) {
        let publishing = stages.stays.enumerated().map { number, stay in
            Client(
                kind: .publisher, number: number, stream: number, start: stay.from,
                until: stay.until)
        }
        guard !publishing.isEmpty else { return }
        let playing = (0..<playersOfAll).map { place in
            var client = player(place)
            client.stream = client.number % publishing.count
            client.start = publishing[client.stream].start + Self.headStart
            client.until = publishing[client.stream].until.map { $0 - Self.headStart }
            return client
        }
        timetable =
            publishing
            + playing.filter { player in player.until.map { player.start < $0 } ?? true }
        spreadOut()
    }

    /// How many streams there are in the course of the load.
    public var streamCount: Int {
        timetable.map { clients in
            Set(clients.filter { $0.kind == .publisher }.map(\.stream)).count
        } ?? publishers
    }

    /// Players come and go as the stages say, the last to come first; the publishers are there
    /// before. The plan's players are then how many there are at once at most.
    public mutating func follow(players stages: LoadStages) {
        let from = playersFrom(.zero)
        timetable =
            publishing(over: .zero)
            + stages.stays.enumerated().map { number, stay in
                Client(
                    kind: .player, number: number, stream: number % max(publishers, 1),
                    start: stay.from + from, until: stay.until.map { $0 + from })
            }
        spreadOut()
    }

    /// Nobody comes sooner than the ceilings allow.
    mutating func spreadOut() {
        guard let most = ceilings.clientsPerSecond, var clients = timetable else { return }
        clients.sort { ($0.start, $0.number) < ($1.start, $1.number) }
        for index in clients.indices where index >= most {
            let earliest = clients[index - most].start + .seconds(1)
            clients[index].start = max(clients[index].start, earliest)
        }
        timetable = clients.filter { client in client.until.map { client.start < $0 } ?? true }
    }
}
