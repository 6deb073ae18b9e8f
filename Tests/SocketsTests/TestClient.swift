import Base
import NIOCore
import NIOPosix
import RTMP
import Testing

/// Our own client session on a socket, for what others' players do not tell.
actor TestClient {
    private(set) var messages: [MediaMessage] = []
    private(set) var isStarted = false
    private(set) var failure: String?
    private(set) var isClosed = false
    /// When each message came, in nanoseconds of the machine's uptime.
    private(set) var arrivals: [Int64] = []
    private let channel: any Channel

    private init(channel: any Channel) { self.channel = channel }

    static func play(_ name: String, port: Int, within seconds: Int = 10) async throws -> TestClient
    {
        let client = try await connect(.play, name, port: port)
        for _ in 0..<seconds * 20 {
            if await client.isStarted { break }
            if await client.isClosed { break }
            try await Task.sleep(for: .milliseconds(50))
        }
        return client
    }

    static func connect(
        _ purpose: ClientSession.Purpose, _ name: String, port: Int
    ) async throws -> TestClient {
        let url = StreamURL("rtmp://127.0.0.1:\(port)/live/\(name)")!
        let (events, sink) = AsyncStream<Event>.makeStream()
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        Handler(purpose, url, sink: sink))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        let client = TestClient(channel: channel)
        Task { for await event in events { await client.note(event) } }
        return client
    }

    func leave() async { try? await channel.close() }

    /// Publishes whole messages; the session must have started.
    nonisolated func publish(_ messages: [MediaMessage]) {
        for message in messages { channel.triggerUserOutboundEvent(message, promise: nil) }
    }

    enum Event: Sendable {
        case started, closed
        case media(MediaMessage, at: Int64)
        case failed(String)
    }

    private func note(_ event: Event) {
        switch event {
        case .started: isStarted = true
        case .closed: isClosed = true
        case .media(let message, let time):
            messages.append(message)
            arrivals.append(time)
        case .failed(let reason): failure = reason
        }
    }

    private final class Handler: ChannelDuplexHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundIn = ByteBuffer

        private var session: ClientSession
        private let sink: AsyncStream<Event>.Continuation

        init(
            _ purpose: ClientSession.Purpose, _ url: StreamURL,
            sink: AsyncStream<Event>.Continuation
        ) {
            self.sink = sink
            session = ClientSession(
                purpose, url, handshake: .digest, limits: Limits(), chunkSize: 4096,
                random: Random(seed: 7), at: Self.now)
        }

        private static var now: Instant {
            Instant(nanoseconds: Int64(NIODeadline.now().uptimeNanoseconds))
        }

        func channelActive(context: ChannelHandlerContext) { flush(context) }

        func channelInactive(context: ChannelHandlerContext) {
            sink.yield(.closed)
            sink.finish()
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let now = Self.now
            let buffer = unwrapInboundIn(data)
            session.receive(buffer.readableBytesUInt8Span)
            do {
                while let event = try session.next(at: now) {
                    switch event {
                    case .started: sink.yield(.started)
                    case .media(let message): sink.yield(.media(message, at: now.nanoseconds))
                    case .ended, .status: break
                    }
                }
            } catch {
                sink.yield(.failed("\(error)"))
                return context.close(promise: nil)
            }
            flush(context)
        }

        func triggerUserOutboundEvent(
            context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?
        ) {
            if let message = event as? MediaMessage, session.isStarted {
                session.send(message)
                flush(context)
            }
            promise?.succeed()
        }

        private func flush(_ context: ChannelHandlerContext) {
            let output = session.takeOutput()
            guard !output.isEmpty else { return }
            context.writeAndFlush(NIOAny(ByteBuffer(bytes: output)), promise: nil)
        }
    }
}
