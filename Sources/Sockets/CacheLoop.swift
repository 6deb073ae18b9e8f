import Base
import Logging
import NIOCore
import NIOPosix
import Platform

/// One event loop and the one `CacheServer` that it runs.
///
/// Everything but `read`, `begin` and `end` runs on the event loop. Replies are written as they
/// come and flushed once what was read has been carried out.
final class CacheLoop: @unchecked Sendable {
    private let eventLoop: any EventLoop
    private let logger: Logger
    private let clock = SocketClock()
    private var server: CacheServer
    private var outbox = CacheOutbox()
    private var isBusy = false
    private var inputs: [Waiting] = []
    /// By connection identifier.
    /// What happened while effects were carried out.
    private enum Waiting {
        case input(CacheInput)
        /// A write that fails has NIO read what still came first, in the middle of that write.
        case bytes(ByteBuffer, ConnectionID)
    }

    private var handlers: [CacheHandler?] = []
    private var freeIDs: [UInt32] = []
    private var timer: RepeatedTask?

    /// Bytes that wait for a connection that subscribed and does not read
    /// (`client-output-buffer-limit pubsub 32mb`).
    static let waitingMax = 32 << 20

    init(_ settings: CacheServer.Settings, on eventLoop: any EventLoop, logger: Logger) {
        self.eventLoop = eventLoop
        self.logger = logger
        var system = SystemRandomNumberGenerator()
        server = CacheServer(settings, random: Random(seed: system.next()), at: clock.now)
    }

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (borrowing CacheServer) -> Value
    ) async throws -> Value {
        try await eventLoop.submit { body(self.server) }.get()
    }

    /// Housekeeping starts.
    func begin() async throws {
        try await eventLoop.submit {
            let cycle = TimeAmount.nanoseconds(CacheServer.cycle.nanoseconds)
            self.timer = self.eventLoop.scheduleRepeatedTask(initialDelay: cycle, delay: cycle) {
                _ in
                self.run(.woke)
            }
        }.get()
    }

    /// Everybody is disconnected once their replies are sent, or after a while.
    func end() async {
        let closed = try? await eventLoop.submit {
            self.timer?.cancel()
            return self.handlers.compactMap { $0?.leave() }
        }.get()
        for future in closed ?? [] { try? await future.get() }
    }

    // MARK: Connections

    func opened(_ handler: CacheHandler, address: String) -> ConnectionID {
        let raw: UInt32
        if let free = freeIDs.popLast() {
            raw = free
            handlers[Int(raw)] = handler
        } else {
            raw = UInt32(handlers.count)
            handlers.append(handler)
        }
        let id = ConnectionID(raw)
        logger.debug("opened", metadata: ["id": "\(raw)", "address": "\(address)"])
        run(.opened(id, address: address))
        return id
    }

    func received(_ buffer: ByteBuffer, from id: ConnectionID) {
        guard !isBusy else { return inputs.append(.bytes(buffer, id)) }
        isBusy = true
        server.receive(buffer.readableBytesUInt8Span, from: id, at: clock.now, into: &outbox)
        settle()
    }

    func flowing(_ id: ConnectionID) { run(.flowing(id)) }

    func closed(_ id: ConnectionID) {
        handlers[Int(id.raw)] = nil
        run(.closed(id))
        freeIDs.append(id.raw)
    }

    // MARK: The turn of the crank

    private func run(_ input: CacheInput) {
        inputs.append(.input(input))
        guard !isBusy else { return }
        isBusy = true
        settle()
    }

    /// Carries out effects and takes inputs until there are none of either: a write may end a
    /// connection before it returns.
    private func settle() {
        var taken = 0
        while true {
            perform()
            guard taken < inputs.count else { break }
            let waiting = inputs[taken]
            taken += 1
            switch waiting {
            case .input(let input):
                server.handle(input, at: clock.now, into: &outbox)
            case .bytes(let buffer, let id):
                server.receive(
                    buffer.readableBytesUInt8Span, from: id, at: clock.now, into: &outbox)
            }
        }
        inputs.removeAll(keepingCapacity: true)
        isBusy = false
    }

    private func perform() {
        guard !outbox.effects.isEmpty else { return }
        for effect in outbox.effects {
            switch effect {
            case .send(let id, let range): handlers[Int(id.raw)]?.send(outbox.bytes.span, range)
            case .close(let id): handlers[Int(id.raw)]?.finish()
            case .stalled(let id): handlers[Int(id.raw)]?.wait()
            }
        }
        outbox.removeAll()
    }
}

/// One accepted connection.
final class CacheHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let loop: CacheLoop
    private var context: ChannelHandlerContext?
    private var id: ConnectionID?
    private var isReading = false
    /// Replies wait for what was sent; nothing is read meanwhile.
    private var isWaiting = false

    /// How long a closed connection may take to send what it still has.
    private static let lingerMax = TimeAmount.seconds(5)

    init(loop: CacheLoop) { self.loop = loop }

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        let peer = context.remoteAddress
        id = loop.opened(self, address: "\(peer?.ipAddress ?? "?"):\(peer?.port ?? 0)")
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let id else { return }
        isReading = true
        loop.received(unwrapInboundIn(data), from: id)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        context.flush()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) { setReading() }

    func channelInactive(context: ChannelHandlerContext) {
        self.context = nil
        if let id { loop.closed(id) }
        id = nil
    }

    /// Resets: the connection is of no more use, and nobody else is touched.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    // MARK: Effects

    func send(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        guard let context else { return }
        var buffer = context.channel.allocator.buffer(capacity: range.count)
        buffer.writeBytes(bytes.extracting(range).bytes)
        context.write(NIOAny(buffer), promise: nil)
        guard !isReading else { return }
        context.flush()
        guard !context.channel.isWritable else { return }
        let waiting = try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)
        if waiting ?? 0 > CacheLoop.waitingMax { context.close(promise: nil) }
    }

    func finish() {
        guard let context else { return }
        isReading = false
        // An empty write is done once everything before it is.
        let channel = context.channel
        channel.writeAndFlush(ByteBuffer()).whenComplete { _ in channel.close(promise: nil) }
        context.eventLoop.scheduleTask(in: Self.lingerMax) {
            if channel.isActive { channel.close(promise: nil) }
        }
    }

    func wait() {
        guard let context else { return }
        isWaiting = true
        setReading()
        let sent = context.eventLoop.makePromise(of: Void.self)
        context.writeAndFlush(NIOAny(ByteBuffer()), promise: sent)
        sent.futureResult.assumeIsolated().whenComplete { _ in
            guard let id = self.id else { return }
            self.isWaiting = false
            self.setReading()
            self.loop.flowing(id)
        }
    }

    /// What a client does not take is not asked for.
    private func setReading() {
        guard let channel = context?.channel else { return }
        let isWanted = channel.isWritable && !isWaiting
        try? channel.syncOptions?.setOption(.autoRead, value: isWanted)
    }

    /// When the connection has ended.
    func leave() -> EventLoopFuture<Void>? {
        guard let channel = context?.channel else { return nil }
        finish()
        return channel.closeFuture
    }
}
