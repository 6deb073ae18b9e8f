import Base
import Foundation
import Platform

/// One page's figures as its templates name them.
struct View {
    var template: String
    var title: String
    /// Of the page.
    var path: String
    var values: [String: Any]

    private let now: Instant

    /// Nil where the reply has no page.
    init?(_ reply: Reply, _ links: MediaLinks, at now: Instant) {
        self.now = now
        template = ""
        title = ""
        path = ""
        values = [:]
        switch reply {
        case .overview(let overview): show(overview)
        case .economics(let economics): show(economics)
        case .node(let figures): show(figures)
        case .streamer(let figures): show(figures)
        case .watchPage(let stream, let place): show(stream, place, links)
        case .ok, .health, .watch, .stats, .refused, .unavailable, .granted, .key, .keys, .stream,
            .streams, .nodes, .leaderboard, .payouts:
            return nil
        }
    }

    private mutating func show(_ overview: Overview) {
        (template, title, path) = ("overview", "Overview", "/dashboard")
        values = [
            "streamsLive": overview.streamsLive, "nodesActive": overview.nodesActive,
            "viewers": overview.viewers, "bytesVerified": Shown.bytes(overview.bytesVerified),
            "paid": Shown.dollars(overview.paidNanodollars),
            "streams": overview.streams.map(row),
        ]
        add(overview.nodes)
    }

    private mutating func show(_ economics: Economics) {
        (template, title, path) = ("money", "Money", "/money")
        values = [
            "paid": Shown.dollars(economics.paidNanodollars), "nodesPaid": economics.nodesPaid,
            "bytesVerified": Shown.bytes(economics.bytesVerified),
            "bytesReported": Shown.bytes(economics.bytesReported),
            "hasMonths": !economics.months.isEmpty,
            "months": economics.months.map {
                [
                    "month": $0.name, "bytesVerified": Shown.bytes($0.bytesVerified),
                    "bytesReported": Shown.bytes($0.bytesReported),
                ]
            },
        ]
        add(economics.payouts)
    }

    private mutating func show(_ figures: NodeFigures) {
        template = "node"
        title = figures.row.name
        path = "/dashboard/node/\(figures.row.node.raw)"
        values = row(figures.row)
        let address = figures.row.address
        values["address"] = "\(address.host):\(address.rtmpPort)"
        values["checks"] = figures.checks
        values["checksPassed"] = figures.checksPassed
        values["earned"] = Shown.dollars(figures.earnedNanodollars)
        values["bytesVerified"] = Shown.bytes(figures.bytesVerified)
        values["bytesReported"] = Shown.bytes(figures.bytesReported)
        let share =
            figures.bytesReported == 0
            ? 0 : multiplyDivide(figures.bytesVerified, 1_000_000, figures.bytesReported)
        values["verified"] = bar(Share(millionths: share), kind: "good")
        values["hasProbes"] = !figures.probes.isEmpty
        values["probes"] = figures.probes.map { probe -> [String: Any] in
            [
                "at": WireText.time(probe.at), "reachable": probe.isReachable,
                "viewers": probe.viewers,
            ]
        }
        add(figures.payouts)
    }

    private mutating func show(_ figures: StreamerFigures) {
        template = "streamer"
        title = figures.name
        path = "/dashboard/streamer/\(figures.user.raw)"
        values = [
            "name": figures.name, "hasStreams": !figures.streams.isEmpty,
            "streams": figures.streams.map(row),
        ]
        add(figures.nodes)
    }

    private mutating func show(_ stream: StreamRow, _ place: WatchPlace, _ links: MediaLinks) {
        template = "watch"
        title = stream.title
        path = "/watch/\(stream.stream.raw)"
        values = row(stream)
        values["hls"] = links.hls(stream.stream)
        values["wholeHLS"] = links.wholeHLS(stream.stream)
        values["flv"] = links.flv(stream.stream)
        values["rtmp"] = links.rtmp(stream.stream)
        if case .node(let node, let address) = place {
            let host = address.host.contains(":") ? "[\(address.host)]" : address.host
            values["node"] = [
                "id": "\(node.raw)",
                "address":
                    "rtmp://\(host):\(address.rtmpPort)/\(PlatformLoop.app)/\(stream.stream.raw)",
            ]
        }
    }

