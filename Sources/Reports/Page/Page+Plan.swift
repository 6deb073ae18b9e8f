import Foundation

extension Page {
    /// What is wrong with the templates, and what becomes of the plan as that is fixed.
    static func plan(_ summary: Summary) -> Markup {
        guard let plan = summary.plan else { return "" }
        let unsaid: Markup =
            plan.unsaid.isEmpty
            ? "" : "<p class=\"note\">Assumed: \(plan.unsaid.joined(separator: "; ")).</p>"
        return """
            \(table(
                caption: "The errors of the templates as written.",
                heads: [Head("Error"), Head("What follows"), Head("What to write instead")],
                rows: plan.errors.map { fault in
                    [
                        "<strong>\(fault.rule)</strong><br><code>\(fault.place)</code>",
                        "\(fault.reason)", "\(fault.fix)",
                    ]
                }, kind: "cards"))
            \(table(
                caption: """
                    What happens as each is fixed in turn; the last row is what is ruled on below.
                    """,
                heads: [
                    Head("Fixed"), Head("The stacks"), Head("A month", number: true),
                    Head("What fails"),
                ], rows: plan.stages.map(cells), kind: "cards"))
            \(unsaid)
            """
    }

    private static func cells(_ stage: Summary.Stage) -> [Markup] {
        [
            "<strong>\(stage.change)</strong>",
            stage.isDeployed
                ? "<span class=\"mark pass\">deploy</span>"
                : "<span class=\"mark fail\">roll back</span>",
            "\(stage.total730h.map { "$\(Money.text($0))" } ?? "–")", "\(stage.outcome)",
        ]
    }

    /// The network: who gets what it needs, who reaches whom, and a drawing of it.
    ///
    /// The drawing is an image of its own, so that nothing in it can act on the page.
    static func network(_ record: RunRecord) -> Markup {
        guard let reach = record.summary.reach else { return "" }
        let drawing: Markup =
            record.drawing.map { svg in
                let data = Data(svg.utf8).base64EncodedString()
                return """
                    <img class="drawing" alt="The deployment: subnets, services, and who reaches \
                    whom" src="data:image/svg+xml;base64,\(data)"/>
                    """
            } ?? ""
        let note: Markup =
            reach.isOfTemplates
            ? ""
            : """
            <p class="note">The scenario lays another deployment over that of its templates: this \
            is the network of what ran, not of the templates.</p>
            """
        return """
            \(note)
            \(drawing)
            \(table(
                caption: "What the platform needs, and the rule or route that decides it.",
                heads: [Head("Who"), Head("What"), Head("Reached"), Head("Decided by")],
                rows: reach.needs.map { need in
                    [
                        "\(need.who)", "\(need.what)",
                        need.extent == "no"
                            ? "<span class=\"mark fail\">no</span>" : "\(need.extent)",
                        "\(need.reason)",
                    ]
                }, kind: "cards plain"))
            \(table(
                caption: "Who reaches what: from the head of the column to the row’s port.",
                heads: [Head("To")] + reach.from.map { Head($0) },
                rows: reach.rows.map { row in
                    ["\(row.to)"] + row.extents.map { $0 == "no" ? "–" : "\($0)" }
                }, kind: "plain"))
            """
    }
}
