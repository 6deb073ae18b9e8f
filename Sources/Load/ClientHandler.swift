import Base
import Media
import NIOCore
import Platform
import RTMP
import Sockets

/// One client of the load on its channel: an RTMP session, and what it measures.
final class ClientHandler: ChannelInboundHandler, LoadClient {
    typealias InboundIn = ByteBuffer

    let client: LoadPlan.Client
    private let loop: LoadLoop
    private let called = RTMPClient.now
    private var session: ClientSession
    private var context: ChannelHandlerContext?
    private var timer: (at: Instant, task: Scheduled<Void>)?

    private var isGreeted = false
    private var isStarted = false
    /// Nothing is measured of it any more: it failed, or we ended it.
    private var isOver = false
    private var reception: Reception?
    private var transmission: Transmission?
    /// Of what is said and sent.
    private var writer: SocketWriter?

    init(_ client: LoadPlan.Client, _ url: StreamURL, _ loop: LoadLoop) {
        self.client = client
        self.loop = loop
        var limits = Limits()
        limits.mediaKeptMax = Self.mediaKeptMax
        session = ClientSession(
            client.purpose, url, handshake: .digest, limits: limits,
            chunkSize: ClipTape.chunkSize, random: Random(seed: UInt64(client.number) + 1),
            at: called)
    }

    /// What says of a message whether it is a key frame, and when it was sent.
    private static let mediaKeptMax = 256

    /// An ordinary picture fits into one of them: each read that a picture takes more costs as much
    /// as a message of sound. A size that adapts would be sound's every time.
    private static let buffers = FixedSizeRecvByteBufferAllocator(capacity: 16_384)

    // MARK: The channel

    func handlerAdded(context: ChannelHandlerContext) {
        guard let line = client.line else { return }
        do {
            try HomeLine.narrow(context, to: line, for: client.purpose)
        } catch {
            fail(.noConnection, "no line of \(line.bitsPerSecond) bit/s: \(error)")
        }
    }

    func channelActive(context: ChannelHandlerContext) {
        // It left while it was still called for.
        guard !isOver else { return context.close(promise: nil) }
        self.context = context
        writer = SocketWriter(context, isSecure: session.url.isSecure)
        loop.tally.add(RTMPClient.now - called, to: .connect)
        // A channel keeps the buffer that it read into last.
        try? context.channel.syncOptions?.setOption(.recvAllocator, value: Self.buffers)
        advance(context)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        loop.count(received: buffer.readableBytes)
        guard !isOver else { return }
        session.receive(buffer.readableBytesUInt8Span)
        advance(context)
    }

    /// Nobody behind this one wants to know.
    func channelReadComplete(context: ChannelHandlerContext) {}

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let failure = LoadFailure(connecting: error)
        let isKnown = failure == .reset || failure == .notTrusted
        fail(isKnown ? failure : isStarted ? .closed : .closedEarly, "\(error)")
        context.close(promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is Transmission.NothingTaken else {
            return context.fireUserInboundEventTriggered(event)
        }
        fail(.tookNothing, "")
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(isStarted ? .closed : .closedEarly, "")
        timer?.task.cancel()
        timer = nil
        transmission?.cancel()
        self.context = nil
        writer = nil
        loop.remove(self)
        context.fireChannelInactive()
    }

    func connectionFailed(_ error: any Error) {
        fail(LoadFailure(connecting: error), "\(error)")
        loop.remove(self)
    }

    // MARK: The session

    private func advance(_ context: ChannelHandlerContext) {
        let now = RTMPClient.now
        do throws(RTMPError) {
            while let event = try session.next(at: now) { take(event, at: now) }
        } catch {
            fail(LoadFailure(error, isStarted: isStarted), "\(error)")
            flush()
            return context.close(promise: nil)
        }
        if !isGreeted, session.isGreeted {
            isGreeted = true
            loop.tally.add(now - called, to: .handshake)
        }
        flush()
        setTimer(context)
    }

    private func take(_ event: ClientEvent, at now: Instant) {
        switch event {
        case .started(let stream): start(on: stream, at: now)
        case .media(let message): reception?.receive(message, at: now, into: &loop.tally)
        case .status: break
        case .ended(let status):
            // A stream that we end ourselves ends for its players too.
            fail(.ended, status.code)
            context?.close(promise: nil)
        }
    }

    private func start(on stream: MessageStreamID, at now: Instant) {
        isStarted = true
        loop.noteStart(client)
        switch client.purpose {
        case .publish:
            loop.tally.add(now - called, to: .publishAccepted)
            let tape = loop.tapes[client.shape]
            for header in tape.headers { session.send(header) }
            flush()
            guard let context, let writer else { return }
            transmission = Transmission(
                tape, of: client, on: stream, from: now, context, writer, loop)
            transmission?.advance()
        case .play:
            loop.tally.add(now - called, to: .playAccepted)
            reception = loop.reception(of: client, called: called, started: now)
        }
    }

    private func flush() {
        let output = session.takeOutput()
        guard !output.isEmpty else { return }
        loop.count(sent: output.count)
        writer?.write(output.span)
    }

    private func setTimer(_ context: ChannelHandlerContext) {
        let at = session.deadline
        // Every byte moves the deadline on; a timer that comes too early sets the next.
        if let timer, timer.at <= at { return }
        timer?.task.cancel()
        timer = nil
        guard at < .distantFuture else { return }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let task = context.eventLoop.scheduleTask(deadline: at.deadline) {
            let (handler, context) = bound.value
            handler.timer = nil
            handler.advance(context)
        }
        timer = (at, task)
    }

    // MARK: The end

    private func fail(_ failure: LoadFailure, _ detail: String) {
        guard !isOver else { return }
        end()
        loop.note(
            failure, of: client, wasStarted: isStarted,
            hasPlayed: reception.map { !$0.isEmpty } ?? false, detail)
    }

    private func end() {
        isOver = true
        transmission?.cancel()
        if isStarted { loop.noteEnd(client.purpose) }
        let now = RTMPClient.now
        if reception == nil { loop.note(startup: now - called, of: client) }
        reception?.finish(at: now, into: &loop.tally)
    }

    /// Leaves where a person would: told so now and then.
    func loseHeart(at now: Instant) {
        guard !isOver, let patience = client.patience else { return }
        let isTooLong =
            if let reception, !reception.isEmpty {
                (reception.standing(at: now) ?? .zero) > patience.stallMax
            } else {
                now - called > ViewerClient.connectingMax(patience: patience.stallMax)
            }
        guard isTooLong else { return }
        fail(.lostPatience, "")
        context?.close(promise: nil)
    }

    func standing(at now: Instant) -> Interval? { isOver ? nil : reception?.standing(at: now) }

    func leave() -> EventLoopFuture<Void>? {
        let now = RTMPClient.now
        let waited = now - called
        if isStarted, reception?.isEmpty ?? false, waited > LoadLoop.patience {
            fail(.noPicture, "")
        } else if !isStarted, waited > LoadLoop.patience {
            fail(.unanswered, "")
        } else if client.line == nil, let standing = standing(at: now),
            standing > LoadLoop.patience
        {
            fail(.stoodStill, "")
        } else if !isOver {
            end()
        }
        guard let context else { return nil }
        session.end()
        flush()
        let channel = context.channel
        channel.close(promise: nil)
        return channel.closeFuture
    }
}
