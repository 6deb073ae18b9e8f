import Base
import Platform

/// A reply as it goes over the wire: a status and JSON.
struct WebAnswer: Sendable {
    var status: Int
    var json: JSON

    init(_ json: JSON, status: Int = 200) {
        self.status = status
        self.json = json
    }

    init(_ fault: RequestFault) {
        self.init(["detail": .text(fault.detail)], status: fault.status)
    }

    /// A page's refusal to a browser or a program.
    init(_ refusal: Refusal) {
        self.init(["detail": .text(refusal.detail)], status: refusal.status)
    }

    static let unavailable = WebAnswer(
        ["detail": "the platform cannot answer just now; try again"], status: 503)

    /// What `reply` is for the one who asked. Tokens and API keys, which the coordinator does not
    /// know, are added by `Responder`.
    init(_ reply: Reply, to route: Route, by caller: Caller) {
        if route.answer == .callback {
            self = WebAnswer(callback: reply)
            return
        }
        switch reply {
        case .ok: self.init([:])
        case .health(let health): self.init(health)
        case .watch(let place): self.init(place.json)
        case .stats(let viewers): self.init(["viewers": .integer(Int64(viewers))])
        case .refused(let why): self.init(why)
        case .unavailable: self = .unavailable
        case .granted(let grant): self.init(grant.json, status: grant.isNew ? 201 : 200)
        case .key(let row): self.init(row.json, status: 201)
        case .keys(let rows): self.init(["keys": .list(rows.map(\.json))])
        case .stream(let row):
            let isNew = route.method == .post && route.path == "/streams"
            self.init(.object(row.fields(withKey: true)), status: isNew ? 201 : 200)
        case .streams(let rows):
            self.init(["streams": .list(rows.map { .object($0.fields(withKey: false)) })])
        case .nodes(let rows): self.init(["nodes": .list(rows.map(\.json))])
        case .overview(let overview): self.init(overview.json)
        case .leaderboard(let rows): self.init(["nodes": .list(rows.map(\.json))])
        case .payouts(let rows, let total):
            self.init(["payouts": .list(rows.map(\.json)), "total_usd": .dollars(total)])
        case .node(let figures): self.init(figures.json)
        case .economics(let economics): self.init(economics.json)
        case .streamer(let figures): self.init(figures.json)
        case .watchPage(let stream, let place):
            self.init([
                "stream": .object(stream.fields(withKey: false)), "watch": place.json,
            ])
        }
    }

    /// SRS takes 200 and code 0 for yes, and anything else for no.
    ///
    /// https://ossrs.io/lts/en-us/docs/v5/doc/http-callback
    private init(callback reply: Reply) {
        switch reply {
        case .ok: self.init(["code": 0])
        case .unavailable: self.init(["code": 2], status: 503)
        case .refused(let why): self.init(["code": 1, "detail": .text(why.detail)])
        case .health, .watch, .stats, .granted, .key, .keys, .stream, .streams, .nodes, .overview,
            .leaderboard, .payouts, .node, .economics, .streamer, .watchPage:
            self.init(["code": 1])
        }
    }

    private init(_ health: Health) {
        let store = health == .unhealthy ? "down" : "up"
        let cache: String? =
            switch health {
            case .healthy: "up"
            case .degraded: "down"
            case .unhealthy: nil
            }
        self.init(
            [
                "status": .text("\(health)"),
                "checks": ["database": .text(store), "cache": .text(cache ?? "unknown")],
            ],
            status: health == .unhealthy ? 503 : 200)
    }
}

extension Refusal {
    var status: Int {
        switch self {
        case .notSignedIn: 401
        case .notYours, .badKey, .notAuthorized: 403
        case .noStream, .noNode, .noUser, .noKey: 404
        case .badStep, .badInterval: 400
        case .nameTaken, .busy: 409
        case .tooOften: 429
        case .full: 503
        }
    }

    var detail: String {
        switch self {
        case .notSignedIn: "a valid name and password, token or key is needed"
        case .notYours: "this is not yours, or the key lacks the scope"
        case .badKey: "the stream's key does not fit"
        case .notAuthorized: "the stream's owner does not let this node relay it"
        case .noStream: "there is no such stream"
        case .noNode: "there is no such node"
        case .noUser: "there is no such account"
        case .noKey: "there is no such key"
        case .badStep: "a stream cannot go from its status to that one"
        case .busy: "the stream is on the air, or was archived"
        case .nameTaken: "this name is taken"
        case .badInterval: "the interval ends before it begins, or is not of the last day"
        case .tooOften: "too often; wait a moment"
        case .full: "no room for more"
        }
    }
}

// MARK: Rows

