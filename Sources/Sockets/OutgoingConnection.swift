import NIOCore
import NIOPosix
import NIOSSL
import RTMP

/// Connections that we make to RTMP servers, with TLS where the address asks for it.
public enum OutgoingConnection {
    /// Whose certificates a client takes for a server's, where it speaks TLS.
    public enum Trust: Sendable, Hashable {
        case system
        /// The certificates of a PEM file, and none else.
        case file(String)
        /// Anybody's: who is at the other end is then not known.
        case anyone
    }

    private static let timeout = TimeAmount.seconds(10)

    /// `handler` is made on the event loop, for the end of the pipeline.
    static func open(
        _ url: StreamURL, on eventLoop: any EventLoop,
        _ handler: @escaping @Sendable () -> any ChannelHandler
    ) -> EventLoopFuture<any Channel> {
        bootstrap(url, .system, on: eventLoop, handler).connect(host: url.host, port: Int(url.port))
    }

    /// The same to an address that was chosen before: the host's name is not looked up.
    public static func open(
        _ url: StreamURL, at address: SocketAddress, trust: Trust = .system,
        on eventLoop: any EventLoop, _ handler: @escaping @Sendable () -> any ChannelHandler
    ) -> EventLoopFuture<any Channel> {
        bootstrap(url, trust, on: eventLoop, handler).connect(to: address)
    }

    private static func bootstrap(
        _ url: StreamURL, _ trust: Trust, on eventLoop: any EventLoop,
        _ handler: @escaping @Sendable () -> any ChannelHandler
    ) -> ClientBootstrap {
        ClientBootstrap(group: eventLoop)
            .connectTimeout(timeout)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if url.isSecure { try pipeline.addHandler(secureHandler(url.host, trust)) }
                    try pipeline.addHandler(handler())
                }
            }
    }

    /// Whether an error of a connection says that the other end's certificate was not taken.
    public static func isDistrust(_ error: any Error) -> Bool {
        switch error {
        case NIOSSLError.handshakeFailed(let error):
            "\(error)".contains("CERTIFICATE_VERIFY_FAILED")
        case is NIOSSLExtraError: true
        case _: false
        }
    }

    private static func secureHandler(
        _ host: String, _ trust: Trust
    ) throws -> NIOSSLClientHandler {
        var configuration = TLSConfiguration.makeClientConfiguration()
        switch trust {
        case .system: break
        case .file(let path): configuration.trustRoots = .file(path)
        case .anyone: configuration.certificateVerification = .none
        }
        let context = try NIOSSLContext(configuration: configuration)
        let isAddress = (try? SocketAddress(ipAddress: host, port: 0)) != nil
        return try NIOSSLClientHandler(context: context, serverHostname: isAddress ? nil : host)
    }
}
