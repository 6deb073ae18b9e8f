import Base
import Platform

/// The whole HTTP interface: what is routed, described in `/openapi.json`, and tested.
enum Routes {
    static let all: [Route] =
        accounts + streams + nodes + callbacks + figures
    /// The parts of each route's path: every request is compared with all of them.
    private static let parts = all.map(\.parts)

    /// The route for a request, or why there is none.
    static func find(
        _ method: String, _ path: String
    ) throws(RequestFault) -> (route: Route, inPath: [Substring]) {
        let asked = path.split(separator: "/", omittingEmptySubsequences: true)
        let matches = parts.indices.compactMap { index in
            Route.match(parts[index], asked).map { (route: all[index], inPath: $0) }
        }
        // What is spelled out is nearer than what varies: `/streams/live` is not a stream's.
        let nearest = matches.map(\.inPath.count).min()
        var allowed: [String] = []
        for match in matches where match.inPath.count == nearest {
            let own = match.route.method.rawValue.uppercased()
            if method == own || method == "HEAD" && own == "GET" { return match }
            allowed.append(own)
        }
        guard !allowed.isEmpty else {
            throw RequestFault(status: 404, detail: "there is no \(path.prefix(200))")
        }
        if allowed.contains("GET") { allowed.append("HEAD") }
        throw RequestFault(
            status: 405, detail: "only \(allowed.joined(separator: ", "))", allowed: allowed)
    }

    // MARK: Fields that many have

    private static let name = Field("name", .name)
    private static let password = Field(
        "password", .prose(Call.Limits.passwordMin...Call.Limits.passwordMax))
    private static let refreshToken = Field("refresh_token", .token)
    static let stream = Field("stream_id", .identifier)
    private static let node = Field("node_id", .identifier)
    private static let scopes: [(name: String, scope: Scopes)] = [
        ("read", .read), ("streams", .streams), ("nodes", .nodes),
    ]
    static func names(_ scopes: Scopes) -> [String] {
        self.scopes.filter { scopes.contains($0.scope) }.map(\.name)
    }
    static func scopes(_ names: [String]) -> Scopes {
        scopes.reduce(into: Scopes()) { if names.contains($1.name) { $0.insert($1.scope) } }
    }
    static let statuses: [(name: String, status: StreamStatus)] = StreamStatus.allCases.map {
        ($0.name, $0)
    }
    private static func status(_ name: String) -> StreamStatus {
        for (known, status) in statuses where known == name { return status }
        preconditionFailure("a status that the route does not offer")
    }

    // MARK: Accounts

    private static let accounts: [Route] = [
        Route(
            method: .post, path: "/api/v1/auth/register-streamer", access: .anyone,
            summary: "Opens an account and signs it in.", answer: .grant, body: [name, password]
        ) {
            .account(
                .registerStreamer(
                    name: $0.text("name"), password: $0.text("password"), fresh: $1.session))
        },
        Route(
            method: .post, path: "/api/v1/auth/login", access: .anyone,
            summary: "Signs in.", answer: .grant, body: [name, password]
        ) {
            .account(
                .login(
                    name: $0.text("name"), password: $0.text("password"), fresh: $1.session))
        },
        Route(
            method: .post, path: "/api/v1/auth/register", access: .anyone,
            summary: "Registers a supporter node by the stream's key, or moves it.",
            answer: .grant,
            body: [
                stream, Field("stream_key", .streamKey), name, Field("host", .host),
                Field("rtmp_port", .integer(1...65_535)),
                Field("http_port", .integer(0...65_535), isRequired: false),
            ]
        ) { values, drawn in
            let address = NodeAddress(
                host: values.text("host"),
                rtmpPort: UInt16(values.integer("rtmp_port") ?? 0),
                httpPort: UInt16(values.integer("http_port") ?? 0))
            return .account(
                .registerNode(
                    values.stream, key: values.key("stream_key"), name: values.text("name"),
                    address, fresh: drawn.session))
        },
        Route(
            method: .post, path: "/api/v1/auth/refresh", access: .anyone,
            summary: "Gives a new pair of tokens for a refresh token, which is used up.",
            answer: .grant, body: [refreshToken]
        ) {
            let (credential, session) = $0.session("refresh_token")
            return .account(.refresh(credential, session: session, fresh: $1.session))
        },
        Route(
            method: .post, path: "/api/v1/auth/logout", access: .anyone,
            summary: "Makes a refresh token useless.", answer: .ok, body: [refreshToken]
        ) { values, _ in .account(.logout(session: values.session("refresh_token").1)) },
        Route(
            method: .post, path: "/api/v1/keys", access: .streamer([]),
            summary: "Makes an API key for a friend or a program. Its secret is shown only now.",
            answer: .newKey,
            body: [
                Field("label", .text(1...Call.Limits.nameMax)),
                Field("scopes", .list(.choice(scopes.map(\.name)), max: 3), isRequired: false),
            ]
        ) { values, drawn in
            let scopes = values.texts("scopes").map(scopes) ?? .all
            return .account(.createKey(label: values.text("label"), scopes, drawn.secret))
        },
        Route(
            method: .get, path: "/api/v1/keys", access: .streamer([]),
            summary: "The account's API keys, without their secrets.", answer: .keys
        ) { _, _ in .account(.keys) },
        Route(
            method: .delete, path: "/api/v1/keys/{key_id}", access: .streamer([]),
            summary: "Revokes an API key.", answer: .ok, inPath: [Field("key_id", .identifier)]
        ) { values, _ in .account(.revokeKey(KeyID(values.raw("key_id")))) },
        Route(
            method: .post, path: "/api/v1/feedback", access: .anyone,
            summary: "Tells the operators something.", answer: .ok,
            body: [Field("message", .prose(1...Call.Limits.feedbackMax))]
        ) { values, _ in .account(.feedback(values.text("message"))) },
    ]

