import Base
import NIOCore
import NIOPosix
import RTMP

/// `bench-blast sink`: takes what publishers send and looks at none of it, so that the generator
/// and not the target is what is measured. Prints its port, and runs until it is ended.
///
/// It reads by the clock: a target that waits for bytes on this machine is woken by who sends them,
/// at the sender's cost, and one at the other end of a network is not.
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

    private static let readsEvery = TimeAmount.milliseconds(20)

    private static var now: Instant {
        Instant(nanoseconds: Int64(NIODeadline.now().uptimeNanoseconds))
    }

    private func readByTheClock(_ context: ChannelHandlerContext) {
        let channel = context.channel
        try? channel.syncOptions?.setOption(.autoRead, value: false)
        let reading = context.eventLoop.scheduleRepeatedTask(
            initialDelay: Self.readsEvery, delay: Self.readsEvery
        ) { _ in channel.read() }
        channel.closeFuture.whenComplete { _ in reading.cancel() }
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
                    readByTheClock(context)
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
