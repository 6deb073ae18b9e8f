import Cloud
import Plans
import Reports

extension RunRecord {
    /// Says who reaches what in a plan as it is written.
    mutating func addNetwork(of plan: Plan) { add(ReachMatrix(plan), isOfTemplates: true) }

    /// Says who reaches what in the deployment that ran. Where the scenario lays something over
    /// its templates, that is read from templates written for it.
    mutating func addNetwork(of plan: Plan, running deployment: Deployment) {
        guard plan.deployment(assuming: deployment)?.deployment.canonical != deployment.canonical
        else { return addNetwork(of: plan) }
        do throws(Synthesis.Fault) {
            let settings = ReadSettings(region: deployment.region)
            let templates = try Synthesis(deployment).templates
            add(ReachMatrix(Plan(templates, settings)), isOfTemplates: false)
        } catch {
            summary.assumptions.append("Who reaches what is not told: \(error).")
        }
    }

    private mutating func add(_ matrix: ReachMatrix, isOfTemplates: Bool) {
        var drawing = ReachDrawing(matrix)
        self.drawing = drawing.svg()
        summary.reach = Summary.Reach(
            isOfTemplates: isOfTemplates,
            needs: matrix.needs.map {
                Summary.Reach.Need(
                    who: $0.who, what: $0.what, extent: $0.answer.extent.text,
                    reason: $0.answer.reason)
            },
            from: matrix.sources,
            rows: matrix.targets.enumerated().map { index, target in
                Summary.Reach.Row(
                    to: target, extents: matrix.rows.map { $0.answers[index].extent.text })
            })
    }
}
