import Base
import Logging
import NIOCore
import NIOPosix
import Platform

/// A cache on real sockets: its event loop and its port.
public final class CacheService: Sendable {
    public struct Options: Sendable {
        public var server = CacheServer.Settings()
        public var address = "127.0.0.1"
        /// 0 takes any free port.
        public var port = 6379

        public init() {}
    }

    /// The port actually bound.
    public let port: Int
    private let group: MultiThreadedEventLoopGroup
    private let loop: CacheLoop
    private let listener: any Channel

    /// Connections that wait to be accepted.
    private static let backlog: Int32 = 511
    /// A connection with more to send than the higher is not read until it has less than the lower.
    private static let waterMark = ChannelOptions.Types.WriteBufferWaterMark(
        low: 256 << 10, high: 1 << 20)
    /// Of one read: PROTO_IOBUF_LEN.
    private static let readSize = 16 << 10

    /// Binds the port, or throws `StartError` and leaves nothing bound.
    public static func start(_ options: Options, logger: Logger) async throws -> CacheService {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        do {
            return try await CacheService(options, group, logger)
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
    }

    private init(
        _ options: Options, _ group: MultiThreadedEventLoopGroup, _ logger: Logger
    ) async throws {
        self.group = group
        let loop = CacheLoop(options.server, on: group.next(), logger: logger)
        self.loop = loop
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: Self.backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.writeBufferWaterMark, value: Self.waterMark)
            .childChannelOption(
                .recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: Self.readSize)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(CacheHandler(loop: loop))
                }
            }
        do {
            listener = try await bootstrap.bind(host: options.address, port: options.port).get()
        } catch {
            throw StartError.cannotBind(
                address: options.address, port: options.port, reason: "\(error)")
        }
        port = listener.localAddress?.port ?? 0
        try await loop.begin()
    }

    /// Looks at the server, from any thread.
    public func read<Value: Sendable>(
        _ body: @escaping @Sendable (borrowing CacheServer) -> Value
    ) async throws -> Value {
        try await loop.read(body)
    }

    /// Accepts no more, sends what there is to send, and frees the port.
    public func stop() async {
        try? await listener.close()
        await loop.end()
        try? await group.shutdownGracefully()
    }
}
