import ArgumentParser

/// `streamr-sim plan …`: everything about CloudFormation templates.
struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract:
            "Reads the plan as CloudFormation: what is wrong, who reaches what, what it costs.",
        discussion: """
            Templates are JSON or YAML, of one stack each; stacks that import each other's exports \
            are given together. What is not understood is named, with what that leaves out.
            """,
        subcommands: [
            PlanCheckCommand.self, PlanReachCommand.self, PlanCostCommand.self,
            PlanSynthCommand.self, PlanImproveCommand.self, PlanFrontierCommand.self,
        ])
}
