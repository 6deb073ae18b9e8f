import AsyncHTTPClient
import HTTPTypes
import Hummingbird
import HummingbirdCore
import HummingbirdHTTP2
import Logging
import NIOCore
import NIOPosix
import NIOSSL

/// What ends TLS in front of the coordinator and the streams: answers as the load balancer of the
/// simulated deployment does.
///
/// 502 where the target refuses or breaks off, 504 where it takes longer than the idle timeout, and
/// requests go to the one target whether its health checks pass or not, because a balancer without
/// any healthy target uses all of them. Who comes without TLS is sent to HTTPS where there is a
/// port for that.
/// Elastic Load Balancing, Application Load Balancers guide, load-balancer-troubleshooting.
struct Front: Sendable {
    struct Options: Sendable {
        var address: String
        /// 0 takes any free port.
        var port: Int
        /// Where HTTP is sent to HTTPS; nil without, 0 takes any free port.
        var redirectPort: Int?
        var certificate: StreamService.Certificate
        /// The coordinator's port.
        var coordinator: Int
        var media: MediaPlace
        var idleTimeout = Self.idleTimeoutDefault

        /// The balancer's own, `idle_timeout.timeout_seconds`.
        static let idleTimeoutDefault = TimeAmount.seconds(60)
    }

    let port: Int
    /// Nil without.
    let redirectPort: Int?
    private let servers: [WebServer]
    private let certificate: FrontCertificate
    private let client: HTTPClient
    private let health: TargetHealth
    private let checks: Task<Void, Never>

    static func start(
        _ options: Options, group: any EventLoopGroup, logger: Logger
    ) async throws -> Front {
        let certificate = try FrontCertificate(options.certificate)
        let client = client(idleTimeout: options.idleTimeout, group)
        let host = Self.host(options.address)
        let proxy = FrontProxy(
            client: client, host: host, coordinator: options.coordinator, media: options.media)
        var servers: [WebServer] = []
        do {
            let secure = try await WebServer.start(
                options.address, options.port, server: try Self.secure(certificate, options),
                group: group, logger: logger, proxy.respond)
            servers.append(secure)
            if let port = options.redirectPort {
                let redirect = Redirect(port: secure.port)
                servers.append(
                    try await WebServer.start(
                        options.address, port,
                        server: .http1OnEventLoops(
                            WebServer.limits(idleTimeout: options.idleTimeout)),
                        group: group, logger: logger, redirect.respond))
            }
        } catch {
            for server in servers { await server.stop() }
            try? await client.shutdown()
            throw error
        }
        return Front(
            servers, certificate, client, coordinator: "\(host):\(options.coordinator)", logger)
    }

    private init(
        _ servers: [WebServer], _ certificate: FrontCertificate, _ client: HTTPClient,
        coordinator: String, _ logger: Logger
    ) {
        self.servers = servers
        self.certificate = certificate
        self.client = client
        port = servers[0].port
        redirectPort = servers.count > 1 ? servers[1].port : nil
        let health = TargetHealth()
        self.health = health
        checks = Task { await health.follow("http://\(coordinator)/health", client, logger) }
    }

    private static func client(
        idleTimeout: TimeAmount, _ group: any EventLoopGroup
    ) -> HTTPClient {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.decompression = .disabled
        configuration.timeout = .init(connect: .seconds(10), read: idleTimeout)
        configuration.httpVersion = .http1Only
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 1_000
        // Sooner than the targets do, so that none is written to while it closes.
        configuration.connectionPool.idleTimeout = .seconds(30)
        return HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration)
    }

    private static func secure(
        _ certificate: FrontCertificate, _ options: Options
    ) throws -> HTTPServerBuilder {
        try .http2Upgrade(
            tlsConfiguration: certificate.configuration(),
            configuration: .init(
                idleTimeout: .nanoseconds(options.idleTimeout.nanoseconds),
                streamConfiguration: WebServer.limits(idleTimeout: options.idleTimeout)))
    }

    /// Where what listens on `address` is reached from here.
    static func host(_ address: String) -> String {
        switch address {
        case "0.0.0.0": "127.0.0.1"
        case "::": "[::1]"
        case _: address.contains(":") ? "[\(address)]" : address
        }
    }

    var figures: TargetHealth.Figures { health.figures }

    /// Connections that are open go on with the certificate that they began with.
    func load(_ certificate: StreamService.Certificate) throws {
        try self.certificate.load(certificate)
    }

    func stop() async {
        checks.cancel()
        for server in servers { await server.stop() }
        try? await client.shutdown()
    }
}
