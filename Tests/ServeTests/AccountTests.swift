import Foundation
import Platform
import Testing

@testable import Sockets

/// Passwords, tokens and API keys.
@Suite(.serialized) struct AccountTests {
    @Test("a password's hash has its costs, verifies it alone, and is new every time")
    func passwords() throws {
        let hash = try #require(Passwords.hash("correct horse"))
        #expect(hash.text.hasPrefix("$scrypt$ln=14,r=8,p=5$"))
        #expect(Passwords.verify("correct horse", hash))
        #expect(!Passwords.verify("correct horsf", hash))
        #expect(Passwords.hash("correct horse") != hash)
        #expect(!Passwords.verify("", .nobody))
        // What would cost more than we bear is not computed.
        #expect(!Passwords.verify("a", PasswordHash("$scrypt$ln=40,r=8,p=5$AAAA$AAAA")))
    }

    @Test("the same letters, composed or not, are the same password")
    func composed() throws {
        let hash = try #require(Passwords.hash("caf\u{E9} caf\u{E9}"))
        #expect(Passwords.verify("cafe\u{301} cafe\u{301}", hash))
    }

    @Test("an account that does not exist takes as long as a wrong password")
    func nobody() throws {
        let hash = try #require(Passwords.hash("correct horse"))
        func cost(_ known: PasswordHash) -> UInt64 {
            let before = clock()
            for _ in 0..<3 { _ = Passwords.verify("wrong horse", known) }
            return UInt64(clock() - before)
        }
        let (known, unknown) = (cost(hash), cost(.nobody))
        #expect(unknown * 2 > known && known * 2 > unknown, "\(known) \(unknown)")
    }

    @Test("tokens that were tampered with, of another key, of another kind or expired name nobody")
    func tokens() async throws {
        let secrets = Secrets.drawn()
        let tokens = await Tokens(secrets)
        let grant = Grant(.streamer(UserID(3), name: "ann"), session: SessionID(9), isNew: true)
        let pair = try await tokens.pair(for: grant)
        #expect(await tokens.credential(access: pair.access) == .streamer(UserID(3)))
        let session = try #require(await tokens.session(refresh: pair.refresh))
        #expect(session == (.streamer(UserID(3)), SessionID(9)))
        // One for the other.
        #expect(await tokens.credential(access: pair.refresh) == nil)
        #expect(await tokens.session(refresh: pair.access) == nil)
        // Another platform's.
        let others = await Tokens(Secrets.drawn())
        #expect(await others.credential(access: pair.access) == nil)
        // Every part changed, and signatures left out.
        let parts = pair.access.split(separator: ".").map(String.init)
        let forged = Self.encode(#"{"sub":"user:4","iat":1,"exp":99999999999,"typ":"access"}"#)
        let none = Self.encode(#"{"alg":"none","typ":"JWT"}"#)
        for token in [
            "", ".", "..", "a.b.c", "\(parts[0]).\(forged).\(parts[2])",
            "\(none).\(forged).", "\(none).\(parts[1]).", "\(none).\(parts[1]).\(parts[2])",
            "\(parts[0]).\(parts[1]).", "\(parts[0]).\(parts[1]).\(parts[2].dropLast())",
            String(repeating: "a", count: 10_000),
        ] { #expect(await tokens.credential(access: token) == nil, "\(token.prefix(80))") }
    }

    private static func encode(_ text: String) -> String {
        Data(text.utf8).base64EncodedString().replacingOccurrences(of: "=", with: "")
            .replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
    }

    @Test("a refresh token is used once; signing out ends it")
    func sessions() async throws {
        try await TestPlatform.with { platform in
            let account = try await platform.account("ann")
            let body = #"{"refresh_token":"\#(account.refresh)"}"#
            let first = try await platform.ask("POST", "/api/v1/auth/refresh", body: body)
            #expect(first.status == 200, "\(first.text)")
            let again = try await platform.ask("POST", "/api/v1/auth/refresh", body: body)
            #expect(again.status == 401)
            let fresh = #"{"refresh_token":"\#(try first.text("refresh_token"))"}"#
            #expect(
                try await platform.ask("POST", "/api/v1/auth/logout", body: fresh).status == 200)
            let gone = try await platform.ask("POST", "/api/v1/auth/refresh", body: fresh)
            #expect(gone.status == 401)
        }
    }

    @Test("API keys do what their scopes say until they are revoked, and no key is told twice")
    func keys() async throws {
        try await TestPlatform.with { platform in
            let account = try await platform.account("ann")
            let made = try await platform.ask(
                "POST", "/api/v1/keys", token: account.access,
                body: #"{"label":"bot","scopes":["read"]}"#)
            #expect(made.status == 201, "\(made.text)")
            let secret = try made.text("secret")
            #expect(secret.hasPrefix("ssk_"))
            let list = try await platform.ask("GET", "/api/v1/keys", token: secret)
            #expect(list.status == 200 && !list.string.contains("ssk_"), "\(list.text)")
            let denied = try await platform.ask(
                "POST", "/streams", token: secret, body: #"{"title":"a"}"#)
            #expect(denied.status == 403)
            let id = try made.text("key_id")
            #expect(
                try await platform.ask("DELETE", "/api/v1/keys/\(id)", token: account.access).status
                    == 200)
            #expect(try await platform.ask("GET", "/api/v1/keys", token: secret).status == 401)
        }
    }

    @Test("whoever signs in too often from one address waits, and others do not")
    func limits() async throws {
        try await TestPlatform.with({ $0.coordinator.signInsMax = 3 }) { platform in
            let body = #"{"name":"nobody","password":"12345678"}"#
            // All at once: passwords take seconds to hash here, and a count is for one minute. Should
            // it turn in between, six are let through.
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        try await platform.ask("POST", "/api/v1/auth/login", body: body).status
                    }
                }
                return try await group.reduce(into: [Int]()) { $0.append($1) }
            }
            #expect(statuses.contains(401) && statuses.contains(429), "\(statuses)")
            let other = try await platform.ask(
                "POST", "/api/v1/auth/login", body: body,
                headers: ["X-Forwarded-For": "1.2.3.4, 198.51.100.7"])
            #expect(other.status == 401)
        }
    }
}
