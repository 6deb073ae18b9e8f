import Base
import Foundation
import HTTPTypes
import Hummingbird
import Platform

// What whoever signed in does with streams and keys, by forms that need no script. Every change has
// the token of the cookie that it comes with; every key is shown once, on the page that answers.
extension CallResponder {
    static let ownPath = "/my/"

    /// Who signed in here.
    struct Owner {
        var user: UserID
        var caller: Caller
        var visitor: Visitor
    }

    func own(_ request: Request, _ context: WebContext, _ path: String) async -> Response {
        let parts = path.dropFirst(Self.ownPath.count).split(
            separator: "/", omittingEmptySubsequences: false)
        let change = Self.change(parts)
        let shown = Self.shown(parts)
        guard change != nil || shown != nil else {
            let fault = RequestFault(status: 404, detail: "there is no \(path.prefix(200))")
            return refuse(WebAnswer(fault), request)
        }
        var allowed = change == nil ? [] : ["POST"]
        if shown != nil { allowed += ["GET", "HEAD"] }
        guard allowed.contains(request.method.rawValue) else {
            return refuse(.notAllowed(allowed), allowed: allowed, request)
        }
        guard let cookie = request.cookies[Self.cookie]?.value,
            let credential = await tokens.credential(access: cookie),
            case .streamer(let user) = credential
        else { return go(to: "/sign-in", request) }
        let owner = Owner(
            user: user, caller: Caller(credential, from: Self.address(request, context)),
            visitor: Visitor(credential, links(request), token: forms.text(for: cookie)))
        if request.method != .post, let shown { return await show(shown, owner, request) }
        guard let change, let form = await form(request, context),
            forms.isValid(form[FormToken.field], for: cookie)
        else { return refuse(.foreignForm, request) }
        return await make(change, form, owner, request)
    }

    // MARK: Pages

    private enum Shown { case newStream, keys, newKey }

    private static func shown(_ parts: [Substring]) -> Shown? {
        switch parts {
        case ["streams", "new"]: .newStream
        case ["keys"]: .keys
        case ["keys", "new"]: .newKey
        case _: nil
        }
    }

    private func show(_ shown: Shown, _ owner: Owner, _ request: Request) async -> Response {
        switch shown {
        case .newStream: return html(pages.newStream(fault: nil, owner.visitor), request)
        case .newKey: return html(pages.newKey(fault: nil, owner.visitor), request)
        case .keys:
            let reply = await loop.call(.account(.keys), by: owner.caller)
            guard case .keys(let rows) = reply else { return refuse(reply, request) }
            return html(pages.keys(rows, owner.visitor), request)
        }
    }

    // MARK: Changes

    private enum Change {
        case newStream, streamKey(StreamID), remove(StreamID), newKey, revoke(KeyID)
    }

    private static func change(_ parts: [Substring]) -> Change? {
        switch parts.count {
        case 2 where parts == ["streams", "new"]: return .newStream
        case 2 where parts == ["keys", "new"]: return .newKey
        case 3:
            guard let raw = WireText.identifier(String(parts[1])) else { return nil }
            switch (parts[0], parts[2]) {
            case ("streams", "key"): return .streamKey(StreamID(raw))
            case ("streams", "remove"): return .remove(StreamID(raw))
            case ("keys", "revoke"): return .revoke(KeyID(raw))
            case _: return nil
            }
        case _: return nil
        }
    }

    private func make(
        _ change: Change, _ form: [String: String], _ owner: Owner, _ request: Request
    ) async -> Response {
        var system = SystemRandomNumberGenerator()
        switch change {
        case .newStream:
            let range = 1...Call.Limits.titleMax
            guard case .text(let title)? = Shape.text(range).value(form["title"] ?? "") else {
                let fault = "A title has 1 to \(Call.Limits.titleMax) characters."
                return html(
                    pages.newStream(fault: fault, owner.visitor), status: 422, request)
            }
            return await tell(
                .stream(.create(title: title, freshKey: system.next())), owner, request)
        case .streamKey(let stream):
            return await tell(
                .stream(.replaceKey(stream, freshKey: system.next())), owner, request)
        case .remove(let stream):
            return await done(
                .stream(.remove(stream)), then: Self.page(of: owner.user), owner, request)
        case .newKey: return await makeKey(form, owner, request)
        case .revoke(let key):
            return await done(
                .account(.revokeKey(key)), then: Self.ownPath + "keys", owner, request)
        }
    }

    private func makeKey(
        _ form: [String: String], _ owner: Owner, _ request: Request
    ) async -> Response {
        let scopes = Routes.scopes(form.keys.sorted())
        guard
            case .text(let label)? = Shape.text(1...Call.Limits.nameMax).value(form["label"] ?? ""),
            !scopes.isEmpty
        else {
            let fault =
                "A key has a label of 1 to \(Call.Limits.nameMax) characters, and may do something."
            return html(pages.newKey(fault: fault, owner.visitor), status: 422, request)
        }
        let secret = APIKey.drawn()
        let reply = await loop.call(
            .account(.createKey(label: label, scopes, APIKey.digest(secret))), by: owner.caller)
        guard case .key(let row) = reply else { return refuse(reply, request) }
        return html(pages.secret(of: row, secret, owner.visitor), request)
    }

    /// A stream's new key, on a page of its own.
    private func tell(_ call: Call, _ owner: Owner, _ request: Request) async -> Response {
        let reply = await loop.call(call, by: owner.caller)
        guard case .stream(let row) = reply else { return refuse(reply, request) }
        return html(pages.secret(of: row, owner.visitor), request)
    }

    private func done(
        _ call: Call, then place: String, _ owner: Owner, _ request: Request
    ) async -> Response {
        switch await loop.call(call, by: owner.caller) {
        case .ok: go(to: place, request)
        case let reply: refuse(reply, request)
        }
    }

    private func refuse(_ reply: Reply, _ request: Request) -> Response {
        if case .refused(let why) = reply { return refuse(WebAnswer(why), request) }
        return refuse(.unavailable, request)
    }
}
