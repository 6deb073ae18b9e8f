import Base
import Foundation
import Load

/// Accounts, streams and nodes that a coordinator is asked for before a load: one call after the
/// other, to the one address that is loaded, no more in a second than the ceilings allow, and as
/// slowly as the coordinator wants it. What passes is paid from the same ceilings.
struct BlastRegistration {
    private let web: WebTarget
    private let addresses: LoadAddresses
    let bytes: FetchTally
    private let interrupt: Interrupt
    /// Told what is waited for.
    private let note: (String) -> Void
    /// From one call to the next.
    private let pause: Interval
    private var askedAt: ContinuousClock.Instant?
    /// At the coordinator's wish.
    private var waited = Interval.zero

    struct Stream: Sendable {
        var id: String
        var key: String

        /// As an encoder has it.
        var name: String { "\(id)?key=\(key)" }
    }

    struct Node: Sendable {
        var id: String
        var token: String
    }

    static let streamsMax = 1_000
    /// How long a node's token counts.
    static let tokenSeconds: Int64 = 3_600
    /// All waits at the coordinator's wish together.
    private static let waitMax = Interval.minutes(30)
    /// Where a coordinator that refuses does not say for how long.
    private static let waitStandard = Interval.minutes(1)
    /// What our own coordinator takes from one address, in a minute.
    static let signInsAMinute = 10

    init(
        _ web: WebTarget, at addresses: LoadAddresses, within ceilings: Ceilings,
        shards: Int, _ interrupt: Interrupt, _ note: @escaping (String) -> Void
    ) {
        bytes = FetchTally(ceilings, shards: shards)
        self.web = web
        self.addresses = addresses
        self.interrupt = interrupt
        self.note = note
        pause = ceilings.calls.map { Interval(nanoseconds: 1_000_000_000 / Int64($0)) } ?? .zero
    }

    /// An account with a stream for each of these names, to which something is added that nobody
    /// else has.
    mutating func streams(_ names: [String]) async throws -> [Stream] {
        let mark = String(UInt32.random(in: .min ... .max), radix: 16)
        var streams: [Stream] = []
        for name in names {
            let password = (0..<4).map { _ in String(UInt32.random(in: .min ... .max), radix: 36) }
                .joined(separator: "-")
            let grant = try await ask(
                "/api/v1/auth/register-streamer",
                ["name": "\(name)-\(mark)", "password": "\(password)-load"])
            let stream = try await ask(
                "/streams", ["title": name], token: text("access_token", in: grant))
            streams.append(
                Stream(
                    id: try text("stream_id", in: stream), key: try text("stream_key", in: stream)))
        }
        return streams
    }

    /// A node of a stream; it says that it is on the coordinator's own machine, where a spot check
    /// finds nothing, so that no check goes to anybody else.
    mutating func node(_ name: String, of stream: Stream) async throws -> Node {
        let grant = try await ask(
            "/api/v1/auth/register",
            [
                "stream_id": stream.id, "stream_key": stream.key, "name": name,
                "host": "127.0.0.1", "rtmp_port": 1935,
            ])
        return Node(
            id: try text("node_id", in: grant), token: try text("access_token", in: grant))
    }

    private mutating func ask(
        _ path: String, _ body: [String: Any], token: String? = nil
    ) async throws -> [String: Any] {
        let data = try JSONSerialization.data(withJSONObject: body, options: [.sortedKeys])
        let headers = token.map { [("Authorization", "Bearer \($0)")] } ?? []
        guard
            let call = LoadCall(
                method: "POST", path: path, headers: headers,
                body: String(decoding: data, as: UTF8.self), arrival: .at([]))
        else { throw Failure.usage("--register: \(web.text) gave a token that is none") }
        let answer = try await answer(to: call, path)
        guard (200..<300).contains(answer.status),
            let object = try? JSONSerialization.jsonObject(with: Data(answer.body.utf8)),
            let values = object as? [String: Any]
        else {
            throw Failure.usage(
                "--register: \(web.text)\(path) answered \(answer.status): "
                    + answer.body.prefix(200))
        }
        return values
    }

    /// The first answer that does not ask to come again later.
    private mutating func answer(
        to call: LoadCall, _ path: String
    ) async throws -> WebFetch.Answer {
        while true {
            try await keepPace()
            let answer: WebFetch.Answer
            do {
                answer = try await WebFetch.answer(
                    to: call, of: web, at: addresses, counting: bytes)
            } catch {
                if let excess = bytes.excess { throw Failure.usage("--register: \(excess)") }
                throw Failure.usage("--register: \(web.text)\(path) does not answer: \(error)")
            }
            guard answer.status == 429 else { return answer }
            let wait = answer.retryAfter ?? Self.waitStandard
            waited += wait
            guard waited <= Self.waitMax else {
                throw Failure.usage(
                    "--register: \(web.text) takes too few a minute: this would wait for longer "
                        + "than \(Self.waitMax.wholeSeconds / 60) minutes")
            }
            note("--register: \(web.text) wants us to wait \(wait.wholeSeconds) s")
            try await interrupt.sleep(.nanoseconds(wait.nanoseconds))
        }
    }

    private mutating func keepPace() async throws {
        let now = ContinuousClock.now
        let next = askedAt.map { $0 + .nanoseconds(pause.nanoseconds) } ?? now
        if next > now { try await interrupt.sleep(next - now) }
        askedAt = max(next, now)
    }

    private func text(_ name: String, in values: [String: Any]) throws -> String {
        switch values[name] {
        case let text as String: return text
        case let number as NSNumber: return "\(number)"
        case _: throw Failure.usage("--register: \(web.text) gave no \(name)")
        }
    }
}
