import Base
import NIOCore
import Platform
import RTMP

/// One spot check's connection to a node: plays a stream over RTMP, and is content when the first
/// picture or sound has come.
final class SpotCheckHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var session: ClientSession
    private let clock: SocketClock
    private let report: (SessionMessage) -> Void
    private var isPlaying = false

    init(_ url: StreamURL, clock: SocketClock, report: @escaping (SessionMessage) -> Void) {
        self.clock = clock
        self.report = report
        var system = SystemRandomNumberGenerator()
        session = ClientSession(
            .play, url, handshake: .digest, limits: Limits(), chunkSize: 4_096,
            random: Random(seed: system.next()), at: clock.now)
    }

    func channelActive(context: ChannelHandlerContext) { flush(context) }
    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { flush(context) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        session.receive(buffer.readableBytesUInt8Span)
        do {
            while let event = try session.next(at: clock.now) { note(event) }
        } catch {
            if case .rejected = error { report(.rejected(.unavailable)) }
            context.close(promise: nil)
            return
        }
        flush(context)
    }

    private func note(_ event: ClientEvent) {
        switch event {
        case .media(let media):
            guard !isPlaying, media.kind == .video || media.kind == .audio else { return }
            isPlaying = true
            report(.accepted)
        case .ended: report(.ended)
        case .started, .status: break
        }
    }

    private func flush(_ context: ChannelHandlerContext) {
        let output = session.takeOutput()
        guard !output.isEmpty else { return }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: output)), promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
