import Base

/// The part of a scenario that a load drove, and what came of it under a simulation's names.
public struct LoadScenario: Sendable, Hashable {
    public var name: String
    public var seed: UInt64
    /// From the scenario's start, in its own time, as `length` is.
    public var from: Interval
    public var length: Interval
    /// How many times as fast as it says the schedule went.
    public var speed: Int64
    /// What was not driven, or not as it is simulated.
    public var omissions: [String]
    public var measured: [Figure]
    /// The same figures of a simulation of this part; empty where none was made.
    public var predicted: [Figure]

    public init(
        name: String, seed: UInt64, from: Interval, length: Interval, speed: Int64,
        omissions: [String], measured: [Figure], predicted: [Figure]
    ) {
        self.name = name
        self.seed = seed
        self.from = from
        self.length = length
        self.speed = speed
        self.omissions = omissions
        self.measured = measured
        self.predicted = predicted
    }

    /// Of what was measured, in its order, with what was predicted.
    public var pairs: [(name: String, predicted: Fixed?, measured: Fixed)] {
        measured.map { figure in
            (figure.name, predicted.first { $0.name == figure.name }?.value, figure.value)
        }
    }
}
