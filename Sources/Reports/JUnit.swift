import Base
import Results

/// `junit.xml`: a test case for each verdict and gate, and for each error of the templates, for
/// pipelines that show those.
///
/// An inconclusive ruling is an `error`, because pipelines count what is skipped as passed. The
/// text of a failure is the evidence and the command that reproduces it. No times: they differ.
enum JUnit {
    static func render(_ summary: Summary) -> String {
        let faults = summary.plan?.errors ?? []
        let cases =
            faults.map { Self.fault($0, summary) }
            + summary.verdicts.map { Self.verdict($0, summary) }
            + summary.gates.map { Self.gate($0, summary) }
        let statuses =
            faults.map { _ in Status.fail } + summary.verdicts.map(\.status)
            + summary.gates.map(\.status)
        let counts: Markup = """
            tests="\(statuses.count)" failures="\(statuses.count { $0 == .fail })" \
            errors="\(statuses.count { $0 == .inconclusive })"
            """
        let document: Markup = """
            <?xml version="1.0" encoding="UTF-8"?>
            <testsuites \(counts)>
            <testsuite name="\(summary.scenario)" \(counts)>
            \(cases)
            </testsuite>
            </testsuites>

            """
        return document.text
    }

    private static func fault(_ fault: Summary.Fault, _ summary: Summary) -> Markup {
        testCase(
            suite: "\(summary.scenario).plan", name: fault.rule, .fail,
            lines: [fault.place, fault.reason, "fix: \(fault.fix)"], summary)
    }

    private static func verdict(_ verdict: Summary.Verdict, _ summary: Summary) -> Markup {
        var lines = [
            verdict.criterion,
            "measured \(counted(verdict.value.value, verdict.unit)), "
                + "threshold \(counted(verdict.threshold.value, verdict.unit)), "
                + "\(counted(Fixed(verdict.samples), "samples")) "
                + "(at least \(verdict.samplesMin) count)",
            verdict.evidence,
        ]
        if let broken = verdict.firstBroken { lines.append("first broken: \(broken.text)") }
        if let other = verdict.disagreement { lines.append("other end of the range: \(other)") }
        if let remedy = verdict.remedy { lines.append("remedy: \(remedy.change)") }
        if let tried = verdict.remediesTried { lines += Summary.Verdict.searched(tried) }
        return testCase(
            suite: "\(summary.scenario).verdicts", name: verdict.id, verdict.status,
            lines: lines, summary)
    }

    private static func gate(_ gate: Summary.Gate, _ summary: Summary) -> Markup {
        let measured = gate.value.map { "measured \($0.value)" } ?? "nothing measured"
        return testCase(
            suite: "\(summary.scenario).gates", name: gate.rule, gate.status,
            lines: ["\(measured) over \(counted(Fixed(gate.samples), "samples"))"], summary)
    }

    private static func counted(_ value: Fixed, _ unit: String) -> String {
        "\(value) \(value.counted(unit))"
    }

    private static func testCase(
        suite: String, name: String, _ status: Status, lines: [String], _ summary: Summary
    ) -> Markup {
        let open: Markup = "<testcase classname=\"\(suite)\" name=\"\(name)\""
        let text = (lines + ["reproduce: \(summary.reproduce)"]).joined(separator: "\n")
        return switch status {
        case .pass: "\(open)/>"
        case .fail:
            "\(open)>\n<failure message=\"failed\">\(text)</failure>\n</testcase>"
        case .inconclusive:
            "\(open)>\n<error message=\"inconclusive\">\(text)</error>\n</testcase>"
        }
    }
}
