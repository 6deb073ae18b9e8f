import Base
import Media
import RTMP

/// Who loads a target, and for how long.
public struct LoadPlan: Sendable {
    /// Whom publishers and players call.
    public var target: LoadTarget?
    /// Whom calls are made to, and players over HTTP call.
    public var web: WebTarget?
    /// Each publishes a stream of its own.
    public var publishers: Int
    /// Spread evenly over the streams.
    public var players: Int
    /// Players by HTTP-FLV, of the same streams.
    public var flvPlayers = 0
    /// Connections for calls, at most.
    public var webConnections = 64
    public var calls: [LoadCall] = []
    /// The page on which the target says what it did itself.
    public var figures: WebTarget?
    /// Which of the streams and calls are this process's, of how many that share the load.
    public var shard = Shard(place: 0, count: 1)
    /// From the first connection to the end.
    public var duration: Interval
    /// In its first half the publishers come, evenly spaced, in its second the players.
    public var ramp: Interval
    /// What is measured before this is not ruled on.
    public var warmUp: Interval
    public var shape: Clip.Shape
    public var ceilings: Ceilings
    public var thresholds: [Threshold]

    public init(
        target: LoadTarget?, web: WebTarget? = nil, publishers: Int, players: Int,
        duration: Interval, ramp: Interval,
        warmUp: Interval, shape: Clip.Shape, ceilings: Ceilings, thresholds: [Threshold]
    ) {
        self.target = target
        self.web = web
        self.publishers = publishers
        self.players = players
        self.duration = duration
        self.ramp = ramp
        self.warmUp = warmUp
        self.shape = shape
        self.ceilings = ceilings
        self.thresholds = thresholds
    }

    /// Why the ceilings do not let it begin; nil if they do.
    public var refusal: String? { ceilings.refusal(of: self) }

    /// A share of a load: whole streams, with their players, because delays are measured on one
    /// machine's clock.
    public struct Shard: Sendable, Hashable {
        /// Invariant: below `count`.
        public let place: Int
        public let count: Int

        init(place: Int, count: Int) {
            self.place = place
            self.count = count
        }

        /// `2/3` is the second of three; nil for anything else.
        public init?(_ text: String) {
            let parts = text.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count == 2, let number = Int(parts[0]), let count = Int(parts[1]),
                (1...1_000).contains(count), (1...count).contains(number)
            else { return nil }
            self.init(place: number - 1, count: count)
        }
    }

    /// One connection to be.
    struct Client: Sendable {
        enum Kind: Sendable { case publisher, player, flvPlayer }

        var kind: Kind
        var number: Int
        var stream: Int
        /// From the start of the load.
        var start: Interval

        var name: String {
            switch kind {
            case .publisher: "publisher-\(number)"
            case .player: "player-\(number)"
            case .flvPlayer: "flv-player-\(number)"
            }
        }

        var purpose: ClientSession.Purpose {
            switch kind {
            case .publisher: .publish
            case .player, .flvPlayer: .play
            }
        }
    }

    /// Players come after the publishers, and not before those had time to begin.
    private static let headStart = Interval.milliseconds(500)

    var clients: [Client] {
        let half = Interval(nanoseconds: ramp.nanoseconds / 2)
        let playersFrom = publishers > 0 ? max(half, Self.headStart) : .zero
        let publishing = (0..<publishers).map { number in
            Client(
                kind: .publisher, number: number, stream: number,
                start: part(number, of: publishers, over: half))
        }
        let playing = (0..<players + flvPlayers).map { place in
            let isOverHTTP = place >= players
            let number = isOverHTTP ? place - players : place
            return Client(
                kind: isOverHTTP ? .flvPlayer : .player, number: number,
                stream: number % max(publishers, 1),
                start: playersFrom + part(place, of: players + flvPlayers, over: half))
        }
        return (publishing + playing).filter { $0.stream % shard.count == shard.place }
    }

    private func part(_ number: Int, of count: Int, over length: Interval) -> Interval {
        Interval(nanoseconds: multiplyDivide(length.nanoseconds, Int64(number), Int64(count)))
    }

    var streamRate: Rate { Rate(bitsPerSecond: Int64(shape.videoRate + shape.audioRate)) }

    /// Of media, both ways together, once all have come.
    public var rate: Rate {
        Rate(bitsPerSecond: streamRate.bitsPerSecond * Int64(publishers + players + flvPlayers))
    }

    /// As it was given; the one for media first.
    public var title: String {
        [target?.text, web?.text].compactMap { $0 }.joined(separator: " and ")
    }

    /// Calls a second, once the ramp is over.
    var callRate: Fixed {
        calls.reduce(.zero) { Fixed(millionths: $0.millionths + $1.rate.millionths) }
    }
}
