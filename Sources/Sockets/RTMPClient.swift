import Base
import NIOCore
import RTMP

/// One RTMP connection to any server, that publishes or plays one stream.
///
/// What happens is told to one closure, on the client's event loop; `closed` comes last, and once.
/// A refusal, a redirect and a demand for a password come as `failed`, then the connection closes.
public final class RTMPClient: Sendable {
    public enum Event: Sendable {
        /// What the session says: started, media, statuses.
        case session(ClientEvent)
        case failed(RTMPError)
        case closed
    }

    /// Called with the instant, on the clock of `now`, at which it happened.
    public typealias Listener = @Sendable (Event, Instant) -> Void

    public struct Options: Sendable {
        public var limits = Limits()
        public var handshake = Handshake.Form.digest
        /// Payload bytes in a chunk towards the server.
        public var chunkSize = 4096
        /// What fills the handshake.
        public var seed: UInt64 = 1

        public init() {}
    }

    private let channel: any Channel

    private init(channel: any Channel) { self.channel = channel }

    /// Connects; the session then goes on by itself. Fails if there is no connection.
    public static func connect(
        _ purpose: ClientSession.Purpose, _ url: StreamURL, _ options: Options = Options(),
        on eventLoop: any EventLoop, _ listener: @escaping Listener
    ) -> EventLoopFuture<RTMPClient> {
        OutgoingConnection.open(url, on: eventLoop) {
            RTMPClientHandler(purpose, url, options, listener)
        }.map(RTMPClient.init)
    }

    /// Publishes these, in order, once the session has started; before that they are lost. From
    /// any thread.
    public func send(_ messages: [MediaMessage]) {
        channel.triggerUserOutboundEvent(RTMPClientHandler.Order.send(messages), promise: nil)
    }

    /// Our own end of the connection.
    public var localPort: Int? { channel.localAddress?.port }

    /// False while more waits to be sent than the connection takes at once.
    public var isWritable: Bool { channel.isWritable }

    /// Says goodbye, closes once that was sent, and returns when the connection is gone.
    public func leave() async {
        channel.triggerUserOutboundEvent(RTMPClientHandler.Order.leave, promise: nil)
        try? await channel.closeFuture.get()
    }

    /// The monotonic clock that events are told by.
    public static var now: Instant {
        Instant(nanoseconds: Int64(NIODeadline.now().uptimeNanoseconds))
    }

    /// Sends each message when its time has come, `speed` times as fast as an encoder would, and
    /// waits where the connection does not take them; returns after the last, or once the
    /// connection is gone.
    public func publish(
        _ messages: some Sequence<MediaMessage> & Sendable, speed: Int64 = 1
    ) async throws {
        let start = Self.now
        var first: Int64?
        var due: [MediaMessage] = []
        for message in messages {
            first = first ?? message.timestamp.milliseconds
            let passed = message.timestamp.milliseconds - (first ?? 0)
            let at = start + Interval(nanoseconds: passed * 1_000_000 / speed)
            if at > Self.now, !due.isEmpty {
                send(due)
                due.removeAll()
            }
            while channel.isActive, at > Self.now || !channel.isWritable {
                let wait = max((at - Self.now).nanoseconds, Self.stepMin)
                try await Task.sleep(for: .nanoseconds(wait))
            }
            guard channel.isActive else { return }
            due.append(message)
        }
        send(due)
    }

    /// Between looks at a connection that takes no more.
    private static let stepMin: Int64 = 1_000_000
}

/// Runs the client's session on its channel.
final class RTMPClientHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// What the client's owner wants.
    enum Order: Sendable { case send([MediaMessage]), leave }

    private var session: ClientSession
    private let listener: RTMPClient.Listener
    private var timer: (at: Instant, task: Scheduled<Void>)?

    init(
        _ purpose: ClientSession.Purpose, _ url: StreamURL, _ options: RTMPClient.Options,
        _ listener: @escaping RTMPClient.Listener
    ) {
        self.listener = listener
        session = ClientSession(
            purpose, url, handshake: options.handshake, limits: options.limits,
            chunkSize: options.chunkSize, random: Random(seed: options.seed),
            at: RTMPClient.now)
    }

    func channelActive(context: ChannelHandlerContext) {
        advance(context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.task.cancel()
        timer = nil
        listener(.closed, RTMPClient.now)
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        session.receive(buffer.readableBytesUInt8Span)
        advance(context)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    func triggerUserOutboundEvent(
        context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?
    ) {
        guard let order = event as? Order else {
            return context.triggerUserOutboundEvent(event, promise: promise)
        }
        switch order {
        case .send(let messages):
            guard session.isStarted else { break }
            for message in messages { session.send(message) }
            flush(context)
        case .leave:
            session.end()
            flush(context)
            // An empty write is done once everything before it is.
            let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
            context.writeAndFlush(wrapOutboundOut(ByteBuffer())).whenComplete { _ in
                bound.value.close(promise: nil)
            }
        }
        promise?.succeed()
    }

    private func advance(_ context: ChannelHandlerContext) {
        let now = RTMPClient.now
        do throws(RTMPError) {
            while let event = try session.next(at: now) { listener(.session(event), now) }
        } catch {
            listener(.failed(error), now)
            flush(context)
            return context.close(promise: nil)
        }
        flush(context)
        setTimer(context)
    }

    private func flush(_ context: ChannelHandlerContext) {
        let output = session.takeOutput()
        guard !output.isEmpty else { return }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: output)), promise: nil)
    }

    /// The session wants to be asked again at its deadline, whatever arrives.
    private func setTimer(_ context: ChannelHandlerContext) {
        let at = session.deadline
        guard at != timer?.at else { return }
        timer?.task.cancel()
        timer = nil
        guard at < .distantFuture else { return }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let wait = max((at - RTMPClient.now).nanoseconds, 0)
        let task = context.eventLoop.scheduleTask(in: .nanoseconds(wait)) {
            let (handler, context) = bound.value
            handler.timer = nil
            handler.advance(context)
        }
        timer = (at, task)
    }
}
