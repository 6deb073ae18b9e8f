import Base
import Load
import Logging
import Media
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import Platform
import Results
import Sockets
import Testing

/// A server of ours in this process, on free ports of 127.0.0.1.
enum TestServer {
    static func with<Value>(_ body: (Int) async throws -> Value) async throws -> Value {
        try await withPorts { try await body($0.rtmp) }
    }

    private static func start(rtmp: Int = 0, http: Int = 0) async throws -> StreamService {
        var options = StreamService.Options()
        options.address = "127.0.0.1"
        (options.rtmpPort, options.httpPort, options.apiPort) = (rtmp, http, 0)
        options.stream.latency = .zero
        var logger = Logger(label: "test")
        logger.logLevel = .error
        return try await StreamService.start(options, logger: logger)
    }

    /// One that is gone from one of these times after `body` began to the other.
    static func away<Value: Sendable>(
        from: Duration, until: Duration,
        _ body: @Sendable (StreamService.Ports) async throws -> Value
    ) async throws -> Value {
        let first = try await start()
        let ports = first.ports
        async let value = body(ports)
        try await Task.sleep(for: from)
        await first.stop()
        try await Task.sleep(for: until - from)
        let second = try await start(rtmp: ports.rtmp, http: ports.http)
        do {
            let value = try await value
            await second.stop()
            return value
        } catch {
            await second.stop()
            throw error
        }
    }

    static func withPorts<Value>(
        _ body: (StreamService.Ports) async throws -> Value
    ) async throws -> Value {
        let service = try await start()
        do {
            let value = try await body(service.ports)
            await service.stop()
            return value
        } catch {
            await service.stop()
            throw error
        }
    }
}

/// A listener that is no server: what it does to everyone who connects.
enum Faulty: Sendable {
    case stalls
    case hangsUp
    case resets
    case talksGarbage
    /// Passes all on to another port, this much later each way.
    case delays(Interval, to: Int)
    /// Passes all on at once, and takes nothing more from that time on.
    case plugs(from: NIODeadline, to: Int)
    /// Passes all on at once, but for a while in which nothing goes either way.
    case freezes(from: NIODeadline, until: NIODeadline, to: Int)
    /// Answers each request of all with the next of these words, the last again and again, and
    /// keeps when it came.
    case answersInTurn([String], NIOLockedValueBox<[NIODeadline]>)
    /// Answers whatever comes with the same words.
    case answers(String)
    /// The same, and resets the connection a little later.
    case answersAndResets(String)
    /// Answers whatever comes with a body that never ends.
    case pours
    /// Counts who connects.
    case counts(NIOLockedValueBox<Int>)

    func with<Value>(_ body: (Int) async throws -> Value) async throws -> Value {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let listener = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { meet($0) }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(listener.localAddress?.port)
        do {
            let value = try await body(port)
            try await group.shutdownGracefully()
            return value
        } catch {
            try await group.shutdownGracefully()
            throw error
        }
    }

    private func meet(_ channel: any Channel) -> EventLoopFuture<Void> {
        switch self {
        case .stalls: break
        case .hangsUp:
            channel.eventLoop.scheduleTask(in: .milliseconds(50)) { channel.close(promise: nil) }
        case .resets:
            channel.eventLoop.scheduleTask(in: .milliseconds(50)) { Self.reset(channel) }
        case .talksGarbage:
            let bytes = (0..<4_000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ 101) }
            channel.eventLoop.scheduleTask(in: .milliseconds(50)) {
                channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
            }
        case .delays(let delay, let port):
            return join(channel, to: port) { $0 + .nanoseconds(delay.nanoseconds) }
        case .freezes(let from, let until, let port):
            return join(channel, to: port) { $0 >= from ? max($0, until) : $0 }
        case .plugs(let from, let port):
            channel.eventLoop.scheduleTask(deadline: from) {
                channel.setOption(.autoRead, value: false).whenFailure { _ in }
            }
            return join(channel, to: port) { $0 }
        case .answersInTurn(let words, let times):
            return channel.eventLoop.makeCompletedFuture {
                let number = times.withLockedValue { times in
                    times.append(.now())
                    return times.count - 1
                }
                let words = words[min(number, words.count - 1)]
                try channel.pipeline.syncOperations.addHandler(Parrot(words))
            }
        case .answers(let words):
            return channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(Parrot(words))
            }
        case .answersAndResets(let words):
            return channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(Parrot(words, resets: true))
            }
        case .pours:
            return channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(Pour())
            }
        case .counts(let counter):
            counter.withLockedValue { $0 += 1 }
        }
        return channel.eventLoop.makeSucceededVoidFuture()
    }

    /// Closed at once, without lingering, is reset: socket(7), SO_LINGER.
    static func reset(_ channel: any Channel) {
        (channel as? any SocketOptionProvider)?
            .setSoLinger(linger(l_onoff: 1, l_linger: 0))
            .whenComplete { _ in channel.close(promise: nil) }
    }

    /// Each piece goes on at the time that `when` gives for that of its coming.
    private func join(
        _ channel: any Channel, to port: Int,
        when: @escaping @Sendable (NIODeadline) -> NIODeadline
    ) -> EventLoopFuture<Void> {
        ClientBootstrap(group: channel.eventLoop)
            .connect(host: "127.0.0.1", port: port)
            .flatMapThrowing { partner in
                try partner.pipeline.syncOperations.addHandler(Late(channel, when))
                try channel.pipeline.syncOperations.addHandler(Late(partner, when))
            }
    }

    /// A port that nobody listens on.
    static func freePort() async throws -> Int {
        try await Faulty.stalls.with { $0 }
    }
}

