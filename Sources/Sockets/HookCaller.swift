import AsyncHTTPClient
import Foundation
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOFoundationCompat
import NIOHTTP1
import Platform

/// Makes SRS's callbacks: JSON by POST, answered by 200 and `0` or `{"code":0}`.
///
/// What happens to one client is told in order: a callback waits until the one before is answered.
///
/// https://ossrs.io/lts/en-us/docs/v5/doc/http-callback
public struct HookCaller: Sendable {
    /// Where each kind is posted to.
    public typealias Targets = [Hook.Kind: String]

    private let client: HTTPClient
    /// Replaced when the settings are read again.
    private let targets: NIOLockedValueBox<Targets>
    /// The last callback of each client that has some under way.
    private let turns = NIOLockedValueBox<[UInt64: Turn]>([:])
    private let identity: ServerIdentity
    private let logger: Logger

    private struct Turn: Sendable {
        var number: Int
        var call: Task<Void, Never>
    }

    private static let timeout = TimeAmount.seconds(5)
    private static let answerMax = 64 << 10

    init(
        _ client: HTTPClient, targets: Targets, identity: ServerIdentity, logger: Logger
    ) {
        self.client = client
        self.targets = NIOLockedValueBox(targets)
        self.identity = identity
        self.logger = logger
    }

    func set(_ targets: Targets) { self.targets.withLockedValue { $0 = targets } }

    /// What is posted.
    struct Body: Encodable {
        var server: String
        var service: String
        var action: String
        var client: String
        var ip: String
        var vhost = "__defaultVhost__"
        var app: String
        var tcURL: String
        var pageURL: String
        var stream: String?
        var param: String?
        var streamURL: String?
        var streamID: String?
        var bytesSent: UInt64?
        var bytesReceived: UInt64?

        enum CodingKeys: String, CodingKey {
            case server = "server_id"
            case service = "service_id"
            case action
            case client = "client_id"
            case ip, vhost, app
            case tcURL = "tcUrl"
            case pageURL = "pageUrl"
            case stream, param
            case streamURL = "stream_url"
            case streamID = "stream_id"
            case bytesSent = "send_bytes"
            case bytesReceived = "recv_bytes"
        }
    }

    /// The answer comes on any thread; what cannot be asked is refused.
    func call(_ hook: Hook, then answer: @escaping @Sendable (Bool) -> Void) {
        guard let target = targets.withLockedValue({ $0[hook.kind] }) else { return answer(true) }
        turns.withLockedValue { turns in
            let before = turns[hook.client]
            let number = (before?.number ?? 0) + 1
            let call = Task {
                await before?.call.value
                answer(await isGranted(hook, by: target))
                end(number, of: hook.client)
            }
            turns[hook.client] = Turn(number: number, call: call)
        }
    }

    private func end(_ number: Int, of client: UInt64) {
        turns.withLockedValue { turns in
            if turns[client]?.number == number { turns[client] = nil }
        }
    }

    private func isGranted(_ hook: Hook, by target: String) async -> Bool {
        do {
            return try await post(hook, to: target)
        } catch {
            logger.warning(
                "callback failed",
                metadata: ["action": "\(hook.kind.rawValue)", "error": "\(error)"])
            return false
        }
    }

    /// The same, for those who can wait.
    func ask(_ hook: Hook) async -> Bool {
        await withCheckedContinuation { continuation in
            call(hook) { continuation.resume(returning: $0) }
        }
    }

    private func post(_ hook: Hook, to target: String) async throws -> Bool {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var request = HTTPClientRequest(url: target)
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        request.body = .bytes(ByteBuffer(bytes: try encoder.encode(body(hook))))
        let response = try await client.execute(request, timeout: Self.timeout)
        let bytes = try await response.body.collect(upTo: Self.answerMax)
        guard response.status == .ok else { return false }
        return Self.isYes(String(buffer: bytes))
    }

    /// `0`, or an object whose code is 0.
    static func isYes(_ text: String) -> Bool {
        let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
        if trimmed == "0" { return true }
        struct Answer: Decodable { var code: Int }
        return (try? JSONDecoder().decode(Answer.self, from: Data(trimmed.utf8)))?.code == 0
    }

    func body(_ hook: Hook) -> Body {
        let isStream = !hook.stream.isEmpty
        var body = Body(
            server: identity.server, service: identity.service,
            action: hook.kind.rawValue, client: String(hook.client), ip: hook.address,
            app: hook.app, tcURL: hook.tcURL, pageURL: hook.pageURL)
        body.param = hook.query.isEmpty ? "" : "?" + hook.query
        if isStream {
            body.stream = hook.stream
            body.streamURL = "/\(hook.app)/\(hook.stream)"
            body.streamID = hook.streamID.map { identity.name($0) }
        }
        if hook.kind == .close {
            body.bytesSent = hook.bytesSent
            body.bytesReceived = hook.bytesReceived
        }
        return body
    }
}

/// What a server calls itself in its API and callbacks.
public struct ServerIdentity: Sendable {
    public let server: String
    public let service: String
    public let process: String

    init() {
        var system = SystemRandomNumberGenerator()
        server = "vid-" + String(system.next(), radix: 36)
        service = String(system.next(), radix: 36)
        process = String(ProcessInfo.processInfo.processIdentifier)
    }

    /// The name of a stream, from its number.
    func name(_ number: UInt64) -> String { "vid-" + String(number, radix: 36) }
}
