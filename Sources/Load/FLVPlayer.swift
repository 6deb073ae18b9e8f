import Base
import Media
import NIOCore
import NIOHTTP1
import RTMP
import Sockets

/// A player over HTTP: one request without end, whose answer is a file of FLV.
final class FLVPlayer: ChannelInboundHandler, LoadClient {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    let client: LoadPlan.Client
    private let loop: LoadLoop
    private let target: WebTarget
    private let path: String
    private let called = RTMPClient.now
    private var context: ChannelHandlerContext?
    private var reader = FLVReader()
    private var reception: Reception?
    private var isStarted = false
    private var isOver = false

    init(_ client: LoadPlan.Client, _ target: WebTarget, _ path: String, _ loop: LoadLoop) {
        self.client = client
        self.target = target
        self.path = path
        self.loop = loop
    }

    func handlerAdded(context: ChannelHandlerContext) {
        context.speakHTTP { [loop] in loop.count(sent: $0, received: $1) }
    }

    func channelActive(context: ChannelHandlerContext) {
        guard !isOver else { return context.close(promise: nil) }
        self.context = context
        loop.tally.add(RTMPClient.now - called, to: .connect)
        let head = target.asking(for: path)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let now = RTMPClient.now
        switch unwrapInboundIn(data) {
        case .head(let head): take(head, at: now)
        case .body(let buffer):
            guard isStarted, !isOver else { return }
            reader.receive(buffer.readableBytesUInt8Span)
            do throws(FLVError) {
                while let message = try reader.next() {
                    reception?.receive(message, at: now, into: &loop.tally)
                }
            } catch {
                fail(.notFLV, "\(error)")
                context.close(promise: nil)
            }
        case .end:
            fail(.ended, "")
            context.close(promise: nil)
        }
    }

    private func take(_ head: HTTPResponseHead, at now: Instant) {
        switch head.status.code {
        case 200:
            isStarted = true
            loop.noteStart(client)
            loop.tally.add(now - called, to: .playAccepted)
            reception = loop.reception(of: client, called: called, started: now)
        case 300..<400:
            fail(.redirected, "\(head.status.code)")
            context?.close(promise: nil)
        case _:
            fail(.httpStatus, "\(head.status.code)")
            context?.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(LoadFailure(connecting: error), "\(error)")
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(isStarted ? .closed : .closedEarly, "")
        self.context = nil
        loop.remove(self)
        context.fireChannelInactive()
    }

    func connectionFailed(_ error: any Error) {
        fail(LoadFailure(connecting: error), "\(error)")
        loop.remove(self)
    }

    private func fail(_ failure: LoadFailure, _ detail: String) {
        guard !isOver else { return }
        end()
        loop.note(
            failure, of: client, wasStarted: isStarted,
            hasPlayed: reception.map { !$0.isEmpty } ?? false, detail)
    }

    private func end() {
        isOver = true
        if isStarted { loop.noteEnd(.play) }
        let now = RTMPClient.now
        if reception == nil { loop.note(startup: now - called, of: client) }
        reception?.finish(at: now, into: &loop.tally)
    }

    func standing(at now: Instant) -> Interval? { isOver ? nil : reception?.standing(at: now) }

    func leave() -> EventLoopFuture<Void>? {
        let now = RTMPClient.now
        let hasWaited = now - called > LoadLoop.patience
        if hasWaited, !isStarted {
            fail(.unanswered, "")
        } else if hasWaited, reception?.isEmpty ?? true {
            fail(.noPicture, "")
        } else if let standing = standing(at: now), standing > LoadLoop.patience {
            fail(.stoodStill, "")
        } else if !isOver {
            end()
        }
        guard let context else { return nil }
        let channel = context.channel
        channel.close(promise: nil)
        return channel.closeFuture
    }
}