    // MARK: Streams

    private static let streams: [Route] = [
        Route(
            method: .post, path: "/streams", access: .streamer(.streams),
            summary: "Creates a stream, with its key.", answer: .stream,
            body: [Field("title", .text(1...Call.Limits.titleMax))]
        ) { .stream(.create(title: $0.text("title"), freshKey: $1.streamKey)) },
        Route(
            method: .get, path: "/streams", access: .anyone,
            summary: "Streams; archived ones only if asked for.", answer: .streams,
            query: [Field("status", .choice(statuses.map(\.name)), isRequired: false)]
        ) { values, _ in
            .stream(.list(values["status"].map { _ in status(values.text("status")) }))
        },
        Route(
            method: .get, path: "/streams/live", access: .anyone,
            summary: "Streams that are on the air.", answer: .streams
        ) { _, _ in .stream(.list(.live)) },
        Route(
            method: .patch, path: "/streams/{stream_id}/status", access: .streamer(.streams),
            summary: "Takes a stream a step on in its life.", answer: .ok, inPath: [stream],
            body: [Field("status", .choice(statuses.map(\.name)))]
        ) { values, _ in .stream(.move(values.stream, to: status(values.text("status")))) },
        Route(
            method: .delete, path: "/streams/{stream_id}", access: .streamer(.streams),
            summary: "Archives a stream, for good.", answer: .ok, inPath: [stream]
        ) { values, _ in .stream(.remove(values.stream)) },
        Route(
            method: .post, path: "/api/v1/streams/{stream_id}/regenerate-key",
            access: .streamer(.streams), summary: "Gives the stream a new key.",
            answer: .stream, inPath: [stream]
        ) { .stream(.replaceKey($0.stream, freshKey: $1.streamKey)) },
        Route(
            method: .post, path: "/api/v1/streams/{stream_id}/authorize-node",
            access: .streamer(.nodes), summary: "Lets a node relay the stream, or no longer.",
            answer: .ok, inPath: [stream],
            body: [node, Field("allowed", .flag, isRequired: false)]
        ) { values, _ in
            .stream(
                .authorize(values.stream, values.node, allowed: values.flag("allowed") ?? true))
        },
        Route(
            method: .get, path: "/api/v1/streams/{stream_id}/peers", access: .anyone,
            summary: "All nodes of a stream.", answer: .nodes, inPath: [stream]
        ) { values, _ in .stream(.peers(values.stream)) },
        Route(
            method: .get, path: "/api/v1/watch/{stream_id}", access: .anyone,
            summary: "Where to watch a stream: the best node, or the RTMP server.",
            answer: .watch, inPath: [stream]
        ) { .watch($0.stream, viewer: $1.viewer) },
    ]

    // MARK: Nodes

    private static let nodes: [Route] = [
        Route(
            method: .post, path: "/nodes/heartbeat", access: .node,
            summary: "Says that a node is there, every 30 s.", answer: .ok,
            body: [
                node, stream, Field("stats_url", .webURL),
                Field("capacity_pct", .percent, isRequired: false),
                Field("viewers", .integer(0...1_000_000), isRequired: false),
                Field("timestamp", .time, isRequired: false),
            ]
        ) { values, _ in
            .heartbeat(
                Heartbeat(
                    node: values.node, stream: values.stream,
                    capacity: values.share("capacity_pct"),
                    viewers: values.integer("viewers").map { Int32($0) },
                    statsURL: values.text("stats_url")))
        },
        Route(
            method: .post, path: "/api/v1/sessions/{stream_id}/bandwidth-report", access: .node,
            summary: "Reports bytes relayed to viewers, every 60 s.", answer: .ok,
            inPath: [stream],
            body: [
                Field("bytes_transferred", .integer(0...1 << 50)),
                Field("start_interval", .time), Field("end_interval", .time),
                Field("source_bitrate_kbps", .integer(0...1_000_000)),
            ]
        ) { values, drawn in
            .bandwidthReport(
                BandwidthReport(
                    node: drawn.node, stream: values.stream,
                    bytes: values.integer("bytes_transferred") ?? 0,
                    from: values.time("start_interval"), until: values.time("end_interval"),
                    sourceBitrate: .kilobits(values.integer("source_bitrate_kbps") ?? 0)))
        },
    ]

