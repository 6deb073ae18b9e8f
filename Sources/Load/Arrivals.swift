import Base
import Reports

/// When the clients of one kind come and how long they stay: one grammar for publishers, players of
/// every kind, and callers.
public enum Arrivals: Sendable, Hashable {
    /// `50`: so many come along the ramp and stay to the end.
    case population(Int)
    /// `30s:10,1m:50`: how many there are at once; whoever came last leaves first.
    case stages(LoadStages)
    /// `2/s for 30s`: so many come each second, however many are there, and stay for so long; to
    /// the end if nothing is said.
    case rate(Fixed, stay: Interval?)
    /// `30s:1,1m:5/s for 30s`: the same, by a rate that changes.
    case rates(LoadStages, stay: Interval?)

    static let rateMax = Fixed(1_000)
    /// Of one kind, in the course of a load: each has its place in the plan. Whoever asks for more
    /// is told so (`excess`); more are never laid out.
    public static let clientsMax = 100_000

    /// Nil for anything else.
    public init?(_ text: some StringProtocol) {
        let words = text.split(separator: " ")
        guard let first = words.first else { return nil }
        guard first.hasSuffix("/s") else {
            guard words.count == 1 else { return nil }
            if let count = Int(first), count >= 0 {
                self = .population(count)
            } else if let stages = LoadStages(first) {
                self = .stages(stages)
            } else {
                return nil
            }
            return
        }
        var stay: Interval?
        if words.count > 1 {
            guard words.count == 3, words[1] == "for", let time = Interval(brief: words[2]),
                time > .zero
            else { return nil }
            stay = time
        }
        let number = first.dropLast(2)
        if let rate = Fixed(decimal: number), rate > .zero {
            self = .rate(rate, stay: stay)
        } else if let stages = LoadStages(number), stages.most > .zero {
            self = .rates(stages, stay: stay)
        } else {
            return nil
        }
    }

    /// How long the load must last for all of it; nil where nothing is said.
    public var length: Interval? {
        switch self {
        case .population, .rate: nil
        case .stages(let stages), .rates(let stages, _): stages.length
        }
    }

    /// Who comes along the ramp; nobody where the clock says who comes.
    public var population: Int {
        switch self {
        case .population(let count): count
        case .stages, .rate, .rates: 0
        }
    }

    /// Why this is more than a load may have, in words; nil if it is not. Nobody is laid out for
    /// it.
    public func excess(in duration: Interval) -> String? {
        switch self {
        case .population, .stages: break
        case .rate(let rate, _):
            if rate > Self.rateMax { return "more than \(Self.rateMax) a second" }
        case .rates(let stages, _):
            if stages.most > Self.rateMax { return "more than \(Self.rateMax) a second" }
        }
        let count = comers(in: duration)
        return count > Self.clientsMax
            ? "\(count) in the course of the load are more than \(Self.clientsMax) clients" : nil
    }

    /// How many come in the course of a load, by arithmetic.
    private func comers(in duration: Interval) -> Int64 {
        switch self {
        case .population(let count): Int64(count)
        case .stages(let stages): Int64(stages.comers)
        case .rate(let rate, _):
            // Rounded up: the first comes at once.
            Int64(
                clamping: (rate.millionths * Int128(duration.nanoseconds) + 999_999_999_999_999)
                    / 1_000_000_000_000_000)
        case .rates(let stages, _): stages.events(before: duration)
        }
    }

    /// When each is there, in the order in which they come: those of a population along the ramp,
    /// nobody at `end` or later.
    func stays(from start: Interval, ramp: Interval, until end: Interval) -> [LoadStages.Stay] {
        switch self {
        case .population(let count):
            (0..<count).map { number in
                let part = multiplyDivide(ramp.nanoseconds, Int64(number), Int64(count))
                return LoadStages.Stay(from: start + Interval(nanoseconds: part), until: nil)
            }
        case .stages(let stages):
            stages.stays.map { stay in
                LoadStages.Stay(from: start + stay.from, until: stay.until.map { start + $0 })
            }.filter { $0.from < end }
        case .rate(let rate, let stay):
            Self.stays(from: start, until: end, stay) { number in
                // Nanoseconds in a second, and millionths in one.
                let after = Int128(number) * 1_000_000_000_000_000 / rate.millionths
                return Interval(nanoseconds: Int64(clamping: after))
            }
        case .rates(let stages, let stay):
            Self.stays(from: start, until: end, stay) { stages.due($0) }
        }
    }

    private static func stays(
        from start: Interval, until end: Interval, _ stay: Interval?,
        due: (Int64) -> Interval?
    ) -> [LoadStages.Stay] {
        var stays: [LoadStages.Stay] = []
        while stays.count < clientsMax, let offset = due(Int64(stays.count)),
            offset < end - start
        {
            let from = start + offset
            stays.append(LoadStages.Stay(from: from, until: stay.map { from + $0 }))
        }
        return stays
    }
}

/// The arrivals of every kind of client.
public struct LoadArrivals: Sendable, Hashable {
    public var publishers: Arrivals
    public var players: Arrivals
    public var flvPlayers: Arrivals
    public var hlsPlayers: Arrivals

    public init(
        publishers: Arrivals, players: Arrivals, flvPlayers: Arrivals, hlsPlayers: Arrivals
    ) {
        self.publishers = publishers
        self.players = players
        self.flvPlayers = flvPlayers
        self.hlsPlayers = hlsPlayers
    }

    public var all: [Arrivals] { [publishers, players, flvPlayers, hlsPlayers] }
    /// Of all kinds, along the ramp.
    public var population: Int { all.reduce(0) { $0 + $1.population } }
    public var length: Interval? { all.compactMap(\.length).max() }
}
