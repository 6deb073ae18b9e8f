import Base
import Cloud
import Plans
import Reports
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

    /// Simulates every stage that deploys; nil when interrupted. The last one is left to whoever
    /// runs the scenario itself.
    func summary(_ scenario: Scenario, last: RunResult, goesOn: () -> Bool) -> Summary.Plan? {
        var told: [Summary.Stage] = []
        for (number, stage) in stages.enumerated() {
            let result: RunResult?
            if number == stages.count - 1 {
                result = last
            } else if let deployment = stage.deployment {
                guard let simulated = simulate(scenario, deployment, goesOn) else { return nil }
                result = simulated
            } else {
                result = nil
            }
            told.append(summary(stage, result))
        }
        return Summary.Plan(
            errors: stages[0].open.map(fault), stages: told, unsaid: assumptions)
    }

    private func fault(_ finding: Finding) -> Summary.Fault {
        let file = plan.graph.templates[finding.stack].path
        return Summary.Fault(
            rule: finding.rule.rawValue, resource: finding.resource,
            place: "\(file):\(finding.line)", reason: finding.reason, fix: finding.fix)
    }

    /// Where the promised name has no certificate every browser refuses, whoever answers.
    private func summary(_ stage: Stage, _ result: RunResult?) -> Summary.Stage {
        let isNameless = stage.open.contains { $0.rule == .nameWithoutCertificate }
        func ids(_ status: Status) -> [String] {
            (result?.verdicts ?? []).filter { verdict in
                isNameless && verdict.id == Self.pagesVerdict
                    ? status == .fail : verdict.status == status
            }.map(\.id)
        }
        return Summary.Stage(
            change: stage.change, left: stage.open.map(\.rule.rawValue),
            isDeployed: result != nil, failed: ids(.fail), open: ids(.inconclusive),
            total730h: result?.bill.total730h.cents)
    }

    private static let pagesVerdict = "dashboard-https"

    private func simulate(
        _ scenario: Scenario, _ deployment: Deployment, _ goesOn: () -> Bool
    ) -> RunResult? {
        var scenario = scenario
        scenario.deployment = deployment
        var options = Runner.Options(fidelity: .fluid, findsRemedies: false, traceHour: nil)
        options.comparesLowEnd = false
        let result = Runner(scenario, options)?.run { _ in goesOn() }.result
        return result?.partial == nil ? result : nil
    }
}

extension CommandExit {
    /// A plan with errors fails, however its corrected form does.
    static func of(_ result: RunResult, interrupted: Bool, isPlanFaulty: Bool) -> CommandExit {
        let end = of(result, interrupted: interrupted)
        return isPlanFaulty && !interrupted ? .serviceFailed : end
    }
}
