import Hummingbird
import NIOCore
import Platform

/// The API port.
struct ReportResponder: Sendable {
    let loop: StreamLoop
    let identity: ServerIdentity

    @Sendable func respond(_ request: Request, _ context: WebContext) async throws -> Response {
        Response(status: .notFound)
    }
}
