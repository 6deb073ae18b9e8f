import ArgumentParser
import Foundation
import Platform
import Sockets

/// `streamr-sim friend`: accounts on a platform that runs.
struct FriendCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "friend", abstract: "Adds a friend to a running platform.",
        subcommands: [FriendAddCommand.self])
}

struct FriendAddCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Opens an account with a stream and a key, and prints what the friend needs.")

    @Argument(help: "Letters, digits, \"_\", \".\" and \"-\".")
    var name: String

    @Option(help: ArgumentHelp("The platform.", valueName: "url"))
    var url = "http://127.0.0.1:8000"

    @Option(
        help: ArgumentHelp("The host by which friends reach it (that of --url).", valueName: "host")
    )
    var host: String?

    @Option(help: ArgumentHelp("The RTMP port, if it is not 1935.", valueName: "port"))
    var rtmpPort = 1935

    @Option(help: ArgumentHelp("The stream's title.", valueName: "text"))
    var title: String?

    @Option(
        help: ArgumentHelp("A certificate in PEM to trust besides the system's.", valueName: "file")
    )
    var trust: String?

    @Flag(help: "Print it as one line of JSON.")
    var json = false

    private struct Account: Encodable {
        var name: String
        var password: String
    }

    private struct Stream: Decodable {
        var streamId: String
        var streamKey: String
    }

    private struct Key: Decodable { var secret: String }

    private struct Friend: Encodable {
        var name: String
        var password: String
        var stream: String
        var streamKey: String
        var apiKey: String
        var server: String
        var watch: String
        var page: String
        var coordinator: String
    }

    func validate() throws {
        try PortNumber.check(rtmpPort)
        let known = host ?? ""
        guard known.allSatisfy({ $0.isASCII && !$0.isWhitespace && $0 != "/" }) else {
            throw ValidationError("--host is a name or an address, not \"\(known)\"")
        }
        guard (title ?? "a").unicodeScalars.count <= Call.Limits.titleMax else {
            throw ValidationError("--title has at most \(Call.Limits.titleMax) characters")
        }
    }

    func run() async throws {
        do {
            let client = try PlatformClient(url, trust: trust)
            let friend: Friend
            do {
                friend = try await add(client)
            } catch {
                await client.stop()
                throw error
            }
            await client.stop()
            try print(friend)
        } catch let fault as PlatformClient.Fault {
            throw Failure.usage("\(fault)")
        }
    }

    private func add(_ client: PlatformClient) async throws -> Friend {
        let password = Self.password()
        let tokens: TokenPair = try await client.ask(
            "POST", "/api/v1/auth/register-streamer",
            body: Account(name: name, password: password))
        let stream: Stream = try await client.ask(
            "POST", "/streams", token: tokens.access,
            body: ["title": title ?? "\(name)'s stream"])
        let key: Key = try await client.ask(
            "POST", "/api/v1/keys", token: tokens.access, body: ["label": "friend add"])
        let known = host ?? URL(string: url)?.host ?? "127.0.0.1"
        let port = rtmpPort == 1935 ? "" : ":\(rtmpPort)"
        let place = Self.place(of: url, at: host)
        return Friend(
            name: name, password: password, stream: stream.streamId,
            streamKey: stream.streamKey, apiKey: key.secret,
            server: "rtmp://\(known)\(port)/live", watch: "\(place)/watch/\(stream.streamId)",
            page: "\(place)/dashboard/streamer/\(tokens.user ?? "")", coordinator: place)
    }

    /// The address of the platform as friends have it, without a slash at its end.
    private static func place(of url: String, at host: String?) -> String {
        var components = URLComponents(string: url)
        if let host { components?.host = host }
        let place = components?.string ?? url
        return String(place.reversed().drop { $0 == "/" }.reversed())
    }

    /// Twenty letters and digits that are not mistaken for each other: over 100 bits.
    private static func password() -> String {
        var system = SystemRandomNumberGenerator()
        let letters = Array("abcdefghjkmnpqrstuvwxyz23456789ABCDEFGHJKLMNPQRSTUVWXYZ")
        return String((0..<20).map { _ in letters.randomElement(using: &system) ?? "a" })
    }

    private func print(_ friend: Friend) throws {
        if json {
            let encoder = JSONEncoder()
            encoder.keyEncodingStrategy = .convertToSnakeCase
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            Swift.print(String(decoding: try encoder.encode(friend), as: UTF8.self))
            return
        }
        let key = friend.streamKey
        let trusted = trust.map { " --trust \($0)" } ?? ""
        let place = "\(friend.server)/\(friend.stream)?key=\(key)"
        Swift.print(
            """
            \(friend.name)'s account    \(friend.page)
              password              \(friend.password)
              API key               \(friend.apiKey)

            OBS: Settings, Stream, Service "Custom"
              Server                \(friend.server)
              Stream Key            \(friend.stream)?key=\(friend.streamKey)

            ffmpeg
              ffmpeg -re -i film.mp4 -c:v libx264 -g 50 -c:a aac -f flv '\(place)'

            Watch                   \(friend.watch)
            Support it with a node
              streamr-sim node --coordinator \(friend.coordinator) --stream \(friend.stream) \
            --key \(key)\(trusted)
            """)
    }
}
