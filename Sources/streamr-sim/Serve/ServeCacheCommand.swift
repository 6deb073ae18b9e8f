import ArgumentParser
import Foundation
import Sockets

/// `streamr-sim serve cache`: the Redis-compatible cache.
struct ServeCacheCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cache",
        abstract: "Keeps strings, hashes, lists, sets and sorted sets for clients of Redis.",
        discussion: """
            Speaks Redis' protocol, versions 2 and 3: redis-cli, redis-benchmark and client \
            libraries work with it. Answers as Redis 7.0 does. What it does not have is refused \
            as an unknown command: blocking pops, scripts, streams, bitmaps, SORT, LCS, DUMP, \
            moving between databases, replication, saving to disk.

            Every setting may come from a flag (--max-memory 384mb) or from the environment \
            (STREAMR_MAX_MEMORY=384mb); a flag wins. A password is better not given as a flag, \
            which other users of the machine can read. Memory is counted as Redis would allocate \
            it; the process itself takes more.

            SIGTERM and SIGINT stop it. It ends with 2 if it cannot start.
            """)

    @OptionGroup var flags: CacheFlags

    @Flag(help: "Print the port that was bound as one line of JSON.")
    var json = false

    func run() async throws {
        let settings: CacheSettings
        do {
            settings = try CacheSettings(
                environment: ProcessInfo.processInfo.environment, flags: flags.given)
        } catch {
            throw Failure.usage("\(error)")
        }
        let logger = ProgramLog.logger(settings.logLevel)
        FileLimit.raise()
        let signals = SignalStream()
        let service: CacheService
        do {
            service = try await CacheService.start(settings.options, logger: logger)
        } catch {
            throw Failure.usage("\(error)")
        }
        let address = settings.options.address
        print(
            json
                ? "{\"address\":\"\(address)\",\"cache\":\(service.port)}"
                : "Cache       redis://\(address):\(service.port)")
        fflush(nil)
        await signals.wait()
        await service.stop()
    }
}
