import Base
import Cloud
import Results
import Scenarios

struct Remedies {
    init(_ scenario: Scenario, _ book: PriceBook, _ result: RunResult) {}
    func find(into result: inout RunResult, _ report: (Runner.Progress) -> Bool) {}
}
extension World {
    mutating func openFrames(_ f: Runner.Fidelity) {}
    mutating func runWithWindow(_ f: Runner.Fidelity, until: Instant) { run(until: until) }
    func fidelityReport() -> FidelityReport? { nil }
}
