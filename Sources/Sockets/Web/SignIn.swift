import Base
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Platform

// Signing in by a page: the access token goes into a cookie, which is read for pages and for forms
// that have its token, so that no other site can have anything done with it.
extension CallResponder {
    static let cookie = "streamr_access"
    /// Of whoever has not signed in yet, so that nobody signs somebody else in.
    static let visitorCookie = "streamr_visitor"

    func sign(_ request: Request, _ context: WebContext, _ path: String) async -> Response {
        switch (path, request.method) {
        case ("/sign-in", .get), ("/sign-in", .head): return signInPage(nil, request)
        case ("/sign-in", .post): return await signIn(request, context)
        case ("/sign-out", .post): return await signOut(request, context)
        case _:
            let allowed = path == "/sign-in" ? ["GET", "POST", "HEAD"] : ["POST"]
            return refuse(.notAllowed(allowed), allowed: allowed, request)
        }
    }

    private func signInPage(_ fault: String?, status: Int = 200, _ request: Request) -> Response {
        let known = request.cookies[Self.visitorCookie]?.value
        let visitor = known ?? Data(Secrets.bytes(16)).base64EncodedString()
        let text = pages.signIn(fault: fault, token: forms.text(for: visitor))
        var response = html(text, status: status, request)
        if known == nil {
            response.headers[.setCookie] = Self.cookie(
                Self.visitorCookie, visitor, life: 86_400, request)
        }
        return response
    }

    private func signIn(_ request: Request, _ context: WebContext) async -> Response {
        guard let form = await form(request, context),
            let visitor = request.cookies[Self.visitorCookie],
            forms.isValid(form[FormToken.field], for: visitor.value)
        else {
            let fault = "The form was too old, or the browser keeps no cookies. Please try again."
            return signInPage(fault, status: 403, request)
        }
        guard let name = form["name"], let password = form["password"],
            case .text(let known)? = Shape.name.value(name)
        else { return signInPage("Please fill in both.", status: 422, request) }
        var system = SystemRandomNumberGenerator()
        let session = SessionID(system.next())
        let range = Call.Limits.passwordMin...Call.Limits.passwordMax
        guard case .text? = Shape.prose(range).value(password) else {
            return signInPage(Refusal.notSignedIn.detail, status: 401, request)
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
            return go(to: Self.page(of: user), cookie: pair.access, request)
        case .refused(let why): return signInPage(why.detail, status: why.status, request)
        case _: break
        }
        return signInPage("The platform cannot answer just now.", status: 503, request)
    }

    private func signOut(_ request: Request, _ context: WebContext) async -> Response {
        guard let cookie = request.cookies[Self.cookie]?.value else {
            return go(to: "/", cookie: "", request)
        }
        guard let form = await form(request, context),
            forms.isValid(form[FormToken.field], for: cookie)
        else { return refuse(.foreignForm, request) }
        return go(to: "/", cookie: "", request)
    }

    static func page(of user: UserID) -> String { "/dashboard/streamer/\(user.raw)" }

    /// What a form sent; nil if it is none.
    func form(_ request: Request, _ context: WebContext) async -> [String: String]? {
        guard request.headers[.contentType]?.hasPrefix("application/x-www-form-urlencoded") == true,
            let bytes = try? await request.wholeBody(context)
        else { return nil }
        var components = URLComponents()
        components.percentEncodedQuery =
            String(buffer: bytes).replacingOccurrences(of: "+", with: "%20")
        let pairs = (components.queryItems ?? []).map { ($0.name, $0.value ?? "") }
        return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
    }

    /// To another page, with an access token to keep, or to forget if it is empty.
    func go(to place: String, cookie: String? = nil, _ request: Request) -> Response {
        var headers: HTTPFields = [.location: place]
        if let cookie {
            let life = cookie.isEmpty ? 0 : Grant.accessLifetime.wholeSeconds
            headers[.setCookie] = Self.cookie(Self.cookie, cookie, life: life, request)
        }
        return Response(status: .seeOther, headers: headers)
    }

    /// `life` in seconds.
    private static func cookie(
        _ name: String, _ value: String, life: Int64, _ request: Request
    ) -> String {
        let isSecure = request.headers[forwardedProto] == "https"
        return "\(name)=\(value); Path=/; HttpOnly; SameSite=Strict; Max-Age=\(life)"
            + (isSecure ? "; Secure" : "")
    }
}

extension WebAnswer {
    static let foreignForm = WebAnswer(
        RequestFault(status: 403, detail: "the form is too old; open its page again"))

    static func notAllowed(_ methods: [String]) -> WebAnswer {
        WebAnswer(RequestFault(status: 405, detail: "only \(methods.joined(separator: ", "))"))
    }
}
