import Glibc
import NIOCore
import RTMP
import Sockets

/// How a client can fail; each is counted once for a client.
public enum LoadFailure: String, Sendable, Hashable, CaseIterable {
    case refused = "connection refused"
    case noConnection = "no connection"
    case notTrusted = "its certificate is not trusted"
    case noHandshake = "no handshake in time"
    case noAnswer = "no answer to connect, publish or play in time"
    case notRTMP = "not RTMP"
    case rejected = "rejected"
    case redirected = "redirected elsewhere, not followed"
    case password = "asked for a password"
    case reset = "reset by the target"
    case closedEarly = "closed before it began"
    case closed = "closed by the target"
    case ended = "ended by the target"
    case silent = "nothing more came"
    case noPicture = "no picture came"
    case httpStatus = "HTTP status of 400 or more"
    case noHTTPAnswer = "no HTTP answer in time"
    case notFLV = "not FLV"
    case notHLS = "not HLS"
    case unanswered = "still waiting at the end"
    case stoodStill = "stood still at the end"
    case tookNothing = "took nothing more"
    case lostPatience = "lost patience"

    var index: Int {
        // There are few, and they are counted rarely.
        Self.allCases.firstIndex(of: self) ?? 0
    }

    /// What became of a connection, or of the call for one.
    init(connecting error: any Error) {
        if OutgoingConnection.isDistrust(error) {
            self = .notTrusted
            return
        }
        switch (error as? IOError)?.errnoCode {
        case ECONNREFUSED: self = .refused
        case ECONNRESET, EPIPE: self = .reset
        case _: self = .noConnection
        }
    }

    init(_ error: RTMPError, isStarted: Bool) {
        switch error {
        case .rejected: self = isStarted ? .ended : .rejected
        case .redirected: self = .redirected
        case .authenticationRequired: self = .password
        case .timedOut(.handshake): self = .noHandshake
        case .timedOut(.connect), .timedOut(.stream): self = .noAnswer
        case .timedOut(.activity): self = .silent
        case .unknownVersion, .encryptedHandshake, .headerWithoutPrevious, .headerInsideMessage,
            .oversizedMessage, .tooManyChunkStreams, .tooManyBytesBuffered, .badChunkSize,
            .truncatedMessage, .badAggregate, .badAMF, .badCommand, .tooManyStreams,
            .unexpectedCommand, .tooManyBytesUnsent:
            self = .notRTMP
        }
    }
}
