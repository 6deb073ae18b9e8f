import Base
import Results

extension LoadSummary {
    /// The part of a scenario that was driven.
    public struct Scenario: Sendable, Hashable, Codable {
        public var name: String
        public var seed: UInt64
        public var fromSeconds: ExactNumber
        public var lengthSeconds: ExactNumber
        public var speed: Int64
        public var omissions: [String]
        public var figures: [Figure]

        /// Under a simulation's name.
        public struct Figure: Sendable, Hashable, Codable {
            public var name: String
            @OrNull public var predicted: ExactNumber?
            public var measured: ExactNumber
        }
    }
}

extension LoadSummary.Scenario {
    init(_ scenario: LoadScenario) {
        self.init(
            name: scenario.name, seed: scenario.seed,
            fromSeconds: ExactNumber(seconds: scenario.from),
            lengthSeconds: ExactNumber(seconds: scenario.length), speed: scenario.speed,
            omissions: scenario.omissions,
            figures: scenario.pairs.map {
                Figure(
                    name: $0.name, predicted: $0.predicted.map { ExactNumber($0) },
                    measured: ExactNumber($0.measured))
            })
    }

    var scenario: LoadScenario {
        LoadScenario(
            name: name, seed: seed, from: fromSeconds.seconds, length: lengthSeconds.seconds,
            speed: speed, omissions: omissions, measured: measured,
            predicted: figures.compactMap { figure in
                figure.predicted.map { Results.Figure(figure.name, $0.value) }
            })
    }

    var measured: [Results.Figure] {
        figures.map { Results.Figure($0.name, $0.measured.value) }
    }
}
