import ArgumentParser

/// The settings of `serve cache` as flags. `CacheSettings` says what each means and checks it.
struct CacheFlags: ParsableArguments {
    @Option(help: ArgumentHelp("The address to listen on (127.0.0.1).", valueName: "address"))
    var bind: String?

    @Option(help: ArgumentHelp("0 takes any free port (6379).", valueName: "port"))
    var cachePort: String?

    @Option(
        help: ArgumentHelp(
            "Memory for keys and clients, as 384mb; 0 for no limit (0).", valueName: "bytes"))
    var maxMemory: String?

    @Option(
        help: ArgumentHelp(
            "What goes when memory is full: noeviction, allkeys-lru, volatile-lru, volatile-ttl, "
                + "allkeys-random or volatile-random (noeviction).", valueName: "policy"))
    var policy: String?

    @Option(help: ArgumentHelp("What clients must tell first (none).", valueName: "password"))
    var password: String?

    @Option(help: ArgumentHelp("Clients at once (10000).", valueName: "count"))
    var maxClients: String?

    @Option(
        help: ArgumentHelp(
            "Seconds without a command until a client is disconnected; 0 for never (0).",
            valueName: "seconds"))
    var timeout: String?

    @Option(
        help: ArgumentHelp("debug, info, notice, warning or error (notice).", valueName: "level"))
    var log: String?

    /// What was given, by the names of `CacheSettings`.
    var given: [(name: String, value: String)] {
        let all: [(String, String?)] = [
            ("bind", bind), ("cache-port", cachePort), ("max-memory", maxMemory),
            ("policy", policy), ("password", password), ("max-clients", maxClients),
            ("timeout", timeout), ("log", log),
        ]
        return all.compactMap { name, value in value.map { (name, $0) } }
    }
}
