import Base
import NIOCore
import NIOPosix
import RTMP

/// `bench-blast sink`: takes what publishers send and looks at none of it, so that the generator
/// and not the target is what is measured. Prints its port, and runs until it is ended.
enum Sink {
    static func run() throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let listener = try ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 4_096)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(SinkHandler())
                }
            }
            .bind(host: "127.0.0.1", port: 0).wait()
        print(listener.localAddress?.port ?? 0)
        fflush(nil)
        try listener.closeFuture.wait()
    }
}

private final class SinkHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private var session = ServerSession(
        limits: Limits(), chunkSize: 4_096, random: Random(seed: 1), at: SinkHandler.now)
    /// It publishes: nothing more is looked at.
    private var isTaking = false

    private static var now: Instant {
        Instant(nanoseconds: Int64(NIODeadline.now().uptimeNanoseconds))
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isTaking else { return }
        let buffer = unwrapInboundIn(data)
        session.receive(buffer.readableBytesUInt8Span)
        do {
            while let event = try session.next(at: Self.now) {
                switch event {
                case .connect: session.accept()
                case .publish:
                    session.accept()
                    isTaking = true
                case .play: session.reject(Status(.error, .playFailed, "Nothing is played here."))
                case .media, .unpublished, .stopped, .paused, .wants: break
                }
            }
        } catch {
            context.close(promise: nil)
        }
        let output = session.takeOutput()
        guard !output.isEmpty else { return }
        context.writeAndFlush(NIOAny(ByteBuffer(bytes: output)), promise: nil)
    }
}