    // MARK: The RTMP server's callbacks

    /// SRS names the stream and its query; `Responder` reads both from its body. Of the rest of the
    /// body nothing is used.
    private static let callbackBody = [
        Field("app", .choice([PlatformLoop.app])),
        Field("stream", .identifier), Field("param", .prose(0...512), isRequired: false),
    ]

    private static let callbacks: [Route] = [
        callback("on-publish", "Asks whether a publisher may go on the air.") { values in
            .onPublish(StreamID(values.raw("stream")), key: key(in: values))
        },
        callback("on-unpublish", "Says that a publisher left.") {
            .onUnpublish(StreamID($0.raw("stream")))
        },
        callback("on-play", "Asks whether a player may play.") {
            .onPlay(StreamID($0.raw("stream")))
        },
        callback("on-stop", "Says that a player left.") { .onStop(StreamID($0.raw("stream"))) },
    ]

    private static func callback(
        _ name: String, _ summary: String, _ make: @escaping @Sendable (Values) -> Call
    ) -> Route {
        Route(
            method: .post, path: "/api/v1/srs/\(name)", access: .server, summary: summary,
            answer: .callback, body: callbackBody
        ) { values, _ in make(values) }
    }

    /// `?key=…`; what is no key fits no stream, so it becomes one that nobody has.
    private static func key(in values: Values) -> UInt64 {
        guard values["param"] != nil else { return 0 }
        for pair in values.text("param").drop(while: { $0 == "?" }).split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, parts[0] == "key" else { continue }
            return WireText.streamKey(parts[1]) ?? 0
        }
        return 0
    }

    // MARK: Figures and pages

    private static let figures: [Route] = [
        Route(
            method: .get, path: "/health", access: .anyone,
            summary: "Whether the platform works.", answer: .health
        ) { _, _ in .health },
        Route(
            method: .get, path: "/", access: .anyone, summary: "The overview.",
            answer: .overview, hasPage: true
        ) { _, _ in .overview },
        Route(
            method: .get, path: "/dashboard", access: .anyone, summary: "The overview.",
            answer: .overview, hasPage: true
        ) { _, _ in .overview },
        Route(
            method: .get, path: "/leaderboard", access: .anyone,
            summary: "Nodes by bytes verified, most first.", answer: .leaderboard
        ) { _, _ in .figures(.leaderboard) },
        Route(
            method: .get, path: "/payouts", access: .anyone,
            summary: "What was paid in the last hours.", answer: .payouts,
            query: [Field("hours_back", .integer(1...8_784), isRequired: false)]
        ) { values, _ in
            .figures(.payouts(hoursBack: values.integer("hours_back") ?? 24))
        },
        Route(
            method: .get, path: "/nodes/{node_id}/earnings", access: .anyone,
            summary: "What a node did and earned.", answer: .node, inPath: [node]
        ) { values, _ in .figures(.node(values.node)) },
        Route(
            method: .get, path: "/dashboard/node/{node_id}", access: .anyone,
            summary: "A node's page.", answer: .node, inPath: [node], hasPage: true
        ) { values, _ in .figures(.node(values.node)) },
        Route(
            method: .get, path: "/api/v1/economics/summary", access: .anyone,
            summary: "What the platform paid, over all nodes.", answer: .economics
        ) { _, _ in .figures(.economics) },
        Route(
            method: .get, path: "/money", access: .anyone,
            summary: "What the platform paid, over all nodes.", answer: .economics, hasPage: true
        ) { _, _ in .figures(.economics) },
        Route(
            method: .get, path: "/dashboard/streamer/{user_id}", access: .anyone,
            summary: "A streamer's page; keys are shown to their owner.", answer: .streamer,
            inPath: [Field("user_id", .identifier)], hasPage: true
        ) { values, _ in .figures(.streamer(UserID(values.raw("user_id")))) },
        Route(
            method: .get, path: "/watch/{stream_id}", access: .anyone,
            summary: "A stream's page, with a player.", answer: .watchPage, inPath: [stream],
            hasPage: true
        ) { values, _ in .figures(.watchPage(values.stream)) },
    ]
}

extension StreamStatus {
    /// As it is written in bodies and answers.
    var name: String {
        switch self {
        case .ready: "READY"
        case .testing: "TESTING"
        case .live: "LIVE"
        case .offline: "OFFLINE"
        case .stale: "STALE"
        case .archived: "ARCHIVED"
        }
    }
}
