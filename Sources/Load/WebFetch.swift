import Base
import NIOCore
import NIOHTTP1
import NIOPosix
import Sockets

/// One request and its whole answer, on a connection of its own; a redirect is not followed.
///
/// What passes is counted as it passes; beyond a ceiling the connection is closed.
public enum WebFetch {
    public struct Answer: Sendable {
        public var status: Int
        public var body: String
        /// For how long it asks not to be asked again.
        public var retryAfter: Interval?
    }

    /// No whole answer came in time, or within the ceilings.
    struct Failure: Error {}

    static let lengthMax = 4 << 20
    static let timeout = TimeAmount.seconds(10)

    /// From a program that has no event loop of its own.
    public static func answer(
        to call: LoadCall, of target: WebTarget, at addresses: LoadAddresses,
        counting tally: FetchTally
    ) async throws -> Answer {
        guard let address = addresses.web else { throw Failure() }
        return try await answer(
            to: call, of: target, at: address, trust: addresses.trust, counting: tally,
            on: MultiThreadedEventLoopGroup.singleton.next())
    }

    static func answer(
        to call: LoadCall, of target: WebTarget, at address: SocketAddress,
        trust: OutgoingConnection.Trust, counting tally: FetchTally,
        within deadline: TimeAmount = timeout, on eventLoop: any EventLoop
    ) async throws -> Answer {
        let promise = eventLoop.makePromise(of: Answer.self)
        let timer = eventLoop.scheduleTask(in: deadline) { promise.fail(Failure()) }
        OutgoingConnection.open(
            target.connectionURL, at: address, trust: trust, on: eventLoop
        ) {
            AnswerHandler(call, target, tally, promise)
        }.whenFailure { promise.fail($0) }
        defer { timer.cancel() }
        return try await promise.futureResult.get()
    }

    /// What there is at the target's own address; nil without an answer.
    static func page(
        _ target: WebTarget, at address: SocketAddress, trust: OutgoingConnection.Trust,
        counting tally: FetchTally, within deadline: TimeAmount = timeout,
        on eventLoop: any EventLoop
    ) async -> Answer? {
        let call = LoadCall(page: target.prefix.isEmpty ? "/" : "")
        return try? await answer(
            to: call, of: target, at: address, trust: trust, counting: tally, within: deadline,
            on: eventLoop)
    }

    private final class AnswerHandler: ChannelInboundHandler {
        typealias InboundIn = HTTPClientResponsePart
        typealias OutboundOut = HTTPClientRequestPart

        private static let retryAfterMax: Int64 = 86_400

        private let call: LoadCall
        private let target: WebTarget
        private let tally: FetchTally
        private let promise: EventLoopPromise<Answer>
        private var head: HTTPResponseHead?
        private var body = ByteBuffer()

        init(
            _ call: LoadCall, _ target: WebTarget, _ tally: FetchTally,
            _ promise: EventLoopPromise<Answer>
        ) {
            self.call = call
            self.target = target
            self.tally = tally
            self.promise = promise
        }

        func handlerAdded(context: ChannelHandlerContext) {
            context.speakHTTP { [tally, promise] sent, received in
                if !tally.count(sent: sent, received: received) { promise.fail(Failure()) }
            }
        }

        func channelActive(context: ChannelHandlerContext) {
            // Nobody waits longer for what does not come in time.
            let channel = context.channel
            promise.futureResult.whenComplete { _ in channel.close(promise: nil) }
            var head = call.head(to: target, call.body)
            head.headers.add(name: "Connection", value: "close")
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            if !call.body.isEmpty {
                let body = ByteBuffer(string: call.body)
                context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
            }
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head): self.head = head
            case .body(var part):
                body.writeBuffer(&part)
                if body.readableBytes > WebFetch.lengthMax { context.close(promise: nil) }
            case .end:
                let seconds = head?.headers.first(name: "Retry-After").flatMap { Int64($0) }
                promise.succeed(
                    Answer(
                        status: Int(head?.status.code ?? 0), body: String(buffer: body),
                        retryAfter: seconds.map { .seconds(max(0, min($0, Self.retryAfterMax))) }
                    ))
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
