import NIOCore
import NIOHTTP1
import Sockets

/// One page, fetched once; a redirect is not followed.
enum WebFetch {
    struct Failure: Error {}

    private static let lengthMax = 4 << 20
    private static let timeout = TimeAmount.seconds(5)

    static func page(
        _ target: WebTarget, at address: SocketAddress, on eventLoop: any EventLoop
    ) async throws -> String {
        let promise = eventLoop.makePromise(of: String.self)
        let timer = eventLoop.scheduleTask(in: timeout) { promise.fail(Failure()) }
        OutgoingConnection.open(target.connectionURL, at: address, on: eventLoop) {
            PageHandler(target, promise)
        }.whenFailure { promise.fail($0) }
        defer { timer.cancel() }
        return try await promise.futureResult.get()
    }

    private final class PageHandler: ChannelInboundHandler {
        typealias InboundIn = HTTPClientResponsePart
        typealias OutboundOut = HTTPClientRequestPart

        private let target: WebTarget
        private let promise: EventLoopPromise<String>
        private var isFound = false
        private var body = ByteBuffer()

        init(_ target: WebTarget, _ promise: EventLoopPromise<String>) {
            self.target = target
            self.promise = promise
        }

        func handlerAdded(context: ChannelHandlerContext) {
            do {
                try context.pipeline.syncOperations.addHTTPClientHandlers(position: .before(self))
            } catch {
                promise.fail(error)
            }
        }

        func channelActive(context: ChannelHandlerContext) {
            let head = HTTPRequestHead(
                version: .http1_1, method: .GET, uri: target.prefix.isEmpty ? "/" : target.prefix,
                headers: ["Host": target.authority, "Connection": "close"])
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head): isFound = head.status == .ok
            case .body(var part):
                body.writeBuffer(&part)
                if body.readableBytes > WebFetch.lengthMax { context.close(promise: nil) }
            case .end:
                if isFound { promise.succeed(String(buffer: body)) }
                context.close(promise: nil)
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            promise.fail(error)
            context.close(promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) {
            promise.fail(Failure())
        }
    }
}
