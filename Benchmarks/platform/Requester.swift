import NIOCore
import NIOPosix

/// One connection that asks one thing after another, by HTTP/1.1 without frills, so that what is
/// measured is the server.
final class Requester: Sendable {
    struct Reply: Sendable {
        var status: Int
        var body: String
    }

    struct Broken: Error {}

    private let channel: any Channel
    private let handler: NIOLoopBound<Handler>

    static func connect(port: Int, on eventLoop: any EventLoop) async throws -> Requester {
        try await ClientBootstrap(group: eventLoop)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .connect(host: "127.0.0.1", port: port)
            .flatMapThrowing { channel in
                let handler = Handler()
                try channel.pipeline.syncOperations.addHandler(handler)
                return Requester(channel, NIOLoopBound(handler, eventLoop: eventLoop))
            }.get()
    }

    private init(_ channel: any Channel, _ handler: NIOLoopBound<Handler>) {
        self.channel = channel
        self.handler = handler
    }

    func ask(_ method: String, _ path: String, _ headers: String, _ body: String) async throws
        -> Reply
    {
        let promise = channel.eventLoop.makePromise(of: Reply.self)
        let text =
            "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\n\(headers)"
            + (body.isEmpty
                ? "\r\n"
                : "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
        channel.eventLoop.execute {
            self.handler.value.waiting.append(promise)
            self.channel.writeAndFlush(ByteBuffer(string: text), promise: nil)
        }
        return try await promise.futureResult.get()
    }

    func close() async { try? await channel.close() }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        var waiting = CircularBuffer<EventLoopPromise<Reply>>()
        private var inbox = ByteBuffer()

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            var buffer = unwrapInboundIn(data)
            inbox.writeBuffer(&buffer)
            while let reply = next() { waiting.popFirst()?.succeed(reply) }
            inbox.discardReadBytes()
        }

        func channelInactive(context: ChannelHandlerContext) {
            while let promise = waiting.popFirst() { promise.fail(Broken()) }
        }

        /// The next whole answer with a length.
        private func next() -> Reply? {
            let view = inbox.readableBytesView
            guard let end = view.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
            let head = String(decoding: view[..<end.lowerBound], as: UTF8.self)
            let lines = head.split(separator: "\r\n")
            let length =
                lines.first { $0.lowercased().hasPrefix("content-length:") }
                .flatMap { Int($0.split(separator: ":")[1].drop { $0 == " " }) } ?? 0
            let headLength = view.distance(from: view.startIndex, to: end.upperBound)
            guard inbox.readableBytes >= headLength + length, lines.count > 0 else { return nil }
            inbox.moveReaderIndex(forwardBy: headLength)
            let body = inbox.readString(length: length) ?? ""
            return Reply(status: Int(lines[0].split(separator: " ")[1]) ?? 0, body: body)
        }
    }
}
