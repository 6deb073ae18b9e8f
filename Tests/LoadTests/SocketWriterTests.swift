import NIOCore
import NIOPosix
import Testing

@testable import Load

@Suite struct SocketWriterTests {
    /// Keeps what comes, once it is let read.
    private final class Keeper: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let whole: Int
        private let promise: EventLoopPromise<ByteBuffer>
        private var bytes = ByteBuffer()

        init(_ whole: Int, _ promise: EventLoopPromise<ByteBuffer>) {
            self.whole = whole
            self.promise = promise
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            bytes.writeImmutableBuffer(unwrapInboundIn(data))
            if bytes.readableBytes >= whole { promise.succeed(bytes) }
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
            [UInt8](repeating: UInt8(number % 251), count: number * 3_701 % 40_000 + 1)
        }
        var whole = ByteBuffer()
        for piece in pieces { whole.writeBytes(piece) }
        let length = whole.readableBytes
        let received = group.any().makePromise(of: ByteBuffer.self)
        let accepted = group.any().makePromise(of: (any Channel).self)
        let server = try await ServerBootstrap(group: group)
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.socketOption(.so_rcvbuf), value: 16_384)
            .childChannelInitializer { channel in
                accepted.succeed(channel)
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Keeper(length, received))
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
