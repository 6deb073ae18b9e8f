import Base
import Results

/// The answer in one sentence, the same in the terminal and at the top of the page.
struct Headline {
    var status: Status
    var text: String

    init(_ record: RunRecord) {
        let verdicts = record.summary.verdicts
        let failed = verdicts.count { $0.status == .fail }
        let open = verdicts.count { $0.status == .inconclusive }
        let total = verdicts.count
        let money =
            "a month costs $\(Money.text(record.bill.total730h)) "
            + "against $\(Money.short(record.summary.budget))"
        if failed > 0 {
            status = .fail
            let verb = failed == 1 ? "fails" : "fail"
            let rest = open == 0 ? "" : " and \(open) \(open == 1 ? "is" : "are") inconclusive"
            text =
                "The plan does not hold: \(failed) of \(Self.criteria(total)) \(verb)\(rest); "
                + "\(money)."
        } else if open > 0 || total == 0 {
            status = .inconclusive
            let verb = open == 1 ? "is" : "are"
            text =
                "Too little was seen to say whether the plan holds: "
                + "\(open) of \(Self.criteria(total)) \(verb) inconclusive; \(money)."
        } else {
            status = .pass
            let all = total == 1 ? "its one criterion passes" : "all \(total) criteria pass"
            text = "The plan holds: \(all); \(money)."
        }
        if let plan = record.summary.plan {
            status = .fail
            let count = plan.errors.count
            let errors = count == 1 ? "1 error" : "\(count) errors"
            let end = plan.isDeployable ? "does not work" : "cannot be deployed"
            text =
                "As written the plan \(end): \(errors). Corrected, "
                + text.prefix(1).lowercased() + text.dropFirst()
        }
        if record.summary.partial != nil {
            // What was not run cannot have passed.
            if status == .pass { status = .inconclusive }
            let summary = record.summary
            if summary.simulated.value < summary.planned.value {
                let seen = summary.simulated.seconds.readable
                text =
                    "Cut short after \(seen). So far, " + text.prefix(1).lowercased()
                    + text.dropFirst()
            } else {
                text = "Simulated whole, and interrupted after that. " + text
            }
        }
    }

    private static func criteria(_ count: Int) -> String {
        count == 1 ? "1 criterion" : "\(count) criteria"
    }
}
