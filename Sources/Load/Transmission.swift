import Base
import Media
import NIOCore
import RTMP
import Sockets

/// One publisher's way through the tape: every message at its time, or not at all.
///
/// As an encoder does, it leaves out what the target does not take, and goes on with sound at
/// once and with pictures at the next key frame.
final class Transmission {
    private let tape: ClipTape
    private let stream: MessageStreamID
    private let from: Instant
    private let context: ChannelHandlerContext
    private let writer: SocketWriter
    private let loop: LoadLoop
    /// When pictures count as due; nil is always.
    private let counted: Range<Instant>?
    /// Whether its home's line may be what takes too little.
    private let isNarrow: Bool
    private var index = 0
    private var round: Int64 = 0
    private var waitsForKey = false
    /// Since when the target has taken nothing.
    private var heldSince: Instant?
    private var isOver = false

    /// Told to the connection's handlers: the target took nothing for longer than `patience`.
    struct NothingTaken {}

    private static let patience = Interval.seconds(5)
    /// Of what is due at once, written in one piece.
    private static let pieceMax = 64 << 10

    init(
        _ tape: ClipTape, of client: LoadPlan.Client, on stream: MessageStreamID, from: Instant,
        _ context: ChannelHandlerContext, _ writer: SocketWriter, _ loop: LoadLoop
    ) {
        self.tape = tape
        self.stream = stream
        self.from = from
        self.context = context
        self.writer = writer
        self.loop = loop
        counted = client.counted(from: loop.began)
        isNarrow = client.line != nil
    }

    func cancel() { isOver = true }

    /// Sends all that is due, and comes back when the next message is.
    func advance() {
        guard !isOver else { return }
        let now = RTMPClient.now
        var due = from + .milliseconds(tape.time(index, round: round))
        while due <= now {
            send(due: due, at: now)
            index += 1
            if index == tape.items.count {
                index = 0
                round += 1
            }
            due = from + .milliseconds(tape.time(index, round: round))
        }
        flush()
        if let heldSince, now - heldSince > Self.patience {
            return context.pipeline.fireUserInboundEventTriggered(NothingTaken())
        }
        loop.sendClock.wake(self, at: due)
    }

    private func send(due: Instant, at now: Instant) {
        let item = tape.items[index]
        let isCounted = item.isPicture && counted?.contains(due) ?? true
        if isCounted { loop.tally.picturesDue += 1 }
        if item.isKey { waitsForKey = false }
        let isTaken = writer.isTaken
        heldSince = isTaken ? nil : heldSince ?? now
        guard isTaken, !(item.isPicture && waitsForKey) else {
            if item.isPicture {
                waitsForKey = true
                if isCounted { loop.tally.picturesHeldBack += 1 }
            }
            loop.tally.messagesHeldBack += 1
            if isNarrow { loop.tally.messagesHeldAtHome += 1 }
            return
        }
        let time = tape.time(index, round: round)
        let stamp = SendStamp.stamp(of: due)
        tape.write(index, time: time, on: stream, stamp: stamp, into: &loop.outbox)
        loop.tally.add(now - due, to: .sendLateness)
        loop.tally.messagesSent += 1
        if loop.outbox.count >= Self.pieceMax { flush() }
    }

    /// What was written so far goes out.
    private func flush() {
        guard !loop.outbox.isEmpty else { return }
        loop.count(sent: loop.outbox.count)
        var bytes: [UInt8] = []
        swap(&bytes, &loop.outbox)
        writer.write(bytes.span)
        bytes.removeAll(keepingCapacity: true)
        swap(&bytes, &loop.outbox)
    }
}
