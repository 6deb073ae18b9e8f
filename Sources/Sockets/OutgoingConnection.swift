import NIOCore
import NIOPosix
import NIOSSL
import RTMP

/// Connections that we make to RTMP servers, with TLS where the address asks for it.
public enum OutgoingConnection {
    private static let timeout = TimeAmount.seconds(10)

    /// `handler` is made on the event loop, for the end of the pipeline.
    static func open(
        _ url: StreamURL, on eventLoop: any EventLoop,
        _ handler: @escaping @Sendable () -> any ChannelHandler
    ) -> EventLoopFuture<any Channel> {
        bootstrap(url, on: eventLoop, handler).connect(host: url.host, port: Int(url.port))
    }

    /// The same to an address that was chosen before: the host's name is not looked up.
    public static func open(
        _ url: StreamURL, at address: SocketAddress, on eventLoop: any EventLoop,
        _ handler: @escaping @Sendable () -> any ChannelHandler
    ) -> EventLoopFuture<any Channel> {
        bootstrap(url, on: eventLoop, handler).connect(to: address)
    }

    private static func bootstrap(
        _ url: StreamURL, on eventLoop: any EventLoop,
        _ handler: @escaping @Sendable () -> any ChannelHandler
    ) -> ClientBootstrap {
        ClientBootstrap(group: eventLoop)
            .connectTimeout(timeout)
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if url.isSecure { try pipeline.addHandler(secureHandler(url.host)) }
                    try pipeline.addHandler(handler())
                }
            }
    }

    private static func secureHandler(_ host: String) throws -> NIOSSLClientHandler {
        let context = try NIOSSLContext(configuration: .makeClientConfiguration())
        let isAddress = (try? SocketAddress(ipAddress: host, port: 0)) != nil
        return try NIOSSLClientHandler(context: context, serverHostname: isAddress ? nil : host)
    }
}
