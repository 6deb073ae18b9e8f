import Base
import Cloud
import Results
import Scenarios
import Testing

@testable import Simulation

@Suite struct RunTests {
    @Test("a month of five friends costs what the plan's stack and its media cost")
    func month() {
        let result = Plan.run(Plan.fiveFriends())
        for verdict in result.verdicts {
            print(verdict.id, verdict.status, verdict.value, verdict.unit, verdict.evidence)
        }
        for figure in result.figures { print(figure.name, figure.value) }
        print(result.bill.total730h.cents)
        #expect(result.verdict("rtmp-reliable")?.status == .pass)
        for e in result.events.prefix(40) { print(e) }
    }
}
