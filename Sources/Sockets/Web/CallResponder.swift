import Base
import Crypto
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOPosix
import Platform

/// The coordinator's port: makes a call of a request by the table of routes, and an answer or a
/// page of the reply.
struct CallResponder: Sendable {
    let loop: PlatformLoop
    let tokens: Tokens
    let secrets: Secrets
    let forms: FormToken
    let pages: Pages
    let live: LiveFigures
    let tally: WebTally
    let media: MediaPlace

    @Sendable func respond(_ request: Request, _ context: WebContext) async throws -> Response {
        let start = NIODeadline.now()
        var response = await answer(request, context)
        if request.method == .head { response = response.createHeadResponse() }
        response.headers[.xContentTypeOptions] = "nosniff"
        response.headers[Self.referrerPolicy] = "no-referrer"
        tally.note(status: Int(response.status.code), took: NIODeadline.now() - start)
        return response
    }

    static let referrerPolicy = HTTPField.Name("Referrer-Policy")!
    static let securityPolicy = HTTPField.Name("Content-Security-Policy")!
    static let forwardedFor = HTTPField.Name("X-Forwarded-For")!
    static let forwardedProto = HTTPField.Name("X-Forwarded-Proto")!
    static let apiKey = HTTPField.Name("X-API-Key")!

    // MARK: From a request to its answer

    private func answer(_ request: Request, _ context: WebContext) async -> Response {
        let path = request.uri.path
        switch (request.method, path) {
        case (.get, "/openapi.json"), (.head, "/openapi.json"):
            return json(WebAnswer(OpenAPI.document))
        case (.get, _) where path.hasPrefix("/events/"):
            return await live.response(path, request, context, responder: self)
        case (_, "/sign-in"), (_, "/sign-out"):
            return await sign(request, context, path)
        case (_, _) where path.hasPrefix(Self.ownPath):
            return await own(request, context, path)
        case _: break
        }
        do throws(RequestFault) {
            let (route, inPath) = try Routes.find(request.method.rawValue, path)
            return try await answer(route, inPath, request, context)
        } catch {
            return refuse(WebAnswer(error), allowed: error.allowed, request)
        }
    }

    private func answer(
        _ route: Route, _ inPath: [Substring], _ request: Request, _ context: WebContext
    ) async throws(RequestFault) -> Response {
        let isPage = route.hasPage && Self.wantsPage(request)
        var values = try Self.values(route, inPath, request)
        if let body = route.body { try await read(body, of: request, context, into: &values) }
        let secret = route.answer == .newKey ? APIKey.drawn() : ""
        let drawn = try await draw(route, request, context, secret: secret)
        let reply = await loop.call(route.make(values, drawn), by: drawn.caller)
        if isPage { return page(reply, route, request, drawn.caller) }
        var answer = WebAnswer(reply, to: route, by: drawn.caller)
        if case .granted(let grant) = reply { await sign(&answer, grant, request) }
        if case .key = reply { answer.add("secret", .text(secret)) }
        return answer.status < 400 ? json(answer) : refuse(answer, request)
    }

    private static func values(
        _ route: Route, _ inPath: [Substring], _ request: Request
    ) throws(RequestFault) -> Values {
        var values = Values()
        for (field, text) in zip(route.inPath, inPath) {
            // What is no identifier names nothing.
            guard let value = field.shape.value(String(text)) else {
                throw RequestFault(status: 404, detail: "there is no such \(field.name)")
            }
            values[field.name] = value
        }
        for field in route.query {
            let text = request.uri.queryParameters[field.name[...]].map(String.init)
            values[field.name] = try field.read(text: text)
        }
        return values
    }

    private func read(
        _ fields: [Field], of request: Request, _ context: WebContext,
        into values: inout Values
    ) async throws(RequestFault) {
        let type = request.headers[.contentType]?.split(separator: ";").first ?? ""
        guard type.trimmingCharacters(in: .whitespaces).lowercased() == "application/json" else {
            throw RequestFault(status: 415, detail: "expected application/json")
        }
        let bytes = try await request.wholeBody(context)
        guard let json = JSON(bytes.readableBytesView) else {
            throw RequestFault(status: 400, detail: "the body is not JSON")
        }
        guard case .object(let object) = json else {
            throw .unprocessable("expected an object")
        }
        for field in fields {
            var value = try field.read(object[field.name])
            if case .token = field.shape, case .text(let token)? = value {
                guard let (credential, session) = await tokens.session(refresh: token) else {
                    throw RequestFault(status: 401, detail: Refusal.notSignedIn.detail)
                }
                value = .session(credential, session)
            }
            values[field.name] = value
        }
    }

    // MARK: Who asks

    private func draw(
        _ route: Route, _ request: Request, _ context: WebContext, secret: String
    ) async throws(RequestFault) -> Drawn {
        var system = SystemRandomNumberGenerator()
        let caller = try await caller(route, request, context)
        return Drawn(
            caller: caller, session: SessionID(system.next()), streamKey: system.next(),
            secret: APIKey.digest(secret), viewer: Self.viewer(request, caller.address))
    }

    private func caller(
        _ route: Route, _ request: Request, _ context: WebContext
    ) async throws(RequestFault) -> Caller {
        if route.access == .server {
            let secret = request.uri.queryParameters["secret"].map(String.init) ?? ""
            guard secrets.isCallback(secret) else {
                throw RequestFault(status: 403, detail: "only the RTMP server may call this")
            }
            return .local
        }
        return Caller(
            try await credential(route, request), from: Self.address(request, context))
    }

