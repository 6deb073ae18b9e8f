import RTMP

/// What the world tells a stream server, besides the bytes that arrive (`receive`).
///
/// `closed` comes exactly once for every connection that was opened, connected or refused,
/// whoever closed it; only then may its identifier be used again.
public enum StreamInput: Sendable {
    /// A client connected to the RTMP port. The identifier is small: it indexes a table.
    case opened(ConnectionID, Peer)
    /// A client asks for a stream over HTTP-FLV. Answered with `begin` or `close`.
    case watched(ConnectionID, Peer, StreamName, query: String)
    /// Our own `connect` succeeded.
    case connected(ConnectionID)
    /// The connection has as much to send as it may; nothing more for now.
    case stalled(ConnectionID)
    /// It took what it had.
    case flowing(ConnectionID)
    /// The connection is gone, or could not be made.
    case closed(ConnectionID)
    /// The answer to a hook that waits for one.
    case answered(HookID, allowed: Bool)
    /// Throws out the client with this identifier in the report.
    case kicked(UInt64)
    case configured(StreamConfiguration)
    /// The deadline passed.
    case woke
    /// Say goodbye to everybody.
    case stopping
}

/// What a stream server asks of the world.
public enum StreamEffect: Sendable {
    case send(ConnectionID, [UInt8])
    /// Sends bytes that many connections get.
    case share(ConnectionID, SharedBytes)
    /// HTTP-FLV: the answer is yes; what is sent from now on is the body.
    case begin(ConnectionID)
    /// Close once everything sent has gone.
    case close(ConnectionID, CloseCause)
    /// Answered with `connected` or `closed`. The identifier is ours, at or above
    /// `StreamServer.outgoing`.
    case connect(ConnectionID, StreamURL)
    /// Calls the coordinator. Those with an identifier are answered with `answered`.
    case call(HookID?, Hook)
}

/// Names a question put to the coordinator.
public struct HookID: Sendable, Hashable {
    public var raw: UInt64
    public init(_ raw: UInt64) { self.raw = raw }
}

/// Where a client connects from.
public struct Peer: Sendable, Hashable {
    /// An IP address in its usual text form, without a port.
    public var address: String

    public init(address: String) { self.address = address }
}

/// Bytes that are sent to many; the driver converts them once.
public struct SharedBytes: Sendable {
    /// Never used twice by one server.
    public var id: UInt64
    public var bytes: [UInt8]
}

/// Why the server closed a connection; for the log.
public enum CloseCause: Sendable, Hashable {
    /// The peer broke the protocol or ran out of time.
    case fault(RTMPError)
    /// A hook said no, or the name is taken or unusable.
    case refused
    /// Limits on connections or bandwidth.
    case full
    case kicked
    /// Another publisher took the stream over.
    case replaced
    /// The publisher sent no media for too long.
    case publishTimedOut
    /// The player took nothing for too long.
    case stallTimedOut
    /// The stream that an HTTP player watched is over.
    case ended
    case stopping
}

/// One call to the coordinator, in SRS's terms.
public struct Hook: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        case connect = "on_connect"
        case close = "on_close"
        case publish = "on_publish"
        case unpublish = "on_unpublish"
        case play = "on_play"
        case stop = "on_stop"
    }

    public var kind: Kind
    public var client: UInt64
    public var address: String
    public var app: String
    public var tcURL: String
    public var pageURL: String
    /// Empty for `connect` and `close`.
    public var stream: String
    /// What followed `?`, without it.
    public var query: String
    /// Of the stream in the report; nil before there is one.
    public var streamID: UInt64?
    /// Of the whole connection; for `close`.
    public var bytesSent: UInt64
    public var bytesReceived: UInt64
}

/// The effects of one input, in order; reused from call to call.
public struct StreamOutbox: Sendable {
    public private(set) var effects: [StreamEffect] = []

    public init() {}

    mutating func append(_ effect: StreamEffect) { effects.append(effect) }

    public mutating func removeAll() { effects.removeAll(keepingCapacity: true) }
}
