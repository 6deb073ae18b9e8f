import Plans
import Reports

extension RunRecord {
    /// Says who reaches what in the templates that the scenario is deployed from, as they are.
    mutating func addNetwork(of plan: Plan) {
        let matrix = ReachMatrix(plan)
        var drawing = ReachDrawing(matrix)
        self.drawing = drawing.svg()
        summary.reach = Summary.Reach(
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
