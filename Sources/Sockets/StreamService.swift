import AsyncHTTPClient
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import Platform

/// A stream server on real sockets: its event loop and its ports.
public final class StreamService: Sendable {
    /// What a service is started with.
    public struct Options: Sendable {
        public var stream = StreamConfiguration()
        public var address = "0.0.0.0"
        /// Of the API's port, which can end anybody's connection and asks nobody who he is; nil is
        /// that of all others.
        public var apiAddress: String?
        /// 0 takes any free port.
        public var rtmpPort = 1935
        /// For RTMPS; nil without.
        public var rtmpsPort: Int?
        public var httpPort = 8080
        public var apiPort = 1985
        public var certificate: Certificate?
        public var hooks: HookCaller.Targets = [:]
        /// What other parts of the same process add to `/metrics`.
        public var otherMetrics: @Sendable () async -> String = { "" }

        public init() {}

        /// What the program is told: it knows which callbacks there are, not where they go.
        var program: StreamConfiguration {
            var program = stream
            program.hooks = .init(Hook.Kind.allCases.filter { hooks[$0] != nil })
            return program
        }
    }

    /// Files in PEM.
    public struct Certificate: Sendable, Hashable {
        public var chain: String
        public var key: String

        public init(chain: String, key: String) {
            self.chain = chain
            self.key = key
        }
    }

    /// Ports actually bound.
    public struct Ports: Sendable, Hashable, Codable {
        public var rtmp: Int
        public var rtmps: Int?
        public var http: Int
        public var api: Int
    }

    public let loop: StreamLoop
    public let ports: Ports
    private let group: MultiThreadedEventLoopGroup
    private let client: HTTPClient
    private let listeners: [any Channel]
    private let web: [WebServer]
    private let secure: SecureContext?
    private let hooks: HookCaller

    /// Connections that wait to be accepted.
    private static let backlog: Int32 = 4096
    /// Of whether everybody has gone: six seconds of them.
    private static let stopChecks = 120
    /// Bytes a connection may have to send before the server is told to wait, and below which it
    /// is told to go on.
    private static let waterMark = ChannelOptions.Types.WriteBufferWaterMark(
        low: 256 << 10, high: 1 << 20)

    /// Binds every port, or throws `StartError` and leaves nothing bound.
    public static func start(_ options: Options, logger: Logger) async throws -> StreamService {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        var calls = HTTPClient.Configuration()
        // Somebody waits for the answer: no is better than trying on.
        calls.connectionPool.retryConnectionEstablishment = false
        let client = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: calls)
        do {
            return try await StreamService(options, group, client, logger)
        } catch {
            try? await client.shutdown()
            try? await group.shutdownGracefully()
            throw error
        }
    }

    private init(
        _ options: Options, _ group: MultiThreadedEventLoopGroup, _ client: HTTPClient,
        _ logger: Logger
    ) async throws {
        self.group = group
        self.client = client
        let identity = ServerIdentity()
        let eventLoop = group.next()
        hooks = HookCaller(client, targets: options.hooks, identity: identity, logger: logger)
        let loop = StreamLoop(options.program, on: eventLoop, hooks: hooks, logger: logger)
        self.loop = loop
        secure = try options.certificate.map(SecureContext.init)
        let plain = try await Self.bind(options.address, options.rtmpPort, eventLoop, loop, nil)
        var listeners = [plain]
        var rtmpsPort: Int?
        if let port = options.rtmpsPort, let secure {
            let channel = try await Self.bind(options.address, port, eventLoop, loop, secure)
            rtmpsPort = channel.localAddress?.port
            listeners.append(channel)
        }
        self.listeners = listeners
        let media = MediaResponder(loop: loop, hooks: hooks)
        let http = try await WebServer.start(
            options.address, options.httpPort, group: group, logger: logger, media.respond)
        let reports = ReportResponder(
            loop: loop, identity: identity, others: options.otherMetrics)
        let api = try await WebServer.start(
            options.apiAddress ?? options.address, options.apiPort, group: group, logger: logger,
            reports.respond)
        web = [http, api]
        ports = Ports(
            rtmp: plain.localAddress?.port ?? 0, rtmps: rtmpsPort, http: http.port,
            api: api.port)
        // The server may have something to do before anybody comes: relays.
        loop.submit(.woke)
    }

    private static func bind(
        _ address: String, _ port: Int, _ eventLoop: any EventLoop, _ loop: StreamLoop,
        _ secure: SecureContext?
    ) async throws -> any Channel {
        let bootstrap = ServerBootstrap(group: eventLoop)
            .serverChannelOption(.backlog, value: backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.writeBufferWaterMark, value: waterMark)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let secure { try pipeline.addHandler(secure.handler()) }
                    try pipeline.addHandler(RTMPHandler(loop: loop))
                }
            }
        do {
            return try await bootstrap.bind(host: address, port: port).get()
        } catch {
            throw StartError.cannotBind(address: address, port: port, reason: "\(error)")
        }
    }

    /// Names of the streams that somebody publishes.
    public func published() async -> Set<String> {
        let streams = try? await loop.read { server, now in server.report(at: now).streams }
        return Set((streams ?? []).filter { $0.publisher != nil }.map(\.name.name))
    }

    /// New settings for everything but ports; connections go on.
    public func reload(_ options: Options) throws {
        if let certificate = options.certificate { try secure?.load(certificate) }
        hooks.set(options.hooks)
        loop.submit(.configured(options.program))
    }

    /// Accepts no more, says goodbye to everybody, waits until they have what was sent (no longer
    /// than a closing connection may take), and frees the ports.
    public func stop() async {
        for listener in listeners { try? await listener.close() }
        loop.submit(.stopping)
        for _ in 0..<Self.stopChecks {
            let left = try? await loop.read { server, _ in server.connectionsCount }
            if left == 0 { break }
            try? await Task.sleep(for: .milliseconds(50))
        }
        for server in web { await server.stop() }
        try? await client.shutdown()
        try? await group.shutdownGracefully()
    }
}

/// Why a service could not be started.
public enum StartError: Error, CustomStringConvertible {
    case cannotBind(address: String, port: Int, reason: String)
    case badCertificate(file: String, reason: String)
    case badFile(file: String, reason: String)

    public var description: String {
        switch self {
        case .cannotBind(let address, let port, let reason):
            "cannot listen on \(address) port \(port): \(reason)"
        case .badCertificate(let file, let reason):
            "cannot use the certificate \(file): \(reason)"
        case .badFile(let file, let reason): "cannot use \(file): \(reason)"
        }
    }
}
