import Base
import Media
import Platform
import RTMP

/// The whole streaming server, fed by up to eight connections at once.
///
/// Each step is an operation, a connection and a length, and that many bytes: raw ones, media
/// of a session that does behave, inputs of the driver, or time that passes. The driver's side of
/// the contract is kept, the peers' is not.
struct StreamTarget: ~Copyable {
    private static let connections = 8
    private static let stepsMax = 400

    private var server: StreamServer
    private var now = Instant(nanoseconds: 1_000_000_000_000)
    private var outbox = StreamOutbox()
    private var isOpen = [Bool](repeating: false, count: connections)
    /// Sessions of ours at the other end of connections that behave.
    private var sessions = [ClientSession?](repeating: nil, count: connections)
    /// Sessions that want to publish, and those that the server lets.
    private var wantsToPublish = [Bool](repeating: false, count: connections)
    private var isPublishing = [Bool](repeating: false, count: connections)
    private var token: UInt64?

    private init(isPrompt: Bool) {
        var configuration = StreamConfiguration()
        if isPrompt { configuration.latency = .zero }
        configuration.queueBytesMax = 50_000
        configuration.cacheMax = 50_000
        server = StreamServer(configuration, random: Random(seed: 1), at: now)
    }

    static func feed(_ input: [UInt8]) -> CInt {
        var target = StreamTarget(isPrompt: input.first.map { $0 & 1 == 0 } ?? true)
        var rest = input.dropFirst()
        for _ in 0..<stepsMax where rest.count >= 3 {
            let head = Array(rest.prefix(3))
            rest = rest.dropFirst(3)
            let payload = Array(rest.prefix(Int(head[2])))
            rest = rest.dropFirst(payload.count)
            target.step(head[0] % 12, Int(head[1]) % connections, payload)
        }
        for index in 0..<connections where target.isOpen[index] { target.close(index) }
        // Players over HLS have no connection: they leave by not asking again.
        let left = target.server.report(at: target.now).clients.filter { $0.activity != .fetching }
        check(left.isEmpty, "a client was not forgotten")
        return 0
    }

    private mutating func step(_ operation: UInt8, _ index: Int, _ payload: [UInt8]) {
        let id = ConnectionID(UInt32(index))
        switch operation {
        case 0: open(index, nil)
        case 1: open(index, .publish)
        case 2: open(index, .play)
        case 3: watch(index)
        case 4, 5: receive(payload, from: index)
        case 6: publish(payload, from: index)
        case 7: close(index)
        case 8: if isOpen[index] { tell(.stalled(id)) }
        case 9: if isOpen[index] { tell(.flowing(id)) }
        case 10: tell(.kicked(UInt64(index)))
        case _: pass(Interval.milliseconds(Int64(payload.first ?? 1) * 100))
        }
    }

    private static let name = StreamName(app: "live", name: "a")
    private static let peer = Platform.Peer(address: "192.0.2.1")

    private mutating func open(_ index: Int, _ purpose: ClientSession.Purpose?) {
        guard !isOpen[index] else { return }
        isOpen[index] = true
        isPublishing[index] = false
        sessions[index] = nil
        wantsToPublish[index] = purpose == .publish
        if let purpose, let url = StreamURL("rtmp://host/live/a") {
            sessions[index] = ClientSession(
                purpose, url, handshake: .simple, limits: Limits(), chunkSize: 4096,
                random: Random(seed: UInt64(index)), at: now)
        }
        tell(.opened(ConnectionID(UInt32(index)), Self.peer))
        if purpose == nil {
            receive([3] + [UInt8](repeating: 0, count: 2 * 1536), from: index)
        } else {
            pump(index)
        }
    }

    private mutating func watch(_ index: Int) {
        guard !isOpen[index] else { return }
        isOpen[index] = true
        isPublishing[index] = false
        sessions[index] = nil
        tell(.watched(ConnectionID(UInt32(index)), Self.peer, Self.name, query: ""))
    }

    private mutating func receive(_ bytes: [UInt8], from index: Int) {
        guard isOpen[index] else { return }
        server.receive(bytes.span, from: ConnectionID(UInt32(index)), at: now, into: &outbox)
        settle()
    }

    /// One message of arbitrary bytes by a publisher that is otherwise well-behaved.
    private mutating func publish(_ payload: [UInt8], from index: Int) {
        guard isOpen[index], isPublishing[index], let first = payload.first else { return }
        let kind = MediaMessage.Kind.allCases[Int(first) % 3]
        let time = (now.nanoseconds - 1_000_000_000_000) / 1_000_000
        sessions[index]?.send(
            MediaMessage(
                kind: kind, timestamp: Timestamp(milliseconds: time),
                payload: Array(payload.dropFirst())))
        pump(index)
    }

    private mutating func pump(_ index: Int) {
        // A conversation has few turns; its length is bounded all the same.
        for _ in 0..<32 {
            guard isOpen[index], let output = sessions[index]?.takeOutput(), !output.isEmpty
            else { return }
            receive(output, from: index)
        }
    }

    private mutating func close(_ index: Int) {
        guard isOpen[index] else { return }
        isOpen[index] = false
        tell(.closed(ConnectionID(UInt32(index))))
    }

    private mutating func pass(_ interval: Interval) {
        let end = now + interval
        while server.deadline <= end {
            now = max(now, server.deadline)
            tell(.woke)
        }
        now = end
        if token == nil {
            token = try? server.startFetch(Self.name, Self.peer, query: "", at: now).token
        }
        if let token {
            _ = server.playlist(Self.name, token: token, suffix: "", at: now)
            _ = server.segment(Self.name, 0, token: token, at: now)
        }
    }

    private mutating func tell(_ input: StreamInput) {
        server.handle(input, at: now, into: &outbox)
        settle()
    }

    private mutating func settle() {
        while !outbox.effects.isEmpty {
            let effects = outbox.effects
            outbox.removeAll()
            for effect in effects { perform(effect) }
        }
    }

    private mutating func perform(_ effect: StreamEffect) {
        switch effect {
        case .send(let id, let bytes): deliver(bytes, to: Int(id.raw))
        case .share(let id, let shared): deliver(shared.bytes, to: Int(id.raw))
        case .close(let id, _):
            check(isOpen[Int(id.raw)], "closed twice")
            isOpen[Int(id.raw)] = false
            server.handle(.closed(id), at: now, into: &outbox)
        case .begin(let id): check(isOpen[Int(id.raw)], "begins a closed connection")
        case .connect, .call: check(false, "nobody asked for relays or hooks")
        }
    }

    private mutating func deliver(_ bytes: [UInt8], to index: Int) {
        guard isOpen[index], sessions[index] != nil else { return }
        sessions[index]?.receive(bytes.span)
        listen(index)
        guard let output = sessions[index]?.takeOutput(), !output.isEmpty else { return }
        server.receive(
            output.span, from: ConnectionID(UInt32(index)), at: now, into: &outbox)
    }

    private mutating func listen(_ index: Int) {
        do throws(RTMPError) {
            while let event = try sessions[index]?.next(at: now) {
                switch event {
                case .started: isPublishing[index] = wantsToPublish[index]
                case .ended: isPublishing[index] = false
                case .media, .status: break
                }
            }
        } catch {
            isPublishing[index] = false
            sessions[index] = nil
        }
    }
}
