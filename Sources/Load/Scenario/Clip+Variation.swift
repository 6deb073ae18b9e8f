import Base
import Media

extension Clip.Shape {
    /// A round has so many rates at most, and so many of its own even where each should last longer
    /// than the round lets it.
    private static let ratesMax = 16
    private static let ratesMin = 4
    private static let roundMax = Interval.seconds(240)

    /// Has the video rate drawn anew within ± `spread` of its mean every so often, for one round of
    /// a tape, whose mean is kept: of each two rates one is as far above it as the other is below.
    mutating func vary(within spread: Share, every period: Interval, _ random: inout Random) {
        let group = max(
            1, multiplyDivide(Int64(groupLength), 1_000_000_000, Int64(framesPerSecond)))
        let groupBytes = multiplyDivide(Int64(videoRate + audioRate), group, 8_000_000_000)
        let groupsMax = max(
            2, min(ClipTape.roundBytesMax / max(1, groupBytes), Self.roundMax.nanoseconds / group))
        let asked = (period.nanoseconds + group / 2) / group
        let groups = min(max(1, asked), max(1, groupsMax / Int64(Self.ratesMin)))
        let pairs = max(1, min(Int64(Self.ratesMax), groupsMax / groups) / 2)
        var shares: [Int64] = []
        for pair in 0..<pairs {
            // From all of the range alike.
            let (low, high) = (
                spread.millionths * pair / pairs, spread.millionths * (pair + 1) / pairs
            )
            let distance = random.within(low...high)
            shares += [1_000_000 + distance, 1_000_000 - distance]
        }
        random.shuffle(&shares)
        variation = shares
        variationGroups = Int(groups)
    }
}