extension WatchPlace {
    var json: JSON {
        switch self {
        case .server: ["place": "server"]
        case .node(let node, let address):
            [
                "place": "node", "node_id": .identifier(node.raw), "host": .text(address.host),
                "rtmp_port": .integer(Int64(address.rtmpPort)),
                "http_port": .integer(Int64(address.httpPort)),
            ]
        }
    }
}

extension Grant {
    var json: JSON {
        switch holder {
        case .streamer(let user, let name):
            ["user_id": .identifier(user.raw), "name": .text(name)]
        case .node(let node, let stream):
            ["node_id": .identifier(node.raw), "stream_id": .identifier(stream.raw)]
        }
    }
}

extension KeyRow {
    var json: JSON {
        [
            "key_id": .identifier(key.raw), "label": .text(label),
            "scopes": .list(Routes.names(scopes).map { .text($0) }), "revoked": .flag(isRevoked),
        ]
    }
}

extension StreamRow {
    func fields(withKey: Bool) -> [String: JSON] {
        var fields: [String: JSON] = [
            "stream_id": .identifier(stream.raw), "owner_id": .identifier(owner.raw),
            "title": .text(title), "status": .text(status.name),
            "changed_at": .text(WireText.time(changedAt)),
        ]
        if withKey { fields["stream_key"] = .text(WireText.streamKey(key)) }
        return fields
    }
}

extension NodeRow {
    /// Without the address of its statistics, which is for the worker.
    var json: JSON {
        [
            "node_id": .identifier(node.raw), "stream_id": .identifier(stream.raw),
            "name": .text(name), "host": .text(address.host),
            "rtmp_port": .integer(Int64(address.rtmpPort)),
            "http_port": .integer(Int64(address.httpPort)),
            "trust": .share(trust.millionths), "capacity_pct": .share(capacity.millionths * 100),
            "viewers": .integer(Int64(viewers)),
            "last_heartbeat": .text(WireText.time(heartbeatAt)), "active": .flag(isActive),
            "flagged": .flag(isFlagged),
        ]
    }
}

extension LeaderRow {
    var json: JSON {
        [
            "node_id": .identifier(node.raw), "name": .text(name),
            "bytes_verified": .integer(bytesVerified), "earned_usd": .dollars(earnedNanodollars),
            "trust": .share(trust.millionths),
        ]
    }
}

extension PayoutRow {
    var json: JSON {
        [
            "hour": .text(WireText.time(hourAt)), "node_id": .identifier(node.raw),
            "bytes": .integer(bytes), "usd": .dollars(nanodollars),
        ]
    }

    var hourAt: Instant { Instant(nanoseconds: hour * Interval.hours(1).nanoseconds) }
}

extension MonthRow {
    var json: JSON {
        [
            "month": .text(name), "bytes_reported": .integer(bytesReported),
            "bytes_verified": .integer(bytesVerified),
        ]
    }

    /// `2026-11`
    var name: String {
        let civil = CivilTime(year: Int(month / 12), month: Int(month % 12) + 1, day: 1)
        return String(civil.dateText.dropLast(3))
    }
}

extension ProbeRow {
    var json: JSON {
        [
            "at": .text(WireText.time(at)), "reachable": .flag(isReachable),
            "viewers": .integer(Int64(viewers)),
        ]
    }
}

extension Overview {
    var json: JSON {
        [
            "streams_live": .integer(Int64(streamsLive)),
            "nodes_active": .integer(Int64(nodesActive)), "viewers": .integer(viewers),
            "bytes_verified": .integer(bytesVerified), "paid_usd": .dollars(paidNanodollars),
            "streams": .list(streams.map { .object($0.fields(withKey: false)) }),
            "nodes": .list(nodes.map(\.json)),
        ]
    }
}

extension NodeFigures {
    var json: JSON {
        [
            "node": row.json, "bytes_reported": .integer(bytesReported),
            "bytes_verified": .integer(bytesVerified), "earned_usd": .dollars(earnedNanodollars),
            "spot_checks": .integer(checks), "spot_checks_passed": .integer(checksPassed),
            "probes": .list(probes.map(\.json)), "payouts": .list(payouts.map(\.json)),
        ]
    }
}

extension Economics {
    var json: JSON {
        [
            "bytes_reported": .integer(bytesReported), "bytes_verified": .integer(bytesVerified),
            "paid_usd": .dollars(paidNanodollars), "nodes_paid": .integer(Int64(nodesPaid)),
            "months": .list(months.map(\.json)), "payouts": .list(payouts.map(\.json)),
        ]
    }
}

extension StreamerFigures {
    /// The coordinator leaves the keys at zero for anybody but the owner.
    var json: JSON {
        [
            "user_id": .identifier(user.raw), "name": .text(name),
            "streams": .list(streams.map { .object($0.fields(withKey: $0.key != 0)) }),
            "nodes": .list(nodes.map(\.json)),
        ]
    }
}
