import Base
import Cloud
import Foundation
import Results
import Testing

@testable import Reports

@Suite("a baseline")
struct BaselineTests {
    private static let cost = Baseline.Cost(
        cpuMilliseconds: 2_800, memoryPeakBytes: 90 << 20, yardstickMilliseconds: 100)

    private func baseline(
        cost: Baseline.Cost = cost, change: (inout RunResult, inout BillSheet) -> Void = { _, _ in }
    ) -> Baseline {
        var (result, bill) = (SampleRun.result(days: 1), BillSheet(SampleRun.bill))
        change(&result, &bill)
        return Baseline(Summary(result, reproduce: ""), bill, cost: cost)
    }

    @Test("of the same run has no difference")
    func same() {
        #expect(baseline().differences(from: baseline()) == [])
    }

    @Test("notices a fingerprint, a ruling, a cent and an event, by name")
    func differences() {
        let measured = baseline { result, bill in
            result.fingerprint = "0"
            result.verdicts[0].status = .fail
            result.verdicts.removeLast()
            result.gates[1].status = .pass
            result.figures[0].value = Fixed(4_218_378)
            bill.lines[4].amount730h = "18.41"
            bill.total730h = "262.17"
        }
        let found = baseline().differences(from: measured)
        #expect(
            found.map(\.name) == [
                "fingerprint", "verdict.external-reach", "verdict.hardening",
                "gate.max(egress_rate) < 40 from 7d00:00:00 to 14d00:00:00", "bill.total730h",
                "bill.load-balancer", "events",
            ])
        #expect(found.allSatisfy { $0.isFailure && !$0.isCost })
        #expect(found[2].after == "none")
    }

    @Test(
        "lets the cost move by either bound, and fails it past both",
        arguments: [
            (2_800, 4_900, false), (2_800, 4_901, true), (2_800, 900, false),
            (100, 1_099, false), (100, 1_101, true), (60_000, 61_001, false),
            (60_000, 105_001, true),
        ])
    func cpu(before: Int64, after: Int64, fails: Bool) {
        let memory = Self.cost.memoryPeakBytes
        func with(_ milliseconds: Int64) -> Baseline {
            baseline(
                cost: .init(
                    cpuMilliseconds: milliseconds, memoryPeakBytes: memory,
                    yardstickMilliseconds: 100))
        }
        #expect(with(before).isFailed(by: with(after)) == fails)
    }

    @Test("a machine on which all takes twice as long is no slower")
    func yardstick() {
        var measured = baseline()
        measured.cost.cpuMilliseconds *= 2
        #expect(baseline().isFailed(by: measured))
        measured.cost.yardstickMilliseconds *= 2
        #expect(!baseline().isFailed(by: measured))
    }

    @Test("shows a great saving without failing it")
    func saving() {
        let measured = baseline(
            cost: .init(cpuMilliseconds: 900, memoryPeakBytes: 20 << 20, yardstickMilliseconds: 100)
        )
        let found = baseline().differences(from: measured)
        #expect(found.count == 2 && !found.contains(where: \.isFailure))
    }

    @Test("is failed by every one of its canaries, whatever it holds")
    func canaries() {
        let poor = baseline(
            cost: .init(cpuMilliseconds: 0, memoryPeakBytes: 0, yardstickMilliseconds: 100)
        ) { result, bill in
            result.fingerprint = ""
            result.verdicts = []
            result.figures = []
            bill.lines = []
        }
        for known in [baseline(), poor] {
            #expect(known.canaries().count == 6)
            for canary in known.canaries() {
                #expect(known.isFailed(by: canary.measured), "\(canary.wrong)")
            }
        }
    }

    @Test("is the same after it was written and read, and refuses another schema")
    func file() throws {
        try withTemporaryFolder { folder in
            #expect(try Baseline.read(name: "five-friends", in: folder.path) == nil)
            try baseline().write(name: "five-friends", in: folder.path)
            #expect(try Baseline.read(name: "five-friends", in: folder.path) == baseline())
            var other = baseline()
            other.schema = "streamr-sim/baseline/99"
            try other.write(name: "five-friends", in: folder.path)
            #expect(throws: ResultsFolder.Failure.self) {
                try Baseline.read(name: "five-friends", in: folder.path)
            }
        }
    }
}
