import Base
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Platform

/// The port of players by HTTP: `/app/name.flv`, `/app/name.m3u8` and `/app/name-N.ts`; and
/// `/stats`, which says how many there are.
struct MediaResponder: Sendable {
    let loop: StreamLoop
    let hooks: HookCaller

    /// The parameter that carries a player's token, as SRS calls it.
    private static let tokenName = "hls_ctx"

    @Sendable func respond(_ request: Request, _ context: WebContext) async throws -> Response {
        switch request.method {
        case .get: return try await get(request, context)
        case .head: return try await get(request, context).createHeadResponse()
        case _: return Response(status: .methodNotAllowed)
        }
    }

    private func get(_ request: Request, _ context: WebContext) async throws -> Response {
        if request.uri.path == "/stats" { return try await stats() }
        guard let target = MediaTarget(path: request.uri.path) else {
            return Response(status: .notFound)
        }
        let query = request.uri.query ?? ""
        let token = request.uri.queryParameters[Substring(Self.tokenName)].flatMap {
            UInt64($0, radix: 16)
        }
        switch target.kind {
        case .flv where request.method == .head: return try await flvHead(target.name)
        case .flv: return await flv(target.name, query, context.peer)
        case .playlist:
            if let token { return try await playlist(target.name, token) }
            return try await startFetch(target.name, query, context.peer)
        case .segment(let sequence):
            return try await segment(target.name, sequence, token)
        }
    }

    /// What a coordinator's worker asks of a node.
    private func stats() async throws -> Response {
        let viewers = try await loop.read { server, now in server.report(at: now).viewers }
        return Response(
            status: .ok, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: "{\"viewers\":\(viewers)}")))
    }

    // MARK: HLS

    /// A list of one: the address that the new player goes on with.
    private func startFetch(
        _ name: StreamName, _ query: String, _ peer: Peer
    ) async throws -> Response {
        let begun = try await loop.change { server, now in
            Result { () throws(StreamServer.FetchRefusal) in
                try server.startFetch(name, peer, query: query, at: now)
            }
        }
        let start: StreamServer.FetchStart
        switch begun {
        case .success(let value): start = value
        case .failure(.noStream): return Response(status: .notFound)
        case .failure(.full): return Response(status: .serviceUnavailable)
        }
        if let hook = start.hook {
            let allowed = await hooks.ask(hook)
            try await loop.change { server, _ in
                server.admitFetch(start.token, allowed: allowed)
            }
            guard allowed else { return Response(status: .forbidden) }
        }
        let file = name.name.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? ""
        return list(
            """
            #EXTM3U
            #EXT-X-STREAM-INF:BANDWIDTH=\(max(start.rate.bitsPerSecond, 1))
            \(file).m3u8?\(Self.suffix(start.token))

            """)
    }

    private static func suffix(_ token: UInt64) -> String {
        "\(tokenName)=\(String(token, radix: 16))"
    }

    /// Waits for the first segment, as SRS does not: players give up on 404.
    private func playlist(_ name: StreamName, _ token: UInt64) async throws -> Response {
        for _ in 0..<Self.playlistTries {
            let text = try await loop.change { server, now in
                server.playlist(name, token: token, suffix: "?\(Self.suffix(token))", at: now)
            }
            if let text { return list(text) }
            try await Task.sleep(for: .milliseconds(100))
        }
        return Response(status: .notFound)
    }

    private static let playlistTries = 100

    private func segment(
        _ name: StreamName, _ sequence: Int64, _ token: UInt64?
    ) async throws -> Response {
        let bytes = try await loop.change { server, now in
            server.segment(name, sequence, token: token, at: now)
        }
        guard let bytes else { return Response(status: .notFound) }
        return Response(
            status: .ok,
            headers: [.contentType: "video/mp2t", .accessControlAllowOrigin: "*"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    private func list(_ text: String) -> Response {
        Response(
            status: .ok,
            headers: [
                .contentType: "application/vnd.apple.mpegurl", .cacheControl: "no-cache",
                .accessControlAllowOrigin: "*",
            ],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    // MARK: HTTP-FLV

    private func flv(_ name: StreamName, _ query: String, _ peer: Peer) async -> Response {
        let body = FLVBody(loop: loop)
        loop.eventLoop.execute { loop.watched(body, peer, name, query: query) }
        let hold = OnRelease { end(body) }
        if let refusal = await body.refusal() { return Response(status: Self.status(refusal)) }
        return Response(
            status: .ok, headers: Self.flvHeaders,
            body: ResponseBody { [hold] writer in
                defer { withExtendedLifetime(hold) { end(body) } }
                while let buffers = await body.next() {
                    try await writer.write(contentsOf: buffers)
                }
                try await writer.finish(nil)
            })
    }

    private static let flvHeaders: HTTPFields = [
        .contentType: "video/x-flv", .cacheControl: "no-cache", .accessControlAllowOrigin: "*",
    ]

    private static func status(_ refusal: CloseCause) -> HTTPResponse.Status {
        switch refusal {
        case .refused: .forbidden
        case .full, .stopping: .serviceUnavailable
        case .fault, .kicked, .replaced, .publishTimedOut, .stallTimedOut, .ended: .notFound
        }
    }

    private func flvHead(_ name: StreamName) async throws -> Response {
        guard try await loop.read({ server, _ in server.mayWatch(name) }) else {
            return Response(status: .notFound)
        }
        return Response(status: .ok, headers: Self.flvHeaders)
    }

    /// Once: the identifier is another connection's afterwards.
    private func end(_ body: FLVBody) {
        loop.eventLoop.execute {
            guard let id = body.takeID() else { return }
            loop.closed(id)
        }
    }
}

/// What a path on the players' port means.
struct MediaTarget: Sendable, Hashable {
    enum Kind: Sendable, Hashable { case flv, playlist, segment(Int64) }

    var kind: Kind
    var name: StreamName

    /// `/app/file`, where the app may have slashes in it.
    init?(path: String) {
        guard let slash = path.lastIndex(of: "/"), path.first == "/", slash > path.startIndex,
            let app = String(path[..<slash].dropFirst()).removingPercentEncoding,
            let file = String(path[path.index(after: slash)...]).removingPercentEncoding,
            let dot = file.lastIndex(of: ".")
        else { return nil }
        var stem = file[..<dot]
        switch file[dot...] {
        case ".flv": kind = .flv
        case ".m3u8": kind = .playlist
        case ".ts":
            guard let dash = stem.lastIndex(of: "-"),
                let number = Int64(stem[stem.index(after: dash)...])
            else { return nil }
            kind = .segment(number)
            stem = stem[..<dash]
        case _: return nil
        }
        guard !app.isEmpty, !stem.isEmpty else { return nil }
        name = StreamName(app: app, name: String(stem))
    }
}
