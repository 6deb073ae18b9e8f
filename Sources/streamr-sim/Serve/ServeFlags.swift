import ArgumentParser

/// The settings of `serve rtmp` as flags. `ServeSettings` says what each means and checks it.
struct ServeFlags: ParsableArguments {
    @Option(help: ArgumentHelp("The address to listen on (0.0.0.0).", valueName: "address"))
    var bind: String?

    @Option(help: ArgumentHelp("0 takes any free port (1935).", valueName: "port"))
    var rtmpPort: String?

    @Option(help: ArgumentHelp("RTMP over TLS; needs a certificate (none).", valueName: "port"))
    var rtmpsPort: String?

    @Option(help: ArgumentHelp("HTTP-FLV and HLS (8080).", valueName: "port"))
    var httpPort: String?

    @Option(help: ArgumentHelp("The API and metrics (1985).", valueName: "port"))
    var apiPort: String?

    @Option(
        help: ArgumentHelp(
            "Where the API listens, which lets anybody end connections (--bind, if it was given; "
                + "else 127.0.0.1).", valueName: "address"))
    var apiBind: String?

    @Option(help: ArgumentHelp("The certificate chain, in PEM.", valueName: "file"))
    var certificate: String?

    @Option(help: ArgumentHelp("Its private key, in PEM.", valueName: "file"))
    var key: String?

    @Option(
        help: ArgumentHelp(
            "Messages are gathered this long; 0 for none (350ms).", valueName: "time"))
    var latency: String?

    @Option(
        help: ArgumentHelp(
            "A second publisher is refused, or replaces the first (refused).",
            valueName: "refused|replaces"))
    var secondPublisher: String?

    @Option(
        help: ArgumentHelp(
            "Whether players begin with the last key frame (on).", valueName: "on|off"))
    var gopCache: String?

    @Option(
        help: ArgumentHelp(
            "How much of a stream is kept for new players (16M).", valueName: "bytes"))
    var gopCacheMax: String?

    @Option(help: ArgumentHelp("How far a player may fall behind (10s).", valueName: "time"))
    var queueTime: String?

    @Option(help: ArgumentHelp("The same in bytes (16M).", valueName: "bytes"))
    var queueBytes: String?

    @Option(help: ArgumentHelp("Payload bytes in a chunk (60000).", valueName: "bytes"))
    var chunkSize: String?

    @Option(
        help: ArgumentHelp(
            "From the connection to the end of the handshake (10s).", valueName: "time"))
    var handshakeTimeout: String?

    @Option(help: ArgumentHelp("Without a byte from a client (60s).", valueName: "time"))
    var idleTimeout: String?

    @Option(help: ArgumentHelp("Without media from a publisher (20s).", valueName: "time"))
    var publishTimeout: String?

    @Option(
        help: ArgumentHelp(
            "Without a byte taken by a player that is behind (30s).", valueName: "time"))
    var stallTimeout: String?

    @Option(
        help: ArgumentHelp("Whether streams are cut into HLS segments (on).", valueName: "on|off"))
    var hls: String?

    @Option(
        help: ArgumentHelp(
            "Segments are cut at the first key frame after this (2s).", valueName: "time"))
    var hlsSegment: String?

    @Option(help: ArgumentHelp("Segments in a playlist (6).", valueName: "count"))
    var hlsCount: String?

    @Option(help: ArgumentHelp("Connections in all (20000).", valueName: "count"))
    var connections: String?

    @Option(help: ArgumentHelp("Connections from one address (20000).", valueName: "count"))
    var connectionsPerAddress: String?

    @Option(
        help: ArgumentHelp(
            "Nobody new at more than this, sent and received (no limit).", valueName: "rate"))
    var rate: String?

    @Option(help: ArgumentHelp("The same for one address (no limit).", valueName: "rate"))
    var ratePerAddress: String?

    @Option(
        help: ArgumentHelp(
            "Where streams not published here are fetched from, as rtmp://HOST (none).",
            valueName: "url"))
    var origin: String?

    @Option(
        help: ArgumentHelp(
            "Streams always fetched: APP/NAME=rtmp://…, separated by commas.", valueName: "list"))
    var relay: String?

    @Option(help: ArgumentHelp("Callback when somebody connects.", valueName: "url"))
    var onConnect: String?

    @Option(help: ArgumentHelp("Callback when a connection ends.", valueName: "url"))
    var onClose: String?

    @Option(
        help: ArgumentHelp(
            "Callback that allows or refuses a publish (the stream key).", valueName: "url"))
    var onPublish: String?

    @Option(help: ArgumentHelp("Callback when a publish ends.", valueName: "url"))
    var onUnpublish: String?

    @Option(help: ArgumentHelp("Callback that allows or refuses a play.", valueName: "url"))
    var onPlay: String?

    @Option(help: ArgumentHelp("Callback when a play ends.", valueName: "url"))
    var onStop: String?

    @Option(
        help: ArgumentHelp("debug, info, notice, warning or error (notice).", valueName: "level"))
    var log: String?

    /// What was given, by the names of `ServeSettings`.
    var given: [(name: String, value: String)] {
        let all: [(String, String?)] = [
            ("bind", bind), ("rtmp-port", rtmpPort), ("rtmps-port", rtmpsPort),
            ("http-port", httpPort), ("api-port", apiPort), ("api-bind", apiBind),
            ("certificate", certificate),
            ("key", key), ("latency", latency), ("second-publisher", secondPublisher),
            ("gop-cache", gopCache), ("gop-cache-max", gopCacheMax), ("queue-time", queueTime),
            ("queue-bytes", queueBytes), ("chunk-size", chunkSize),
            ("handshake-timeout", handshakeTimeout), ("idle-timeout", idleTimeout),
            ("publish-timeout", publishTimeout), ("stall-timeout", stallTimeout),
            ("hls", hls), ("hls-segment", hlsSegment), ("hls-count", hlsCount),
            ("connections", connections), ("connections-per-address", connectionsPerAddress),
            ("rate", rate), ("rate-per-address", ratePerAddress), ("origin", origin),
            ("relay", relay), ("on-connect", onConnect), ("on-close", onClose),
            ("on-publish", onPublish), ("on-unpublish", onUnpublish), ("on-play", onPlay),
            ("on-stop", onStop), ("log", log),
        ]
        return all.compactMap { name, value in value.map { (name, $0) } }
    }
}
