import NIOCore
import RTMP

/// An application of an RTMP server, which its owner allows to be loaded.
public struct LoadTarget: Sendable, Hashable {
    /// As it was given.
    public let text: String
    private let application: String
    let app: String
    private let place: TargetHost

    public var host: String { place.name }
    public var isLoopback: Bool { place.isLoopback }

    /// `text` is `rtmp[s]://HOST[:PORT]/APP`, without a stream's name.
    public init(_ text: String, consent: String?) throws(LoadRefusal) {
        var application = text[...]
        while application.hasSuffix("/") { application.removeLast() }
        guard let url = StreamURL(application + "/name"), url.name == "name" else {
            throw .notAnAddress
        }
        self.text = text
        self.application = String(application)
        app = url.app
        place = try TargetHost(url.host, port: Int(url.port), consent: consent)
    }

    /// The address that all connections go to; a name is looked up for it.
    public func resolve() throws(LoadRefusal) -> SocketAddress { try place.resolve() }

    /// Where the stream of this name is published or played.
    func stream(_ name: String) -> StreamURL? { StreamURL("\(application)/\(name)") }
}

/// Why a target is not loaded; nothing was sent to it.
public enum LoadRefusal: Error, Sendable, Hashable, CustomStringConvertible {
    case notAnAddress
    case noConsent(host: String, named: String?)
    case notOneHost(String)
    case strangeSpelling(String)
    case unknownHost(String)

    public var description: String {
        switch self {
        case .notAnAddress: "expected rtmp[s]://HOST[:PORT]/APP or http[s]://HOST[:PORT][/PATH]"
        case .noConsent(let host, nil):
            "\(host) is not this machine: it is loaded only with --i-am-allowed-to-load \(host)"
        case .noConsent(let host, let named?):
            "--i-am-allowed-to-load names \(named), but the target is \(host): nothing was sent"
        case .notOneHost(let host): "\(host) is no single host's address"
        case .strangeSpelling(let host):
            "\(host) is an address in a spelling that programs read differently; "
                + "write four decimal numbers"
        case .unknownHost(let host): "\(host) has no address"
        }
    }
}
