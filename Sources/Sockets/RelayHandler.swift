import NIOCore
import Platform

/// Hands what arrives from a stream's source to the loop.
final class RelayHandler: ChannelInboundHandler {
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
