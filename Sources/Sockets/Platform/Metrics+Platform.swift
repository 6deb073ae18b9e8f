import Platform

/// The platform's figures beside the stream server's.
extension Metrics {
    static func text(
        _ figures: PlatformTally, web: WebTally.Figures, front: TargetHealth.Figures, lookers: Int
    ) -> String {
        var lines = Lines()
        lines.begin("http_answers_total", "counter", "Answers of the coordinator's port.")
        for digit in 1...5 {
            lines.sample("http_answers_total", "status=\"\(digit)xx\"", web.answers[digit])
        }
        lines.add(
            "http_answer_nanoseconds_total", "counter", "What they took.", web.nanoseconds)
        lines.add(
            "store_transactions_total", "counter", "Asked of the store.", figures.transactions)
        lines.add(
            "store_failures_total", "counter", "Without an answer.", figures.transactionsFailed)
        lines.add(
            "cache_up", "gauge", "Whether the cache answers.", figures.isCacheUp ? 1 : 0)
        lines.begin("watch_routed_total", "counter", "Viewers sent somewhere.")
        lines.sample("watch_routed_total", "to=\"node\"", figures.routedToNodes)
        lines.sample("watch_routed_total", "to=\"server\"", figures.routedToServer)
        lines.begin("spot_checks_total", "counter", "Spot checks of nodes.")
        lines.sample("spot_checks_total", "result=\"passed\"", figures.spotChecksPassed)
        lines.sample("spot_checks_total", "result=\"failed\"", figures.spotChecksFailed)
        lines.add(
            "nodes_flagged_total", "counter", "Nodes that lost trust.", figures.nodesFlagged)
        lines.add(
            "nodes_inactive_total", "counter", "Nodes that fell silent.", figures.nodesInactive)
        lines.add(
            "stream_changes_total", "counter", "Steps in streams' lives.", figures.streamsChanged)
        lines.add(
            "paid_nanodollars_total", "counter", "Paid to nodes since the start.",
            figures.paidNanodollars)
        lines.add(
            "front_target_healthy", "gauge", "Whether the front takes the coordinator for healthy.",
            front.isHealthy ? 1 : 0)
        lines.add("page_lookers", "gauge", "Pages that are followed live.", lookers)
        return lines.text
    }
}
