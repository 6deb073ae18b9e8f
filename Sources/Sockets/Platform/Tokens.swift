import Base
import Foundation
import JWTKit
import Platform

/// Signs and checks the platform's tokens: JWT, HMAC with SHA-256.
///
/// An access token names a streamer or a node for an hour; a refresh token names a session, which
/// the coordinator keeps in the cache, for thirty days.
struct Tokens: Sendable {
    private let keys: JWTKeyCollection

    private enum Kind: String, Codable { case access, refresh }

    private struct Claims: JWTPayload {
        var sub: SubjectClaim
        var iat: IssuedAtClaim
        var exp: ExpirationClaim
        var typ: Kind
        /// The session, in a refresh token.
        var sid: String?

        func verify(using algorithm: some JWTAlgorithm) throws { try exp.verifyNotExpired() }

        var credential: Credential? { Credential(text: sub.value) }
    }

    init(_ secrets: Secrets) async {
        keys = await JWTKeyCollection()
            .add(hmac: HMACKey(from: secrets.tokenKey), digestAlgorithm: .sha256)
    }

    /// Both tokens for whom the coordinator granted them.
    func pair(for grant: Grant) async throws -> (access: String, refresh: String) {
        let subject = grant.holder.credential.text ?? ""
        let now = Date()
        let access = Claims(
            sub: SubjectClaim(value: subject), iat: IssuedAtClaim(value: now),
            exp: Self.expiry(Grant.accessLifetime, after: now), typ: .access)
        let refresh = Claims(
            sub: SubjectClaim(value: subject), iat: IssuedAtClaim(value: now),
            exp: Self.expiry(Grant.sessionLifetime, after: now), typ: .refresh,
            sid: String(grant.session.raw, radix: 16))
        return (try await keys.sign(access), try await keys.sign(refresh))
    }

    private static func expiry(_ lifetime: Interval, after now: Date) -> ExpirationClaim {
        ExpirationClaim(value: now.addingTimeInterval(TimeInterval(lifetime.wholeSeconds)))
    }

    /// Who an access token names; nil if it is none of ours or has expired.
    func credential(access token: String) async -> Credential? {
        guard let claims = await claims(token, .access) else { return nil }
        return claims.credential
    }

    /// The session of a refresh token, and whose it is.
    func session(refresh token: String) async -> (Credential, SessionID)? {
        guard let claims = await claims(token, .refresh), let credential = claims.credential,
            let raw = claims.sid.flatMap({ UInt64($0, radix: 16) })
        else { return nil }
        return (credential, SessionID(raw))
    }

    private func claims(_ token: String, _ kind: Kind) async -> Claims? {
        guard token.utf8.count <= Shape.tokenMax,
            let claims = try? await keys.verify(token, as: Claims.self), claims.typ == kind
        else { return nil }
        return claims
    }
}
