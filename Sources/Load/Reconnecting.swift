import Base
import Platform
import RTMP

/// How the clients of a load that fail come again.
public enum Reconnecting: Sendable, Hashable {
    /// Publishers as OBS does, players as those of a simulation do.
    case asSimulated
    /// All of them as OBS does where its retry delay is this.
    case after(Interval)

    public static let delays: ClosedRange<Interval> = Interval.seconds(1)...Interval.minutes(15)

    /// Players that were cut off together come again apart: OBS's few per cent are for one stream.
    private static let playersPerMille: ClosedRange<Int64> = 500...1_500

    /// Drawn once for a client, by its name.
    func backOff(of client: LoadPlan.Client, seed: UInt64) -> BackOff {
        var random = Random(seed: seed, entity: client.name, purpose: "reconnects")
        var rule: BackOff.Rule
        let jitter: ClosedRange<Int64>
        switch client.purpose {
        case .publish: (rule, jitter) = (.encoder, StreamerClient.jitterPerMille)
        case .play: (rule, jitter) = (.player, Self.playersPerMille)
        }
        switch self {
        case .asSimulated: break
        case .after(let delay):
            rule = .encoder
            rule.first = delay
        }
        return BackOff(rule, jitterPerMille: random.within(jitter))
    }
}
