import Base
import Cloud
import Plans
import Results
import Scenarios
import Simulation

/// A plan with errors, and what happens when they are fixed one after the other.
///
/// A plan that cannot be deployed has nothing to simulate. So its blockers are fixed in the order
/// in which they would be met; once it deploys, every stage is simulated.
struct PlanStages {
    struct Stage {
        /// What was fixed for it, besides what was before.
        var change: String
        /// Errors that are left.
        var open: [Finding]
        /// Nil where the stacks roll back.
        var deployment: Deployment?
    }

    let plan: Plan
    let stages: [Stage]
    /// What the templates do not say of the last stage's deployment.
    let assumptions: [String]

    /// Nil for a plan without errors.
    init?(_ plan: Plan, _ scenario: Scenario) {
        let question = Question(
            date: String(CivilTime(scenario.start).textUTC.prefix(10)),
            account: scenario.pricing.regime == .freePlan ? .freePlan : .paid)
        let blockers = Findings(plan, question, suppressions: []).counted
            .filter { $0.rule.severity == .error }
        guard !blockers.isEmpty else { return nil }
        self.plan = plan
        var stages = [Self.stage("as written", plan, question, scenario).stage]
        var fixed: [Rule] = []
        var assumptions: [String] = []
        let steps = blockers.map(\.rule).reduce(into: [Rule]()) { rules, rule in
            if !rules.contains(rule) { rules.append(rule) }
        }
        for rule in steps {
            fixed.append(rule)
            let better = Self.improved(plan, question, fixing: fixed)
            stages.append(Self.stage("\(rule.rawValue) fixed", better, question, scenario).stage)
        }
        let best = Self.improved(plan, question, fixing: nil)
        let last = Self.stage("every other finding with a fix as well", best, question, scenario)
        stages.append(last.stage)
        assumptions = last.assumptions
        self.stages = stages
        self.assumptions = assumptions
    }

    private static func improved(_ plan: Plan, _ question: Question, fixing rules: [Rule]?) -> Plan
    {
        let findings = Findings(plan, question, suppressions: [])
        var better = Plan(Improvement(findings, fixing: rules).templates, plan.graph.settings)
        if let compose = plan.instances.compactMap(\.boot.compose).first { better.use(compose) }
        return better
    }

    private static func stage(
        _ change: String, _ plan: Plan, _ question: Question, _ scenario: Scenario
    ) -> (stage: Stage, assumptions: [String]) {
        let open = Findings(plan, question, suppressions: []).counted
            .filter { $0.rule.severity == .error }
        let rollsBack = open.contains {
            $0.rule.area == .deployability && $0.rule != .nameWithoutCertificate
        }
        let derived = rollsBack ? nil : plan.deployment(assuming: scenario.deployment)
        return (
            Stage(change: change, open: open, deployment: derived?.deployment),
            derived?.assumptions ?? []
        )
    }

    /// Simulates every stage that deploys and prints how each criterion fares; nil when
    /// interrupted. The last one is left to whoever runs the scenario itself.
    func text(_ scenario: Scenario, last: RunResult, goesOn: () -> Bool) -> String? {
        var lines = ["The plan as written does not hold: \(stages[0].open.count) errors", ""]
        var rows: [[String]] = []
        for (number, stage) in stages.enumerated() {
            let cells: [String]
            if number == stages.count - 1 {
                cells = marks(last, stage)
            } else if let deployment = stage.deployment {
                guard let result = simulate(scenario, deployment, goesOn) else { return nil }
                cells = marks(result, stage)
            } else {
                cells = last.verdicts.map { _ in "-" }
            }
            rows.append(["\(number)"] + cells + [words(stage)])
        }
        var table = TextTable(rightAligned: [])
        table.add(["stage"] + last.verdicts.map(\.id) + ["what"])
        rows.forEach { table.add($0) }
        lines += table.lines
        lines += [
            "", "-: the stacks roll back, nothing runs; no*: refused by every browser, whose",
        ]
        lines[lines.count - 1] += " name for it has no certificate"
        for assumption in assumptions { lines.append("Not in the templates: \(assumption).") }
        return lines.joined(separator: "\n") + "\n"
    }

    private func words(_ stage: Stage) -> String {
        let open = stage.open.map(\.rule.rawValue).joined(separator: ", ")
        return stage.change + (open.isEmpty ? "" : "; left: \(open)")
    }

    private func marks(_ result: RunResult, _ stage: Stage) -> [String] {
        let isNameless = stage.open.contains { $0.rule == .nameWithoutCertificate }
        return result.verdicts.map { verdict in
            if isNameless && verdict.id == "dashboard-https" { return "no*" }
            switch verdict.status {
            case .pass: return "yes"
            case .fail: return "no"
            case .inconclusive: return "?"
            }
        }
    }

    private func simulate(
        _ scenario: Scenario, _ deployment: Deployment, _ goesOn: () -> Bool
    ) -> RunResult? {
        var scenario = scenario
        scenario.deployment = deployment
        let options = Runner.Options(fidelity: .fluid, findsRemedies: false, traceHour: nil)
        let result = Runner(scenario, options)?.run { _ in goesOn() }.result
        return result?.partial == nil ? result : nil
    }
}
