extension Page {
    /// What is wrong with the templates, and what becomes of the plan as that is fixed.
    static func plan(_ summary: Summary) -> Markup {
        guard let plan = summary.plan else { return "" }
        let unsaid: Markup =
            plan.unsaid.isEmpty
            ? "" : "<p class=\"note\">Not in the templates: \(plan.unsaid.joined(separator: "; ")).</p>"
        return """
            \(table(
                caption: "The errors of the templates as written.",
                heads: [Head("Error"), Head("What follows"), Head("What to write instead")],
                rows: plan.errors.map { fault in
                    [
                        """
                        <strong>\(fault.rule)</strong><br><code>\(fault.place)</code>
                        """,
                        "\(fault.reason)", "\(fault.fix)",
                    ]
                }, kind: "cards"))
            \(table(
                caption: "What happens as each is fixed in turn; the last row is what is ruled on below.",
                heads: [
                    Head("Fixed"), Head("The stacks"), Head("A month", number: true),
                    Head("What fails"),
                ],
                rows: plan.stages.map { stage in
                    [
                        "<strong>\(stage.change)</strong>",
                        stage.isDeployed
                            ? "<span class=\"mark pass\">deploy</span>"
                            : "<span class=\"mark fail\">roll back</span>",
                        "\(stage.total730h.map { "$\(Money.text($0))" } ?? "–")",
                        "\(stage.outcome)",
                    ]
                }, kind: "cards"))
            \(unsaid)
            """
    }
}
