import ArgumentParser
import Foundation
import Logging
import Sockets
import Storage

/// `streamr-sim serve`: the whole platform in one process.
struct ServePlatformCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "platform",
        abstract: "The whole platform: RTMP server, coordinator, worker, cache, store, front.",
        discussion: """
            Everything it keeps is in --data: the database (SQLite), the secrets, and a \
            certificate that it signs itself. --database postgres://… and --cache redis://… put \
            others in their places. "streamr-sim friend add NAME" opens an account with a \
            stream, and prints what to paste into OBS.

            The front (--https-port) ends TLS for pages, API and players, and answers as a load \
            balancer does; --redirect-port sends whoever comes by HTTP there. Figures for \
            Prometheus of all parts are at --api-port, /metrics, which answers this machine alone \
            without --bind or --api-bind.

            SIGTERM and SIGINT end it once everybody has been answered; SIGHUP reads the \
            certificate again, and connections go on. It ends with 2 if it cannot start.
            """)

    @Option(help: ArgumentHelp("The address to listen on (0.0.0.0).", valueName: "address"))
    var bind: String?

    @Option(help: ArgumentHelp("Publishers and players; 0 takes any free port.", valueName: "port"))
    var rtmpPort = 1935

    @Option(help: ArgumentHelp("HTTP-FLV and HLS.", valueName: "port"))
    var httpPort = 8080

    @Option(help: ArgumentHelp("The stream server's API, and metrics.", valueName: "port"))
    var apiPort = 1985

    @Option(
        help: ArgumentHelp(
            "Where that API listens, which lets anybody end connections (--bind, if it was given; "
                + "else 127.0.0.1).", valueName: "address"))
    var apiBind: String?

    @Option(help: ArgumentHelp("Pages and API without TLS.", valueName: "port"))
    var coordinatorPort = 8000

    @Option(help: ArgumentHelp("Pages, API, HLS and HTTP-FLV by TLS.", valueName: "port"))
    var httpsPort = 8443

    @Option(help: ArgumentHelp("HTTP that is sent to HTTPS (none).", valueName: "port"))
    var redirectPort: Int?

    @Option(
        help: ArgumentHelp(
            "How long either side of the front may be silent.", valueName: "seconds"))
    var idleTimeout = 60

    @Option(help: ArgumentHelp("The cache's own, on 127.0.0.1.", valueName: "port"))
    var cachePort = 6379

    @Option(help: ArgumentHelp("What is kept; made if it is not there.", valueName: "folder"))
    var data = "streamr-data"

    @Option(help: ArgumentHelp("postgres://…, or a file (SQLite in --data).", valueName: "url"))
    var database: String?

    @Option(help: ArgumentHelp("redis://…, instead of our own.", valueName: "url"))
    var cache: String?

    @Option(help: ArgumentHelp("A certificate chain in PEM (one of our own).", valueName: "file"))
    var certificate: String?

    @Option(help: ArgumentHelp("Its private key, in PEM.", valueName: "file"))
    var key: String?

    @Flag(help: "Nodes may be on loopback and private networks.")
    var allowPrivateNodes = false

    @Flag(help: "Print the ports that were bound as one line of JSON.")
    var json = false

    @OptionGroup var output: ProgramLog

    var address: String { bind ?? "0.0.0.0" }
    var apiAddress: String { apiBind ?? bind ?? "127.0.0.1" }

    func validate() throws {
        try PortNumber.check(
            rtmpPort, httpPort, apiPort, coordinatorPort, httpsPort, redirectPort, cachePort)
        guard (1...4_000).contains(idleTimeout) else {
            throw ValidationError("--idle-timeout is a number from 1 to 4000")
        }
        guard (certificate == nil) == (key == nil) else {
            throw ValidationError("--certificate and --key are needed together")
        }
    }

    func run() async throws {
        let logger = output.logger
        FileLimit.raise()
        let signals = SignalStream(hangUp: true)
        let platform: RunningPlatform
        do {
            platform = try await RunningPlatform.start(self, logger)
        } catch {
            throw Failure.usage("\(error)")
        }
        announce(platform.ports)
        await signals.wait {
            do {
                try platform.reload(self)
                logger.notice("read the certificate again")
            } catch {
                logger.error("the certificate stays as it was: \(error)")
            }
        }
        await platform.stop()
    }

    private func announce(_ ports: RunningPlatform.Ports) {
        if json {
            print(ports.json)
        } else {
            let host = Self.reached(address)
            let port = ports.rtmp == 1935 ? "" : " --rtmp-port \(ports.rtmp)"
            let redirect = ports.redirect.map { ", and http://\(host):\($0)/ leads there" } ?? ""
            print(
                """
                Pages       https://\(host):\(ports.https)/\(redirect)
                Without TLS http://\(host):\(ports.coordinator)/
                Publish     rtmp://\(host):\(ports.rtmp)/live, with a friend's stream key
                Players     http://\(host):\(ports.http)/live/STREAM.m3u8 or .flv
                API         https://\(host):\(ports.https)/openapi.json
                Metrics     http://\(Self.reached(apiAddress)):\(ports.api)/metrics
                Cache       \(ports.cache.map { "redis://127.0.0.1:\($0)" } ?? cache ?? "")
                Kept in     \(data)

                A friend's account, and what to paste into OBS:
                    streamr-sim friend add NAME --url http://\(host):\(ports.coordinator)\(port)
                """)
        }
        fflush(nil)
    }

    /// Where what listens there is reached from here.
    private static func reached(_ address: String) -> String {
        address == "0.0.0.0" || address == "::" ? "127.0.0.1" : address
    }
}
