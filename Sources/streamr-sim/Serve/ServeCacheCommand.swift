import ArgumentParser
import Foundation
import Logging
import Platform
import Sockets

/// `streamr-sim serve cache`: the Redis-compatible cache.
struct ServeCacheCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cache",
        abstract: "Keeps strings, hashes, lists, sets and sorted sets for clients of Redis.",
        discussion: """
            Speaks Redis' protocol, version 2: redis-cli, redis-benchmark and client libraries \
            work with it. Answers as Redis 7.0 does. What it does not have is refused as an \
            unknown command: blocking pops, scripts, streams, bitmaps, replication, saving to disk.

            Every setting may come from a flag (--max-memory 384mb) or from the environment \
            (STREAMR_MAX_MEMORY=384mb); a flag wins. A password is better not given as a flag, \
            which other users of the machine can read. Memory is counted as Redis would allocate \
            it; the process itself takes more.

            SIGTERM and SIGINT stop it. It ends with 2 if it cannot start.
            """)

    @OptionGroup var flags: CacheFlags

    @Flag(help: "Print the port that was bound as one line of JSON.")
    var json = false

    func run() async throws {
        var logger = Logger(
            label: "streamr-sim", factory: { StreamLogHandler.standardError(label: $0) })
        let settings: CacheSettings
        do {
            settings = try CacheSettings(
                environment: ProcessInfo.processInfo.environment, flags: flags.given)
        } catch {
            throw Failure.usage("\(error)")
        }
        logger.logLevel = settings.logLevel
        FileLimit.raise()
        let signals = SignalStream([SIGTERM, SIGINT])
        let service: CacheService
        do {
            service = try await CacheService.start(settings.options, logger: logger)
        } catch {
            throw Failure.usage("\(error)")
        }
        let address = settings.options.address
        print(
            json
                ? "{\"address\":\"\(address)\",\"cache\":\(service.port)}"
                : "Cache       redis://\(address):\(service.port)")
        fflush(nil)
        for await _ in signals.raised { break }
        await service.stop()
    }
}

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

/// The settings of `serve cache`, put together from the environment and flags.
struct CacheSettings {
    private struct Setting: Sendable {
        var name: String
        var expected: String
        /// False if the value cannot be used.
        var set: @Sendable (inout CacheSettings, String) -> Bool
    }

    var options = CacheService.Options()
    var logLevel = Logger.Level.notice

    init(environment: [String: String], flags: [(name: String, value: String)]) throws {
        for setting in Self.all {
            let variable = ServeSettings.variable(setting.name)
            if let value = environment[variable] { try apply(setting, value, from: variable) }
            for flag in flags where flag.name == setting.name {
                try apply(setting, flag.value, from: "--\(flag.name)")
            }
        }
    }

    private mutating func apply(
        _ setting: Setting, _ value: String, from source: String
    ) throws {
        guard setting.set(&self, value) else {
            throw ServeSettings.Fault(
                description: "\(source): expected \(setting.expected), found \"\(value)\"")
        }
    }

    private static let all: [Setting] = [
        Setting(name: "bind", expected: "an address") { settings, text in
            settings.options.address = text
            return !text.isEmpty
        },
        number("cache-port", 0...65_535) { $0.options.port = $1 },
        Setting(name: "max-memory", expected: "a size such as 384mb") { settings, text in
            guard let size = CacheServer.memorySize(text) else { return false }
            settings.options.server.engine.memoryMax = size
            return true
        },
        Setting(name: "policy", expected: policies) { settings, text in
            guard let policy = CacheEngine.Policy(rawValue: text) else { return false }
            settings.options.server.engine.policy = policy
            return true
        },
        Setting(name: "password", expected: "a password") { settings, text in
            settings.options.server.password = [UInt8](text.utf8)
            return !text.isEmpty
        },
        number("max-clients", 1...1_000_000) { $0.options.server.clientsMax = $1 },
        number("timeout", 0...1_000_000) { $0.options.server.timeout = $1 },
        Setting(name: "log", expected: "a level such as info") { settings, text in
            guard let level = Logger.Level(rawValue: text) else { return false }
            settings.logLevel = level
            return true
        },
    ]

    private static let policies =
        "one of " + CacheEngine.Policy.allCases.map(\.rawValue).joined(separator: ", ")

    private static func number(
        _ name: String, _ range: ClosedRange<Int>,
        _ set: @escaping @Sendable (inout CacheSettings, Int) -> Void
    ) -> Setting {
        let expected = "a number from \(range.lowerBound) to \(range.upperBound)"
        return Setting(name: name, expected: expected) { settings, text in
            guard let value = Int(text), range.contains(value) else { return false }
            set(&settings, value)
            return true
        }
    }
}
