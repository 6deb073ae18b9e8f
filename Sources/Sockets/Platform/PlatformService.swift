import AsyncHTTPClient
import Base
import Foundation
import Logging
import NIOCore
import NIOPosix
import Platform
import RTMP

/// The coordinator and the worker on real sockets, with the front that browsers come to.
public final class PlatformService: Sendable {
    public struct Options: Sendable {
        public var address = "0.0.0.0"
        /// 0 takes any free port.
        public var coordinatorPort = 8000
        public var httpsPort = 8443
        /// Where HTTP is sent to HTTPS; nil without.
        public var redirectPort: Int?
        /// Of the front: how long either side may be silent, in seconds.
        public var idleTimeout = 60
        public var coordinator = Coordinator.Configuration()
        /// Where the cache is: `redis://[user:password@]host:port[/database]`, or `rediss://`.
        public var cache = "redis://127.0.0.1:6379"
        /// Whether nodes may be on loopback and private networks.
        public var allowsPrivateNodes = false
        public var certificate: StreamService.Certificate
        public var secrets: Secrets

        public init(certificate: StreamService.Certificate, secrets: Secrets) {
            self.certificate = certificate
            self.secrets = secrets
        }
    }

    /// Ports actually bound.
    public struct Ports: Sendable, Hashable {
        public var coordinator: Int
        public var https: Int
        public var redirect: Int?
    }

    public let ports: Ports
    /// Where its ports are reached from this machine.
    private let host: String
    private let group: MultiThreadedEventLoopGroup
    private let pool: NIOThreadPool
    private let loop: PlatformLoop
    private let cache: CacheClient
    private let passwords: Passwords
    private let live: LiveFigures
    private let web: WebServer
    private let front: Front
    private let tally: WebTally
    private let media: MediaPlace

    public static func start(
        _ options: Options, store: @escaping Transact, logger: Logger
    ) async throws -> PlatformService {
        guard let cache = CacheClient.Target(options.cache) else {
            throw StartError.badFile(file: options.cache, reason: "it is no address of a cache")
        }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let pool = NIOThreadPool(numberOfThreads: 4)
        pool.start()
        do {
            return try await PlatformService(options, cache, store, group, pool, logger)
        } catch {
            try? await pool.shutdownGracefully()
            try? await group.shutdownGracefully()
            throw error
        }
    }

    private init(
        _ options: Options, _ target: CacheClient.Target, _ store: @escaping Transact,
        _ group: MultiThreadedEventLoopGroup, _ pool: NIOThreadPool, _ logger: Logger
    ) async throws {
        self.group = group
        self.pool = pool
        host = Front.host(options.address)
        let eventLoop = group.next()
        var system = SystemRandomNumberGenerator()
        let cache = CacheClient(target, on: eventLoop, logger: logger)
        let passwords = Passwords()
        let guardian = AddressGuard(allowsPrivate: options.allowsPrivateNodes, pool: pool)
        let loop = PlatformLoop(
            Coordinator(options.coordinator), Worker(random: Random(seed: system.next())),
            on: eventLoop, store: store, cache: cache, passwords: passwords,
            stats: StatsCaller(guardian: guardian, group: group), logger: logger)
        let pages = Pages()
        let live = LiveFigures(loop: loop, pages: pages)
        let tally = WebTally()
        let media = MediaPlace()
        let responder = CallResponder(
            loop: loop, tokens: await Tokens(options.secrets), secrets: options.secrets,
            forms: FormToken(options.secrets), pages: pages, live: live, tally: tally, media: media)
        (self.loop, self.cache, self.passwords, self.live) = (loop, cache, passwords, live)
        (self.tally, self.media) = (tally, media)
        do {
            web = try await WebServer.start(
                options.address, options.coordinatorPort, group: group, logger: logger,
                responder.respond)
        } catch {
            await Self.stop(loop, cache, passwords, live)
            throw error
        }
        do {
            var place = Front.Options(
                address: options.address, port: options.httpsPort,
                certificate: options.certificate, coordinator: web.port, media: media)
            place.redirectPort = options.redirectPort
            place.idleTimeout = .seconds(Int64(options.idleTimeout))
            front = try await Front.start(place, group: group, logger: logger)
        } catch {
            await web.stop()
            await Self.stop(loop, cache, passwords, live)
            throw error
        }
        ports = Ports(
            coordinator: web.port, https: front.port, redirect: front.redirectPort)
    }

    /// Where the stream server is that this platform's streams are on.
    public func serve(_ stream: StreamService.Ports) {
        media.ports = MediaPorts(rtmp: stream.rtmp, http: stream.http)
    }

    /// Takes another certificate for connections that begin from now on; if it cannot be used,
    /// throws `StartError` and stays with the one before.
    public func load(_ certificate: StreamService.Certificate) throws {
        try front.load(certificate)
    }

    /// Where the RTMP server calls, by kind.
    public func hooks(_ secrets: Secrets) -> HookCaller.Targets {
        let names: [(Hook.Kind, String)] = [
            (.publish, "on-publish"), (.unpublish, "on-unpublish"), (.play, "on-play"),
            (.stop, "on-stop"),
        ]
        let pairs = names.map { kind, name in
            (
                kind,
                "http://\(host):\(ports.coordinator)/api/v1/srs/\(name)?secret=\(secrets.callback)"
            )
        }
        return Dictionary(uniqueKeysWithValues: pairs)
    }

    /// Accepts no more, answers what was asked, and frees the ports.
    public func stop() async {
        await live.stop()
        await front.stop()
        await web.stop()
        await Self.stop(loop, cache, passwords, live)
        try? await pool.shutdownGracefully()
        try? await group.shutdownGracefully()
    }

    private static func stop(
        _ loop: PlatformLoop, _ cache: CacheClient, _ passwords: Passwords, _ live: LiveFigures
    ) async {
        await loop.stop()
        await cache.stop()
        await passwords.stop()
    }

    /// In Prometheus's text format.
    public func metrics() async -> String {
        guard let figures = try? await loop.tally() else { return "" }
        return Metrics.text(
            figures, web: tally.figures, front: front.figures, lookers: await live.subscribers)
    }

    /// Streams that the store has as on the air.
    public func onAir() async -> [StreamID] {
        guard case .streams(let rows) = await loop.call(.stream(.list(.live)), by: .local) else {
            return []
        }
        return rows.map(\.stream)
    }

    /// As if its publisher had left.
    public func end(_ stream: StreamID) async {
        _ = await loop.call(.onUnpublish(stream), by: .local)
    }

    /// Whether the platform says that it works.
    public func isHealthy() async -> Bool {
        await loop.call(.health, by: .local) == .health(.healthy)
    }
}

extension CacheClient.Target {
    init?(_ text: String) {
        guard let url = URLComponents(string: text), let host = url.host, !host.isEmpty,
            url.scheme == "redis" || url.scheme == "rediss"
        else { return nil }
        self.host = host.trimmingCharacters(in: ["[", "]"])
        port = url.port ?? 6379
        isSecure = url.scheme == "rediss"
        user = url.user.flatMap { $0.isEmpty ? nil : $0 }
        password = url.password
        let path = url.path.drop { $0 == "/" }
        guard path.isEmpty || Int(path) != nil else { return nil }
        database = Int(path) ?? 0
    }
}
