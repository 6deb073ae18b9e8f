import Base
import Foundation
import Logging
import Media
import Platform
import RTMP
import Sockets

/// The settings of `serve rtmp`, put together from a file, the environment and flags.
struct ServeSettings {
    var options = StreamService.Options()
    var logLevel = Logger.Level.notice
    private var chain: String?
    private var key: String?
    private var isBindGiven = false

    init(
        file: String?, environment: [String: String], flags: [(name: String, value: String)]
    ) throws {
        try Self.table.apply(file: file, environment: environment, flags: flags, to: &self)
        try finish()
    }

    private mutating func finish() throws {
        if !isBindGiven { options.apiAddress = options.apiAddress ?? "127.0.0.1" }
        switch (chain, key) {
        case (let chain?, let key?): options.certificate = .init(chain: chain, key: key)
        case (nil, nil): break
        case _: throw SettingFault(description: "certificate and key are needed together")
        }
        guard options.rtmpsPort == nil || options.certificate != nil else {
            throw SettingFault(description: "--rtmps-port needs --certificate and --key")
        }
    }

    // MARK: The table

    private static let table = SettingTable<ServeSettings>(
        ports + [
            .text("bind", "an address") {
                $0.options.address = $1
                $0.isBindGiven = true
            },
            .text("api-bind", "an address") { $0.options.apiAddress = $1 },
            .text("certificate", "a file") { $0.chain = $1 },
            .text("key", "a file") { $0.key = $1 },
            Setting(name: "second-publisher", expected: "refused or replaces") { settings, text in
                guard let value = StreamConfiguration.SecondPublisher(rawValue: text) else {
                    return false
                }
                settings.options.stream.secondPublisher = value
                return true
            },
            Setting(name: "gop-cache", expected: "on or off") { settings, text in
                settings.options.stream.cachesGOP = text == "on" || text == "1"
                return ["on", "off", "1", "0"].contains(text)
            },
            Setting(name: "hls", expected: "on or off") { settings, text in
                if text == "off" || text == "0" { settings.options.stream.hls = nil }
                return ["on", "off", "1", "0"].contains(text)
            },
            Setting(name: "origin", expected: "an address such as rtmp://HOST") { settings, text in
                guard let url = StreamURL(text) ?? StreamURL(text + "/app/name") else {
                    return false
                }
                settings.options.stream.origin = url
                return true
            },
            Setting(name: "relay", expected: "APP/NAME=rtmp://HOST/APP/NAME") { settings, text in
                settings.options.stream.relays = text.split(separator: ",").compactMap(relay)
                return settings.options.stream.relays.count == text.split(separator: ",").count
            },
            .log { $0.logLevel = $1 },
        ] + times + counts + hooks)

    private static let ports: [Setting<ServeSettings>] = [
        port("rtmp-port") { $0.rtmpPort = $1 }, port("rtmps-port") { $0.rtmpsPort = $1 },
        port("http-port") { $0.httpPort = $1 }, port("api-port") { $0.apiPort = $1 },
    ]

    private static let times: [Setting<ServeSettings>] = [
        time("latency") { $0.latency = $1 }, time("queue-time") { $0.queueTimeMax = $1 },
        time("handshake-timeout") { $0.session.handshakeTimeout = $1 },
        time("idle-timeout") { $0.session.idleTimeout = $1 },
        time("publish-timeout") { $0.publishTimeout = $1 },
        time("stall-timeout") { $0.stallTimeout = $1 },
        time("hls-segment") { $0.hls?.target = $1 },
    ]

    private static let counts: [Setting<ServeSettings>] = [
        count("gop-cache-max", 0...1 << 30) { $0.cacheMax = $1 },
        count("queue-bytes", 0...1 << 30) { $0.queueBytesMax = $1 },
        count("chunk-size", 128...1 << 24) { $0.chunkSize = $1 },
        count("hls-count", 1...100) { $0.hls?.count = $1 },
        count("connections", 1...1 << 20) { $0.connectionsMax = $1 },
        count("connections-per-address", 1...1 << 20) { $0.connectionsPerAddressMax = $1 },
        count("rate", 1...1 << 40) { $0.rateMax = Rate(bitsPerSecond: Int64($1)) },
        count("rate-per-address", 1...1 << 40) {
            $0.ratePerAddressMax = Rate(bitsPerSecond: Int64($1))
        },
    ]

    private static let hooks: [Setting<ServeSettings>] = Hook.Kind.allCases.map { kind in
        let name = kind.rawValue.replacingOccurrences(of: "_", with: "-")
        return Setting(name: name, expected: "an address such as http://HOST/PATH") {
            guard let url = URL(string: $1), url.host != nil,
                url.scheme == "http" || url.scheme == "https"
            else { return false }
            $0.options.hooks[kind] = $1
            return true
        }
    }

    private static func port(
        _ name: String, _ set: @escaping @Sendable (inout StreamService.Options, Int) -> Void
    ) -> Setting<ServeSettings> {
        Setting(name: name, expected: "a port, 0 to 65535") { settings, text in
            guard let number = Int(text), (0...65_535).contains(number) else { return false }
            set(&settings.options, number)
            return true
        }
    }

    private static func time(
        _ name: String, _ set: @escaping @Sendable (inout StreamConfiguration, Interval) -> Void
    ) -> Setting<ServeSettings> {
        Setting(name: name, expected: "a time such as 350ms or 10s") { settings, text in
            guard let value = interval(text) else { return false }
            set(&settings.options.stream, value)
            return true
        }
    }

    private static func count(
        _ name: String, _ range: ClosedRange<Int>,
        _ set: @escaping @Sendable (inout StreamConfiguration, Int) -> Void
    ) -> Setting<ServeSettings> {
        let expected = "a number from \(range.lowerBound) to \(range.upperBound)"
        return Setting(name: name, expected: expected) { settings, text in
            guard let value = number(text, isRate: name.hasPrefix("rate")), range.contains(value)
            else { return false }
            set(&settings.options.stream, value)
            return true
        }
    }

    // MARK: Values

    static func interval(_ text: String) -> Interval? {
        let units: [(String, Interval)] = [
            ("ms", .milliseconds(1)), ("s", .seconds(1)), ("m", .minutes(1)),
        ]
        if text == "0" { return .zero }
        guard let unit = units.first(where: { text.hasSuffix($0.0) }),
            let count = Int64(text.dropLast(unit.0.count)), (0...1_000_000).contains(count)
        else { return nil }
        return unit.1 * count
    }

    /// `16M`: binary for sizes, decimal for rates.
    static func number(_ text: String, isRate: Bool) -> Int? {
        let step = isRate ? 1_000 : 1_024
        let units: [(String, Int)] = [
            ("K", step), ("k", step), ("M", step * step), ("G", step * step * step),
        ]
        let unit = units.first { text.hasSuffix($0.0) }
        guard let count = Int(unit == nil ? text[...] : text.dropLast()) else { return nil }
        let (value, overflow) = count.multipliedReportingOverflow(by: unit?.1 ?? 1)
        return overflow ? nil : value
    }

    private static func relay(_ text: Substring) -> StreamConfiguration.Relay? {
        let parts = text.split(separator: "=", maxSplits: 1)
        guard parts.count == 2, let slash = parts[0].lastIndex(of: "/"),
            let source = StreamURL(String(parts[1]))
        else { return nil }
        let name = StreamName(
            app: String(parts[0][..<slash]), name: String(parts[0][parts[0].index(after: slash)...])
        )
        return name.app.isEmpty || name.name.isEmpty ? nil : .init(name: name, source: source)
    }
}
