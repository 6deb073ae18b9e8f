import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Calls a coordinator, as supporter nodes and the command line do.
public final class PlatformClient: Sendable {
    /// An answer other than 200 or 201, or none.
    public struct Fault: Error, CustomStringConvertible {
        /// 0 where there was no answer.
        public var status: Int
        public var description: String
    }

    private struct Detail: Decodable { var detail: String }

    private let base: String
    private let client: HTTPClient

    /// As long as the coordinator itself waits for its store and its passwords.
    private static let timeout = TimeAmount.seconds(30)
    private static let answerMax = 1 << 20

    /// `stream_id` on the wire.
    private static var encoder: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        return encoder
    }

    private static var decoder: JSONDecoder {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return decoder
    }

    /// `trust` is a certificate in PEM to accept for `https`, beside the system's.
    public init(_ url: String, trust: String?) throws(Fault) {
        guard let parsed = URL(string: url), parsed.host != nil,
            parsed.scheme == "http" || parsed.scheme == "https"
        else { throw Fault(status: 0, description: "\(url) is no address with http or https") }
        base = url.hasSuffix("/") ? String(url.dropLast()) : url
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        if let trust {
            var secure = TLSConfiguration.makeClientConfiguration()
            guard let certificates = try? NIOSSLCertificate.fromPEMFile(trust) else {
                throw Fault(status: 0, description: "\(trust) is no certificate in PEM")
            }
            secure.additionalTrustRoots = [.certificates(certificates)]
            configuration.tlsConfiguration = secure
        }
        client = HTTPClient(
            eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton),
            configuration: configuration)
    }

    /// Asks with a JSON body, where there is one, and for one.
    public func ask<Answer: Decodable>(
        _ method: String, _ path: String, token: String? = nil,
        body: (any Encodable & Sendable)? = nil, as type: Answer.Type = Answer.self
    ) async throws(Fault) -> Answer {
        var request = HTTPClientRequest(url: base + path)
        request.method = HTTPMethod(rawValue: method)
        request.headers.add(name: "accept", value: "application/json")
        if let token { request.headers.add(name: "authorization", value: "Bearer \(token)") }
        let response: HTTPClientResponse
        let bytes: ByteBuffer
        do {
            if let body {
                request.headers.add(name: "content-type", value: "application/json")
                request.body = .bytes(ByteBuffer(bytes: try Self.encoder.encode(body)))
            }
            response = try await client.execute(request, timeout: Self.timeout)
            bytes = try await response.body.collect(upTo: Self.answerMax)
        } catch {
            throw Fault(status: 0, description: "\(base) does not answer: \(error)")
        }
        guard (200...299).contains(response.status.code) else {
            let detail = try? Self.decoder.decode(Detail.self, from: Data(bytes.readableBytesView))
            throw Fault(
                status: Int(response.status.code),
                description: detail?.detail ?? "\(base) answers \(response.status)")
        }
        do {
            return try Self.decoder.decode(type, from: Data(bytes.readableBytesView))
        } catch {
            throw Fault(status: 0, description: "\(base) answers something else: \(error)")
        }
    }

    public func stop() async { try? await client.shutdown() }
}

/// An answer of which nothing is of interest.
public struct Nothing: Decodable, Sendable {}

/// A pair of tokens, and for whom.
public struct TokenPair: Decodable, Sendable {
    public var access: String
    public var refresh: String
    public var lifetime: Int
    public var user: String?
    public var node: String?
    /// What a node relays.
    public var source: String?

    enum CodingKeys: String, CodingKey {
        case access = "accessToken"
        case refresh = "refreshToken"
        case lifetime = "expiresIn"
        case user = "userId"
        case node = "nodeId"
        case source = "sourceUrl"
    }
}
