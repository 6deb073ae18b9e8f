import Base
import Cloud
import Results
import Scenarios
import Testing

@testable import Reports

@Suite("a comparison")
struct ComparisonTests {
    private func comparison(
        mode: RunMode = .fluid, tolerances: [Tolerance] = [],
        change: (inout RunResult, inout BillSheet) -> Void = { _, _ in }
    ) -> Comparison {
        let before = SampleRun.result(days: 1)
        var (after, bill) = (before, BillSheet(SampleRun.bill))
        after.mode = mode
        change(&after, &bill)
        return Comparison(
            before: (Summary(before, reproduce: ""), BillSheet(SampleRun.bill)),
            after: (Summary(after, reproduce: ""), bill), tolerances: tolerances)
    }

    /// Names of the rows outside tolerance after a figure was moved by so many millionths.
    private func outside(
        _ figure: String, by millionths: Int128, mode: RunMode, tolerances: [Tolerance] = []
    ) -> [String] {
        comparison(mode: mode, tolerances: tolerances) { result, _ in
            let index = result.figures.firstIndex { $0.name == figure } ?? 0
            result.figures[index].value.millionths += millionths
        }
        .rows.filter { !$0.within }.map(\.name)
    }

    @Test("of a run with itself is within tolerance, to the last row")
    func same() {
        let comparison = comparison()
        #expect(comparison.outside == 0)
        #expect(comparison.rows.count == 1 + 8 + 3 + 14 + 12)
        #expect(comparison.rows.allSatisfy { $0.before == $0.after })
    }

    @Test("of two runs of one mode allows not a millionth")
    func exact() {
        #expect(outside("stall_s", by: 1, mode: .fluid) == ["stall_s"])
        #expect(outside("events", by: -1, mode: .fluid) == ["events"])
    }

    @Test("of fluid with frames allows 1 % of bytes and CPU, 5 % of stalls and drops")
    func fluidAgainstFrames() {
        // The frames are the reference: 100/99 of the fluid value is 1 % of itself away.
        #expect(outside("cpu_busy_s", by: 214_310_000_000 / 99, mode: .frame) == [])
        #expect(outside("cpu_busy_s", by: 214_310_000_000 / 99 + 1, mode: .frame) == ["cpu_busy_s"])
        #expect(outside("egress_bytes", by: -20_828_588_664_000_000, mode: .frame) == [])
        #expect(
            outside("egress_bytes", by: -20_900_000_000_000_000, mode: .frame) == ["egress_bytes"])
        #expect(outside("stall_s", by: 1_841_250_000 / 19, mode: .frame) == [])
        #expect(outside("stall_s", by: 1_841_250_000 / 19 + 1, mode: .frame) == ["stall_s"])
        #expect(outside("frames_dropped", by: -400_000_000, mode: .frame) == [])
        #expect(outside("frames_dropped", by: -500_000_000, mode: .frame) == ["frames_dropped"])
        #expect(outside("events", by: 1_000_000_000, mode: .frame) == [])
    }

    @Test("asks bills to agree to the cent, whatever the mode", arguments: [RunMode.fluid, .frame])
    func bills(mode: RunMode) {
        let outside = comparison(mode: mode) { _, bill in
            bill.lines[11].amount730h = "182.89"
            bill.total730h = "262.16"
        }
        .rows.filter { !$0.within }.map(\.name)
        #expect(outside == ["bill.total730h", "bill.egress"])
        let allowed = comparison(
            mode: mode, tolerances: [Tolerance(argument: "bill.*=0.01")].compactMap { $0 }
        ) { _, bill in
            bill.lines[11].amount730h = "182.89"
            bill.total730h = "262.16"
        }
        #expect(allowed.outside == 0)
    }

    @Test("names a ruling that changed and a line that only one bill has")
    func changes() {
        let comparison = comparison { result, bill in
            result.verdicts[0].status = .fail
            bill.lines[0].id = "computer"
        }
        let outside = comparison.rows.filter { !$0.within }
        #expect(
            outside.map(\.name) == [
                "verdict.external-reach", "bill.instance", "bill.computer",
            ])
        #expect(outside[0].before == "pass" && outside[0].after == "fail")
        #expect(outside[1].after == nil && outside[2].before == nil)
        #expect(comparison.text.contains("OUTSIDE tolerance: 3 of 39 rows."))
    }

    @Test("takes another fingerprint of the same run as a failure, of another seed not")
    func fingerprint() {
        #expect(comparison { result, _ in result.fingerprint = "0" }.outside == 1)
        let otherSeed = comparison { result, _ in
            result.fingerprint = "0"
            result.scenario.seed = 8
        }
        #expect(otherSeed.outside == 0)
    }

    @Test("takes the last tolerance that covers a name")
    func tolerances() throws {
        let some = try ["stall_s=0.000001", "cpu*=any", "events=1%"]
            .map { try #require(Tolerance(argument: $0)) }
        #expect(outside("stall_s", by: 1, mode: .fluid, tolerances: some) == [])
        #expect(outside("stall_s", by: 2, mode: .fluid, tolerances: some) == ["stall_s"])
        #expect(outside("cpu_busy_s", by: 2_000_000, mode: .fluid, tolerances: some) == [])
        #expect(outside("events", by: 42_183_770_000, mode: .fluid, tolerances: some) == [])
        #expect(outside("events", by: 42_183_770_001, mode: .fluid, tolerances: some) == ["events"])
        for wrong in ["", "x", "=1", "x=", "x=-1", "x=%", "x=1e3", "x=1%%"] {
            #expect(Tolerance(argument: wrong) == nil, "\(wrong)")
        }
    }
}
