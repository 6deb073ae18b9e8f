import Base
import NIOCore
import NIOHTTP1
import RTMP
import Sockets

/// A player over HLS: reads the playlist, fetches segment after segment, and shows them.
///
/// Segments are fetched whole and not looked into: what is measured is whether each comes before
/// it is to be shown, by a player that waits for its reserve first.
final class HLSPlayer: ChannelInboundHandler, LoadClient {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private enum Asking { case nothing, playlist, segment(HLSPlaylist.Segment) }

    let client: LoadPlan.Client
    private let loop: LoadLoop
    private let target: WebTarget
    /// Of the playlist, behind the target's own.
    private var path: String
    /// Whether the path is from a list of playlists.
    private var isVariant = false
    private let called = RTMPClient.now
    /// Of the last connection that was called for. What becomes of those before it is no matter.
    private var newest: ChannelHandlerContext?
    /// The same once it is there, until it is over.
    private var context: ChannelHandlerContext?
    private var timer: Scheduled<Void>?

    private var asking = Asking.nothing
    private var askedAt: Instant
    private var status = 0
    private var keepsAlive = true
    private var body = ByteBuffer()
    /// Known and not fetched yet.
    private var ahead: [HLSPlaylist.Segment] = []
    private var nextNumber: Int64?
    private var wasConnected = false
    private var isStarted = false
    private var isOver = false
    /// What was fetched lasts until then; nil before the first.
    private var shownUntil: Instant?

    private static let timeout = TimeAmount.seconds(20)
    /// A playlist that is not there yet, or says nothing new, is asked for no sooner than that.
    private static let pause = Interval.milliseconds(500)
    private static let playlistMax = 1 << 20
    /// No load lasts longer, so what is fetched beyond is as good as endless.
    private static let aheadMax = Interval.hours(24)

    init(_ client: LoadPlan.Client, _ target: WebTarget, _ path: String, _ loop: LoadLoop) {
        self.client = client
        self.target = target
        self.path = path
        self.loop = loop
        askedAt = called
    }

    // MARK: The channel

    func handlerAdded(context: ChannelHandlerContext) {
        newest = context
        context.speakHTTP { [loop] in loop.count(sent: $0, received: $1) }
    }

