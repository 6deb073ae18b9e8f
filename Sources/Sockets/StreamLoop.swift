import Base
import Foundation
import Logging
import NIOCore
import NIOPosix
import Platform
import RTMP

/// One event loop and the one `StreamServer` that it runs: turns what happens on sockets into
/// inputs and effects into writes.
///
/// Everything but `submit`, `read` and the initialiser runs on the event loop. A write may end a
/// connection before it returns, so what happens while effects are carried out waits its turn.
public final class StreamLoop: @unchecked Sendable {
    /// Where the bytes of one connection go.
    private enum End {
        case channel(any Channel)
        case body(FLVBody)
    }

    /// What happened while effects were carried out.
    private enum Waiting {
        case input(StreamInput)
        /// A write that fails has NIO read what still came first, in the middle of that write.
        case bytes(ByteBuffer, ConnectionID)
    }

    public let eventLoop: any EventLoop
    private let logger: Logger
    private let clock = SocketClock()
    private let hooks: HookCaller

    private var server: StreamServer
    private var outbox = StreamOutbox()
    private var inputs: [Waiting] = []
    private var isBusy = false
    private var timer: (at: Instant, task: Scheduled<Void>)?

    /// By connection identifier.
    private var ends: [End?] = []
    private var freeIDs: [UInt32] = []
    private var outgoing: [UInt32: any Channel] = [:]
    private var touched: [ConnectionID] = []
    private var buffers = BufferCache()

    /// How long a closed connection may take to send what it still has.
    private static let lingerMax = TimeAmount.seconds(5)

    init(
        _ configuration: StreamConfiguration, on eventLoop: any EventLoop, hooks: HookCaller,
        logger: Logger
    ) {
        self.eventLoop = eventLoop
        self.hooks = hooks
        self.logger = logger
        var system = SystemRandomNumberGenerator()
        server = StreamServer(
            configuration, random: Random(seed: system.next()), at: clock.now)
    }

    /// Tells the server something, from any thread.
    public func submit(_ input: StreamInput) {
        if eventLoop.inEventLoop {
            run(input)
        } else {
            eventLoop.execute { self.run(input) }
        }
    }

    /// Looks at the server, from any thread.
    public func read<Value: Sendable>(
        _ body: @escaping @Sendable (borrowing StreamServer, Instant) -> Value
    ) async throws -> Value {
        try await eventLoop.submit { body(self.server, self.clock.now) }.get()
    }

    /// Changes the server outside its inputs: what HLS requests count, from any thread.
    func change<Value: Sendable>(
        _ body: @escaping @Sendable (inout StreamServer, Instant) -> Value
    ) async throws -> Value {
        try await eventLoop.submit {
            let value = body(&self.server, self.clock.now)
            self.setTimer()
            return value
        }.get()
    }

    // MARK: Connections

    func opened(_ channel: any Channel) -> ConnectionID {
        let id = add(.channel(channel))
        let peer = Peer(address: channel.remoteAddress?.ipAddress ?? "unknown")
        logger.debug("opened", metadata: ["id": "\(id.raw)", "peer": "\(peer.address)"])
        run(.opened(id, peer))
        return id
    }

    func watched(_ body: FLVBody, _ peer: Peer, _ name: StreamName, query: String) {
        let id = add(.body(body))
        body.enter(as: id)
        run(.watched(id, peer, name, query: query))
    }

    private func add(_ end: End) -> ConnectionID {
        if let raw = freeIDs.popLast() {
            ends[Int(raw)] = end
            return ConnectionID(raw)
        }
        ends.append(end)
        return ConnectionID(UInt32(ends.count - 1))
    }

    func received(_ buffer: ByteBuffer, from id: ConnectionID) {
        guard !isBusy else { return inputs.append(.bytes(buffer, id)) }
        isBusy = true
        server.receive(buffer.readableBytesUInt8Span, from: id, at: clock.now, into: &outbox)
        settle()
    }

    func closed(_ id: ConnectionID) {
        run(.closed(id))
    }

    // MARK: The turn of the crank

    private func run(_ input: StreamInput) {
        eventLoop.preconditionInEventLoop()
        inputs.append(.input(input))
        guard !isBusy else { return }
        isBusy = true
        settle()
    }

    /// Carries out effects and takes inputs until there are none of either.
    private func settle() {
        var taken = 0
        while true {
            perform()
            if taken < inputs.count {
                let waiting = inputs[taken]
                taken += 1
                take(waiting)
            } else if server.deadline <= clock.now {
                server.handle(.woke, at: clock.now, into: &outbox)
            } else {
                break
            }
        }
        inputs.removeAll(keepingCapacity: true)
        isBusy = false
        setTimer()
    }

