import AsyncHTTPClient
import Foundation
import Hummingbird
import NIOCore
import NIOPosix
import TestServers
import Testing

@testable import Sockets

/// The front, held to what the load balancer that is simulated does.
@Suite(.serialized) struct FrontTests {
    @Test("bodies, statuses and headers pass, with who asked and how")
    func passes() async throws {
        try await with { request, _ in
            let body = try await request.body.collect(upTo: 1 << 20)
            let fields = request.headers.map { "\($0.name.canonicalName): \($0.value)" }
            return Response(
                status: .init(code: 418), headers: [.contentType: "text/plain", .location: "/x"],
                body: ResponseBody(
                    byteBuffer: ByteBuffer(
                        string: "\(request.method) \(request.uri) \(body.readableBytes)\n"
                            + fields.sorted().joined(separator: "\n"))))
        } body: { (front: Front) async throws in
            let tool = try Tool(
                "curl", "-sS", "-k", "-i", "--data-binary", String(repeating: "a", count: 3_000),
                "-H", "X-Forwarded-For: 9.9.9.9", "-H", "X-Forwarded-Proto: http",
                "https://127.0.0.1:\(front.port)/a/b?c=d")
            #expect(try await tool.finish(within: 10) == 0)
            for part in [
                "HTTP/2 418", "location: /x", "POST /a/b?c=d 3000",
                "x-forwarded-for: 9.9.9.9, 127.0.0.1", "x-forwarded-proto: https",
            ] { #expect(tool.text.contains(part), "\(part) in \(tool.text)") }
        }
    }

    @Test("uploads that nobody wants are refused, and the next visitor is served")
    func unwanted() async throws {
        let file = Scratch.folder.appending(path: "unwanted")
        try Data(count: 1_000_000).write(to: file)
        try await with { _, _ in
            // Before the body has come.
            Response(status: .notFound)
        } body: { (front: Front) async throws in
            let url = "https://127.0.0.1:\(front.port)/nope"
            for version in ["--http1.1", "--http2"] {
                for more in [[], ["-H", "Transfer-Encoding: chunked"], ["-H", "Expect:"]] {
                    let tool = try Tool(
                        words: ["curl", "-sk", version, "--data-binary", "@\(file.path)"] + more
                            + [url])
                    _ = try await tool.finish(within: 20)
                }
            }
            let late = try Tool(
                "bash", "-c",
                "printf 'POST /nope HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 10\\r\\n\\r\\n' | "
                    + "timeout 2 openssl s_client -quiet -connect 127.0.0.1:\(front.port)")
            _ = try await late.finish(within: 10)
            #expect(try await Self.status(front, "/") == 404)
        }
    }

    @Test("a target that is not there is 502, and so is one that breaks off")
    func badGateway() async throws {
        let port = try FreePort.any()
        try await Self.with(coordinator: port) { (front: Front) async throws in
            #expect(try await Self.status(front, "/") == 502)
        }
        let hasty = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { $0.pipeline.addHandler(Hasty()) }
            .bind(host: "127.0.0.1", port: 0).get()
        try await Self.with(coordinator: try #require(hasty.localAddress?.port)) {
            (front: Front) async throws in
            #expect(try await Self.status(front, "/") == 502)
        }
        try await hasty.close()
    }

    /// Breaks off once it was asked.
    private final class Hasty: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            context.close(promise: nil)
        }
    }

    @Test("a target that is silent for the idle timeout is 504; one that says something is not")
    func gatewayTimeout() async throws {
        try await with(idleTimeout: .seconds(1)) { request, _ in
            let isSilent = request.uri.path == "/silent"
            if isSilent { try await Task.sleep(for: .seconds(10)) }
            return Response(
                status: .ok,
                body: ResponseBody { writer in
                    for _ in 0..<5 {
                        try await writer.write(ByteBuffer(string: "a"))
                        try await Task.sleep(for: .milliseconds(500))
                    }
                    try await writer.finish(nil)
                })
        } body: { (front: Front) async throws in
            let start = ContinuousClock.now
            #expect(try await Self.status(front, "/silent") == 504)
            #expect(ContinuousClock.now - start < .seconds(9))
            let slow = try Tool("curl", "-sS", "-k", "https://127.0.0.1:\(front.port)/")
            #expect(try await slow.finish(within: 20) == 0)
            #expect(slow.text == "aaaaa")
        }
    }

    @Test("a client that asks for nothing is let go after the idle timeout")
    func idleClient() async throws {
        try await with(idleTimeout: .seconds(2)) { _, _ in
            Response(status: .ok)
        } body: { (front: Front) async throws in
            let start = ContinuousClock.now
            let client = try Tool(
                "openssl", "s_client", "-quiet", "-ign_eof", "-connect", "127.0.0.1:\(front.port)")
            #expect(try await client.finish(within: 20) != nil)
            let took = ContinuousClock.now - start
            #expect(took > .milliseconds(1_900) && took < .seconds(10), "\(took)")
        }
    }

    @Test("HTTP is sent to HTTPS for good, with host, path and query as they were")
    func redirect() async throws {
        let front = try await Front.start(
            try Self.options(redirectPort: 0), group: MultiThreadedEventLoopGroup.singleton,
            logger: TestPlatform.logger)
        let port = try #require(front.redirectPort)
        for (host, expected) in [
            ("friends.example", "301 https://friends.example:\(front.port)/a/b?c=d%20e"),
            ("friends.example:80", "301 https://friends.example:\(front.port)/a/b?c=d%20e"),
            ("[::1]:80", "301 https://[::1]:\(front.port)/a/b?c=d%20e"),
            ("a@b", "400 "), ("", "400 "),
        ] {
            let tool = try Tool(
                "curl", "-sS", "-o", "/dev/null", "-w", "%{http_code} %header{location}", "-X",
                "POST", "-H", "Host: \(host)", "http://127.0.0.1:\(port)/a/b?c=d%20e")
            #expect(try await tool.finish(within: 10) == 0, "\(host)")
            #expect(tool.text == expected, "\(host)")
        }
        await front.stop()
    }

    @Test("another certificate is for new connections; those that are open go on")
    func certificate() async throws {
        let old = try Self.certificate()
        let fresh = try Self.certificate()
        try await with(certificate: old) { _, _ in
            Response(
                status: .ok,
                body: ResponseBody { writer in
                    for _ in 0..<20 {
                        try await writer.write(ByteBuffer(string: "a"))
                        try await Task.sleep(for: .milliseconds(100))
                    }
                    try await writer.finish(nil)
                })
        } body: { (front: Front) async throws in
            func ask(trusting certificate: StreamService.Certificate) throws -> Tool {
                try Tool(
                    "curl", "-sS", "-N", "--cacert", certificate.chain,
                    "https://127.0.0.1:\(front.port)/")
            }
            let open = try ask(trusting: old)
            #expect(try await wait(10) { open.text.contains("a") })
            try front.load(fresh)
            // Neither a file that is not there nor a key of another changes anything.
            #expect(throws: StartError.self) { try front.load(.init(chain: "/none", key: "/none")) }
            #expect(throws: StartError.self) {
                try front.load(.init(chain: old.chain, key: fresh.key))
            }
            #expect(open.process.isRunning)
            let next = try ask(trusting: fresh)
            let stubborn = try ask(trusting: old)
            #expect(try await stubborn.finish(within: 10) == 60, "\(stubborn.text)")
            #expect(try await open.finish(within: 10) == 0, "\(open.text)")
            #expect(try await next.finish(within: 10) == 0, "\(next.text)")
            #expect(open.text == String(repeating: "a", count: 20))
        }
    }

    /// One that nobody has yet.
    private static func certificate() throws -> StreamService.Certificate {
        let folder = Scratch.folder.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return try OwnCertificate.load(from: folder, hosts: ["127.0.0.1"])
    }

    @Test("the RTMP server's callbacks are not to be reached from outside")
    func callbacks() async throws {
        try await with { _, _ in
            Response(status: .ok)
        } body: { (front: Front) async throws in
            #expect(try await Self.status(front, "/") == 200)
            for path in ["/api/v1/srs/on-publish?secret=a", "//api/v1//srs/on-publish?secret=a"] {
                #expect(try await Self.status(front, path) == 404, "\(path)")
            }
        }
    }

    @Test("what is no path is refused, so that no request goes to a host that it names")
    func paths() async throws {
        let elsewhere = try await WebServer.start(
            "127.0.0.1", 0, group: MultiThreadedEventLoopGroup.singleton,
            logger: TestPlatform.logger
        ) { _, _ in Response(status: .ok) }
        try await with { _, _ in
            Response(status: .ok)
        } body: { (front: Front) async throws in
            for target in ["@127.0.0.1:\(elsewhere.port)/x", ".example/x"] {
                let tool = try Tool(
                    "curl", "-sS", "-k", "--http2", "-o", "/dev/null", "-w", "%{http_code}",
                    "--request-target", target, "https://127.0.0.1:\(front.port)/")
                #expect(try await tool.finish(within: 20) == 0, "\(tool.text)")
                #expect(tool.text == "400", "\(target)")
            }
        }
        await elsewhere.stop()
    }

    @Test("two failed checks make the target unhealthy, and requests go to it all the same")
    func health() async throws {
        let health = TargetHealth()
        let logger = TestPlatform.logger
        health.note(isPassed: true, logger)
        #expect(health.figures.isHealthy)
        health.note(isPassed: false, logger)
        #expect(health.figures.isHealthy)
        health.note(isPassed: false, logger)
        #expect(!health.figures.isHealthy)
        for _ in 0..<4 { health.note(isPassed: true, logger) }
        #expect(!health.figures.isHealthy)
        health.note(isPassed: true, logger)
        #expect(health.figures.isHealthy)
    }

    private func with(
        idleTimeout: TimeAmount = Front.Options.idleTimeoutDefault,
        certificate: StreamService.Certificate? = nil,
        _ respond: @escaping WebServer.Respond, body: (Front) async throws -> Void
    ) async throws {
        let target = try await WebServer.start(
            "127.0.0.1", 0, group: MultiThreadedEventLoopGroup.singleton,
            logger: TestPlatform.logger, respond)
        do {
            var options = try Self.options(coordinator: target.port)
            options.idleTimeout = idleTimeout
            if let certificate { options.certificate = certificate }
            try await Self.with(options, body)
        } catch {
            await target.stop()
            throw error
        }
        await target.stop()
    }

    private static func with(
        coordinator: Int, _ body: (Front) async throws -> Void
    ) async throws { try await with(options(coordinator: coordinator), body) }

    private static func with(
        _ options: Front.Options, _ body: (Front) async throws -> Void
    ) async throws {
        let front = try await Front.start(
            options, group: MultiThreadedEventLoopGroup.singleton, logger: TestPlatform.logger)
        do {
            try await body(front)
        } catch {
            await front.stop()
            throw error
        }
        await front.stop()
    }

    private static func options(
        coordinator: Int = 1, redirectPort: Int? = nil
    ) throws -> Front.Options {
        Front.Options(
            address: "127.0.0.1", port: 0, redirectPort: redirectPort,
            certificate: try OwnCertificate.load(from: Scratch.folder, hosts: ["127.0.0.1"]),
            coordinator: coordinator, media: MediaPlace())
    }

    private static func status(_ front: Front, _ path: String) async throws -> Int? {
        let tool = try Tool(
            "curl", "-sS", "-k", "-o", "/dev/null", "-w", "%{http_code}",
            "https://127.0.0.1:\(front.port)\(path)")
        _ = try await tool.finish(within: 20)
        return Int(tool.text)
    }
}
