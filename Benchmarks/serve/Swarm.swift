import Base
import Media
import NIOCore
import NIOPosix
import RTMP

/// Players that read and count. Every fiftieth parses what it gets and looks for gaps.
final class Swarm: Sendable {
    private let players = NIOLoopBoundBoxes()
    private static let parsedEvery = 50

    func join(_ count: Int, port: Int, on group: MultiThreadedEventLoopGroup) async throws {
        for index in 0..<count {
            let player = Player(parses: index % Self.parsedEvery == 0)
            let channel = try await ClientBootstrap(group: group)
                .channelOption(
                    .recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 64 << 10)
                )
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(
                            PlayerHandler(player: player, port: port))
                    }
                }
                .connect(host: "127.0.0.1", port: port).get()
            players.append(channel, player)
        }
    }

    func bytes(on group: MultiThreadedEventLoopGroup) async -> Int {
        await sum(on: group) { $0.bytes }
    }

    /// Video messages that the parsing players should have had and had not.
    func lost(on group: MultiThreadedEventLoopGroup) async -> Int {
        await sum(on: group) { $0.lost }
    }

    private func sum(
        on group: MultiThreadedEventLoopGroup, _ value: @escaping @Sendable (Player) -> Int
    ) async -> Int {
        let all = players.all
        return
            (try? await group.next().submit { all.reduce(0) { $0 + value($1.player) } }.get())
            ?? -1
    }

    func leave() async {
        for (channel, _) in players.all { try? await channel.close() }
    }
}

/// The channels and players of a swarm; filled by one task.
final class NIOLoopBoundBoxes: @unchecked Sendable {
    private(set) var all: [(channel: any Channel, player: Player)] = []

    func append(_ channel: any Channel, _ player: Player) { all.append((channel, player)) }
}

/// What one player saw; touched on its event loop only.
final class Player: @unchecked Sendable {
    let parses: Bool
    var bytes = 0
    var lost = 0
    private var lastNumber: Int64?

    init(parses: Bool) { self.parses = parses }

    /// A frame's time tells its number: there are 30 a second.
    func take(_ message: MediaMessage) {
        guard message.kind == .video, MediaRole(message) != .header else { return }
        let number = (message.timestamp.milliseconds * 30 + 999) / 1000
        if let lastNumber, number > lastNumber { lost += Int(number - lastNumber) - 1 }
        lastNumber = number
    }
}

private final class PlayerHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let player: Player
    private var session: ClientSession
    private let clock = BenchClock()

    init(player: Player, port: Int) {
        self.player = player
        session = ClientSession(
            .play, StreamURL("rtmp://127.0.0.1:\(port)/live/bench")!, handshake: .simple,
            limits: Limits(), chunkSize: 4096, random: Random(seed: 1), at: clock.now)
    }

    func channelActive(context: ChannelHandlerContext) { send(context) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        player.bytes += buffer.readableBytes
        guard player.parses || !session.isStarted else { return }
        session.receive(buffer.readableBytesUInt8Span)
        do {
            while let event = try session.next(at: clock.now) {
                if case .media(let message) = event { player.take(message) }
            }
        } catch {
            return context.close(promise: nil)
        }
        send(context)
    }

    private func send(_ context: ChannelHandlerContext) {
        let output = session.takeOutput()
        guard !output.isEmpty else { return }
        context.writeAndFlush(NIOAny(ByteBuffer(bytes: output)), promise: nil)
    }
}

/// Nanoseconds since any moment.
struct BenchClock {
    var now: Instant { Instant(nanoseconds: Int64(NIODeadline.now().uptimeNanoseconds)) }
}
