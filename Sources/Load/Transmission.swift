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
    private let loop: LoadLoop
    /// When pictures count as due; nil is always.
    private let counted: Range<Instant>?
    private var index = 0
    private var round: Int64 = 0
    private var waitsForKey = false
    private var isOver = false

    /// As much is cheaper copied than sent as a piece of its own.
    private static let copiedMax = 2_048

    init(
        _ tape: ClipTape, on stream: MessageStreamID, from: Instant,
        _ context: ChannelHandlerContext, _ loop: LoadLoop, counted: Range<Instant>?
    ) {
        self.tape = tape
        self.stream = stream
        self.from = from
        self.context = context
        self.loop = loop
        self.counted = counted
    }

    func cancel() { isOver = true }

    /// Sends all that is due, and comes back when the next message is.
    func advance() {
        guard !isOver else { return }
        let now = RTMPClient.now
        var due = from + .milliseconds(tape.time(index, round: round))
        var hasWritten = false
        while due <= now {
            if send(due: due, at: now) { hasWritten = true }
            index += 1
            if index == tape.items.count {
                index = 0
                round += 1
            }
            due = from + .milliseconds(tape.time(index, round: round))
        }
        if hasWritten { context.flush() }
        loop.sendClock.wake(self, at: due)
    }

    private func send(due: Instant, at now: Instant) -> Bool {
        let item = tape.items[index]
        let isCounted = item.isPicture && counted?.contains(due) ?? true
        if isCounted { loop.tally.picturesDue += 1 }
        if item.isKey { waitsForKey = false }
        if !context.channel.isWritable { context.flush() }
        guard context.channel.isWritable, !(item.isPicture && waitsForKey) else {
            if item.isPicture {
                waitsForKey = true
                if isCounted { loop.tally.picturesHeldBack += 1 }
            }
            loop.tally.messagesHeldBack += 1
            return false
        }
        let time = tape.time(index, round: round)
        var head = tape.head(index, time: time, on: stream, stamp: due)
        loop.tally.add(now - due, to: .sendLateness)
        loop.tally.messagesSent += 1
        loop.tally.bytesSent += Int64(head.readableBytes + item.rest.readableBytes)
        if item.rest.readableBytes <= Self.copiedMax {
            head.writeImmutableBuffer(item.rest)
            context.write(NIOAny(head), promise: nil)
        } else {
            context.write(NIOAny(head), promise: nil)
            context.write(NIOAny(item.rest), promise: nil)
        }
        return true
    }
}
