import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// The figures of a load for Prometheus, at `/metrics` on this machine alone.
public final class MetricsEndpoint: Sendable {
    /// What is shown, for every connection.
    private final class Page: Sendable {
        let text = Mutex("")
    }

    private let page: Page
    private let channel: any Channel

    /// Listens on this port of 127.0.0.1; 0 is any free one.
    public static func start(port: Int) async throws -> MetricsEndpoint {
        let page = Page()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.configureHTTPServerPipeline(withErrorHandling: true)
                    try pipeline.addHandler(Responder(page))
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        return MetricsEndpoint(page, channel)
    }

    private init(_ page: Page, _ channel: any Channel) {
        self.page = page
        self.channel = channel
    }

    public var port: Int { channel.localAddress?.port ?? 0 }

    public func show(_ view: LoadRun.View) {
        let text = Exposition.text(view)
        page.text.withLock { $0 = text }
    }

    public func stop() async { try? await channel.close() }

    private final class Responder: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let page: Page
        private var path = ""

        init(_ page: Page) { self.page = page }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head): path = String(head.uri.prefix { $0 != "?" })
            case .body: break
            case .end: answer(context)
            }
        }

        private func answer(_ context: ChannelHandlerContext) {
            let isThere = path == "/metrics"
            let body = ByteBuffer(string: isThere ? page.text.withLock { $0 } : "not here\n")
            let headers: HTTPHeaders = [
                "Content-Type": "text/plain; version=0.0.4; charset=utf-8",
                "Content-Length": "\(body.readableBytes)",
            ]
            let head = HTTPResponseHead(
                version: .http1_1, status: isThere ? .ok : .notFound, headers: headers)
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }
}