    /// A token or key that is there must be right, whatever the route asks for.
    private func credential(
        _ route: Route, _ request: Request
    ) async throws(RequestFault) -> Credential {
        let word: Substring
        if let header = request.headers[.authorization] {
            let parts = header.split(separator: " ", maxSplits: 1)
            guard parts.count == 2, parts[0].lowercased() == "bearer" else {
                throw RequestFault(status: 401, detail: "expected a bearer token")
            }
            word = parts[1]
        } else if let key = request.headers[Self.apiKey] {
            word = key[...]
        } else if route.method == .get, let cookie = request.cookies[Self.cookie]?.value {
            // Of the pages' own; whoever is signed out there is still anybody.
            return await tokens.credential(access: cookie) ?? .none
        } else {
            return .none
        }
        if word.hasPrefix(APIKey.prefix) { return .key(APIKey.digest(String(word))) }
        guard let credential = await tokens.credential(access: String(word)) else {
            throw RequestFault(status: 401, detail: Refusal.notSignedIn.detail)
        }
        return credential
    }

    /// The peer's, or what our own front, which is on this machine, says of its peer.
    static func address(_ request: Request, _ context: WebContext) -> ClientAddress {
        let peer = ClientAddress(text: context.peer.address) ?? .local
        guard peer.isLoopback || context.isFromHere, let forwarded = request.headers[forwardedFor],
            let last = forwarded.split(separator: ",").last
        else { return peer }
        return ClientAddress(text: last.trimmingCharacters(in: .whitespaces)) ?? peer
    }

    /// The same for the same player, without keeping who it is.
    private static func viewer(_ request: Request, _ address: ClientAddress) -> UInt64 {
        var hash = SHA256()
        hash.update(data: Data("\(address.high)-\(address.low) ".utf8))
        hash.update(data: Data((request.headers[.userAgent] ?? "").utf8))
        return hash.finalize().prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    // MARK: Answers

    func json(_ answer: WebAnswer) -> Response {
        Response(
            status: .init(code: answer.status),
            headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: answer.json.data)))
    }

    /// To a browser that wanted a page, a page that says so.
    func refuse(
        _ answer: WebAnswer, allowed: [String] = [], _ request: Request
    ) -> Response {
        var response: Response
        if Self.wantsPage(request), case .object(let object) = answer.json,
            case .text(let detail)? = object["detail"]
        {
            response = html(
                pages.refusal(status: answer.status, detail: detail), status: answer.status,
                request)
        } else {
            response = json(answer)
        }
        if !allowed.isEmpty { response.headers[.allow] = allowed.joined(separator: ", ") }
        switch answer.status {
        case 401: response.headers[.wwwAuthenticate] = "Bearer"
        case 429: response.headers[.retryAfter] = "60"
        case 503: response.headers[.retryAfter] = "5"
        case _: break
        }
        return response
    }

    private func sign(_ answer: inout WebAnswer, _ grant: Grant, _ request: Request) async {
        guard let pair = try? await tokens.pair(for: grant) else {
            answer = .unavailable
            return
        }
        answer.add("access_token", .text(pair.access))
        answer.add("refresh_token", .text(pair.refresh))
        answer.add("token_type", "bearer")
        answer.add("expires_in", .integer(Grant.accessLifetime.wholeSeconds))
        if case .node(_, let stream) = grant.holder {
            answer.add("source_url", .text(links(request).rtmp(stream)))
        }
    }

    func links(_ request: Request) -> MediaLinks { MediaLinks(media.ports, request) }

    // MARK: Pages

    static func wantsPage(_ request: Request) -> Bool {
        request.headers[.accept]?.contains("text/html") ?? false
    }

    private func page(
        _ reply: Reply, _ route: Route, _ request: Request, _ caller: Caller
    ) -> Response {
        let cookie = request.cookies[Self.cookie]?.value
        let visitor = Visitor(
            caller.credential, links(request), token: cookie.map { forms.text(for: $0) })
        guard let text = pages.page(reply, visitor) else {
            return refuse(WebAnswer(reply, to: route, by: caller), request)
        }
        return html(text, request)
    }

    func html(_ text: String, status: Int = 200, _ request: Request) -> Response {
        Response(
            status: .init(code: status),
            headers: [
                .contentType: "text/html; charset=utf-8", .cacheControl: "no-store",
                Self.securityPolicy: pages.policy(media: links(request).origin),
            ],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}

extension WebAnswer {
    mutating func add(_ name: String, _ value: JSON) {
        guard case .object(var object) = json else { return }
        object[name] = value
        json = .object(object)
    }
}

extension ClientAddress {
    /// Of an address in text.
    init?(text: String) {
        guard let address = try? SocketAddress(ipAddress: text, port: 0) else { return nil }
        let bytes = address.addressBytes
        if bytes.count == 4 {
            self.init(high: 0, low: bytes.reduce(0xFFFF) { $0 << 8 | UInt64($1) })
        } else {
            self.init(
                high: bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) },
                low: bytes.suffix(8).reduce(0) { $0 << 8 | UInt64($1) })
        }
    }

    var isLoopback: Bool { self == .local || high == 0 && low >> 24 == 0xFFFF_7F }
}
