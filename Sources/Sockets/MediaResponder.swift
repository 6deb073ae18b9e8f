import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Platform

/// The port of players by HTTP: `/app/name.flv`.
struct MediaResponder: Sendable {
    let loop: StreamLoop

    @Sendable func respond(_ request: Request, _ context: WebContext) async throws -> Response {
        guard request.method == .get || request.method == .head else {
            return Response(status: .methodNotAllowed)
        }
        guard let target = MediaTarget(path: request.uri.path) else {
            return Response(status: .notFound)
        }
        let query = request.uri.query ?? ""
        switch target.kind {
        case .flv: return await flv(target.name, query, context.peer)
        }
    }

    private func flv(_ name: StreamName, _ query: String, _ peer: Peer) async -> Response {
        let body = FLVBody(loop: loop)
        loop.eventLoop.execute { loop.watched(body, peer, name, query: query) }
        guard await body.decision() else {
            end(body)
            return Response(status: .notFound)
        }
        let headers: HTTPFields = [
            .contentType: "video/x-flv", .cacheControl: "no-cache",
            .accessControlAllowOrigin: "*",
        ]
        return Response(
            status: .ok, headers: headers,
            body: ResponseBody { writer in
                defer { end(body) }
                while let buffers = await body.next() {
                    try await writer.write(contentsOf: buffers)
                }
                try await writer.finish(nil)
            })
    }

    private func end(_ body: FLVBody) {
        loop.eventLoop.execute {
            guard let id = body.id else { return }
            loop.closed(id)
        }
    }
}

/// What a path on the players' port means.
struct MediaTarget: Sendable, Hashable {
    enum Kind: Sendable, Hashable { case flv }

    var kind: Kind
    var name: StreamName

    /// `/app/name.flv`, where the app may have slashes in it.
    init?(path: String) {
        guard let slash = path.lastIndex(of: "/"), path.first == "/", slash > path.startIndex
        else { return nil }
        let file = path[path.index(after: slash)...]
        let app = path[path.index(after: path.startIndex)..<slash]
        guard file.hasSuffix(".flv"), file.count > 4, !app.isEmpty,
            let plainApp = String(app).removingPercentEncoding,
            let plainName = String(file.dropLast(4)).removingPercentEncoding
        else { return nil }
        kind = .flv
        name = StreamName(app: plainApp, name: plainName)
    }
}
