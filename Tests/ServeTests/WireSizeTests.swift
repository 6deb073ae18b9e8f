import Base
import Foundation
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import Platform
import Testing

@testable import Sockets

/// The sizes that the simulation charges, held to what our programs really send.
///
/// Above TCP: HTTP/1.1 and one TLS 1.3 record (RFC 8446, 5.2: 5 bytes of header, 1 of type, 16 of
/// tag). A size may be off by a fifth either way: names and numbers are longer or shorter.
@Suite(.serialized) struct WireSizeTests {
    static let record = 22

    static func expectSize(
        _ charged: Int64, _ real: Int, _ what: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let size = Int64(real + record)
        let isNear = charged * 5 >= size * 4 && charged * 4 <= size * 5
        #expect(isNear, "\(what): \(charged) charged, \(size) sent", sourceLocation: sourceLocation)
    }

    @Test("what a node says is as long as the simulation has it")
    func calls() async throws {
        let sink = try await Sink.start()
        let client = try PlatformClient("http://127.0.0.1:\(sink.port)", trust: nil)
        let tokens = try await Tokens(Secrets.drawn()).pair(
            for: Grant(.node(NodeID(12), StreamID(3)), session: SessionID(.max), isNew: true))
        struct Beat: Encodable {
            var nodeID = "12"
            var streamID = "3"
            var statsURL = "http://203.0.113.77:8080/stats"
            var capacityPct = 25.5
            var viewers = 5
            var timestamp = "2026-12-01T19:30:00.123Z"
        }
        struct Report: Encodable {
            var bytesTransferred = 123_456_789
            var startInterval = "2026-12-01T19:29:00.123Z"
            var endInterval = "2026-12-01T19:30:00.123Z"
            var sourceBitrateKbps = 2_628
        }
        let beat = Heartbeat(
            node: NodeID(12), stream: StreamID(3), capacity: nil, viewers: nil, statsURL: "")
        let report = BandwidthReport(
            node: NodeID(12), stream: StreamID(3), bytes: 0, from: Instant(nanoseconds: 0),
            until: Instant(nanoseconds: 0), sourceBitrate: .megabits(1))
        let _: Nothing = try await client.ask(
            "POST", "/nodes/heartbeat", token: tokens.access, body: Beat())
        Self.expectSize(Call.heartbeat(beat).wireBytes, sink.lastLength, "heartbeat")
        let _: Nothing = try await client.ask(
            "POST", "/api/v1/sessions/3/bandwidth-report", token: tokens.access, body: Report())
        Self.expectSize(Call.bandwidthReport(report).wireBytes, sink.lastLength, "report")
        let _: Nothing = try await client.ask(
            "POST", "/streams", token: tokens.access, body: ["title": "A stream"])
        let create = Call.stream(.create(title: "", freshKey: 0))
        Self.expectSize(create.wireBytes, sink.lastLength, "account and streams")
        await client.stop()
        await sink.stop()
    }

    @Test("what the coordinator answers is as long as the simulation has it")
    func replies() async throws {
        try await TestPlatform.with { platform in
            let account = try await platform.account("ann")
            let stream = try await platform.stream(account.access, "Ann's evening stream")
            let bearer = "Authorization: Bearer \(account.access)"
            let row = StreamRow(
                stream: StreamID(0), owner: UserID(0), title: "", key: 1, status: .ready,
                changedAt: Instant(nanoseconds: 0))
            let known: [(Reply, String, [String])] = [
                (.health(.healthy), "/health", []),
                (.watch(.server), "/api/v1/watch/\(stream.id)", []),
                (.refused(.noStream), "/api/v1/watch/77", []),
                (.streams([row]), "/streams", []),
                (
                    .stream(row), "/streams",
                    [
                        "-H", bearer, "-H", "Content-Type: application/json", "-d",
                        #"{"title":"Ann's evening stream"}"#,
                    ]
                ),
                (
                    .ok, "/api/v1/feedback",
                    ["-H", "Content-Type: application/json", "-d", #"{"message":"good"}"#]
                ),
                (
                    .granted(
                        Grant(.streamer(UserID(0), name: ""), session: SessionID(0), isNew: false)),
                    "/api/v1/auth/login",
                    [
                        "-H", "Content-Type: application/json", "-d",
                        #"{"name":"ann","password":"correct horse"}"#,
                    ]
                ),
                (
                    .overview(
                        Overview(
                            streamsLive: 0, nodesActive: 0, viewers: 0, bytesVerified: 0,
                            paidNanodollars: 0, streams: [row, row], nodes: [])),
                    "/", ["-H", "Accept: text/html"]
                ),
                (.watchPage(row, .server), "/watch/0", ["-H", "Accept: text/html"]),
            ]
            for (reply, path, more) in known {
                let tool = try Tool(
                    words: [
                        "curl", "-sS", "-o", "/dev/null", "-w", "%{size_header} %{size_download}",
                    ]
                        + more + [platform.url + path])
                #expect(try await tool.finish(within: 10) == 0)
                let real = tool.text.split(separator: " ").compactMap { Int($0) }.reduce(0, +)
                Self.expectSize(reply.wireBytes, real, path)
            }
        }
    }

    /// Takes requests, says yes, and keeps how long they were.
    private struct Sink {
        let channel: any Channel
        private let length: NIOLockedValueBox<Int>
        var port: Int { channel.localAddress?.port ?? 0 }
        var lastLength: Int { length.withLockedValue { $0 } }

        static func start() async throws -> Sink {
            let length = NIOLockedValueBox(0)
            let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(Handler(length))
                    }
                }
                .bind(host: "127.0.0.1", port: 0).get()
            return Sink(channel: channel, length: length)
        }

        private init(channel: any Channel, length: NIOLockedValueBox<Int>) {
            self.channel = channel
            self.length = length
        }

        func stop() async { try? await channel.close() }

        private final class Handler: ChannelInboundHandler {
            typealias InboundIn = ByteBuffer
            private let length: NIOLockedValueBox<Int>
            private var text = ""

            init(_ length: NIOLockedValueBox<Int>) { self.length = length }

            /// A request is whole when its body, an object, ends.
            func channelRead(context: ChannelHandlerContext, data: NIOAny) {
                text += String(buffer: unwrapInboundIn(data))
                guard text.hasSuffix("}") else { return }
                length.withLockedValue { $0 = text.utf8.count }
                text = ""
                let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
                context.writeAndFlush(NIOAny(ByteBuffer(string: answer)), promise: nil)
            }
        }
    }
}
