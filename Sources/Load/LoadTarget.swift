import NIOCore
import RTMP

/// An application of an RTMP server, which its owner allows to be loaded.
///
/// A host is this machine's loopback (an address, or `localhost`, which is not looked up but taken
/// as 127.0.0.1), or it was named once more, exactly, as consent. Nothing is looked up or sent
/// before that is clear; a name is looked up once, and what it gave is what is loaded: no client
/// looks it up again, and no redirect is followed.
public struct LoadTarget: Sendable, Hashable {
    /// As it was given.
    public let text: String
    /// As it was given.
    public let host: String
    public let isLoopback: Bool
    private let application: String
    private let url: StreamURL

    /// `text` is `rtmp[s]://HOST[:PORT]/APP`, without a stream's name.
    public init(_ text: String, consent: String?) throws(LoadRefusal) {
        var application = text[...]
        while application.hasSuffix("/") { application.removeLast() }
        guard let url = StreamURL(application + "/name"), url.name == "name" else {
            throw .notAnAddress
        }
        self.text = text
        self.application = String(application)
        self.url = url
        host = url.host
        isLoopback = try HostAddress.isLoopback(url.host)
        guard isLoopback || consent == url.host else {
            throw .noConsent(host: url.host, named: consent)
        }
    }

    /// The address that all connections go to; a name is looked up for it.
    public func resolve() throws(LoadRefusal) -> SocketAddress {
        let literal = host.lowercased() == HostAddress.localName ? "127.0.0.1" : host
        if let address = try? SocketAddress(ipAddress: literal, port: Int(url.port)) {
            return address
        }
        guard
            let address = try? SocketAddress.makeAddressResolvingHost(host, port: Int(url.port)),
            let found = address.ipAddress
        else { throw .unknownHost(host) }
        // A name may lead to what could not have been written.
        _ = try HostAddress.isLoopback(found)
        return address
    }

    /// Where the stream with this number is published and played.
    func stream(_ number: Int) -> StreamURL? { StreamURL("\(application)/blast-\(number)") }
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
        case .notAnAddress: "expected rtmp://HOST[:PORT]/APP"
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
