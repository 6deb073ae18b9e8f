import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import Platform
import ServiceLifecycle

/// What a request is answered with knows who asks.
struct WebContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let peer: Peer
    /// Whether the peer calls from the address that it calls: it is on this machine.
    let isFromHere: Bool
    /// Of the connection.
    let eventLoop: any EventLoop

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        let address = source.channel.remoteAddress?.ipAddress
        peer = Peer(address: address ?? "unknown")
        isFromHere = address != nil && address == source.channel.localAddress?.ipAddress
        eventLoop = source.channel.eventLoop
    }
}

/// One HTTP port.
struct WebServer: Sendable {
    let port: Int
    private let services: ServiceGroup
    private let task: Task<Void, any Error>

    typealias Respond = @Sendable (Request, WebContext) async throws -> Response

    /// Whoever has asked for nothing for so long is let go.
    private static let idleTimeout = TimeAmount.seconds(75)
    /// What is under way when the server stops may take so long.
    private static let drainMax = Duration.seconds(10)
    /// More wait to be accepted.
    private static let connectionsMax = 10_000

    /// What a request may be, beside its body.
    static func limits(idleTimeout: TimeAmount) -> HTTP1Channel.Configuration {
        .init(
            additionalChannelHandlers: [StallGuard()], idleTimeout: idleTimeout,
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: 16 << 10, maxHeaderListSize: 32 << 10,
                maxHeaderFieldCount: 100))
    }

    static func start(
        _ address: String, _ port: Int, server: HTTPServerBuilder? = nil,
        group: any EventLoopGroup, logger: Logger, _ respond: @escaping Respond
    ) async throws -> WebServer {
        let (bound, found) = AsyncStream<Int>.makeStream()
        // What it says at its own levels is noise: a player that leaves is an error to it.
        var quiet = logger
        quiet.logLevel = .critical
        let app = Application(
            responder: CallbackResponder(callback: respond),
            server: server ?? .http1OnEventLoops(limits(idleTimeout: idleTimeout)),
            configuration: .init(
                address: .hostname(address, port: port), serverName: "streamr-sim",
                backlog: 1024,
                availableConnectionsDelegate: .maximum(connectionsMax, logger: quiet)),
            onServerRunning: { channel in
                found.yield(channel.localAddress?.port ?? 0)
                found.finish()
            },
            eventLoopGroupProvider: .shared(group), logger: quiet)
        let services = ServiceGroup(configuration: .init(services: [app], logger: quiet))
        let task = Task {
            defer { found.finish() }
            try await services.run()
        }
        for await port in bound { return WebServer(port: port, services: services, task: task) }
        do {
            try await task.value
            throw StartError.cannotBind(address: address, port: port, reason: "it stopped")
        } catch let error as StartError {
            throw error
        } catch {
            throw StartError.cannotBind(address: address, port: port, reason: "\(error)")
        }
    }

    /// Accepts no more, and returns when what was asked is answered.
    func stop() async {
        await services.triggerGracefulShutdown()
        let patience = Task {
            try await Task.sleep(for: Self.drainMax)
            task.cancel()
        }
        _ = try? await task.value
        patience.cancel()
    }
}
