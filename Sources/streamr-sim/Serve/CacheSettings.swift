import Logging
import Platform
import Sockets

/// The settings of `serve cache`, put together from the environment and flags.
struct CacheSettings {
    var options = CacheService.Options()
    var logLevel = Logger.Level.notice

    init(environment: [String: String], flags: [(name: String, value: String)]) throws {
        try Self.table.apply(environment: environment, flags: flags, to: &self)
    }

    private static let table = SettingTable<CacheSettings>([
        .text("bind", "an address") { $0.options.address = $1 },
        .number("cache-port", 0...65_535) { $0.options.port = $1 },
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
        .text("password", "a password") { $0.options.server.password = [UInt8]($1.utf8) },
        .number("max-clients", 1...1_000_000) { $0.options.server.clientsMax = $1 },
        .number("timeout", 0...1_000_000) { $0.options.server.timeout = $1 },
        .log { $0.logLevel = $1 },
    ])

    private static let policies =
        "one of " + CacheEngine.Policy.allCases.map(\.rawValue).joined(separator: ", ")
}
