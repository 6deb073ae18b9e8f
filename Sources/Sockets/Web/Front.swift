import AsyncHTTPClient
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import HummingbirdHTTP2
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Platform

/// What ends TLS in front of the coordinator and the streams: answers as the load balancer of the
/// simulated deployment does.
///
/// 502 where the target refuses or breaks off, 504 where it takes longer than the idle timeout, and
/// requests go to the one target whether its health checks pass or not, because a balancer without
/// any healthy target uses all of them.
/// Elastic Load Balancing, Application Load Balancers guide, load-balancer-troubleshooting.
struct Front: Sendable {
    let port: Int
    private let server: WebServer
    private let client: HTTPClient
    private let health: TargetHealth
    private let checks: Task<Void, Never>

    static let idleTimeout = TimeAmount.seconds(60)

    static func start(
        _ address: String, _ port: Int, certificate: StreamService.Certificate,
        coordinator: Int, media: MediaPlace, group: any EventLoopGroup, logger: Logger
    ) async throws -> Front {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.decompression = .disabled
        configuration.timeout = .init(connect: .seconds(10), read: Self.idleTimeout)
        configuration.httpVersion = .http1Only
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 1_000
        // Sooner than the targets do, so that none is written to while it closes.
        configuration.connectionPool.idleTimeout = .seconds(30)
        let client = HTTPClient(
            eventLoopGroupProvider: .shared(group), configuration: configuration)
        let health = TargetHealth()
        let host = Self.host(address)
        let proxy = FrontProxy(
            client: client, host: host, coordinator: coordinator, media: media)
        do {
            let server = try await WebServer.start(
                address, port, server: try Self.secure(certificate), group: group,
                logger: logger, proxy.respond)
            let checks = Task {
                await health.follow("http://\(host):\(coordinator)/health", client, logger)
            }
            return Front(
                port: server.port, server: server, client: client, health: health, checks: checks)
        } catch {
            try? await client.shutdown()
            throw error
        }
    }

    private static func secure(
        _ certificate: StreamService.Certificate
    ) throws -> HTTPServerBuilder {
        try .http2Upgrade(
            tlsConfiguration: SecureContext.configuration(certificate),
            configuration: .init(
                idleTimeout: .seconds(60),
                streamConfiguration: WebServer.limits(idleTimeout: Self.idleTimeout)))
    }

    /// Where what listens on `address` is reached from here.
    static func host(_ address: String) -> String {
        switch address {
        case "0.0.0.0": "127.0.0.1"
        case "::": "[::1]"
        case _: address.contains(":") ? "[\(address)]" : address
        }
    }

    var figures: TargetHealth.Figures { health.figures }

    func stop() async {
        checks.cancel()
        await server.stop()
        try? await client.shutdown()
    }
}

/// Passes requests on, and answers back.
struct FrontProxy: Sendable {
    let client: HTTPClient
    let host: String
    let coordinator: Int
    let media: MediaPlace

    /// These concern one connection, not the message. RFC 9110, 7.6.1.
    private static let hops: Set<String> = [
        "connection", "keep-alive", "proxy-authenticate", "proxy-authorization",
        "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
    ]

    @Sendable func respond(_ request: Request, _ context: WebContext) async throws -> Response {
        // The RTMP server calls the coordinator itself; nobody else has business there.
        let path = request.head.path ?? "/"
        guard !path.hasPrefix("/api/v1/srs/") else { return Response(status: .notFound) }
        let isMedia = path.hasPrefix("/\(PlatformLoop.app)/")
        let port = isMedia ? media.ports.http : coordinator
        var forwarded = HTTPClientRequest(url: "http://\(host):\(port)\(path)")
        forwarded.method = .init(rawValue: request.method.rawValue)
        forwarded.headers = headers(of: request, context)
        if let length = request.headers[.contentLength].flatMap({ Int64($0) }) {
            if length > 0 { forwarded.body = .stream(request.body, length: .known(length)) }
        } else if request.headers[.transferEncoding] != nil {
            forwarded.body = .stream(request.body, length: .unknown)
        }
        do {
            // Answers may take as long as they please, as long as something comes.
            return answer(
                try await client.execute(forwarded, deadline: .distantFuture), request)
        } catch let error as HTTPClientError
            where [.readTimeout, .deadlineExceeded, .connectTimeout].contains(error)
        {
            return Response(status: .gatewayTimeout)
        } catch {
            return Response(status: .badGateway)
        }
    }

    private func headers(of request: Request, _ context: WebContext) -> HTTPHeaders {
        var headers = HTTPHeaders()
        for field in request.headers where !Self.hops.contains(field.name.canonicalName) {
            headers.add(name: field.name.rawName, value: field.value)
        }
        if let host = request.head.authority { headers.replaceOrAdd(name: "host", value: host) }
        let before = headers["x-forwarded-for"].joined(separator: ", ")
        let peer = context.peer.address
        headers.replaceOrAdd(
            name: "x-forwarded-for", value: before.isEmpty ? peer : "\(before), \(peer)")
        headers.replaceOrAdd(name: "x-forwarded-proto", value: "https")
        return headers
    }

    private func answer(_ response: HTTPClientResponse, _ request: Request) -> Response {
        var headers = HTTPFields()
        for (name, value) in response.headers where !Self.hops.contains(name.lowercased()) {
            guard let name = HTTPField.Name(name) else { continue }
            headers.append(HTTPField(name: name, value: value))
        }
        let status = HTTPResponse.Status(code: Int(response.status.code))
        let hasBody = request.method != .head && status.code != 204 && status.code != 304
        var answer = Response(
            status: status, headers: headers,
            body: hasBody ? ResponseBody(asyncSequence: response.body) : .init())
        answer.headers = headers
        return answer
    }
}

/// The balancer's health checks: every 30 s, within 5 s; five in a row to become healthy again, two
/// to become unhealthy.
final class TargetHealth: Sendable {
    struct Figures: Sendable {
        var isHealthy = false
        var checks: UInt64 = 0
        var streak = 0
    }

    private let box = NIOLockedValueBox(Figures())
    private static let every = Duration.seconds(30)
    private static let timeout = TimeAmount.seconds(5)

    var figures: Figures { box.withLockedValue { $0 } }

    func follow(_ url: String, _ client: HTTPClient, _ logger: Logger) async {
        while !Task.isCancelled {
            let response = try? await client.execute(
                HTTPClientRequest(url: url), timeout: Self.timeout)
            if let response { _ = try? await response.body.collect(upTo: 64 << 10) }
            note(isPassed: response?.status == .ok, logger)
            try? await Task.sleep(for: Self.every)
        }
    }

    func note(isPassed: Bool, _ logger: Logger) {
        let turned = box.withLockedValue { figures in
            figures.checks += 1
            guard figures.checks > 1 else {
                figures.isHealthy = isPassed
                return !isPassed
            }
            figures.streak = isPassed == figures.isHealthy ? 0 : figures.streak + 1
            guard figures.streak >= (isPassed ? 5 : 2) else { return false }
            figures.isHealthy = isPassed
            figures.streak = 0
            return true
        }
        if turned { logger.warning("the coordinator is \(isPassed ? "" : "un")healthy") }
    }
}
