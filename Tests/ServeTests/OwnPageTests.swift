import Foundation
import TestServers
import Testing

@testable import Sockets

/// Streams and keys made and ended by forms.
@Suite(.serialized) struct OwnPageTests {
    @Test("an account, a stream, its keys and API keys are made and ended in a browser")
    func life() async throws {
        try await Serve.with { serve in
            let browser = try await Browser.open(width: 360)
            try await browser.open("\(serve.front)/sign-in")
            try await look(browser, "sign-in")
            try await browser.type("ann", into: "#name")
            try await browser.type("correct horse", into: "#password")
            try await browser.follow("button[name=new]")
            #expect(try await browser.place == "/dashboard/streamer/0")
            try await look(browser, "streamer-new")

            try await browser.follow("main a[href='/my/streams/new']")
            try await look(browser, "new-stream")
            #expect(try await browser.value("document.scripts.length") == 0)
            try await browser.type("An <evening> & more", into: "#title")
            try await browser.follow("main button")
            try await look(browser, "stream-key")
            let key = try await browser.text("document.getElementById('secret').textContent")
            #expect(key.wholeMatch(of: /0\?key=[0-9a-f]{16}/) != nil, "\(key)")
            try await publishes(key, serve)

            try await browser.open("\(serve.front)/dashboard/streamer/0")
            try await look(browser, "streamer")
            #expect(try await browser.text("document.body.textContent").contains("<evening>"))
            let source = try await browser.text("document.documentElement.outerHTML")
            #expect(!source.contains(key.suffix(16)))
            try await browser.follow("form[action='/my/streams/0/key'] button")
            let next = try await browser.text("document.getElementById('secret').textContent")
            #expect(next != key)
            try await publishes(next, serve, besides: key)

            try await keys(browser, serve)

            try await browser.open("\(serve.front)/dashboard/streamer/0")
            try await browser.press("summary")
            try await look(browser, "remove")
            try await browser.follow("form[action='/my/streams/0/remove'] button")
            #expect(try await browser.place == "/dashboard/streamer/0")
            #expect(try await browser.text("document.body.textContent").contains("No streams."))
            try await look(browser, "removed")
            try await browser.follow("form[action='/sign-out'] button")
            #expect(try await browser.place == "/")
            #expect(
                try await browser.value(
                    "document.querySelectorAll('nav a[href=\"/sign-in\"]').length")
                    == 1)
            await browser.close()
        }
    }

    private func keys(_ browser: Browser, _ serve: Serve) async throws {
        try await browser.open("\(serve.front)/my/keys/new")
        try await look(browser, "new-key")
        try await browser.type("Bot", into: "#label")
        try await browser.follow("main button")
        try await look(browser, "api-key")
        let secret = try await browser.text("document.getElementById('secret').textContent")
        let bearer = ["Authorization": "Bearer \(secret)"]
        let path = "\(serve.url)/api/v1/keys"
        #expect(try await HTTPAnswer.of("GET", path, headers: bearer).status == 200)
        try await browser.open("\(serve.front)/my/keys")
        try await look(browser, "keys")
        try await browser.follow("form[action='/my/keys/0/revoke'] button")
        #expect(try await browser.place == "/my/keys")
        #expect(try await browser.value("document.querySelectorAll('.badge.revoked').length") == 1)
        #expect(try await HTTPAnswer.of("GET", path, headers: bearer).status == 401)
    }

    /// As wide as the window, without a complaint, every field and button with a name.
    private func look(_ browser: Browser, _ name: String) async throws {
        #expect(try await browser.value("document.documentElement.scrollWidth") == 360, "\(name)")
        let nameless = try await browser.value(
            """
            [...document.querySelectorAll('input:not([type=hidden]),button,a')].filter(
                e => !(e.labels?.length || e.ariaLabel || e.textContent.trim())).length
            """)
        #expect(nameless == 0, "\(name)")
        #expect(try await browser.complaints() == [], "\(name)")
        try await browser.picture("own-\(name)")
    }

    private func publishes(_ key: String, _ serve: Serve, besides old: String? = nil) async throws {
        func publish(_ key: String) throws -> Tool {
            try Tool(
                words: "ffmpeg -loglevel error -f lavfi -i testsrc2=size=160x90:rate=5 -t 2".words
                    + "-c:v libx264 -preset ultrafast -g 5 -pix_fmt yuv420p -f flv".words
                    + ["rtmp://127.0.0.1:\(serve.ports.rtmp)/live/\(key)"])
        }
        if let old { #expect(try await publish(old).finish(within: 20) != 0) }
        let tool = try publish(key)
        #expect(try await tool.finish(within: 20) == 0, "\(tool.text)")
    }

    @Test("what does not come from a form of the same browser changes nothing")
    func forgery() async throws {
        try await TestPlatform.with { platform in
            let account = try await platform.account("ann")
            let other = try await platform.account("bob")
            let cookie = ["Cookie": "\(CallResponder.cookie)=\(account.access)"]
            let forms = FormToken(platform.secrets)
            let good = forms.text(for: account.access)
            let wrong = [
                nil, "", "a", String(good.dropLast(4)) + "AAA=", forms.text(for: other.access),
                FormToken(.drawn()).text(for: account.access),
            ]
            for token in wrong {
                for path in ["/my/streams/new", "/my/keys/new", "/sign-out"] {
                    let answer = try await send(
                        platform, path, ["title": "a", "label": "a", "read": "1", "token": token],
                        cookie)
                    #expect(answer.status == 403, "\(path) \(token ?? "-") \(answer.text)")
                }
            }
            let made = try await send(
                platform, "/my/streams/new", ["title": "a", "token": good], cookie)
            #expect(made.status == 200 && made.string.contains("0?key="), "\(made.text)")
            // A cookie changes nothing elsewhere, and bob nothing of ann's.
            let call = try await HTTPAnswer.of(
                "POST", "\(platform.url)/streams", body: #"{"title":"a"}"#, headers: cookie)
            #expect(call.status == 401)
            let theirs = try await send(
                platform, "/my/streams/0/key", ["token": forms.text(for: other.access)],
                ["Cookie": "\(CallResponder.cookie)=\(other.access)"])
            #expect(theirs.status == 403 && !theirs.string.contains("key="), "\(theirs.text)")
            let list = try await platform.ask("GET", "/streams")
            #expect(list.string.components(separatedBy: "stream_id").count == 2, "\(list.text)")
        }
    }

    @Test("nobody is signed in by another site, and who is not signed in is asked to")
    func signIn() async throws {
        try await TestPlatform.with { platform in
            _ = try await platform.account("ann")
            let form: [String: String?] = ["name": "ann", "password": "correct horse"]
            let alone = try await send(platform, "/sign-in", form, [:])
            #expect(alone.status == 403 && alone.headers["set-cookie"]?.contains("access") != true)
            let token = FormToken(platform.secrets).text(for: "v")
            let visitor = ["Cookie": "\(CallResponder.visitorCookie)=v"]
            let whole = form.merging(["token": token]) { _, new in new }
            let signed = try await send(platform, "/sign-in", whole, visitor)
            #expect(signed.status == 303, "\(signed.text)")
            #expect(signed.headers["location"] == "/dashboard/streamer/0")
            let shut = try await send(platform, "/my/keys/new", ["token": token], visitor)
            #expect(shut.status == 303 && shut.headers["location"] == "/sign-in", "\(shut.text)")
            #expect(try await platform.ask("PUT", "/sign-in").status == 405)
            #expect(try await platform.ask("GET", "/my/nothing").status == 404)
            #expect(try await platform.ask("GET", "/my/keys/0/revoke").status == 405)
        }
    }

    /// As a browser without scripts does. Not by URLSession, which follows redirects.
    private func send(
        _ platform: TestPlatform, _ path: String, _ form: [String: String?],
        _ headers: [String: String]
    ) async throws -> HTTPAnswer {
        var fields = URLComponents()
        fields.queryItems = form.compactMap { name, value in
            value.map { URLQueryItem(name: name, value: $0) }
        }
        let body = (fields.percentEncodedQuery ?? "").replacingOccurrences(of: "+", with: "%2B")
        let tool = try Tool(
            words: ["curl", "-sS", "-i", "-d", body, platform.url + path]
                + headers.flatMap { ["-H", "\($0): \($1)"] })
        #expect(try await tool.finish(within: 20) == 0, "\(tool.text)")
        let parts = tool.text.components(separatedBy: "\r\n\r\n")
        let lines = parts[0].components(separatedBy: "\r\n")
        var fieldsFound: [String: String] = [:]
        for line in lines.dropFirst() {
            let pair = line.split(separator: ":", maxSplits: 1)
            guard pair.count == 2 else { continue }
            fieldsFound[pair[0].lowercased()] = pair[1].trimmingCharacters(in: .whitespaces)
        }
        let status = Int(lines[0].split(separator: " ")[1]) ?? 0
        let text = parts.dropFirst().joined(separator: "\r\n\r\n")
        return HTTPAnswer(status: status, body: Data(text.utf8), headers: fieldsFound)
    }
}
