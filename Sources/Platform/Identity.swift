/// Who takes part, how they are named, and what they may do.

/// A streamer's or friend's account.
public struct UserID: Sendable, Hashable {
    public var raw: Int32
    public init(_ raw: Int32) { self.raw = raw }
}

/// An API key, apart from its secret.
public struct KeyID: Sendable, Hashable {
    public var raw: Int32
    public init(_ raw: Int32) { self.raw = raw }
}

/// A signed-in device: what a refresh token stands for. Drawn by the driver; kept in the cache.
public struct SessionID: Sendable, Hashable {
    public var raw: UInt64
    public init(_ raw: UInt64) { self.raw = raw }
}

/// SHA-256 of an API key's secret; the secret itself is never stored.
public struct SecretDigest: Sendable, Hashable {
    public var words: [4 of UInt64]

    public init(words: [4 of UInt64]) { self.words = words }

    /// Looks at all of both, so the time says nothing about where they differ.
    public static func == (a: SecretDigest, b: SecretDigest) -> Bool {
        var difference: UInt64 = 0
        for index in a.words.indices { difference |= a.words[index] ^ b.words[index] }
        return difference == 0
    }

    public func hash(into hasher: inout Hasher) {
        for index in words.indices { hasher.combine(words[index]) }
    }
}

/// A password as it is stored: the hash function's own text form, with its costs and salt.
public struct PasswordHash: Sendable, Hashable {
    public var text: String
    public init(_ text: String) { self.text = text }
}

/// What an API key may be used for.
public struct Scopes: OptionSet, Sendable, Hashable {
    public var rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Reading one's own figures.
    public static let read = Scopes(rawValue: 1)
    /// Creating, changing and removing one's own streams.
    public static let streams = Scopes(rawValue: 2)
    /// Registering and authorising nodes.
    public static let nodes = Scopes(rawValue: 4)
    public static let all: Scopes = [.read, .streams, .nodes]
}

/// What came with a call to show who calls. The driver has checked signatures; a key's digest is
/// looked up in the store by the coordinator.
public enum Credential: Sendable, Hashable {
    case none
    case streamer(UserID)
    case node(NodeID)
    case key(SecretDigest)
}

/// An IP address as 128 bits; IPv4 as `::ffff:a.b.c.d`. What is counted against a limit.
public struct ClientAddress: Sendable, Hashable {
    public var high: UInt64
    public var low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    public init(ipv4: UInt32) { self.init(high: 0, low: 0xFFFF_0000_0000 | UInt64(ipv4)) }

    /// `::1`
    public static let local = ClientAddress(high: 0, low: 1)

    /// A home gets a /64 of IPv6, so that is what is limited; of IPv4, the one address.
    public var limited: ClientAddress {
        high == 0 ? self : ClientAddress(high: high, low: 0)
    }
}

/// Who calls and from where.
public struct Caller: Sendable, Hashable {
    public var credential: Credential
    public var address: ClientAddress

    public init(_ credential: Credential, from address: ClientAddress) {
        self.credential = credential
        self.address = address
    }

    /// A program of the platform on the same machine.
    public static let local = Caller(.none, from: .local)
}

/// Where a supporter node can be reached, as it registered itself.
public struct NodeAddress: Sendable, Hashable {
    /// A name or an address; empty in a simulation, where the driver knows.
    public var host: String
    public var rtmpPort: UInt16
    /// HTTP-FLV, HLS and statistics; 0 without.
    public var httpPort: UInt16

    public init(host: String, rtmpPort: UInt16, httpPort: UInt16) {
        self.host = host
        self.rtmpPort = rtmpPort
        self.httpPort = httpPort
    }

    public static let hostMax = 255
}

extension PasswordHash {
    /// No password's hash; the driver verifies against it at full cost and answers no.
    public static let nobody = PasswordHash("")
}
