import Base

/// The most that a scenario may ask for, each with its reason.
enum Limits {
    /// Longer than any bill's year and its leap day; a run's series stays within memory.
    static let duration = Interval.days(400)
    /// Streamers, viewers and nodes, each: what one machine of the plan could never carry, and
    /// what still simulates in minutes.
    static let people = 10_000
    /// Groups of a kind: people who differ that much are better given as one group.
    static let groups = 200
    /// A week has 168 hours.
    static let scheduleEntries = 168
    /// Faults and gates: one every hour of a month.
    static let faults = 720
    static let gates = 720
    /// More places, ports and pairs of them than the deployment has.
    static let rules = 100
    /// From one byte a second to more than every access link that is sold to homes.
    static let homeRate = Rate(bitsPerSecond: 8)...Rate.megabits(10_000)
    /// From a voice to what an 8K camera sends.
    static let mediaRate = Rate.kilobits(1)...Rate.megabits(200)
    /// From a machine beside the other; a satellite in geostationary orbit is 0.3 s away.
    static let delay = Interval(nanoseconds: 1_000)...Interval.seconds(2)
    /// With half of the packets lost TCP does not work at all.
    static let loss = Share.zero...Share.percent(50)
    static let day = Interval.zero...Interval.hours(24)
    /// The largest volume that EBS sells is 64 TiB.
    static let volume = ByteCount.gibibytes(1)...ByteCount.gibibytes(64 << 10)
    /// Stacks of one plan.
    static let templates = 50
    /// Files that extend each other in a row.
    static let ancestors = 8
}
