import Base
import Results
import Scenarios

/// What a load says under the names of a simulation's figures, where both mean the same.
///
/// What the schedule makes (sessions, looks) is as it was counted; a heartbeat stands for as many
/// as would have come more often than the platform takes them. What media make
/// (bytes, frames, seconds) is multiplied by the speed: it is what the schedule's own time would
/// have made. A player's way to its first picture happens once in a session, at any speed.
struct StretchFigures {
    let stretch: ScenarioStretch
    let ledger: LoadLedger

    var measured: [Figure] {
        let total = ledger.total
        let late = ledger.plan.clients.filter(\.isLate)
        let lateViewers = Int64(late.count { $0.kind == .player })
        let latePublishers = Int64(late.count { $0.kind == .publisher })
        var list: [Figure] = []
        func add(_ name: String, _ value: Int64) { list.append(Figure(name, Fixed(value))) }
        func add(_ name: String, _ time: Interval) {
            list.append(Figure(name, .ratio(Int128(time.nanoseconds), 1_000_000_000)))
        }
        if ledger.plan.target != nil {
            let lost = total.startups + (total[.stall].sum + total.missed) * stretch.speed
            add("viewer_sessions", max(0, total.playersStarted - lateViewers))
            let begun = total.publishersStarted + total.publishersAgain
            add("publish_sessions", max(0, begun - latePublishers))
            add("publish_cut", total.publishersCut)
            // What viewers bear does not go faster.
            if stretch.speed == 1 { add("viewers_lost", total.viewersLost) }
            add("streams_at_once_max", ledger.publishersMost)
            add("viewer_wanted_seconds", wanted)
            add("viewer_played_seconds", max(wanted - lost, .zero))
            add("stall_seconds", total[.stall].sum * stretch.speed)
            add("stalls", total[.stall].count * stretch.speed)
            add("egress_media_bytes", total.videoBytes * stretch.speed)
            add("egress_overhead_audio_bytes", total.audioBytes * stretch.speed)
            add("frames_sent", total.picturesDue * stretch.speed)
            add("frames_dropped_encoder", total.picturesHeldBack * stretch.speed)
        }
        func made(_ kind: LoadCall.Kind) -> Int64 { total.callsMade[kind.rawValue] }
        if ledger.plan.calls.contains(where: { $0.kind == .heartbeat }) {
            add("heartbeats", stretch.heartbeats(for: made(.heartbeat)))
        }
        if ledger.plan.calls.contains(where: { $0.kind == .dashboard }) {
            add("dashboard_probes", made(.dashboard))
            add("dashboard_probes_good", total.callsGood[LoadCall.Kind.dashboard.rawValue])
        }
        return list
    }

    /// The time for which viewers came, in the schedule's time, as far as the load went.
    private var wanted: Interval {
        ledger.plan.clients.filter { $0.kind == .player }.reduce(.zero) { sum, client in
            let until = min(client.until ?? ledger.plan.duration, ledger.elapsed)
            return sum + max(until - client.start, .zero) * stretch.speed
        }
    }

    /// What is not driven, or not as it is simulated.
    var omissions: [String] {
        var list = [
            "homes' latency, loss, evenings and outages, and the rate of their lines where that is "
                + "\(ScenarioStretch.wideTimes) times a stream's or more",
            "faults of the machine, scans, and what follows from its price and its CPU credits",
        ]
        if stretch.scenario.streamers.contains(where: { $0.media.variation > .zero }) {
            list.append(
                "varying bit rates of each friend's own: those of a group vary alike, and again "
                    + "and again the same way, at least once in a minute")
        }
        if stretch.asksWhereToWatch {
            list.append("questions where to watch of who comes again: they go where they went")
        }
        if ledger.plan.target == nil { list.append("media: no RTMP target was given") }
        if !ledger.plan.calls.contains(where: { $0.kind == .heartbeat }), !stretch.nodes.isEmpty {
            list.append("heartbeats: nodes were not registered")
        }
        if !stretch.nodes.isEmpty {
            let hasReports = ledger.plan.calls.contains { $0.kind == .report }
            list.append(
                hasReports
                    ? "what nodes relay: their reports are of nothing"
                    : "what nodes relay and report")
        }
        if !ledger.plan.calls.contains(where: { $0.kind == .dashboard }) {
            list.append("looks at the dashboard: no HTTP server was given")
        }
        if stretch.speed > 1 {
            list.append(
                "the length of sessions: they are \(stretch.speed) times shorter, and bytes, "
                    + "frames and seconds of media are multiplied by that, with what a player "
                    + "gets from the server's cache as it comes")
            list.append(
                "the waits of who comes again, and how long viewers bear to stand still: they "
                    + "are as at home, and what is missed meanwhile is multiplied")
            list.append(
                "the pace of calls: they come \(stretch.speed) times as fast, which a platform "
                    + "that counts calls a minute may refuse")
        }
        return list
    }
}
