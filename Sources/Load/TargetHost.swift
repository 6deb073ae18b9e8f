import NIOCore

/// A host that may be loaded, and its port.
///
/// It is this machine's loopback (an address, or `localhost`, which is not looked up but taken as
/// 127.0.0.1), or it was named once more, exactly, as consent. Nothing is looked up or sent before
/// that is clear; a name is looked up once, and what it gave is what is loaded: no client looks it
/// up again, and no redirect is followed.
struct TargetHost: Sendable, Hashable {
    /// As it was given.
    let name: String
    let port: Int
    let isLoopback: Bool

    init(_ name: String, port: Int, consent: String?) throws(LoadRefusal) {
        self.name = name
        self.port = port
        isLoopback = try HostAddress.isLoopback(name)
        guard isLoopback || consent == name else {
            throw .noConsent(host: name, named: consent)
        }
    }

    /// The address that all connections go to; a name is looked up for it.
    func resolve() throws(LoadRefusal) -> SocketAddress {
        let literal = name.lowercased() == HostAddress.localName ? "127.0.0.1" : name
        if let address = try? SocketAddress(ipAddress: literal, port: port) { return address }
        guard let address = try? SocketAddress.makeAddressResolvingHost(name, port: port),
            let found = address.ipAddress
        else { throw .unknownHost(name) }
        // A name may lead to what could not have been written.
        _ = try HostAddress.isLoopback(found)
        return address
    }
}
