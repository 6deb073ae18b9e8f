import HTTPTypes
import Hummingbird

/// What a balancer's listener on port 80 does: sends whoever comes by HTTP to HTTPS, for good.
///
/// Elastic Load Balancing, Application Load Balancers guide, "Redirect actions": protocol HTTPS,
/// status HTTP_301, host, path and query as they were asked for.
struct Redirect: Sendable {
    /// Of HTTPS.
    let port: Int

    private static let hostMax = 255

    @Sendable func respond(_ request: Request, _ context: WebContext) async throws -> Response {
        guard let host = Self.host(request.head.authority), let path = request.head.path,
            path.hasPrefix("/")
        else { return Response(status: .badRequest) }
        let place = port == 443 ? host : "\(host):\(port)"
        return Response(
            status: .movedPermanently, headers: [.location: "https://\(place)\(path)"])
    }

    /// Without its port; nil for what is no host.
    private static func host(_ authority: String?) -> String? {
        guard let authority, authority.utf8.count <= hostMax else { return nil }
        let isIPv6 = authority.hasPrefix("[")
        let host = String(
            isIPv6
                ? authority.dropFirst().prefix { $0 != "]" } : authority.prefix { $0 != ":" })
        guard !host.isEmpty, WireText.isPlain(host, besides: isIPv6 ? ":." : ".-") else {
            return nil
        }
        return isIPv6 ? "[\(host)]" : host
    }
}
