import NIOCore
import NIOHTTP1

/// Counts what passes a connection, TLS aside: all that HTTP frames its bodies with as well.
final class ByteCounter: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer

    private let count: (_ sent: Int, _ received: Int) -> Void

    init(_ count: @escaping (_ sent: Int, _ received: Int) -> Void) { self.count = count }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        count(0, unwrapInboundIn(data).readableBytes)
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        count(unwrapOutboundIn(data).readableBytes, 0)
        context.write(data, promise: promise)
    }
}

extension ChannelHandlerContext {
    /// From now on the channel speaks HTTP to this context's handler, as a client does, and its
    /// bytes are counted.
    func speakHTTP(counting count: @escaping (_ sent: Int, _ received: Int) -> Void) {
        do {
            let operations = pipeline.syncOperations
            try operations.addHandler(ByteCounter(count), position: .before(handler))
            try operations.addHTTPClientHandlers(position: .before(handler))
        } catch {
            fireErrorCaught(error)
        }
    }
}
