import Foundation
import Logging
import Platform
import Sockets
import Storage

/// The parts of `serve`, in the order in which they need each other.
struct RunningPlatform {
    struct Ports {
        var rtmp: Int
        var http: Int
        var api: Int
        var coordinator: Int
        var https: Int
        /// Nil without one.
        var redirect: Int?
        /// Nil with somebody else's cache.
        var cache: Int?

        var json: String {
            var pairs = [
                "\"rtmp\":\(rtmp)", "\"http\":\(http)", "\"api\":\(api)",
                "\"coordinator\":\(coordinator)", "\"https\":\(https)",
            ]
            if let redirect { pairs.append("\"redirect\":\(redirect)") }
            if let cache { pairs.append("\"cache\":\(cache)") }
            return "{\(pairs.joined(separator: ","))}"
        }
    }

    let ports: Ports
    private let store: Store
    private let cache: CacheService?
    private let platform: PlatformService
    private let streams: StreamService
    private let audit: Task<Void, Never>?

    /// What a cache.t4g.micro leaves to its users.
    private static let cacheMemoryMax = 384 << 20
    private static let auditEvery = Duration.seconds(15)

    static func start(
        _ command: ServePlatformCommand, _ logger: Logger
    ) async throws -> RunningPlatform {
        let folder = URL(filePath: command.data, directoryHint: .isDirectory)
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        let secrets = try Secrets.load(from: folder)
        let store = Store(
            Store.Place(command.database ?? folder.appending(path: "platform.sqlite").path))
        try await store.open()
        do {
            return try await RunningPlatform(command, folder, secrets, store, logger)
        } catch {
            await store.close()
            throw error
        }
    }

    private init(
        _ command: ServePlatformCommand, _ folder: URL, _ secrets: Secrets, _ store: Store,
        _ logger: Logger
    ) async throws {
        self.store = store
        cache = command.cache == nil ? try await Self.startCache(command, logger) : nil
        do {
            var options = PlatformService.Options(
                certificate: try Self.certificate(command, folder), secrets: secrets)
            options.address = command.address
            options.coordinatorPort = command.coordinatorPort
            options.httpsPort = command.httpsPort
            options.redirectPort = command.redirectPort
            options.idleTimeout = command.idleTimeout
            options.cache = command.cache ?? "redis://127.0.0.1:\(cache?.port ?? 0)"
            options.allowsPrivateNodes = command.allowPrivateNodes
            platform = try await PlatformService.start(
                options,
                store: { transaction, now, answer in
                    store.submit(transaction, at: now) { answer($0.mapError { $0 }) }
                }, logger: logger)
        } catch {
            await cache?.stop()
            throw error
        }
        do {
            streams = try await Self.startStreams(command, secrets, platform, logger)
        } catch {
            await platform.stop()
            await cache?.stop()
            throw error
        }
        platform.serve(streams.ports)
        // Another process may use the same server of a database, and have streams of its own.
        audit = command.database == nil ? Self.audit(platform, streams) : nil
        ports = Ports(
            rtmp: streams.ports.rtmp, http: streams.ports.http, api: streams.ports.api,
            coordinator: platform.ports.coordinator, https: platform.ports.https,
            redirect: platform.ports.redirect, cache: cache?.port)
    }

    /// Ends streams that are on the air on paper only, because the process or the store was not
    /// there when their publishers went: those that are so at two looks in a row.
    private static func audit(
        _ platform: PlatformService, _ streams: StreamService
    ) -> Task<Void, Never> {
        Task {
            var absent: Set<StreamID> = []
            while !Task.isCancelled {
                let published = await streams.published()
                let onPaper = await platform.onAir().filter { !published.contains("\($0.raw)") }
                for stream in onPaper where absent.contains(stream) { await platform.end(stream) }
                absent = Set(onPaper)
                try? await Task.sleep(for: auditEvery)
            }
        }
    }

    private static func startCache(
        _ command: ServePlatformCommand, _ logger: Logger
    ) async throws -> CacheService {
        var options = CacheService.Options()
        options.address = "127.0.0.1"
        options.port = command.cachePort
        options.server.engine.memoryMax = Self.cacheMemoryMax
        return try await CacheService.start(options, logger: logger)
    }

    private static func startStreams(
        _ command: ServePlatformCommand, _ secrets: Secrets, _ platform: PlatformService,
        _ logger: Logger
    ) async throws -> StreamService {
        var options = StreamService.Options()
        options.address = command.address
        options.apiAddress = command.apiAddress
        options.rtmpPort = command.rtmpPort
        options.httpPort = command.httpPort
        options.apiPort = command.apiPort
        options.hooks = platform.hooks(secrets)
        options.otherMetrics = { await platform.metrics() }
        return try await StreamService.start(options, logger: logger)
    }

    /// Reads the certificate again.
    func reload(_ command: ServePlatformCommand) throws {
        let folder = URL(filePath: command.data, directoryHint: .isDirectory)
        try platform.load(try Self.certificate(command, folder))
    }

    private static func certificate(
        _ command: ServePlatformCommand, _ folder: URL
    ) throws -> StreamService.Certificate {
        if let chain = command.certificate, let key = command.key {
            return StreamService.Certificate(chain: chain, key: key)
        }
        let own = ["localhost", "127.0.0.1", "::1", ProcessInfo.processInfo.hostName]
        let bound = ["0.0.0.0", "::"].contains(command.address) ? [] : [command.address]
        return try OwnCertificate.load(from: folder, hosts: own + bound)
    }

    /// Publishers and players first, whose end the coordinator is told; the store last.
    func stop() async {
        audit?.cancel()
        await streams.stop()
        await platform.stop()
        await cache?.stop()
        await store.close()
    }
}
