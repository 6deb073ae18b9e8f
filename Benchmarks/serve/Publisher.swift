import Base
import NIOCore
import NIOPosix
import RTMP

/// Publishes 30 video frames and 43 audio frames a second: 2.5 Mb/s and 128 kb/s, a key frame
/// every two seconds four times as large as the others. Frames carry numbers, so that a player can
/// see a gap; servers look at no more than the first two bytes.
final class Publisher: Sendable {
    private let channel: any Channel

    private init(channel: any Channel) { self.channel = channel }

    /// `percent` of the video's size: what a message costs apart from its bytes shows at few.
    static func start(
        port: Int, percent: Int, on group: MultiThreadedEventLoopGroup
    ) async throws -> Publisher {
        let channel = try await ClientBootstrap(group: group)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        PublisherHandler(port: port, percent: percent))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        return Publisher(channel: channel)
    }

    func stop() { channel.close(promise: nil) }
}

private final class PublisherHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private var session: ClientSession
    private let clock = BenchClock()
    private var startedAt: Instant?
    private var videoCount: Int64 = 0
    private var audioCount: Int64 = 0
    private var timer: RepeatedTask?

    private let videoLength: Int
    private let keyLength: Int
    private static let audioLength = 372
    private static let framesPerGOP: Int64 = 60

    init(port: Int, percent: Int) {
        videoLength = max(9, 9_760 * percent / 100)
        keyLength = max(9, 39_000 * percent / 100)
        session = ClientSession(
            .publish, StreamURL("rtmp://127.0.0.1:\(port)/live/bench")!, handshake: .simple,
            limits: Limits(), chunkSize: 4096, random: Random(seed: 2), at: clock.now)
    }

    func channelActive(context: ChannelHandlerContext) {
        flush(context)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        let own = NIOLoopBound(self, eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleRepeatedTask(
            initialDelay: .milliseconds(5), delay: .milliseconds(5)
        ) { _ in own.value.publish(bound.value) }
    }

    func channelInactive(context: ChannelHandlerContext) { timer?.cancel() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        session.receive(buffer.readableBytesUInt8Span)
        do {
            while let event = try session.next(at: clock.now) {
                if case .started = event { begin() }
            }
        } catch {
            return context.close(promise: nil)
        }
        flush(context)
    }

    private func begin() {
        startedAt = clock.now
        let video: [UInt8] = [0x17, 0, 0, 0, 0, 1, 66, 0, 31, 0xFF, 0xE0, 0]
        session.send(MediaMessage(kind: .video, timestamp: .zero, payload: video))
        session.send(MediaMessage(kind: .audio, timestamp: .zero, payload: [0xAF, 0, 0x12, 0x10]))
    }

    /// Sends what is due.
    private func publish(_ context: ChannelHandlerContext) {
        guard let startedAt else { return }
        let elapsed = (clock.now - startedAt).nanoseconds / 1_000_000
        while videoCount * 1000 / 30 <= elapsed {
            let isKey = videoCount % Self.framesPerGOP == 0
            var payload = [UInt8](
                repeating: 0x55, count: isKey ? keyLength : videoLength)
            payload.replaceSubrange(0..<5, with: [isKey ? 0x17 : 0x27, 1, 0, 0, 0])
            for byte in 0..<4 { payload[5 + byte] = UInt8(videoCount >> (24 - 8 * byte) & 0xFF) }
            send(.video, videoCount * 1000 / 30, payload)
            videoCount += 1
        }
        while audioCount * 1024_000 / 44_100 <= elapsed {
            var payload = [UInt8](repeating: 0x21, count: Self.audioLength)
            payload.replaceSubrange(0..<2, with: [0xAF, 1])
            send(.audio, audioCount * 1024_000 / 44_100, payload)
            audioCount += 1
        }
        flush(context)
    }

    private func send(_ kind: MediaMessage.Kind, _ time: Int64, _ payload: [UInt8]) {
        session.send(
            MediaMessage(
                kind: kind, timestamp: Timestamp(milliseconds: time), payload: payload))
    }

    private func flush(_ context: ChannelHandlerContext) {
        let output = session.takeOutput()
        guard !output.isEmpty else { return }
        context.writeAndFlush(NIOAny(ByteBuffer(bytes: output)), promise: nil)
    }
}
