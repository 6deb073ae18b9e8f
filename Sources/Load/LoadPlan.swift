import Base
import Media
import RTMP

/// Who loads a target, and for how long.
public struct LoadPlan: Sendable {
    public var target: LoadTarget
    /// Each publishes a stream of its own.
    public var publishers: Int
    /// Spread evenly over the streams.
    public var players: Int
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
        target: LoadTarget, publishers: Int, players: Int, duration: Interval, ramp: Interval,
        warmUp: Interval, shape: Clip.Shape, ceilings: Ceilings, thresholds: [Threshold]
    ) {
        self.target = target
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

    /// One connection to be.
    struct Client: Sendable {
        var purpose: ClientSession.Purpose
        var number: Int
        var stream: Int
        /// From the start of the load.
        var start: Interval

        var name: String {
            switch purpose {
            case .publish: "publisher-\(number)"
            case .play: "player-\(number)"
            }
        }
    }

    /// Players come after the publishers, and not before those had time to begin.
    private static let headStart = Interval.milliseconds(500)

    var clients: [Client] {
        let half = Interval(nanoseconds: ramp.nanoseconds / 2)
        let playersFrom = publishers > 0 ? max(half, Self.headStart) : .zero
        return (0..<publishers).map { number in
            Client(
                purpose: .publish, number: number, stream: number,
                start: part(number, of: publishers, over: half))
        }
            + (0..<players).map { number in
                Client(
                    purpose: .play, number: number, stream: number % max(publishers, 1),
                    start: playersFrom + part(number, of: players, over: half))
            }
    }

    private func part(_ number: Int, of count: Int, over length: Interval) -> Interval {
        Interval(nanoseconds: multiplyDivide(length.nanoseconds, Int64(number), Int64(count)))
    }

    var streamRate: Rate { Rate(bitsPerSecond: Int64(shape.videoRate + shape.audioRate)) }

    /// Both ways together, once all have come.
    public var rate: Rate {
        Rate(bitsPerSecond: streamRate.bitsPerSecond * Int64(publishers + players))
    }
}
