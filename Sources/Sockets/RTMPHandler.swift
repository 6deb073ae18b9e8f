import NIOCore
import Platform

/// Hands what happens on one accepted RTMP connection to the loop.
final class RTMPHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let loop: StreamLoop
    private var id: ConnectionID?

    init(loop: StreamLoop) { self.loop = loop }

    func channelActive(context: ChannelHandlerContext) {
        id = loop.opened(context.channel)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let id else { return }
        loop.received(unwrapInboundIn(data), from: id)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if let id, context.channel.isWritable { loop.submit(.flowing(id)) }
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        if let id { loop.closed(id) }
        id = nil
        context.fireChannelInactive()
    }

    /// Resets and broken TLS: the connection is of no more use, and nobody else is touched.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
