extension TextSummary {
    /// What is wrong with the templates, and what becomes of the plan as that is fixed.
    static func plan(_ plan: Summary.Plan) -> String {
        var lines = [
            plan.isDeployable ? "What is wrong as written:" : "Why it does not deploy or work:"
        ]
        for fault in plan.errors {
            lines.append(wrapped(plain("\(fault.rule): \(fault.reason)"), indent: 2))
            lines.append(wrapped(plain("fix: \(fault.fix) (\(fault.place))"), indent: 4))
        }
        lines += ["", "What happens as each is fixed in turn:"]
        for stage in plan.stages {
            let total = stage.total730h.map { ", $\(Money.text($0)) a month" } ?? ""
            let stacks = stage.isDeployed ? "deploys\(total); fails:" : "rolls back, fails:"
            lines.append(
                wrapped(plain("\(stage.change) → \(stacks) \(stage.outcome)"), indent: 2))
        }
        lines += plan.unsaid.map { wrapped(plain("Assumed: \($0)."), indent: 2) }
        return lines.joined(separator: "\n")
    }
}

extension Summary.Stage {
    /// What fails of the plan's criteria at this stage, in one line.
    var outcome: String {
        guard isDeployed else { return "everything, as nothing runs" }
        let open = open.isEmpty ? [] : ["(not ruled on: \(self.open.joined(separator: ", ")))"]
        return (failed.isEmpty && open.isEmpty)
            ? "nothing" : (failed + open).joined(separator: ", ")
    }
}
