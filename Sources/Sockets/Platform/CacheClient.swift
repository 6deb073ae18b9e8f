import Base
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import Platform
import RESP

/// The coordinator's connection to its cache, ours or a Redis: one, pipelined, made again when it
/// is lost. Belongs to one event loop.
///
/// While there is no connection every command fails at once, because the platform goes on without a
/// cache; whoever waits too long for a reply has no connection either.
final class CacheClient: @unchecked Sendable {
    /// Where a cache is.
    struct Target: Sendable, Hashable {
        var host: String
        var port: Int
        var user: String?
        var password: String?
        var database = 0
        var isSecure = false
    }

    typealias Completion = (CacheAnswer?) -> Void
    private typealias Replies = ([RESPReply]) -> Void

    /// Commands that were sent together, and what has come of their replies.
    private struct Exchange {
        var expected: Int
        var replies: [RESPReply] = []
        var sentAt: NIODeadline
        /// Called with fewer than expected where the connection was lost.
        var then: Replies
    }

    private enum Phase {
        case closed, connecting
        case open(any Channel)
    }

    private let target: Target
    private let eventLoop: any EventLoop
    private let logger: Logger
    private var phase = Phase.closed
    private var isStopped = false
    private var reader = ReplyReader()
    private var exchanges = CircularBuffer<Exchange>()
    private var wait = CacheClient.waitMin
    private var watch: RepeatedTask?
    /// A flush is on its way.
    private var isFlushing = false

    private static let waitMin = TimeAmount.milliseconds(100)
    private static let waitMax = TimeAmount.seconds(5)
    private static let timeout = TimeAmount.seconds(2)
    private static let exchangesMax = 10_000
    /// Keys that one sweep looks at.
    private static let scanCount = "100"

    init(_ target: Target, on eventLoop: any EventLoop, logger: Logger) {
        self.target = target
        self.eventLoop = eventLoop
        self.logger = logger
        eventLoop.execute { self.connect() }
    }

    func stop() async {
        try? await eventLoop.submit {
            self.isStopped = true
            self.drop()
        }.get()
    }

    // MARK: The connection

