import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Platform

/// Asks a node for its statistics at the address that it gave, which is a stranger's.
struct StatsCaller: Sendable {
    let guardian: AddressGuard
    let group: any EventLoopGroup

    private static let timeout = TimeAmount.seconds(10)
    private static let answerMax = 64 << 10

    /// The viewers it has; throws where it is not reached, or says something else.
    func ask(_ address: String) async throws -> Int32 {
        guard let url = URL(string: address), let host = url.host, !host.isEmpty,
            let scheme = url.scheme?.lowercased(), scheme == "http" || scheme == "https"
        else { throw AddressGuard.Refusal.unresolved }
        let name = host.trimmingCharacters(in: ["[", "]"])
        let target = try await guardian.resolve(
            host: name, port: url.port ?? (scheme == "https" ? 443 : 80))
        // The client connects to the checked address and to no other; it keeps the name for TLS
        // and `Host`. Redirects would lead to addresses that nobody checked.
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.decompression = .disabled
        configuration.timeout = .init(connect: .seconds(5), read: Self.timeout)
        configuration.httpVersion = .http1Only
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.dnsOverride = [name: target.ipAddress ?? name]
        let client = HTTPClient(
            eventLoopGroupProvider: .shared(group), configuration: configuration)
        do {
            let viewers = try await viewers(address, client)
            try await client.shutdown()
            return viewers
        } catch {
            try? await client.shutdown()
            throw error
        }
    }

    private func viewers(_ address: String, _ client: HTTPClient) async throws -> Int32 {
        let deadline = NIODeadline.now() + Self.timeout
        let response = try await client.execute(
            HTTPClientRequest(url: address), deadline: deadline)
        guard response.status == .ok else { throw Fault.status(Int(response.status.code)) }
        let body = try await response.body.collect(upTo: Self.answerMax)
        guard case .object(let object)? = JSON(body.readableBytesView),
            case .integer(let viewers)? = object["viewers"], let count = Int32(exactly: viewers),
            count >= 0
        else { throw Fault.notStatistics }
        return count
    }

    enum Fault: Error { case status(Int), notStatistics }
}
