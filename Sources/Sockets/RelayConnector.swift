import NIOCore
import NIOPosix
import NIOSSL
import Platform
import RTMP

/// Connects to the servers that streams are fetched from.
struct RelayConnector: Sendable {
    let eventLoop: any EventLoop
    private static let timeout = TimeAmount.seconds(10)

    func connect(
        _ url: StreamURL, id: ConnectionID, loop: StreamLoop
    ) -> EventLoopFuture<any Channel> {
        ClientBootstrap(group: eventLoop)
            .connectTimeout(Self.timeout)
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if url.isSecure {
                        let context = try NIOSSLContext(configuration: .makeClientConfiguration())
                        let isAddress = (try? SocketAddress(ipAddress: url.host, port: 0)) != nil
                        try pipeline.addHandler(
                            NIOSSLClientHandler(
                                context: context, serverHostname: isAddress ? nil : url.host))
                    }
                    try pipeline.addHandler(RelayHandler(loop: loop, id: id))
                }
            }
            .connect(host: url.host, port: Int(url.port))
    }
}

/// Hands what arrives from a stream's source to the loop.
private final class RelayHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let loop: StreamLoop
    private let id: ConnectionID

    init(loop: StreamLoop, id: ConnectionID) {
        self.loop = loop
        self.id = id
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        loop.received(unwrapInboundIn(data), from: id)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
