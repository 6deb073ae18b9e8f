import Platform

/// What answers look like, for `/openapi.json`; a test holds real answers to it.
extension Route.Content {
    var shape: Shape {
        switch self {
        case .ok: .object([])
        case .health:
            .object([
                Field("status", .choice(["healthy", "degraded", "unhealthy"])),
                Field(
                    "checks",
                    .object([
                        Field("database", .choice(["up", "down"])),
                        Field("cache", .choice(["up", "down", "unknown"])),
                    ])),
            ])
        case .watch: Self.place
        case .grant:
            .object([
                Field("access_token", .token), Field("refresh_token", .token),
                Field("token_type", .choice(["bearer"])), Field("expires_in", Self.count),
                Field("user_id", .identifier, isRequired: false),
                Field("name", Self.text, isRequired: false),
                Field("node_id", .identifier, isRequired: false),
                Field("stream_id", .identifier, isRequired: false),
                Field("source_url", Self.text, isRequired: false),
            ])
        case .newKey: .object(Self.keyFields + [Field("secret", Self.text)])
        case .key: .object(Self.keyFields)
        case .keys: .object([Field("keys", Self.rows(Self.keyFields))])
        case .stream: .object(Self.streamFields + [Field("stream_key", .streamKey)])
        case .streams: .object([Field("streams", Self.rows(Self.streamFields))])
        case .nodes: .object([Field("nodes", Self.rows(Self.nodeFields))])
        case .overview:
            .object([
                Field("streams_live", Self.count), Field("nodes_active", Self.count),
                Field("viewers", Self.count), Field("bytes_verified", Self.count),
                Field("paid_usd", .dollars), Field("streams", Self.rows(Self.streamFields)),
                Field("nodes", Self.rows(Self.nodeFields)),
            ])
        case .leaderboard:
            .object([
                Field(
                    "nodes",
                    Self.rows([
                        Field("node_id", .identifier), Field("name", Self.text),
                        Field("bytes_verified", Self.count), Field("earned_usd", .dollars),
                        Field("trust", .number),
                    ]))
            ])
        case .payouts:
            .object([Field("payouts", Self.rows(Self.payout)), Field("total_usd", .dollars)])
        case .node: Self.nodeFigures
        case .economics: Self.money
        case .callback:
            .object([Field("code", .integer(0...1)), Field("detail", Self.text, isRequired: false)])
        case .streamer:
            .object([
                Field("user_id", .identifier), Field("name", Self.text),
                Field(
                    "streams",
                    Self.rows(
                        Self.streamFields + [Field("stream_key", .streamKey, isRequired: false)])),
                Field("nodes", Self.rows(Self.nodeFields)),
            ])
        case .watchPage:
            .object([Field("stream", .object(Self.streamFields)), Field("watch", Self.place)])
        }
    }

    private static let count = Shape.integer(0...Int64.max)
    private static let text = Shape.prose(0...Call.Limits.feedbackMax)

    private static func rows(_ fields: [Field]) -> Shape { .list(.object(fields), max: 1_000) }

    private static let place = Shape.object([
        Field("place", .choice(["server", "node"])),
        Field("node_id", .identifier, isRequired: false),
        Field("host", text, isRequired: false), Field("rtmp_port", count, isRequired: false),
        Field("http_port", count, isRequired: false),
    ])

    private static let keyFields = [
        Field("key_id", .identifier), Field("label", text), Field("scopes", .list(text, max: 3)),
        Field("revoked", .flag),
    ]

    private static let streamFields = [
        Field("stream_id", .identifier), Field("owner_id", .identifier), Field("title", text),
        Field("status", .choice(StreamStatus.allCases.map(\.name))), Field("changed_at", .time),
    ]

    private static let nodeFields = [
        Field("node_id", .identifier), Field("stream_id", .identifier), Field("name", text),
        Field("host", text), Field("rtmp_port", count), Field("http_port", count),
        Field("trust", .number), Field("capacity_pct", .number), Field("viewers", count),
        Field("last_heartbeat", .time), Field("active", .flag), Field("flagged", .flag),
    ]

    private static let payout = [
        Field("hour", .time), Field("node_id", .identifier), Field("bytes", count),
        Field("usd", .dollars),
    ]

    private static let nodeFigures = Shape.object([
        Field("node", .object(nodeFields)), Field("bytes_reported", count),
        Field("bytes_verified", count), Field("earned_usd", .dollars),
        Field("spot_checks", count), Field("spot_checks_passed", count),
        Field(
            "probes",
            rows([Field("at", .time), Field("reachable", .flag), Field("viewers", count)])),
        Field("payouts", rows(payout)),
    ])

    private static let money = Shape.object([
        Field("bytes_reported", count), Field("bytes_verified", count),
        Field("paid_usd", .dollars), Field("nodes_paid", count),
        Field(
            "months",
            rows([
                Field("month", text), Field("bytes_reported", count),
                Field("bytes_verified", count),
            ])),
        Field("payouts", rows(payout)),
    ])
}