private final class Late: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let partner: any Channel
    private let when: @Sendable (NIODeadline) -> NIODeadline

    init(_ partner: any Channel, _ when: @escaping @Sendable (NIODeadline) -> NIODeadline) {
        self.partner = partner
        self.when = when
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let (buffer, partner) = (unwrapInboundIn(data), partner)
        context.eventLoop.scheduleTask(deadline: when(.now())) {
            partner.writeAndFlush(buffer, promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        let partner = partner
        context.eventLoop.scheduleTask(deadline: when(.now())) { partner.close(promise: nil) }
    }
}

private final class Parrot: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let words: String
    private let resets: Bool

    init(_ words: String, resets: Bool = false) {
        self.words = words
        self.resets = resets
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let channel = context.channel
        channel.writeAndFlush(ByteBuffer(string: words), promise: nil)
        guard resets else { return }
        channel.eventLoop.scheduleTask(in: .milliseconds(100)) { Faulty.reset(channel) }
    }
}

private final class Pour: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let head = ByteBuffer(string: "HTTP/1.1 200 OK\r\n\r\n")
        context.channel.writeAndFlush(head, promise: nil)
        Self.pour(into: context.channel)
    }

    private static func pour(into channel: any Channel) {
        channel.writeAndFlush(ByteBuffer(repeating: 0x78, count: 16_384)).whenSuccess {
            channel.eventLoop.scheduleTask(in: .milliseconds(1)) { pour(into: channel) }
        }
    }
}

extension LoadPlan {
    /// Calls alone, to an HTTP server on this port.
    static func calls(
        port: Int, _ calls: [String], seconds: Int64, connections: Int = 64,
        _ thresholds: [String] = []
    ) throws -> LoadPlan {
        var plan = LoadPlan(
            target: nil, web: try WebTarget("http://127.0.0.1:\(port)", consent: nil),
            publishers: 0, players: 0, duration: .seconds(seconds), ramp: .zero, warmUp: .zero,
            shape: Clip.Shape(), ceilings: .none,
            thresholds: try thresholds.flatMap { try Threshold.all(in: $0) })
        plan.calls = calls.compactMap { LoadCall($0) }
        plan.webConnections = connections
        return plan
    }

    /// A small load of a target on this port.
    static func small(
        port: Int, publishers: Int = 1, players: Int = 1, seconds: Int64 = 4,
        _ thresholds: [String] = [], warmUp: Interval = .zero, ceilings: Ceilings = .none
    ) throws -> LoadPlan {
        var shape = Clip.Shape()
        shape.videoRate = 300_000
        shape.audioRate = 32_000
        return LoadPlan(
            target: try LoadTarget("rtmp://127.0.0.1:\(port)/live", consent: nil),
            publishers: publishers, players: players, duration: .seconds(seconds), ramp: .zero,
            warmUp: warmUp, shape: shape, ceilings: ceilings,
            thresholds: try thresholds.flatMap { try Threshold.all(in: $0) })
    }

    /// When those are asked for that `run` makes, by the time of day.
    static let runStart = Instant(nanoseconds: 1_800_000_000_000_000_000)

    func run(isStopped: @escaping @Sendable () -> Bool = { false }) async throws -> LoadResult {
        var addresses = LoadAddresses(
            media: try target?.resolve(), web: try web?.resolve(), figures: try figures?.resolve())
        addresses.health = try health?.resolve()
        return try await LoadRun.result(
            of: self, at: addresses, start: Self.runStart, isStopped: isStopped, show: { _ in })
    }
}

extension LoadResult {
    func count(_ name: String) -> Fixed? { counts.first { $0.name == name }?.value }
    func spread(_ name: String) -> LoadSpread? { spreads.first { $0.name == name } }
    func ruling(_ id: String) -> LoadRuling? { rulings.first { $0.id == id } }
    /// Of a ruling that must be there.
    func status(_ id: String) throws -> Status { try #require(ruling(id), "\(id)").status }
    func failures(_ name: String) -> Fixed { failures.first { $0.name == name }?.value ?? .zero }

    /// Without those that a busy machine causes.
    var targetDoubts: [String] { doubts.filter { !$0.hasPrefix("the generator") } }
}
