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

    init(
        _ tape: ClipTape, on stream: MessageStreamID, from: Instant,
        _ context: ChannelHandlerContext, _ loop: LoadLoop, counted: Range<Instant>?,
        isNarrow: Bool
    ) {
        self.tape = tape
        self.stream = stream
        self.from = from
        self.context = context
        self.loop = loop
        self.counted = counted
        self.isNarrow = isNarrow
    }

    func cancel() { isOver = true }

    /// Sends all that is due, and comes back when the next message is.
    func advance() {
        guard !isOver else { return }
        let now = RTMPClient.now
        var batch = Batch(context)
        var due = from + .milliseconds(tape.time(index, round: round))
        while due <= now {
            send(due: due, at: now, in: &batch)
            index += 1
            if index == tape.items.count {
                index = 0
                round += 1
            }
            due = from + .milliseconds(tape.time(index, round: round))
        }
        batch.flush()
        if let heldSince, now - heldSince > Self.patience {
            return context.pipeline.fireUserInboundEventTriggered(NothingTaken())
        }
        loop.sendClock.wake(self, at: due)
    }

    private func send(due: Instant, at now: Instant, in batch: inout Batch) {
        let item = tape.items[index]
        let isCounted = item.isPicture && counted?.contains(due) ?? true
        if isCounted { loop.tally.picturesDue += 1 }
        if item.isKey { waitsForKey = false }
        let isTaken = batch.isTaken
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
        let length = batch.append(item) { buffer in
            let stamp = SendStamp.stamp(of: due)
            tape.writeHead(index, time: time, on: stream, stamp: stamp, into: &buffer)
        }
        loop.tally.add(now - due, to: .sendLateness)
        loop.tally.messagesSent += 1
        loop.count(sent: length)
    }
}

/// What one publisher has due at a time: one write, as far as copying is cheaper than sending
/// another piece.
private struct Batch {
    private let context: ChannelHandlerContext
    private let channel: any Channel
    private var buffer = ByteBuffer()
    private var hasWritten = false

    private static let copiedMax = 4_096

    init(_ context: ChannelHandlerContext) {
        self.context = context
        channel = context.channel
    }

    /// Whether the connection takes more; what was written before is sent if that helps.
    var isTaken: Bool {
        mutating get {
            if channel.isWritable { return true }
            flush()
            return channel.isWritable
        }
    }

    /// How many bytes the message has.
    mutating func append(_ item: ClipTape.Item, head: (inout ByteBuffer) -> Void) -> Int {
        let length = item.head.count + item.rest.readableBytes
        if item.rest.readableBytes <= Self.copiedMax {
            buffer.reserveCapacity(minimumWritableBytes: length)
            head(&buffer)
            buffer.writeImmutableBuffer(item.rest)
        } else {
            head(&buffer)
            write()
            context.write(NIOAny(item.rest), promise: nil)
        }
        return length
    }

    private mutating func write() {
        context.write(NIOAny(buffer), promise: nil)
        buffer = ByteBuffer()
        hasWritten = true
    }

    mutating func flush() {
        if buffer.readableBytes > 0 { write() }
        if hasWritten { context.flush() }
        hasWritten = false
    }
}
