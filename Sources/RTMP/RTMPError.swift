/// What a peer did wrong, or ran out of. The connection it happened on must be closed.
public enum RTMPError: Error, Sendable, Hashable {
    // Handshake
    case unknownVersion(UInt8)
    /// RTMPE and its kin (versions 6, 8 and 9) encrypt with keys long known; not supported.
    case encryptedHandshake(version: UInt8)

    // Chunks
    case headerWithoutPrevious(format: UInt8, chunkStream: UInt32)
    case headerInsideMessage(chunkStream: UInt32)
    case oversizedMessage(length: Int, limit: Int)
    case tooManyChunkStreams(limit: Int)
    case tooManyBytesBuffered(limit: Int)
    case badChunkSize(UInt32)

    // Messages
    case truncatedMessage(type: UInt8)
    case badAggregate
    case badAMF(AMFError)
    case badCommand(String)
    case tooManyStreams(limit: Int)

    // Conduct
    case unexpectedCommand(String)
    case tooManyBytesUnsent(limit: Int)
    case timedOut(Waiting)

    // What a server answered to our client
    case rejected(Status)
    case redirected(to: String)
    case authenticationRequired(AuthenticationChallenge)

    /// What the session was waiting for when its time ran out.
    public enum Waiting: Sendable, Hashable {
        case handshake
        case connect
        /// A publish or play request (server), or its answer (client).
        case stream
        /// Any byte at all, a ping having gone unanswered.
        case activity
    }
}

/// What is wrong with a value in Action Message Format.
public enum AMFError: Error, Sendable, Hashable {
    case truncated
    case unknownMarker(UInt8)
    case tooDeep(limit: Int)
    case tooManyValues(limit: Int)
    /// A name of more than 65,535 bytes once it is valid UTF-8: AMF0 could not write it again.
    case oversizedName
    /// References that would blow the message up if it were written again.
    case tooMuchText(limit: Int)
    case badReference
    case unexpectedType
}
