import Base
import NIOCore
import RTMP
import Sockets

/// A look at an RTMP server from outside: it is sent what a client says first, and has to say
/// anything at all. A server that stands still still has its connections made by the kernel; only
/// its own words show that it lives. Adobe RTMP 5.2.
enum TargetGreeting {
    /// Nothing came in time, or the connection was closed before.
    struct Failure: Error {
        var words: String
    }

    /// Version 3, no time, and 1528 bytes of anything.
    private static let hello =
        [3] + [UInt8](repeating: 0, count: 8)
        + (0..<1_528).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ 1) }

    /// Succeeds with the first byte; `loop` counts what passes.
    static func look(
        _ url: StreamURL, at address: SocketAddress, within deadline: TimeAmount,
        _ loop: NIOLoopBound<LoadLoop>, trust: OutgoingConnection.Trust
    ) async throws {
        let eventLoop = loop.eventLoop
        let promise = eventLoop.makePromise(of: Void.self)
        let timer = eventLoop.scheduleTask(in: deadline) {
            promise.fail(Failure(words: "no answer in time"))
        }
        defer { timer.cancel() }
        OutgoingConnection.open(url, at: address, trust: trust, on: eventLoop) {
            Handler(promise, loop.value)
        }.whenFailure { promise.fail($0) }
        try await promise.futureResult.get()
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let promise: EventLoopPromise<Void>
        private let loop: LoadLoop
        private var received = 0

        /// Version, time and echo: what a server says to that. It is heard out, so that nothing of
        /// it is cut off.
        private static let wholeAnswer = 1 + 1_536 + 1_536
        private static let hearsOut = TimeAmount.seconds(1)

        init(_ promise: EventLoopPromise<Void>, _ loop: LoadLoop) {
            self.promise = promise
            self.loop = loop
        }

        func channelActive(context: ChannelHandlerContext) {
            let channel = context.channel
            promise.futureResult.whenComplete { result in
                if case .success = result {
                    channel.eventLoop.scheduleTask(in: Self.hearsOut) {
                        channel.close(promise: nil)
                    }
                } else {
                    channel.close(promise: nil)
                }
            }
            loop.count(sent: TargetGreeting.hello.count)
            let bytes = ByteBuffer(bytes: TargetGreeting.hello)
            context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
            context.fireChannelActive()
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let count = unwrapInboundIn(data).readableBytes
            received += count
            loop.count(received: count)
            promise.succeed()
            if received >= Self.wholeAnswer { context.close(promise: nil) }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            promise.fail(error)
            context.close(promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) {
            promise.fail(Failure(words: "closed before a word"))
            context.fireChannelInactive()
        }
    }
}
