/// What a peer did wrong on the wire. The texts are Redis 7's.
public enum RESPError: Error, Sendable, Hashable {
    case inlineTooLong
    case countTooLong
    case lengthTooLong
    case badCount
    case badLength
    case expectedLength(found: UInt8)
    case unbalancedQuotes
    case unauthenticatedCount
    case unauthenticatedLength
    /// A reply: of a type that there is not, of a bad number, or nested too deeply.
    case badReply

    public var text: String {
        switch self {
        case .inlineTooLong: "too big inline request"
        case .countTooLong: "too big mbulk count string"
        case .lengthTooLong: "too big bulk count string"
        case .badCount: "invalid multibulk length"
        case .badLength: "invalid bulk length"
        case .expectedLength(let found):
            "expected '$', got '\(String(UnicodeScalar(found)))'"
        case .unbalancedQuotes: "unbalanced quotes in request"
        case .unauthenticatedCount: "unauthenticated multibulk length"
        case .unauthenticatedLength: "unauthenticated bulk length"
        case .badReply: "a reply that cannot be read"
        }
    }
}
