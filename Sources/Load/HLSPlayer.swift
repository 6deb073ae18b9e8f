import Base
import Media
import NIOCore
import NIOHTTP1
import RTMP
import Sockets

/// A player over HLS: reads the playlist, fetches segment after segment, and shows them.
///
/// What is measured is whether each segment comes before it is to be shown, by a player that waits
/// for its reserve first, and how old its pictures are when they come: by our stamps in them, or,
/// without any, by the dates in the playlist and an estimate of the server's clock.
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
    private var reader = TransportReader()
    /// Whether the segment that is being fetched has one.
    private var hasStamp = false
    private var hasPicture = false
    private var dateHeader: Instant?
    private var offset = ClockOffset()
    private var startedAt: Instant
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
        startedAt = called
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
            dateHeader = head.headers.first(name: "Date").flatMap(HTTPDate.instant)
            body.clear()
        case .body(var part):
            switch asking {
            case .nothing: break
            case .playlist:
                body.writeBuffer(&part)
                if body.readableBytes > Self.playlistMax { fail(.notHLS, "a playlist without end") }
            case .segment:
                guard status == 200 else { return }
                reader.receive(part.readableBytesUInt8Span)
                takePictures(at: RTMPClient.now)
            }
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
        (reader, hasStamp) = (TransportReader(), false)
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
        if let dateHeader {
            offset.note(
                second: dateHeader, sent: loop.timeOfDay(askedAt), received: loop.timeOfDay(now))
        }
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
            startedAt = now
            loop.noteStart(client)
            loop.tally.add(now - called, to: .playAccepted)
        }
        ahead = playlist.segments.filter { $0.number >= first }
        nextNumber = first
        if !ahead.isEmpty { return goOn() }
        if playlist.isEnded { return fail(.ended, "") }
        // RFC 8216, 6.3.4: half a target duration where nothing changed.
        pause(max(Self.pause, Interval(nanoseconds: playlist.target.nanoseconds / 2)))
    }

    /// Of a picture that was made before there was a player, the age is no delay.
    private func takePictures(at now: Instant) {
        while let picture = reader.next() {
            let stamp = picture.stamp.flatMap(SendStamp.time)
            if let stamp, stamp >= startedAt { loop.tally.add(now - stamp, to: .hlsDelay) }
            hasStamp = hasStamp || stamp != nil
            if !hasPicture {
                for check in loop.pictureChecks {
                    let passed = picture.isDecodableAlone
                    loop.note(check: check, passed: passed, of: client.name, "no, by HLS")
                }
            }
            hasPicture = true
        }
    }

    /// A segment's first picture has come with it.
    private func takeDate(_ segment: HLSPlaylist.Segment, at now: Instant) {
        guard !hasStamp, let date = segment.date, let ahead = offset.estimate else { return }
        let made = loop.clock(ofDay: date - ahead)
        if made >= startedAt { loop.tally.add(now - made, to: .hlsDelay) }
    }

    private func take(_ segment: HLSPlaylist.Segment, at now: Instant) {
        loop.tally.segments += 1
        reader.finish()
        takePictures(at: now)
        if !hasPicture {
            hasPicture = true
            for check in loop.pictureChecks {
                loop.note(
                    check: check, passed: false, of: client.name, "a segment without one, by HLS")
            }
        }
        takeDate(segment, at: now)
        loop.tally.add(now - askedAt, to: .segment)
        if let until = shownUntil {
            if now > until { loop.tally.add(now - until, to: .stall) }
            shownUntil = min(max(now, until) + segment.length, now + Self.aheadMax)
        } else {
            loop.tally.add(now - called, to: .firstFrame)
            loop.note(startup: now + client.reserve - called, of: client)
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
        loop.note(
            failure, of: client, wasStarted: isStarted, hasPlayed: shownUntil != nil, detail)
        context?.close(promise: nil)
    }

    private func end() {
        let now = RTMPClient.now
        let standing = standing(at: now)
        isOver = true
        asking = .nothing
        timer?.cancel()
        if isStarted { loop.noteEnd(.play) }
        if shownUntil == nil { loop.note(startup: now - called, of: client) }
        if let standing { loop.tally.add(standing, to: .stall) }
        if let estimate = offset.estimate, let error = offset.error {
            loop.tally.note(offset: estimate, error: error)
        }
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
