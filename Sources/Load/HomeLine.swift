import Base
import NIOCore
import RTMP
import Sockets

/// A client's connection as narrow as its home's line.
///
/// The kernel paces what a publisher sends to its uplink (socket(7), SO_MAX_PACING_RATE). What
/// waits for that is bounded as OBS bounds it, and what follows is left out. A player
/// reads no faster than its downlink, so that what is too much for it waits at the target.
enum HomeLine {
    /// SO_MAX_PACING_RATE, which NIO has no name for: bytes a second.
    static let pacing = NIOBSDSocket.Option(rawValue: 47)
    /// TCP_MAXSEG: segments of the loopback would hold a quarter of a second of a line.
    private static let segment = NIOBSDSocket.Option(rawValue: 2)
    /// What an Ethernet's hold.
    private static let segmentLength = 1_460
    /// Of the bytes on a line, those that a connection is told of: as in the simulation.
    private static let (payload, onWire): (Int64, Int64) = (1_448, 1_514)
    /// OBS leaves pictures out once so much waits.
    private static let waitingMax = Interval.milliseconds(900)
    private static let receiveBufferMin: Int64 = 16 << 10

    /// Before the connection is made: what a receiver's buffer holds is agreed then.
    static func narrow(
        _ context: ChannelHandlerContext, to rate: Rate, for purpose: ClientSession.Purpose
    ) throws {
        guard let options = context.channel.syncOptions else { return }
        let rate = Rate(
            bitsPerSecond: max(8, multiplyDivide(rate.bitsPerSecond, payload, onWire)))
        func bytes(_ time: Interval) -> Int64 {
            max(1, multiplyDivide(rate.bytesPerSecond, time.nanoseconds, 1_000_000_000))
        }
        try options.setOption(.tcpOption(segment), value: segmentLength)
        // On a player's connection it paces next to nothing, and says whose connection it is.
        try options.setOption(
            .socketOption(pacing), value: Int(rate.bytesPerSecond))
        switch purpose {
        case .publish:
            // Half of it waits in the kernel, which doubles what it is told: socket(7), SO_SNDBUF.
            let half = Int(bytes(waitingMax) / 2)
            try options.setOption(.socketOption(.so_sndbuf), value: half / 2)
            try options.setOption(
                .writeBufferWaterMark, value: .init(low: max(1, half / 2), high: max(1, half)))
        case .play:
            let kept = max(receiveBufferMin, bytes(.milliseconds(250)))
            try options.setOption(.socketOption(.so_rcvbuf), value: Int(kept))
            try options.setOption(.maxMessagesPerRead, value: 1)
            try context.pipeline.syncOperations.addHandler(Downlink(rate), position: .first)
        }
    }
}

/// Reads no more until the line has carried what was read.
private final class Downlink: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer

    private let rate: Rate
    private var carriedAt = Instant(nanoseconds: 0)
    private var waiting: Scheduled<Void>?

    init(_ rate: Rate) { self.rate = rate }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bits = Int64(unwrapInboundIn(data).readableBytes) * 8
        let time = multiplyDivide(bits, 1_000_000_000, rate.bitsPerSecond)
        carriedAt = max(carriedAt, RTMPClient.now) + Interval(nanoseconds: time)
        context.fireChannelRead(data)
    }

    func read(context: ChannelHandlerContext) {
        guard carriedAt > RTMPClient.now else { return context.read() }
        guard waiting == nil else { return }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        waiting = context.eventLoop.scheduleTask(deadline: carriedAt.deadline) {
            let (line, context) = bound.value
            line.waiting = nil
            context.read()
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { waiting?.cancel() }
}
