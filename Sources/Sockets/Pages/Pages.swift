import Base
import Crypto
import Foundation
import Mustache
import Platform

/// Who looks at a page, and from where.
struct Visitor: Sendable {
    /// Of whoever is signed in.
    var user: UserID?
    var links: MediaLinks
    /// What the forms of the page carry, see `FormToken`; nil for who has no forms.
    var token: String?

    init(_ credential: Credential, _ links: MediaLinks, token: String?) {
        if case .streamer(let user) = credential { self.user = user }
        self.links = links
        self.token = token
    }
}

/// Renders the pages from the templates in `Templates/`. Style and script are in every page, so
/// that it needs nothing else, and are allowed by their digests alone.
struct Pages: Sendable {
    private let library: MustacheLibrary
    private static let style = text(PackageResources.style_css)
    private static let script = text(PackageResources.live_js)

    init() {
        do {
            var library = MustacheLibrary()
            for (name, bytes) in Self.templates {
                try library.register(Self.text(bytes), named: name)
            }
            self.library = library
        } catch {
            preconditionFailure("a template of ours that does not parse: \(error)")
        }
    }

    private static let templates: [(name: String, bytes: [UInt8])] = [
        ("layout", PackageResources.layout_mustache),
        ("overview", PackageResources.overview_mustache),
        ("overview-live", PackageResources.overview_live_mustache),
        ("nodes", PackageResources.nodes_mustache), ("bar", PackageResources.bar_mustache),
        ("watch", PackageResources.watch_mustache),
        ("watch-live", PackageResources.watch_live_mustache),
        ("streamer", PackageResources.streamer_mustache),
        ("streamer-live", PackageResources.streamer_live_mustache),
        ("node", PackageResources.node_mustache),
        ("node-live", PackageResources.node_live_mustache),
        ("money", PackageResources.money_mustache),
        ("money-live", PackageResources.money_live_mustache),
        ("payouts", PackageResources.payouts_mustache),
        ("refusal", PackageResources.refusal_mustache),
        ("sign-in", PackageResources.sign_in_mustache),
        ("new-stream", PackageResources.new_stream_mustache),
        ("new-key", PackageResources.new_key_mustache),
        ("keys", PackageResources.keys_mustache),
        ("secret", PackageResources.secret_mustache),
    ]

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    /// What a page may load: its own style and script, figures from us, media from `media`.
    func policy(media: String?) -> String {
        [
            "default-src 'none'", "style-src \(Self.digest(Self.style))",
            "script-src \(Self.digest(Self.script))", "connect-src 'self'", "img-src data:",
            "media-src 'self' blob:\(media.map { " " + $0 } ?? "")", "form-action 'self'",
            "base-uri 'none'", "frame-ancestors 'none'",
        ].joined(separator: "; ")
    }

    private static func digest(_ text: String) -> String {
        "'sha256-\(Data(SHA256.hash(data: Data(text.utf8))).base64EncodedString())'"
    }

    // MARK: Pages

    /// Nil where the reply has no page.
    func page(_ reply: Reply, _ visitor: Visitor) -> String? {
        guard let view = View(reply, visitor.links, at: SocketClock().now) else { return nil }
        var values = view.values
        if case .streamer(let figures) = reply, figures.user == visitor.user,
            let token = visitor.token
        {
            values["isOwner"] = true
            values["token"] = token
        }
        var frame: [String: Any] = [
            "title": view.title, "body": render(values, view.template),
            "events": "/events" + view.path,
        ]
        switch reply {
        case .overview: frame["isOverview"] = true
        case .economics: frame["isMoney"] = true
        case .streamer(let figures) where figures.user == visitor.user: frame["isMine"] = true
        case _: break
        }
        return layout(frame, visitor)
    }

    /// The part of the page that changes; nil where the reply has no page.
    func livePart(_ reply: Reply, _ links: MediaLinks) -> String? {
        guard let view = View(reply, links, at: SocketClock().now) else { return nil }
        return render(view.values, view.template + "-live")
    }

    func refusal(status: Int, detail: String) -> String {
        let title =
            switch status {
            case 401, 403: "That is not for you"
            case 404: "There is nothing here"
            case 429: "One moment, please"
            case 500...: "Out of order just now"
            case _: "That did not work"
            }
        let body = render(["status": status, "title": title, "detail": detail], "refusal")
        return layout(["title": title, "body": body], nil)
    }

    func signIn(fault: String?, token: String) -> String {
        var values = ["token": token]
        if let fault { values["fault"] = fault }
        let body = render(values, "sign-in")
        return layout(["title": "Sign in", "body": body, "isSignIn": true], nil)
    }

    func layout(_ values: [String: Any], _ visitor: Visitor?) -> String {
        var values = values
        values["style"] = Self.style
        values["script"] = Self.script
        if let user = visitor?.user { values["mine"] = CallResponder.page(of: user) }
        if let token = visitor?.token { values["token"] = token }
        return render(values, "layout")
    }

    func render(_ values: [String: Any], _ template: String) -> String {
        guard let text = library.render(values, withTemplate: template) else {
            preconditionFailure("there is no template \(template)")
        }
        return text
    }
}
