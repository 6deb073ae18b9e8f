import Base

// Who comes when, where each kind of client has arrivals of its own.
extension LoadPlan {
    /// Each kind comes as its arrivals say. The plan's publishers and players are then how many
    /// there are at once at most; nobody comes sooner than the ceilings allow.
    public mutating func follow(_ arrivals: LoadArrivals) {
        let clients = arranged(arrivals)
        func most(_ kind: Client.Kind) -> Int { Self.most(clients.filter { $0.kind == kind }) }
        publishers = most(.publisher)
        players = most(.player)
        flvPlayers = most(.flvPlayer)
        hlsPlayers = most(.hlsPlayer)
        timetable = clients
        spreadOut()
    }

    /// As the plan's own numbers say.
    var populations: LoadArrivals {
        LoadArrivals(
            publishers: .population(publishers), players: .population(players),
            flvPlayers: .population(flvPlayers), hlsPlayers: .population(hlsPlayers))
    }

    /// Every publisher has a stream of its own, and players are there no longer than theirs is.
    /// Populations come along the ramp: publishers in its first half, each kind of player in its
    /// second.
    func arranged(_ arrivals: LoadArrivals) -> [Client] {
        let half = Interval(nanoseconds: ramp.nanoseconds / 2)
        let publishing = arrivals.publishers.stays(from: .zero, ramp: half, until: duration)
            .enumerated().map { number, stay in
                Client(
                    kind: .publisher, number: number, stream: number, start: stay.from,
                    until: stay.until)
            }
        var clients = publishing
        for (kind, own) in [
            (Client.Kind.player, arrivals.players), (.flvPlayer, arrivals.flvPlayers),
            (.hlsPlayer, arrivals.hlsPlayers),
        ] {
            let asked = own.population > 0 ? half : .zero
            let from = publishing.isEmpty ? .zero : max(asked, Self.headStart)
            let playing = own.stays(from: from, ramp: half, until: duration).enumerated()
                .map { number, stay in
                    Client(
                        kind: kind, number: number, stream: number % max(publishing.count, 1),
                        start: stay.from, until: stay.until)
                }
            if publishing.isEmpty {
                clients += playing
            } else if own.population == 0 {
                clients += Self.finding(playing, publishing)
            } else if arrivals.publishers.population > 0 {
                clients += playing
            } else {
                clients += Self.waiting(playing, for: publishing)
            }
        }
        return clients.filter(\.comes)
    }

    /// Players who are always there: each plays its stream from its beginning to its end.
    private static func waiting(_ players: [Client], for publishing: [Client]) -> [Client] {
        players.map { player in
            var player = player
            player.start = publishing[player.stream].start + headStart
            player.until = publishing[player.stream].until.map { $0 - headStart }
            return player
        }
    }

    /// Players who come by the clock: each plays one of the streams that are on the air then, all
    /// in turn. Who finds none does not come.
    static func finding(_ players: [Client], _ publishing: [Client]) -> [Client] {
        // Who leaves as soon as players could come is not on the air.
        let begins = publishing.filter { stream in
            stream.until.map { $0 - headStart > stream.start + headStart } ?? true
        }.sorted { ($0.start, $0.number) < ($1.start, $1.number) }
        let ends = begins.enumerated().compactMap { place, stream in
            stream.until.map { (at: $0 - headStart, place: place) }
        }.sorted { ($0.at, $0.place) < ($1.at, $1.place) }
        var (begun, ended) = (0, 0)
        var onAir = PresentPlaces(begins.count)
        return players.sorted { ($0.start, $0.number) < ($1.start, $1.number) }.compactMap {
            var player = $0
            while begun < begins.count, begins[begun].start + headStart <= player.start {
                onAir.take(begun)
                begun += 1
            }
            while ended < ends.count, ends[ended].at <= player.start {
                onAir.leave(ends[ended].place)
                ended += 1
            }
            guard onAir.count > 0 else { return nil }
            let stream = begins[onAir.place(ofRank: player.number % onAir.count)]
            player.stream = stream.stream
            let ends = [player.until, stream.until.map { $0 - headStart }].compactMap { $0 }
            player.until = ends.min()
            return player
        }
    }

    /// Of these at once.
    static func most(_ clients: [Client]) -> Int {
        let steps =
            clients.map { (at: $0.start, step: 1) }
            + clients.compactMap { client in client.until.map { (at: $0, step: -1) } }
        var (now, most) = (0, 0)
        for (_, step) in steps.sorted(by: { ($0.at, $0.step) < ($1.at, $1.step) }) {
            now += step
            most = max(most, now)
        }
        return most
    }
}