    private func connect() {
        guard !isStopped, case .closed = phase else { return }
        phase = .connecting
        ClientBootstrap(group: eventLoop)
            .connectTimeout(Self.timeout)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if self.target.isSecure {
                        let context = try NIOSSLContext(configuration: .makeClientConfiguration())
                        let isAddress =
                            (try? SocketAddress(ipAddress: self.target.host, port: 0)) != nil
                        try pipeline.addHandler(
                            NIOSSLClientHandler(
                                context: context,
                                serverHostname: isAddress ? nil : self.target.host))
                    }
                    try pipeline.addHandler(CacheClientHandler(client: self))
                }
            }
            .connect(host: target.host, port: target.port)
            .whenComplete { result in
                switch result {
                case .success(let channel): self.opened(channel)
                case .failure(let error): self.failed(error)
                }
            }
    }

    private func opened(_ channel: any Channel) {
        guard !isStopped else { return channel.close(promise: nil) }
        phase = .open(channel)
        reader = ReplyReader()
        channel.closeFuture.whenComplete { _ in self.drop() }
        watch = eventLoop.scheduleRepeatedTask(initialDelay: Self.timeout, delay: Self.timeout) {
            _ in
            if let oldest = self.exchanges.first, oldest.sentAt + Self.timeout < .now() {
                self.logger.warning("the cache does not answer")
                self.drop()
            }
        }
        greet()
    }

    private func greet() {
        var greeting: [[String]] = []
        if let password = target.password {
            greeting.append(["AUTH"] + (target.user.map { [$0] } ?? []) + [password])
        }
        if target.database != 0 { greeting.append(["SELECT", String(target.database)]) }
        greeting.append(["PING"])
        let count = greeting.count
        send(greeting) { replies in
            guard replies.count == count, !replies.contains(where: \.isError) else {
                self.logger.warning("the cache does not let us in")
                return self.drop()
            }
            self.wait = Self.waitMin
        }
    }

    private func failed(_ error: any Error) {
        logger.debug("no cache", metadata: ["error": "\(error)"])
        phase = .closed
        retry()
    }

    private func drop() {
        guard case .open(let channel) = phase else { return }
        phase = .closed
        watch?.cancel()
        channel.close(promise: nil)
        let lost = exchanges
        exchanges.removeAll()
        for exchange in lost { exchange.then(exchange.replies) }
        retry()
    }

    private func retry() {
        guard !isStopped else { return }
        eventLoop.scheduleTask(in: wait) { self.connect() }
        wait = min(wait * 2, Self.waitMax)
    }

    /// Sends commands together. `then` has as many replies, or fewer where they were lost.
    private func send(_ commands: [[String]], then: @escaping Replies) {
        guard case .open(let channel) = phase, exchanges.count < Self.exchangesMax else {
            return then([])
        }
        var writer = ReplyWriter()
        for command in commands {
            writer.array(command.count)
            for word in command { writer.bulk(word) }
        }
        exchanges.append(Exchange(expected: commands.count, sentAt: .now(), then: then))
        channel.write(ByteBuffer(bytes: writer.bytes), promise: nil)
        guard !isFlushing else { return }
        isFlushing = true
        // What else this turn of the event loop sends goes out in the same packet.
        eventLoop.execute {
            self.isFlushing = false
            channel.flush()
        }
    }

    fileprivate func receive(_ buffer: ByteBuffer) {
        reader.receive(buffer.readableBytesUInt8Span)
        do {
            while let reply = try reader.next() {
                guard !exchanges.isEmpty else { throw RESPError.badReply }
                exchanges[exchanges.startIndex].replies.append(reply)
                let first = exchanges[exchanges.startIndex]
                guard first.replies.count == first.expected else { continue }
                exchanges.removeFirst()
                first.then(first.replies)
            }
        } catch {
            logger.warning("the cache talks nonsense", metadata: ["error": "\(error)"])
            drop()
        }
    }

    // MARK: Commands

    /// On the event loop. Nil where there is no answer.
    func execute(_ command: CacheCommand, at now: Instant, then: @escaping Completion) {
        eventLoop.preconditionInEventLoop()
        switch command {
        case .ping: change([["PING"]], then)
        case .putNode(let row):
            change(
                [["HSET", CacheKey.nodes(row.stream), CacheKey.field(row.node), row.cacheText]],
                then)
        case .nodes(let stream):
            send([["HGETALL", CacheKey.nodes(stream)]]) { replies in
                guard case .array(let pairs)? = replies.first else { return then(nil) }
                then(.nodes(Self.rows(pairs)))
            }
        case .putViewer(let stream, let viewer, let node):
            let key = CacheKey.viewers(stream)
            change(
                [
                    ["HSET", key, CacheKey.viewer(viewer), CacheKey.place(node)],
                    ["EXPIRE", key, "\(CacheCommand.viewersLifetime.wholeSeconds)"],
                ], then)
        case .sweep(let before): sweep(before, cursor: "0", then)
        case .count(let limit, let address, let every):
            count(limit, address, every, now, then)
        case .putSession(let session, let credential, let lifetime):
            guard let holder = credential.text else { return then(.done) }
            change(
                [["SET", CacheKey.session(session), holder, "EX", "\(lifetime.wholeSeconds)"]],
                then)
        case .takeSession(let session):
            send([["GETDEL", CacheKey.session(session)]]) { replies in
                switch replies.first {
                case .null?: then(.session(nil))
                case .bulk(let text)?:
                    then(.session(Credential(text: String(decoding: text, as: UTF8.self))))
                case _: then(nil)
                }
            }
        }
    }

    /// Commands of which only success counts.
    private func change(_ commands: [[String]], _ then: @escaping Completion) {
        send(commands) { replies in
            if replies.contains(where: \.isOutOfMemory) { return then(.outOfMemory) }
            let isDone = replies.count == commands.count && !replies.contains(where: \.isError)
            then(isDone ? .done : nil)
        }
    }

    /// The expiry is set with the key, so that a counter never stays for want of one.
    private func count(
        _ limit: CacheCommand.Limit, _ address: ClientAddress, _ every: Interval, _ now: Instant,
        _ then: @escaping Completion
    ) {
        let window = now.nanoseconds / every.nanoseconds
        let key = CacheKey.counter(limit, address, window: window)
        let seconds = max(every.wholeSeconds, 1)
        send([["SET", key, "0", "EX", "\(seconds)", "NX"], ["INCR", key]]) { replies in
            guard replies.count == 2, case .integer(let count) = replies[1] else {
                return then(replies.contains(where: \.isOutOfMemory) ? .outOfMemory : nil)
            }
            then(.count(count))
        }
    }

    private func sweep(_ before: Instant, cursor: String, _ then: @escaping Completion) {
        let scan = ["SCAN", cursor, "MATCH", "stream:*:nodes", "COUNT", Self.scanCount]
        send([scan]) { replies in
            guard case .array(let parts)? = replies.first, parts.count == 2,
                case .bulk(let next) = parts[0], case .array(let keys) = parts[1]
            else { return then(nil) }
            let names = keys.compactMap(\.text)
            self.sweep(before, keys: names) { answer in
                let cursor = String(decoding: next, as: UTF8.self)
                guard answer == .done, cursor != "0" else { return then(answer) }
                self.sweep(before, cursor: cursor, then)
            }
        }
    }

    private func sweep(_ before: Instant, keys: [String], _ then: @escaping Completion) {
        guard !keys.isEmpty else { return then(.done) }
        send(keys.map { ["HGETALL", $0] }) { replies in
            guard replies.count == keys.count else { return then(nil) }
            var removals: [[String]] = []
            for (key, reply) in zip(keys, replies) {
                guard case .array(let pairs) = reply else { continue }
                let old = Self.rows(pairs).filter { $0.heartbeatAt < before }
                guard !old.isEmpty else { continue }
                removals.append(["HDEL", key] + old.map { "\($0.node.raw)" })
            }
            guard !removals.isEmpty else { return then(.done) }
            self.change(removals, then)
        }
    }

    /// The values of a hash; what is no row of ours is left out. By identifier.
    private static func rows(_ pairs: [RESPReply]) -> [NodeRow] {
        var rows: [NodeRow] = []
        for index in stride(from: 1, to: pairs.count, by: 2) {
            if case .bulk(let text) = pairs[index], let row = NodeRow(cacheText: text) {
                rows.append(row)
            }
        }
        return rows.sorted { $0.node.raw < $1.node.raw }
    }
}

extension RESPReply {
    fileprivate var isError: Bool {
        if case .error = self { true } else { false }
    }

    fileprivate var isOutOfMemory: Bool {
        if case .error(let text) = self { text.starts(with: "OOM ".utf8) } else { false }
    }

    fileprivate var text: String? {
        if case .bulk(let bytes) = self { String(decoding: bytes, as: UTF8.self) } else { nil }
    }
}

private final class CacheClientHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let client: CacheClient

    init(client: CacheClient) { self.client = client }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        client.receive(unwrapInboundIn(data))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