    // MARK: Rows

    private func row(_ stream: StreamRow) -> [String: Any] {
        [
            "id": stream.stream.raw, "owner": stream.owner.raw, "title": stream.title,
            "isLive": stream.status == .live, "status": stream.status.name.lowercased(),
            "statusText": stream.status == .live ? "On the air" : stream.status.name.capitalized,
            "since": Shown.moment(stream.changedAt),
        ]
    }

    private mutating func add(_ nodes: [NodeRow]) {
        values["hasNodes"] = !nodes.isEmpty
        values["nodes"] = nodes.map(row)
    }

    private func row(_ node: NodeRow) -> [String: Any] {
        let state = node.isFlagged ? "flagged" : node.isActive ? "active" : "away"
        return [
            "id": node.node.raw, "stream": node.stream.raw, "name": node.name,
            "viewers": node.viewers, "heartbeat": WireText.time(node.heartbeatAt),
            "heartbeatAge": Shown.age(of: node.heartbeatAt, at: now), "state": state,
            "stateText": state.capitalized,
            "load": bar(node.capacity, kind: node.capacity < .percent(90) ? "" : "bad"),
            "trust": bar(
                node.trust,
                kind: node.trust < .percent(50)
                    ? "bad" : node.trust < .percent(75) ? "fair" : "good"),
        ]
    }

    private func bar(_ share: Share, kind: String) -> [String: Any] {
        let percent = share.millionths / 10_000
        return ["kind": kind, "width": min(max(percent, 0), 100), "text": "\(percent) %"]
    }

    private mutating func add(_ payouts: [PayoutRow]) {
        values["hasPayouts"] = !payouts.isEmpty
        values["payouts"] = payouts.map { payout -> [String: Any] in
            [
                "hour": WireText.time(payout.hourAt), "hourText": Shown.moment(payout.hourAt),
                "node": payout.node.raw, "bytes": Shown.bytes(payout.bytes),
                "paid": Shown.dollars(payout.nanodollars),
            ]
        }
    }
}

/// Figures as people read them.
enum Shown {
    /// `12.3 GB`, in powers of a thousand as traffic is billed.
    static func bytes(_ count: Int64) -> String {
        let units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"]
        var unit = 0
        var scale: Int128 = 1
        while unit < units.count - 1, Int128(count) >= scale * 1_000 {
            scale *= 1_000
            unit += 1
        }
        return Fixed.ratio(Int128(count), scale).text(decimalsMax: 1) + " " + units[unit]
    }

    /// To a hundredth of a cent.
    static func dollars(_ nanodollars: Int64) -> String {
        let value = Fixed.ratio(Int128(nanodollars), 1_000_000_000)
        let isCents = nanodollars % 10_000_000 == 0
        return "$" + value.text(decimals: isCents ? 2 : 4)
    }

    /// `2026-12-01 19:30`
    static func moment(_ instant: Instant) -> String {
        let civil = CivilTime(instant)
        return "\(civil.dateText) \(civil.timeText.dropLast(3))"
    }

    /// In steps coarse enough that a page does not change for it alone.
    static func age(of instant: Instant, at now: Instant) -> String {
        guard instant.nanoseconds > 0 else { return "never" }
        let seconds = (now - instant).wholeSeconds
        switch seconds {
        case ..<60: return "just now"
        case ..<3_600: return "\(seconds / 60) min ago"
        case ..<86_400: return "\(seconds / 3_600) h ago"
        case _: return moment(instant)
        }
    }
}