    func channelActive(context: ChannelHandlerContext) {
        guard !isOver else { return context.close(promise: nil) }
        if !wasConnected { loop.tally.add(RTMPClient.now - called, to: .connect) }
        wasConnected = true
        self.context = context
        context.fireChannelActive()
        goOn()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            status = Int(head.status.code)
            keepsAlive = head.isKeepAlive
            body.clear()
        case .body(var part):
            // A segment is not looked into.
            guard case .playlist = asking else { return }
            body.writeBuffer(&part)
            if body.readableBytes > Self.playlistMax { fail(.notHLS, "a playlist without end") }
        case .end: answered(context)
        }
    }

    /// Between two requests a server may close the connection, or break it off; the next takes
    /// another.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if context === newest {
            if isWaiting || self.context == nil {
                fail(LoadFailure(connecting: error), "\(error)")
            } else {
                self.context = nil
                newest = nil
            }
        }
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        if context === newest {
            self.context = nil
            newest = nil
            if isWaiting { fail(.closed, "") }
        }
        if isOver, self.context == nil {
            timer?.cancel()
            loop.remove(self)
        }
        context.fireChannelInactive()
    }

    private var isWaiting: Bool {
        switch asking {
        case .nothing: false
        case .playlist, .segment: true
        }
    }

    func connectionFailed(_ error: any Error) {
        newest = nil
        fail(LoadFailure(connecting: error), "\(error)")
        loop.remove(self)
    }

    // MARK: Requests

    /// Asks for what is next, once there is a connection.
    private func goOn() {
        guard !isOver else { return }
        guard let context else { return loop.reopen(self, target.connectionURL) }
        let next = ahead.first
        asking = next.map { .segment($0) } ?? .playlist
        guard let path = next.map({ HLSPlaylist.path($0.address, from: path) }) ?? path else {
            return fail(.redirected, next?.address ?? "")
        }
        let head = target.asking(for: path)
        askedAt = RTMPClient.now
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        wait(Self.timeout) { $0.fail(.noHTTPAnswer, "") }
    }

    private func wait(_ time: TimeAmount, then body: @escaping @Sendable (HLSPlayer) -> Void) {
        timer?.cancel()
        let bound = NIOLoopBound(self, eventLoop: loop.eventLoop)
        timer = loop.eventLoop.scheduleTask(in: time) { body(bound.value) }
    }

    private func pause(_ time: Interval) {
        wait(.nanoseconds(max(time.nanoseconds, 0))) { $0.goOn() }
    }

    private func answered(_ context: ChannelHandlerContext) {
        let (asked, now) = (asking, RTMPClient.now)
        asking = .nothing
        timer?.cancel()
        guard !isOver else { return }
        if !keepsAlive {
            self.context = nil
            newest = nil
            context.close(promise: nil)
        }
        switch (asked, status) {
        case (.segment(let segment), 200): take(segment, at: now)
        case (.playlist, 200): takePlaylist(at: now)
        // The stream is not there yet.
        case (.playlist, 404) where !isStarted: pause(Self.pause)
        case (_, 300..<400): fail(.redirected, "\(status)")
        case _: fail(.httpStatus, "\(status)")
        }
    }

    private func takePlaylist(at now: Instant) {
        guard let playlist = HLSPlaylist(String(buffer: body)) else { return fail(.notHLS, "") }
        if let variant = playlist.variant {
            guard !isVariant else { return fail(.notHLS, "one list of playlists leads to another") }
            guard let path = HLSPlaylist.path(variant, from: path) else {
                return fail(.redirected, variant)
            }
            self.path = path
            isVariant = true
            return goOn()
        }
        guard let first = nextNumber ?? playlist.firstNumber else { return pause(Self.pause) }
        if !isStarted {
            isStarted = true
            loop.noteStart(.play)
            loop.tally.add(now - called, to: .playAccepted)
        }
        ahead = playlist.segments.filter { $0.number >= first }
        nextNumber = first
        if !ahead.isEmpty { return goOn() }
        if playlist.isEnded { return fail(.ended, "") }
        // RFC 8216, 6.3.4: half a target duration where nothing changed.
        pause(max(Self.pause, Interval(nanoseconds: playlist.target.nanoseconds / 2)))
    }

    private func take(_ segment: HLSPlaylist.Segment, at now: Instant) {
        loop.tally.segments += 1
        loop.tally.add(now - askedAt, to: .segment)
        if let until = shownUntil {
            if now > until { loop.tally.add(now - until, to: .stall) }
            shownUntil = min(max(now, until) + segment.length, now + Self.aheadMax)
        } else {
            loop.tally.add(now - called, to: .firstFrame)
            loop.tally.startups += now + client.reserve - called
            shownUntil = now + client.reserve + segment.length
        }
        nextNumber = segment.number + 1
        if !ahead.isEmpty { ahead.removeFirst() }
        goOn()
    }

    // MARK: The end

    private func fail(_ failure: LoadFailure, _ detail: String) {
        guard !isOver else { return }
        end()
        loop.note(failure, of: client, wasStarted: isStarted, detail)
        context?.close(promise: nil)
    }

    private func end() {
        let now = RTMPClient.now
        let standing = standing(at: now)
        isOver = true
        asking = .nothing
        timer?.cancel()
        if isStarted { loop.noteEnd(.play) }
        if shownUntil == nil { loop.tally.startups += now - called }
        if let standing { loop.tally.add(standing, to: .stall) }
    }

    func standing(at now: Instant) -> Interval? {
        guard !isOver, let shownUntil, now > shownUntil else { return nil }
        return now - shownUntil
    }

    func leave() -> EventLoopFuture<Void>? {
        let now = RTMPClient.now
        let waited = now - called
        if !isStarted, waited > LoadLoop.patience {
            fail(.unanswered, "")
        } else if shownUntil == nil, waited > LoadLoop.patience {
            fail(.noPicture, "")
        } else if let standing = standing(at: now), standing > LoadLoop.patience {
            fail(.stoodStill, "")
        } else if !isOver {
            end()
        }
        guard let context else {
            loop.remove(self)
            return nil
        }
        let channel = context.channel
        channel.close(promise: nil)
        return channel.closeFuture
    }
}
