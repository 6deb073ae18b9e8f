import Hummingbird
import NIOConcurrencyHelpers
import Platform

/// The stream server's ports.
struct MediaPorts: Sendable {
    var rtmp = 1935
    var http = 8080
}

/// Where the stream server is; it begins after the coordinator, which it calls.
final class MediaPlace: Sendable {
    private let box = NIOLockedValueBox(MediaPorts())

    var ports: MediaPorts {
        get { box.withLockedValue { $0 } }
        set { box.withLockedValue { $0 = newValue } }
    }
}

/// The addresses of a stream for one visitor, at the host by which it knows us.
struct MediaLinks: Sendable {
    private let ports: MediaPorts
    /// As it stands in an address.
    private let host: String
    private let authority: String
    /// By TLS a browser takes media only by TLS: from the front, at the same origin.
    private let isSecure: Bool

    init(_ ports: MediaPorts, _ request: Request) {
        self.ports = ports
        let named = request.head.authority ?? "localhost"
        let known = named.utf8.allSatisfy { Self.isUsual($0) } ? named : "localhost"
        let colon = known.lastIndex(of: ":")
        let bracket = known.lastIndex(of: "]") ?? known.startIndex
        host = String(colon.map { $0 > bracket ? known[..<$0] : known[...] } ?? known[...])
        authority = known
        isSecure = request.headers[CallResponder.forwardedProto] == "https"
    }

    private static func isUsual(_ byte: UInt8) -> Bool {
        WireText.isPlain(byte) || [0x2E, 0x2D, 0x3A, 0x5B, 0x5D].contains(byte)
    }

    /// Where else than from us the page may take its media.
    var origin: String? { isSecure ? nil : "http://\(host):\(ports.http)" }

    func rtmp(_ stream: StreamID) -> String {
        let port = ports.rtmp == 1935 ? "" : ":\(ports.rtmp)"
        return "rtmp://\(host)\(port)/\(PlatformLoop.app)/\(stream.raw)"
    }

    var publish: String {
        let port = ports.rtmp == 1935 ? "" : ":\(ports.rtmp)"
        return "rtmp://\(host)\(port)/\(PlatformLoop.app)"
    }

    func hls(_ stream: StreamID) -> String {
        (origin ?? "") + "/\(PlatformLoop.app)/\(stream.raw).m3u8"
    }

    /// The same for players that are no browsers.
    func wholeHLS(_ stream: StreamID) -> String {
        (origin ?? "https://\(authority)") + "/\(PlatformLoop.app)/\(stream.raw).m3u8"
    }

    func flv(_ stream: StreamID) -> String {
        (origin ?? "https://\(authority)") + "/\(PlatformLoop.app)/\(stream.raw).flv"
    }
}