    private func take(_ waiting: Waiting) {
        switch waiting {
        case .input(let input):
            server.handle(input, at: clock.now, into: &outbox)
            if case .closed(let id) = input { release(id) }
        case .bytes(let buffer, let id):
            server.receive(buffer.readableBytesUInt8Span, from: id, at: clock.now, into: &outbox)
        }
    }

    private func release(_ id: ConnectionID) {
        guard id.raw < StreamServer.outgoing else {
            outgoing[id.raw] = nil
            return
        }
        ends[Int(id.raw)] = nil
        freeIDs.append(id.raw)
    }

    private func setTimer() {
        let at = server.deadline
        if let timer {
            guard at != timer.at else { return }
            timer.task.cancel()
        }
        guard at < .distantFuture else {
            timer = nil
            return
        }
        let wait = max((at - clock.now).nanoseconds, 0)
        let task = eventLoop.scheduleTask(in: .nanoseconds(wait)) {
            self.timer = nil
            self.run(.woke)
        }
        timer = (at, task)
    }

    // MARK: Effects

    private func perform() {
        for effect in outbox.effects { perform(effect) }
        outbox.removeAll()
        for id in touched { flush(id) }
        touched.removeAll(keepingCapacity: true)
    }

    private func perform(_ effect: StreamEffect) {
        switch effect {
        case .send(let id, let bytes): write(ByteBuffer(bytes: bytes), to: id)
        case .share(let id, let shared): write(buffers.buffer(for: shared), to: id)
        case .begin(let id):
            if case .body(let body)? = end(id) { body.begin() }
        case .close(let id, let cause): close(id, cause)
        case .connect(let id, let url): connect(id, url)
        case .call(let id, let hook): call(id, hook)
        }
    }

    private func end(_ id: ConnectionID) -> End? {
        guard id.raw < StreamServer.outgoing else {
            return outgoing[id.raw].map { .channel($0) }
        }
        return ends[Int(id.raw)]
    }

    private func write(_ buffer: ByteBuffer, to id: ConnectionID) {
        switch end(id) {
        case .channel(let channel):
            channel.write(buffer, promise: nil)
            if touched.last != id { touched.append(id) }
        case .body(let body):
            if body.append(buffer) { inputs.append(.input(.stalled(id))) }
        case nil:
            break
        }
    }

    private func flush(_ id: ConnectionID) {
        guard case .channel(let channel)? = end(id) else { return }
        channel.flush()
        if !channel.isWritable, channel.isActive { inputs.append(.input(.stalled(id))) }
    }

    private func close(_ id: ConnectionID, _ cause: CloseCause) {
        logger.info("closing", metadata: ["id": "\(id.raw)", "cause": "\(cause)"])
        switch end(id) {
        case .channel(let channel):
            // An empty write is done once everything before it is.
            channel.writeAndFlush(ByteBuffer()).whenComplete { _ in
                channel.close(promise: nil)
            }
            eventLoop.scheduleTask(in: Self.lingerMax) {
                if channel.isActive { channel.close(promise: nil) }
            }
        case .body(let body):
            body.finish(cause)
        case nil:
            break
        }
    }

    private func connect(_ id: ConnectionID, _ url: StreamURL) {
        logger.info("fetching", metadata: ["url": "\(url.tcURL)/\(url.name)"])
        OutgoingConnection.open(url, on: eventLoop) {
            RelayHandler(loop: self, id: id)
        }.whenComplete { result in
            switch result {
            case .success(let channel):
                self.outgoing[id.raw] = channel
                self.run(.connected(id))
                channel.closeFuture.whenComplete { _ in self.run(.closed(id)) }
            case .failure(let error):
                self.logger.info("cannot fetch", metadata: ["error": "\(error)"])
                self.run(.closed(id))
            }
        }
    }

    private func call(_ id: HookID?, _ hook: Hook) {
        hooks.call(hook) { allowed in
            guard let id else { return }
            self.submit(.answered(id, allowed: allowed))
        }
    }
}

/// A monotonic clock that began at the system's time.
struct SocketClock: Sendable {
    private let wall: Int64
    private let start: NIODeadline

    init() {
        start = .now()
        wall = Int64(Date().timeIntervalSince1970 * 1_000_000) * 1_000
    }

    var now: Instant {
        Instant(nanoseconds: wall + (NIODeadline.now() - start).nanoseconds)
    }
}

/// Shared bytes as NIO wants them, converted once. Players that are in step ask for the same few.
struct BufferCache {
    private var entries: [(id: UInt64, buffer: ByteBuffer)?]
    private static let count = 8

    init() { entries = Array(repeating: nil, count: Self.count) }

    mutating func buffer(for shared: SharedBytes) -> ByteBuffer {
        let place = Int(shared.id % UInt64(Self.count))
        if let entry = entries[place], entry.id == shared.id { return entry.buffer }
        let buffer = ByteBuffer(bytes: shared.bytes)
        entries[place] = (shared.id, buffer)
        return buffer
    }
}
