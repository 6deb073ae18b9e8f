import Platform

/// One entry of the HTTP interface: how it is asked for, by whom, and which call it is.
struct Route: Sendable {
    enum Method: String, Sendable, Hashable { case get, post, patch, delete }

    /// Who may ask; the coordinator decides, this says it to readers of the description.
    enum Access: Sendable, Hashable {
        case anyone
        /// With a streamer's token, or an API key that has the scope.
        case streamer(Scopes)
        /// With the node's token.
        case node
        /// The RTMP server, by the secret in the address.
        case server
    }

    /// What an answer of 200 or 201 has in it.
    enum Content: Sendable, Hashable {
        case ok, health, watch, grant, newKey, key, keys, stream, streams, nodes, overview
        case leaderboard, payouts, node, economics, callback, streamer, watchPage
    }

    var method: Method
    /// With `{name}` for what varies.
    var path: String
    var access: Access
    var summary: String
    var answer: Content
    /// What `{name}` in the path must be.
    var inPath: [Field] = []
    var query: [Field] = []
    /// Nil without a body.
    var body: [Field]?
    /// Whether a browser that asks for HTML gets a page.
    var hasPage = false
    var make: @Sendable (Values, Drawn) -> Call

    var parts: [Substring] { path.split(separator: "/") }

    /// The values in a path of as many parts as `own`; nil if it is another route's.
    static func match(_ own: [Substring], _ asked: [Substring]) -> [Substring]? {
        guard own.count == asked.count else { return nil }
        var found: [Substring] = []
        for (mine, theirs) in zip(own, asked) {
            if mine.first == "{" {
                found.append(theirs)
            } else if mine != theirs {
                return nil
            }
        }
        return found
    }
}

/// What the driver adds to a call: secrets drawn for it, and who asks.
struct Drawn: Sendable {
    var caller: Caller
    var session: SessionID
    var streamKey: UInt64
    var secret: SecretDigest
    /// For whom watching is kept.
    var viewer: UInt64

    /// The node that a token names; none otherwise, and the coordinator refuses.
    var node: NodeID {
        if case .node(let node) = caller.credential { node } else { NodeID(0) }
    }
}
