import NIOCore

/// Closes the connection of an HTTP client that takes nothing of its answer for too long: a
/// library that waits for the write to end would wait for ever.
final class StallGuard: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny

    private static let timeout = TimeAmount.seconds(30)

    private var timer: Scheduled<Void>?
    /// What was left to be sent when the timer was set.
    private var left = 0

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        timer?.cancel()
        timer = nil
        if !context.channel.isWritable { watch(context) }
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        timer = nil
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { timer?.cancel() }

    private func watch(_ context: ChannelHandlerContext) {
        left = Self.bytesLeft(context)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: Self.timeout) {
            let (handler, context) = bound.value
            guard Self.bytesLeft(context) < handler.left else {
                return context.close(promise: nil)
            }
            handler.watch(context)
        }
    }

    private static func bytesLeft(_ context: ChannelHandlerContext) -> Int {
        (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }
}
