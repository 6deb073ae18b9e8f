import Foundation
import Hummingbird
import NIOCore
import NIOPosix
import Testing

@testable import Sockets

/// Where the worker may be led, and what it takes there.
@Suite(.serialized) struct GuardTests {
    static let inside = [
        "0.0.0.0", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254",
        "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.1.1",
        "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "100::1",
        "2001::1", "2001:db8::1", "2002:7f00:1::", "3fff::1", "fc00::1", "fd00:ec2::254",
        "fe80::1", "ff02::1", "::7f00:1",
    ]
    static let outside = [
        "1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "128.0.0.1",
        "169.253.255.255", "172.15.255.255", "172.32.0.0", "192.167.255.255", "198.20.0.0",
        "223.255.255.255", "2600::1", "2a00:1450:4001::1", "2001:4860:4860::8888",
        "::ffff:8.8.8.8",
    ]

    @Test("only addresses that anybody on the Internet may have are public")
    func addresses() throws {
        for text in Self.inside {
            #expect(PublicAddress(try SocketAddress(ipAddress: text, port: 80)) == nil, "\(text)")
        }
        for text in Self.outside {
            #expect(PublicAddress(try SocketAddress(ipAddress: text, port: 80)) != nil, "\(text)")
        }
    }

    @Test("names and numbers that mean this machine lead nowhere, however they are written")
    func spellings() async throws {
        let caller = StatsCaller(
            guardian: AddressGuard(allowsPrivate: false, pool: .singleton),
            group: MultiThreadedEventLoopGroup.singleton)
        for host in [
            "localhost", "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "[::1]",
            "[::ffff:127.0.0.1]", "0", "[fd00:ec2::254]", "169.254.169.254", "user@127.0.0.1",
        ] {
            await #expect(throws: AddressGuard.Refusal.self, "\(host)") {
                _ = try await caller.ask("http://\(host):9/stats")
            }
        }
    }

    @Test("of an answer, 64 KiB are read at most, no redirect is followed, and only viewers count")
    func answers() async throws {
        let server = try await WebServer.start(
            "127.0.0.1", 0, group: MultiThreadedEventLoopGroup.singleton,
            logger: TestPlatform.logger
        ) { request, _ in
            switch request.uri.path {
            case "/good": Self.json(#"{"viewers":7,"more":[1]}"#)
            case "/long": Self.json(String(repeating: " ", count: 70_000) + #"{"viewers":7}"#)
            case "/negative": Self.json(#"{"viewers":-7}"#)
            case "/text": Self.json("7")
            case "/elsewhere": Response(status: .found, headers: [.location: "/good"])
            case _: Response(status: .notFound)
            }
        }
        let caller = StatsCaller(
            guardian: AddressGuard(allowsPrivate: true, pool: .singleton),
            group: MultiThreadedEventLoopGroup.singleton)
        let url = "http://127.0.0.1:\(server.port)"
        #expect(try await caller.ask("\(url)/good") == 7)
        #expect(try await caller.ask("http://localhost:\(server.port)/good") == 7)
        for path in ["/long", "/negative", "/text", "/elsewhere", "/none"] {
            await #expect(throws: (any Error).self, "\(path)") {
                _ = try await caller.ask(url + path)
            }
        }
        await server.stop()
    }

    private static func json(_ text: String) -> Response {
        Response(status: .ok, body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}
