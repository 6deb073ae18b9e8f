import Crypto
import Foundation

/// Shows that a form comes from a page of ours: a code of the cookie that came with that page,
/// which only we can make and only that browser is shown.
///
/// OWASP Cross-Site Request Forgery Prevention Cheat Sheet, "HMAC-Based Token Pattern".
struct FormToken: Sendable {
    private let key: SymmetricKey

    /// The field that every form has.
    static let field = "token"

    init(_ secrets: Secrets) { key = SymmetricKey(data: secrets.tokenKey) }

    func text(for cookie: String) -> String {
        let code = HMAC<SHA256>.authenticationCode(for: Self.message(cookie), using: key)
        return Data(code).base64EncodedString()
    }

    /// The time says nothing about where they differ.
    func isValid(_ text: String?, for cookie: String) -> Bool {
        guard let text, let code = Data(base64Encoded: text) else { return false }
        return HMAC<SHA256>.isValidAuthenticationCode(
            code, authenticating: Self.message(cookie), using: key)
    }

    /// Nothing that is signed with the same key begins so.
    private static func message(_ cookie: String) -> Data { Data("form \(cookie)".utf8) }
}
