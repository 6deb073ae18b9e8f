import Base
import NIOCore
import NIOHTTP1
import RTMP
import Sockets

/// One connection of a pool: a call at a time, answers read to their end, redirects not followed.
final class WebConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    let pool: WebPool
    private(set) var isOpening = true
    private var context: ChannelHandlerContext?
    private var order: WebPool.Order?
    private var sentAt = Instant(nanoseconds: 0)
    private var head: HTTPResponseHead?
    /// As much of it as checks look at.
    private var body = ByteBuffer()
    private var keepsAlive = true
    private var timer: Scheduled<Void>?

    private static let timeout = TimeAmount.seconds(30)

    init(_ pool: WebPool) { self.pool = pool }

    /// HTTP is spoken between the channel and us.
    func handlerAdded(context: ChannelHandlerContext) {
        context.speakHTTP { [loop = pool.loop] in loop.count(sent: $0, received: $1) }
    }

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        isOpening = false
        pool.ready(self)
        context.fireChannelActive()
    }

    func send(_ order: WebPool.Order) {
        guard let context else { return }
        self.order = order
        sentAt = RTMPClient.now
        head = nil
        body.clear()
        let call = pool.loop.plan.calls[order.call]
        let body = call.body(at: pool.timeOfDay(order.due))
        let head = call.head(to: pool.target, body)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if !body.isEmpty {
            let bytes = ByteBuffer(string: body)
            context.write(wrapOutboundOut(.body(.byteBuffer(bytes))), promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: Self.timeout) {
            bound.value.fail(.noHTTPAnswer, "")
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            keepsAlive = head.isKeepAlive
        case .body(var part):
            guard let order, pool.readsBody(of: order) else { return }
            let room = LoadCheck.bodyMax - body.readableBytes
            if var kept = part.readSlice(length: min(room, part.readableBytes)) {
                body.writeBuffer(&kept)
            }
        case .end:
            answered(context)
        }
    }

    private func answered(_ context: ChannelHandlerContext) {
        guard let order, let head, head.status.code >= 200 else { return }
        let status = head.status
        self.order = nil
        timer?.cancel()
        let now = RTMPClient.now
        pool.noteTaken(now - sentAt)
        pool.loop.tally.add(now - order.due, to: .httpCall)
        pool.loop.tally.add(now - sentAt, to: .httpRaw)
        pool.loop.tally.callsAnswered += 1
        pool.noteChecks(of: order) {
            LoadCheck.Answer(
                status: Int(status.code), headers: head.headers, body: String(buffer: body))
        }
        switch status.code {
        case ..<300: pool.succeed(order, after: now - order.due)
        case ..<400: pool.fail(order, .redirected, "\(status.code)")
        case _: pool.fail(order, .httpStatus, "\(status.code)")
        }
        if keepsAlive { pool.ready(self) } else { context.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(LoadFailure(connecting: error), "\(error)")
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(.closed, "")
        self.context = nil
        pool.remove(self)
        context.fireChannelInactive()
    }

    private func fail(_ failure: LoadFailure, _ detail: String) {
        timer?.cancel()
        guard let order else { return }
        self.order = nil
        pool.noteTaken(RTMPClient.now - sentAt)
        pool.fail(order, failure, detail)
        context?.close(promise: nil)
    }

    /// The load is over.
    func finish() {
        timer?.cancel()
        if let order {
            pool.noteTaken(RTMPClient.now - sentAt)
            pool.noteUnanswered(order)
        }
        order = nil
        context?.close(promise: nil)
    }
}
