import ArgumentParser
import Foundation
import Logging
import Sockets

/// `streamr-sim serve`: programs of the platform for real.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Runs the platform, or one program of it, on real sockets.",
        subcommands: [
            ServePlatformCommand.self, ServeRTMPCommand.self, ServeCacheCommand.self,
        ],
        defaultSubcommand: ServePlatformCommand.self)
}

/// `streamr-sim serve rtmp`: the streaming server.
struct ServeRTMPCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rtmp",
        abstract: "Takes live streams over RTMP and gives them over RTMP, HTTP-FLV and HLS.",
        discussion: """
            Publish to rtmp://HOST:1935/APP/NAME, play the same address, or \
            http://HOST:8080/APP/NAME.flv, or http://HOST:8080/APP/NAME.m3u8. The API port answers \
            /api/v1/{versions,summaries,vhosts,streams,clients} as SRS does, DELETE \
            /api/v1/clients/ID, and /metrics for Prometheus; without --bind or --api-bind it \
            answers this machine alone.

            Every setting may come from a flag (--latency 0ms), from the environment \
            (STREAMR_LATENCY=0ms) or from a JSON file (--config FILE, {"latency": "0ms"}); the \
            first of these wins. Times are written as 350ms, 10s or 2m; rates as 2500k, 20M or 1G \
            bits a second; sizes in bytes or as 512K, 16M.

            SIGTERM and SIGINT stop it, once everybody has what was published; SIGHUP reads the \
            file and the certificate again and takes over whatever is not a port, an address, the \
            chunk size or the log level. It ends with 2 if it cannot start.
            """)

    @OptionGroup var flags: ServeFlags

    @Option(help: ArgumentHelp("Settings in JSON.", valueName: "file"))
    var config: String?

    @Flag(help: "Print the ports that were bound as one line of JSON.")
    var json = false

    func run() async throws {
        let settings: ServeSettings
        do {
            settings = try loaded()
        } catch {
            throw Failure.usage("\(error)")
        }
        let logger = ProgramLog.logger(settings.logLevel)
        FileLimit.raise()
        let signals = SignalStream(hangUp: true)
        let service: StreamService
        do {
            service = try await StreamService.start(settings.options, logger: logger)
        } catch {
            throw Failure.usage("\(error)")
        }
        announce(service.ports, settings.options)
        await signals.wait {
            do {
                try service.reload(try loaded().options)
                logger.notice("read the settings again")
            } catch {
                logger.error("the settings stay as they were: \(error)")
            }
        }
        await service.stop()
    }

    private func loaded() throws -> ServeSettings {
        try ServeSettings(
            file: config, environment: ProcessInfo.processInfo.environment, flags: flags.given)
    }

    private func announce(_ ports: StreamService.Ports, _ options: StreamService.Options) {
        let address = options.address
        if json {
            var pairs = ["\"address\":\"\(address)\"", "\"rtmp\":\(ports.rtmp)"]
            if let port = ports.rtmps { pairs.append("\"rtmps\":\(port)") }
            pairs += ["\"http\":\(ports.http)", "\"api\":\(ports.api)"]
            print("{\(pairs.joined(separator: ","))}")
        } else {
            print("RTMP        rtmp://\(address):\(ports.rtmp)/APP/NAME")
            if let port = ports.rtmps { print("RTMPS       rtmps://\(address):\(port)/APP/NAME") }
            print("HTTP-FLV    http://\(address):\(ports.http)/APP/NAME.flv")
            print("HLS         http://\(address):\(ports.http)/APP/NAME.m3u8")
            let api = options.apiAddress ?? address
            print("API         http://\(api):\(ports.api)/api/v1/streams")
        }
        fflush(nil)
    }
}
