import ArgumentParser
import Cloud
import Foundation
import Plans

/// `streamr-sim plan improve TEMPLATE...`: writes the fixes into the templates.
struct PlanImproveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "improve",
        abstract: "Applies the fixes of findings to the templates and shows what changed.",
        discussion: """
            Without --rule, all findings that have a fix which needs no decision of a person. The \
            changed templates are written to --out as JSON; without it only the difference is \
            shown. What is left to a person is listed.
            """)

    @OptionGroup var options: PlanOptions

    @Option(help: ArgumentHelp("Fix only these rules' findings.", valueName: "rule"))
    var rule: [String] = []

    @Option(help: ArgumentHelp("Write the templates into this folder.", valueName: "dir"))
    var out: String?

    func run() throws {
        let plan = try options.plan()
        let rules = try rule.map { word in
            guard let rule = Rule(rawValue: word) else {
                let near = nearest(to: word, in: Rule.allCases.map(\.rawValue))
                throw Failure.usage(
                    "--rule \(word): no such rule" + (near.map { "; did you mean \($0)?" } ?? ""))
            }
            return rule
        }
        let question = Question(date: plan.pricesDate(), account: .paid)
        let improvement = Improvement(
            Findings(plan, question, suppressions: []), fixing: rules.isEmpty ? nil : rules)
        print(improvement.text, terminator: "")
        guard let out else { return }
        try? FileManager.default.createDirectory(
            atPath: out, withIntermediateDirectories: true)
        for template in improvement.templates {
            try writeFile(template.root.tree.text, to: "\(out)/\(template.name).template.json")
        }
    }
}
