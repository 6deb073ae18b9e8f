import AsyncHTTPClient
import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTP1
import Platform

/// Passes requests on, and answers back.
struct FrontProxy: Sendable {
    let client: HTTPClient
    let host: String
    let coordinator: Int
    let media: MediaPlace

    /// These concern one connection, not the message. RFC 9110, 7.6.1.
    private static let hops: Set<String> = [
        "connection", "keep-alive", "proxy-authenticate", "proxy-authorization",
        "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
    ]

    @Sendable func respond(_ request: Request, _ context: WebContext) async throws -> Response {
        // Behind the port anything else would change the address: `@host` names another one.
        let path = request.head.path ?? "/"
        guard path.hasPrefix("/") else { return Response(status: .badRequest) }
        // The RTMP server calls the coordinator itself; nobody else has business there.
        guard path.split(separator: "/").prefix(3) != ["api", "v1", "srs"] else {
            return Response(status: .notFound)
        }
        let isMedia = path.hasPrefix("/\(PlatformLoop.app)/")
        let port = isMedia ? media.ports.http : coordinator
        var forwarded = HTTPClientRequest(url: "http://\(host):\(port)\(path)")
        forwarded.method = .init(rawValue: request.method.rawValue)
        forwarded.headers = headers(of: request, context)
        do {
            // Whole, because a target that answers early would leave two readers of one body.
            let body = try await request.wholeBody(context)
            if body.readableBytes > 0 { forwarded.body = .bytes(body) }
            // Answers may take as long as they please, as long as something comes.
            return answer(
                try await client.execute(forwarded, deadline: .distantFuture), request)
        } catch let error as HTTPClientError
            where [.readTimeout, .deadlineExceeded, .connectTimeout].contains(error)
        {
            return Response(status: .gatewayTimeout)
        } catch let fault as RequestFault {
            return Response(status: .init(code: fault.status))
        } catch {
            return Response(status: .badGateway)
        }
    }

    private func headers(of request: Request, _ context: WebContext) -> HTTPHeaders {
        var headers = HTTPHeaders()
        for field in request.headers where !Self.hops.contains(field.name.canonicalName) {
            headers.add(name: field.name.rawName, value: field.value)
        }
        if let host = request.head.authority { headers.replaceOrAdd(name: "host", value: host) }
        let before = headers["x-forwarded-for"].joined(separator: ", ")
        let peer = context.peer.address
        headers.replaceOrAdd(
            name: "x-forwarded-for", value: before.isEmpty ? peer : "\(before), \(peer)")
        headers.replaceOrAdd(name: "x-forwarded-proto", value: "https")
        return headers
    }

    private func answer(_ response: HTTPClientResponse, _ request: Request) -> Response {
        var headers = HTTPFields()
        for (name, value) in response.headers where !Self.hops.contains(name.lowercased()) {
            guard let name = HTTPField.Name(name) else { continue }
            headers.append(HTTPField(name: name, value: value))
        }
        let status = HTTPResponse.Status(code: Int(response.status.code))
        let hasBody = request.method != .head && status.code != 204 && status.code != 304
        var answer = Response(
            status: status, headers: headers,
            body: hasBody ? ResponseBody(asyncSequence: response.body) : .init())
        answer.headers = headers
        return answer
    }
}
