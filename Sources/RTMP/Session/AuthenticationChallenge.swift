/// A server's demand for a user and a password, found in the description of a refused `connect`.
///
/// Adobe's and Limelight's access managers answer in text, as
/// `[ AccessManager.Reject ] : [ authmod=adobe ] : ?reason=needauth&user=u&salt=s&challenge=c`.
public struct AuthenticationChallenge: Sendable, Hashable {
    public enum Scheme: Sendable, Hashable {
        case adobe, limelight
        case other(String)
    }

    public var scheme: Scheme
    /// `needauth`, `authfailed`, `nosuchuser` …; empty in the first answer, which names only the
    /// scheme.
    public var reason: String
    public var user: String
    /// Adobe's.
    public var salt: String
    public var challenge: String
    public var opaque: String
    /// Limelight's.
    public var nonce: String

    /// Nil if the description asks for nothing.
    init?(description: String) {
        guard description.utf8.contains(UInt8(ascii: "=")) else { return nil }
        let pairs = description.split { " ;&?[]:".contains($0) }
            .compactMap { part -> (name: Substring, value: String)? in
                guard let equals = part.firstIndex(of: "=") else { return nil }
                return (part[..<equals], String(part[part.index(after: equals)...]))
            }
        func value(_ name: String) -> String { pairs.first { $0.name == name }?.value ?? "" }
        let module = value("authmod")
        switch module {
        case "": return nil
        case "adobe": scheme = .adobe
        case "llnw": scheme = .limelight
        case _: scheme = .other(module)
        }
        reason = value("reason")
        user = value("user")
        salt = value("salt")
        challenge = value("challenge")
        opaque = value("opaque")
        nonce = value("nonce")
    }
}
