import ArgumentParser
import Foundation
import Sockets

/// `streamr-sim node`: a supporter node.
struct NodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "node",
        abstract: "Relays one stream from your own uplink, and earns for it.",
        discussion: """
            Pulls the stream once from the platform's RTMP server and serves viewers over RTMP, \
            HTTP-FLV and HLS. Both ports must be reached from outside (--host says how); where a \
            router maps them to others, say so with --public-rtmp-port and --public-http-port.

            SIGTERM and SIGINT end it after a last report. It ends with 2 if it cannot start.
            """)

    @Option(help: ArgumentHelp("The platform, as https://HOST:8443.", valueName: "url"))
    var coordinator: String

    @Option(help: ArgumentHelp("The stream's number.", valueName: "id"))
    var stream: String

    @Option(help: ArgumentHelp("The stream's key, from its owner.", valueName: "key"))
    var key: String

    @Option(help: ArgumentHelp("What the node is called (the host's name).", valueName: "name"))
    var name: String?

    @Option(help: ArgumentHelp("Name or address by which viewers reach you.", valueName: "host"))
    var host = "127.0.0.1"

    @Option(help: ArgumentHelp("The address to listen on (0.0.0.0).", valueName: "address"))
    var bind: String?

    @Option(help: ArgumentHelp("0 takes any free port.", valueName: "port"))
    var rtmpPort = 1935

    @Option(help: ArgumentHelp("HTTP-FLV, HLS and statistics.", valueName: "port"))
    var httpPort = 8080

    @Option(help: ArgumentHelp("The API and metrics.", valueName: "port"))
    var apiPort = 1985

    @Option(
        help: ArgumentHelp(
            "Where the API listens, which lets anybody end connections (--bind, if it was given; "
                + "else 127.0.0.1).", valueName: "address"))
    var apiBind: String?

    @Option(help: ArgumentHelp("Where a router maps --rtmp-port.", valueName: "port"))
    var publicRtmpPort: Int?

    @Option(help: ArgumentHelp("Where a router maps --http-port.", valueName: "port"))
    var publicHttpPort: Int?

    @Option(help: ArgumentHelp("Viewers at most.", valueName: "count"))
    var viewers = 20

    @Option(
        help: ArgumentHelp("A certificate in PEM to trust besides the system's.", valueName: "file")
    )
    var trust: String?

    @Flag(help: "Print the ports that were bound as one line of JSON.")
    var json = false

    @OptionGroup var output: ProgramLog

    func validate() throws {
        try PortNumber.check(rtmpPort, httpPort, apiPort, publicRtmpPort, publicHttpPort)
        guard (1...20_000).contains(viewers) else {
            throw ValidationError("--viewers is a number from 1 to 20000")
        }
    }

    func run() async throws {
        FileLimit.raise()
        let signals = SignalStream()
        let node: SupporterNode
        do {
            node = try await SupporterNode.start(options, logger: output.logger)
        } catch {
            throw Failure.usage("\(error)")
        }
        announce(node)
        await signals.wait()
        await node.stop()
    }

    private var options: SupporterNode.Options {
        var options = SupporterNode.Options(
            coordinator: coordinator, stream: stream, key: key,
            name: name ?? Self.ownName, host: host)
        options.trust = trust
        options.publicRTMPPort = publicRtmpPort
        options.publicHTTPPort = publicHttpPort
        options.viewersMax = viewers
        options.service.address = bind ?? "0.0.0.0"
        options.service.apiAddress = apiBind ?? bind ?? "127.0.0.1"
        options.service.rtmpPort = rtmpPort
        options.service.httpPort = httpPort
        options.service.apiPort = apiPort
        return options
    }

    private static var ownName: String {
        ProcessInfo.processInfo.hostName.split(separator: ".").first.map(String.init) ?? "node"
    }

    private func announce(_ node: SupporterNode) {
        let ports = node.ports
        if json {
            print(
                "{\"node\":\"\(node.node)\",\"rtmp\":\(ports.rtmp),\"http\":\(ports.http),"
                    + "\"api\":\(ports.api)}")
        } else {
            print(
                "Node        \(node.node), its page is \(coordinator)/dashboard/node/\(node.node)")
            print("RTMP        rtmp://\(host):\(publicRtmpPort ?? ports.rtmp)/live/\(stream)")
            print("HLS         http://\(host):\(publicHttpPort ?? ports.http)/live/\(stream).m3u8")
        }
        fflush(nil)
    }
}
