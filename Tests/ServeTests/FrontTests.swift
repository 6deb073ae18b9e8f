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

    @Test("a target that is not there is 502, and so is one that breaks off")
    func badGateway() async throws {
        let port = try FreePort.any()
        try await Self.with(coordinator: port) { (front: Front) async throws in
            #expect(try await Self.status(front, "/") == 502)
        }
    }

    @Test("the RTMP server's callbacks are not to be reached from outside")
    func callbacks() async throws {
        try await with { _, _ in
            Response(status: .ok)
        } body: { (front: Front) async throws in
            #expect(try await Self.status(front, "/") == 200)
            #expect(try await Self.status(front, "/api/v1/srs/on-publish?secret=a") == 404)
        }
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
        _ respond: @escaping WebServer.Respond, body: (Front) async throws -> Void
    ) async throws {
        let target = try await WebServer.start(
            "127.0.0.1", 0, group: MultiThreadedEventLoopGroup.singleton,
            logger: TestPlatform.logger, respond)
        do {
            try await Self.with(coordinator: target.port, body)
        } catch {
            await target.stop()
            throw error
        }
        await target.stop()
    }

    private static func with(
        coordinator: Int, _ body: (Front) async throws -> Void
    ) async throws {
        let front = try await Front.start(
            "127.0.0.1", 0,
            certificate: try OwnCertificate.load(from: Scratch.folder, hosts: ["127.0.0.1"]),
            coordinator: coordinator, media: MediaPlace(),
            group: MultiThreadedEventLoopGroup.singleton, logger: TestPlatform.logger)
        do {
            try await body(front)
        } catch {
            await front.stop()
            throw error
        }
        await front.stop()
    }

    private static func status(_ front: Front, _ path: String) async throws -> Int? {
        let tool = try Tool(
            "curl", "-sS", "-k", "-o", "/dev/null", "-w", "%{http_code}",
            "https://127.0.0.1:\(front.port)\(path)")
        _ = try await tool.finish(within: 20)
        return Int(tool.text)
    }
}
