import Base
import Foundation
import Logging
import Platform
import RTMP

/// A friend's computer that restreams: pulls one stream by the stream server's relay, serves
/// viewers as any stream server does, and tells the coordinator that it is there and what it
/// relayed.
public actor SupporterNode {
    public struct Options: Sendable {
        public var coordinator: String
        public var trust: String?
        public var stream: String
        public var key: String
        public var name: String
        /// The host by which viewers reach this node.
        public var host: String
        /// The ports by which viewers reach it, where a router maps them; else those bound.
        public var publicRTMPPort: Int?
        public var publicHTTPPort: Int?
        /// Viewers at most.
        public var viewersMax = 20
        public var service = StreamService.Options()
        /// Shorter in tests.
        public var heartbeatEvery = Duration.seconds(30)
        public var reportEvery = Duration.seconds(60)

        public init(
            coordinator: String, stream: String, key: String, name: String, host: String
        ) {
            self.coordinator = coordinator
            self.stream = stream
            self.key = key
            self.name = name
            self.host = host
        }
    }

    private let options: Options
    private let client: PlatformClient
    private let logger: Logger
    private var tokens: TokenPair
    public nonisolated let ports: StreamService.Ports
    public nonisolated let node: String
    private let service: StreamService
    private var work: [Task<Void, Never>] = []
    private var relayed = RelayedBytes()
    private var reportedUntil = Date()

    /// Registers, begins to pull and to serve; throws where the coordinator does not take it.
    public static func start(_ options: Options, logger: Logger) async throws -> SupporterNode {
        let client = try PlatformClient(options.coordinator, trust: options.trust)
        do {
            return try await SupporterNode(options, client, logger)
        } catch {
            await client.stop()
            throw error
        }
    }

    private init(_ options: Options, _ client: PlatformClient, _ logger: Logger) async throws {
        self.options = options
        self.client = client
        self.logger = logger
        var own = options.service
        own.stream.connectionsMax = options.viewersMax + Self.connectionsBeside
        // The ports are told to the coordinator, which tells where to pull from: so first the
        // ports, then the relay.
        let service = try await StreamService.start(own, logger: logger)
        do {
            let tokens = try await Self.register(options, client, service.ports)
            guard let node = tokens.node, let source = tokens.source.flatMap({ StreamURL($0) })
            else {
                throw PlatformClient.Fault(
                    status: 0, description: "the coordinator does not say what to relay")
            }
            own.stream.relays = [
                .init(name: Self.name(options.stream), source: source)
            ]
            try service.reload(own)
            (self.service, self.tokens, self.node) = (service, tokens, node)
            ports = service.ports
        } catch {
            await service.stop()
            throw error
        }
        work = [
            Task { await self.repeatedly(every: options.heartbeatEvery) { try await $0.beat() } },
            Task { await self.repeatedly(every: options.reportEvery) { try await $0.report() } },
        ]
    }

    /// The relay's own, spot checks and somebody who looks.
    private static let connectionsBeside = 16

    private static func name(_ stream: String) -> StreamName {
        StreamName(app: PlatformLoop.app, name: stream)
    }

    private static func register(
        _ options: Options, _ client: PlatformClient, _ ports: StreamService.Ports
    ) async throws -> TokenPair {
        struct Body: Encodable {
            var streamID: String
            var streamKey: String
            var name: String
            var host: String
            var rtmpPort: Int
            var httpPort: Int
        }
        return try await client.ask(
            "POST", "/api/v1/auth/register",
            body: Body(
                streamID: options.stream, streamKey: options.key, name: options.name,
                host: options.host, rtmpPort: options.publicRTMPPort ?? ports.rtmp,
                httpPort: options.publicHTTPPort ?? ports.http))
    }

    // MARK: What is told to the coordinator

    private func repeatedly(
        every interval: Duration, _ body: (isolated SupporterNode) async throws -> Void
    ) async {
        while !Task.isCancelled {
            do {
                try await body(self)
            } catch let fault as PlatformClient.Fault where fault.status == 401 {
                await renew()
                continue
            } catch {
                logger.warning("the coordinator was not told: \(error)")
            }
            try? await Task.sleep(for: interval)
        }
    }

    /// A new pair of tokens, by the refresh token or else by the stream's key.
    private func renew() async {
        struct Body: Encodable { var refreshToken: String }
        do {
            let fresh: TokenPair = try await client.ask(
                "POST", "/api/v1/auth/refresh", body: Body(refreshToken: tokens.refresh))
            tokens = fresh
        } catch {
            do {
                tokens = try await Self.register(options, client, ports)
            } catch {
                logger.error("the coordinator does not let us in again: \(error)")
                try? await Task.sleep(for: .seconds(30))
            }
        }
    }

    private func beat() async throws {
        struct Body: Encodable {
            var nodeID: String
            var streamID: String
            var statsURL: String
            var capacityPct: Double
            var viewers: Int
            var timestamp: String
        }
        let viewers = try await service.loop.read { server, now in server.report(at: now).viewers }
        let host = options.host.contains(":") ? "[\(options.host)]" : options.host
        let port = options.publicHTTPPort ?? ports.http
        let share = min(Double(viewers) / Double(max(options.viewersMax, 1)), 1)
        let _: Nothing = try await client.ask(
            "POST", "/nodes/heartbeat", token: tokens.access,
            body: Body(
                nodeID: node, streamID: options.stream,
                statsURL: "http://\(host):\(port)/stats", capacityPct: share * 100,
                viewers: viewers, timestamp: Self.text(Date())))
    }

    /// Bytes given to viewers since the last report that arrived.
    private func report() async throws {
        struct Body: Encodable {
            var bytesTransferred: UInt64
            var startInterval: String
            var endInterval: String
            var sourceBitrateKbps: Int64
        }
        let name = Self.name(options.stream)
        let stream = try await service.loop.read { server, now in
            server.report(at: now).streams.first { $0.name == name }
        }
        let now = Date()
        // A shorter while is no report.
        guard now.timeIntervalSince(reportedUntil) >= 1 else { return }
        var counted = relayed
        let bytes = counted.take(stream)
        let _: Nothing = try await client.ask(
            "POST", "/api/v1/sessions/\(options.stream)/bandwidth-report", token: tokens.access,
            body: Body(
                bytesTransferred: bytes, startInterval: Self.text(reportedUntil),
                endInterval: Self.text(now),
                sourceBitrateKbps: (stream?.received.bitsPerSecond ?? 0) / 1_000))
        (relayed, reportedUntil) = (counted, now)
    }

    private static func text(_ date: Date) -> String {
        WireText.time(Instant(nanoseconds: Int64(date.timeIntervalSince1970 * 1_000) * 1_000_000))
    }

    /// Reports what is left, says goodbye to viewers, and stops.
    public func stop() async {
        for task in work { task.cancel() }
        for task in work { await task.value }
        do {
            try await report()
        } catch {
            logger.warning("the last report was not taken: \(error)")
        }
        await service.stop()
        await client.stop()
    }
}

/// What a node gave viewers of its stream, each byte once, over whatever protocol.
struct RelayedBytes: Sendable {
    /// The stream that was counted last: one that nobody publishes any more goes, and the next of
    /// that name counts from nothing.
    private var stream: UInt64?
    private var bytes: UInt64 = 0

    /// What came since the last time; nil is a stream that is not there now.
    mutating func take(_ now: StreamReport.Stream?) -> UInt64 {
        guard let now else { return 0 }
        let before = now.id == stream ? bytes : 0
        (stream, bytes) = (now.id, now.bytesSent)
        return now.bytesSent - before
    }
}
