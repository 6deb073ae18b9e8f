extension TextSummary {
    /// What is wrong with the templates, and what becomes of the plan as that is fixed.
    static func plan(_ plan: Summary.Plan) -> String {
        var lines = [plan.isDeployable ? "What is wrong as written:" : "Why it does not deploy or work:"]
        for fault in plan.errors {
            lines.append(wrapped("\(fault.rule): \(fault.reason)", indent: 2))
            lines.append(wrapped("fix: \(fault.fix) (\(fault.place))", indent: 4))
        }
        lines += ["", "What happens as each is fixed in turn:"]
        var table = TextTable(
            heads: ["stage", "", "a month", "what fails"], right: [false, false, true, false])
        for stage in plan.stages {
            table.rows.append([
                stage.change, stage.isDeployed ? "deploys" : "rolls back",
                stage.total730h.map { "$\(Money.text($0))" } ?? "–", stage.outcome,
            ])
        }
        lines += table.lines().map { "  " + $0 }
        lines += plan.unsaid.map { wrapped("Not in the templates: \($0).", indent: 2) }
        return lines.map(plain).joined(separator: "\n")
    }
}

extension Summary.Stage {
    /// What fails of the plan's criteria at this stage, in one line.
    var outcome: String {
        guard isDeployed else { return "everything: nothing runs" }
        let open = open.isEmpty ? [] : ["(not ruled on: \(self.open.joined(separator: ", ")))"]
        return (failed.isEmpty && open.isEmpty)
            ? "nothing" : (failed + open).joined(separator: ", ")
    }
}
