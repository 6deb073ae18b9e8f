import NIOCore

/// Closes the connection, or the HTTP/2 stream, of a client that takes nothing of its answer for
/// too long: a library that waits for the write to end would wait for ever.
final class StallGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny
    typealias OutboundIn = NIOAny
    typealias OutboundOut = NIOAny

    private static let timeout = TimeAmount.seconds(30)

    private var timer: Scheduled<Void>?
    /// How far the sending had come when the timer was set.
    private var seen = 0
    /// A stream of HTTP/2 traps when asked how many bytes it holds, so its finished writes count.
    private var isStream = false
    private var writesFinished = 0

    func handlerAdded(context: ChannelHandlerContext) {
        // A stream's parent is the connection, whose parent is the listener.
        isStream = context.channel.parent?.parent != nil
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard isStream else { return context.write(data, promise: promise) }
        let promise = promise ?? context.eventLoop.makePromise()
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        promise.futureResult.whenSuccess { bound.value.writesFinished += 1 }
        context.write(data, promise: promise)
    }

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
        seen = progress(context)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: Self.timeout) {
            let (handler, context) = bound.value
            guard handler.progress(context) > handler.seen else {
                return context.close(promise: nil)
            }
            handler.watch(context)
        }
    }

    /// Rises whenever the client takes something.
    private func progress(_ context: ChannelHandlerContext) -> Int {
        if isStream { return writesFinished }
        return -((try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0)
    }
}
