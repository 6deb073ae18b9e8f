import NIOCore
import NIOPosix
import Testing

@testable import Load

@Suite struct SocketWriterTests {
    /// Keeps what comes, once it is let read.
    private final class Keeper: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let whole: Int
        private let promise: EventLoopPromise<[UInt8]>
        private var bytes: [UInt8] = []

        init(_ whole: Int, _ promise: EventLoopPromise<[UInt8]>) {
            self.whole = whole
            self.promise = promise
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            bytes += unwrapInboundIn(data).readableBytesView
            if bytes.count >= whole { promise.succeed(bytes) }
        }

        func channelInactive(context: ChannelHandlerContext) { promise.succeed(bytes) }
    }

    /// Writes in pieces of all lengths as soon as it is connected.
    private final class Sender: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let pieces: [[UInt8]]
        private let taken: EventLoopPromise<[Bool]>
        private let isSecure: Bool

        init(_ pieces: [[UInt8]], isSecure: Bool, _ taken: EventLoopPromise<[Bool]>) {
            self.pieces = pieces
            self.isSecure = isSecure
            self.taken = taken
        }

        func channelActive(context: ChannelHandlerContext) {
            let writer = SocketWriter(context, isSecure: isSecure)
            taken.succeed(
                pieces.map { piece in
                    writer.write(piece.span)
                    return writer.isTaken
                })
        }
    }

    @Test(
        "a target that does not read yet gets every byte in its order later",
        arguments: [false, true])
    func slowTarget(isSecure: Bool) async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let pieces = (0..<400).map { number in
            (0..<(number * 3_701 % 100_000 + 1)).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ number) }
        }
        let whole = pieces.reduce([], +)
        let received = group.any().makePromise(of: [UInt8].self)
        let accepted = group.any().makePromise(of: (any Channel).self)
        let server = try await ServerBootstrap(group: group)
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.socketOption(.so_rcvbuf), value: 16_384)
            .childChannelInitializer { channel in
                accepted.succeed(channel)
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Keeper(whole.count, received))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let taken = group.any().makePromise(of: [Bool].self)
        let client = try await ClientBootstrap(group: group)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        Sender(pieces, isSecure: isSecure, taken))
                }
            }
            .connect(to: server.localAddress!).get()
        let states = try await taken.futureResult.get()
        #expect(states.first == true && states.last == false)
        try await accepted.futureResult.get().setOption(.autoRead, value: true).get()
        #expect(try await received.futureResult.get() == whole)
        try await client.close()
        try await server.close()
    }
}
