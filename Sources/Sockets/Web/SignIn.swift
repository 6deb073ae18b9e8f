import Base
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Platform

// Signing in by a page: the access token goes into a cookie, which is read for pages and other GETs
// alone, so that no other site can have anything done with it.
extension CallResponder {
    static let cookie = "streamr_access"

    func sign(_ request: Request, _ context: WebContext, _ path: String) async -> Response {
        switch (path, request.method) {
        case ("/sign-in", .get): return html(pages.signIn(fault: nil), request)
        case ("/sign-in", .post): return await signIn(request, context)
        case ("/sign-out", .post): return leave(to: "/", cookie: nil, request)
        case _:
            let fault = RequestFault(status: 405, detail: "this is a form")
            return json(WebAnswer(fault))
        }
    }

    private func signIn(_ request: Request, _ context: WebContext) async -> Response {
        guard isOwnForm(request), let form = await form(request), let name = form["name"],
            let password = form["password"],
            case .text(let known)? = Shape.name.value(name)
        else { return html(pages.signIn(fault: "Please fill in both."), status: 422, request) }
        var system = SystemRandomNumberGenerator()
        let session = SessionID(system.next())
        let range = Call.Limits.passwordMin...Call.Limits.passwordMax
        guard case .text? = Shape.prose(range).value(password) else {
            return html(pages.signIn(fault: Refusal.notSignedIn.detail), status: 401, request)
        }
        let call: AccountCall =
            form["new"] == nil
            ? .login(name: known, password: password, fresh: session)
            : .registerStreamer(name: known, password: password, fresh: session)
        let caller = Caller(.none, from: Self.address(request, context))
        switch await loop.call(.account(call), by: caller) {
        case .granted(let grant):
            guard case .streamer(let user, _) = grant.holder,
                let pair = try? await tokens.pair(for: grant)
            else { break }
            return leave(to: "/dashboard/streamer/\(user.raw)", cookie: pair.access, request)
        case .refused(let why):
            return html(pages.signIn(fault: why.detail), status: why.status, request)
        case _: break
        }
        let text = pages.signIn(fault: "The platform cannot answer just now.")
        return html(text, status: 503, request)
    }

    /// Browsers say where a form comes from.
    private func isOwnForm(_ request: Request) -> Bool {
        guard let site = request.headers[HTTPField.Name("Sec-Fetch-Site")!] else { return true }
        return site == "same-origin"
    }

    private func form(_ request: Request) async -> [String: String]? {
        guard request.headers[.contentType]?.hasPrefix("application/x-www-form-urlencoded") == true,
            let bytes = try? await body(of: request)
        else { return nil }
        var components = URLComponents()
        components.percentEncodedQuery =
            String(buffer: bytes).replacingOccurrences(of: "+", with: "%20")
        let pairs = (components.queryItems ?? []).map { ($0.name, $0.value ?? "") }
        return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
    }

    private func leave(to place: String, cookie: String?, _ request: Request) -> Response {
        let isSecure = request.headers[Self.forwardedProto] == "https"
        let life = cookie == nil ? 0 : Grant.accessLifetime.wholeSeconds
        let text =
            "\(Self.cookie)=\(cookie ?? ""); Path=/; HttpOnly; SameSite=Strict; Max-Age=\(life)"
            + (isSecure ? "; Secure" : "")
        return Response(status: .seeOther, headers: [.location: place, .setCookie: text])
    }
}
