import Base
import Media
import RTMP

@testable import Platform

/// A stream server and its clients in one process without sockets: what the server sends reaches
/// a client at once, unless it is held back.
struct StreamHarness: ~Copyable {
    var server: StreamServer
    var now = Instant(nanoseconds: 1_000_000_000_000)
    private var outbox = StreamOutbox()
    private(set) var clients: [Peer] = []
    private(set) var hooks: [(id: HookID?, hook: Hook)] = []
    private(set) var dialled: [(id: ConnectionID, url: StreamURL)] = []

    /// Players over HTTP-FLV, and what they got.
    private(set) var watchers: [(reader: FLVReader, media: [MediaMessage])] = []
    /// The first of their connections.
    private static let watching = 1000

    /// One client: our own session at the other end.
    struct Peer {
        var session: ClientSession
        var isStarted = false
        var media: [MediaMessage] = []
        var failure: RTMPError?
        var cause: CloseCause?
        /// Bytes that were sent and not delivered.
        var held: [[UInt8]]?
    }

    init(_ change: (inout StreamConfiguration) -> Void = { _ in }) {
        var configuration = StreamConfiguration()
        configuration.latency = .zero
        change(&configuration)
        server = StreamServer(configuration, random: Random(seed: 1), at: now)
    }

    /// Connects and asks; returns the client's index.
    mutating func connect(
        _ purpose: ClientSession.Purpose, _ name: String, from address: String = "192.0.2.1"
    ) -> Int {
        let url = StreamURL("rtmp://server/live/\(name)")!
        let session = ClientSession(
            purpose, url, handshake: .simple, limits: Limits(), chunkSize: 4096,
            random: Random(seed: UInt64(clients.count)), at: now)
        clients.append(Peer(session: session))
        let index = clients.count - 1
        tell(.opened(ConnectionID(UInt32(index)), .init(address: address)))
        pump(index)
        return index
    }

    /// Plays over HTTP-FLV; returns the watcher's index.
    mutating func watch(_ name: String) -> Int {
        watchers.append((FLVReader(), []))
        let index = watchers.count - 1
        tell(
            .watched(
                ConnectionID(UInt32(Self.watching + index)), Platform.Peer(address: "192.0.2.2"),
                StreamName(app: "live", name: name), query: ""))
        return index
    }

    mutating func tell(_ input: StreamInput) {
        server.handle(input, at: now, into: &outbox)
        settle()
    }

    mutating func leave(_ index: Int) {
        clients[index].cause = .ended
        tell(.closed(ConnectionID(UInt32(index))))
    }

    /// Sends what the client has to say.
    mutating func pump(_ index: Int) {
        let output = clients[index].session.takeOutput()
        guard !output.isEmpty, clients[index].cause == nil else { return }
        server.receive(
            output.span, from: ConnectionID(UInt32(index)), at: now, into: &outbox)
        settle()
    }

    /// Bytes that the client's session did not make.
    mutating func receive(_ bytes: [UInt8], from index: Int) {
        server.receive(bytes.span, from: ConnectionID(UInt32(index)), at: now, into: &outbox)
        settle()
    }

    mutating func publish(_ index: Int, _ messages: [MediaMessage]) {
        for message in messages { clients[index].session.send(message) }
        pump(index)
    }

    mutating func pass(_ interval: Interval) {
        let end = now + interval
        while server.deadline <= end {
            now = max(now, server.deadline)
            tell(.woke)
        }
        now = end
    }

    /// Holds back what the server sends to this client, as a full socket does.
    mutating func stall(_ index: Int) {
        clients[index].held = []
        tell(.stalled(ConnectionID(UInt32(index))))
    }

    mutating func flow(_ index: Int) {
        let held = clients[index].held ?? []
        clients[index].held = nil
        for bytes in held { deliver(bytes, to: index) }
        tell(.flowing(ConnectionID(UInt32(index))))
    }

    private mutating func settle() {
        while true {
            while !outbox.effects.isEmpty {
                let effects = outbox.effects
                outbox.removeAll()
                for effect in effects { perform(effect) }
            }
            guard server.deadline <= now else { return }
            server.handle(.woke, at: now, into: &outbox)
        }
    }

    private mutating func perform(_ effect: StreamEffect) {
        switch effect {
        case .send(let id, let bytes): deliver(bytes, to: Int(id.raw))
        case .share(let id, let shared): deliver(shared.bytes, to: Int(id.raw))
        case .begin: break
        case .close(let id, let cause):
            guard id.raw < StreamServer.outgoing else { return }
            clients[Int(id.raw)].cause = cause
            server.handle(.closed(id), at: now, into: &outbox)
        case .connect(let id, let url): dialled.append((id, url))
        case .call(let id, let hook): hooks.append((id, hook))
        }
    }

    private mutating func deliver(_ bytes: [UInt8], to index: Int) {
        if index >= Self.watching { return show(bytes, to: index - Self.watching) }
        guard index < clients.count else { return }
        if clients[index].held != nil {
            clients[index].held?.append(bytes)
            return
        }
        clients[index].session.receive(bytes.span)
        do {
            while let event = try clients[index].session.next(at: now) {
                switch event {
                case .started: clients[index].isStarted = true
                case .media(let message): clients[index].media.append(message)
                case .ended, .status: break
                }
            }
        } catch {
            clients[index].failure = error
        }
        pump(index)
    }

    private mutating func show(_ bytes: [UInt8], to index: Int) {
        watchers[index].reader.receive(bytes.span)
        while let message = try? watchers[index].reader.next() {
            watchers[index].media.append(message)
        }
    }

    func videoTimes(_ index: Int) -> [Int64] {
        clients[index].media.filter { $0.kind == .video && $0.payload[1] == 1 }
            .map(\.timestamp.milliseconds)
    }
}

/// A stream for tests: 25 frames a second, a key frame each second, sound beside it.
enum TestStream {
    static let headers = [
        MediaMessage(kind: .video, timestamp: .zero, payload: [0x17, 0, 0, 0, 0, 1, 66, 0, 30]),
        MediaMessage(kind: .audio, timestamp: .zero, payload: [0xAF, 0, 0x12, 0x10]),
    ]

    /// The frames of the seconds given, each of `length` bytes.
    static func seconds(_ range: Range<Int64>, length: Int = 500) -> [MediaMessage] {
        (range.lowerBound * 25..<range.upperBound * 25).flatMap { frame in
            let time = Timestamp(milliseconds: frame * 40)
            let first: UInt8 = frame % 25 == 0 ? 0x17 : 0x27
            let body = [UInt8](repeating: UInt8(frame % 251), count: length)
            return [
                MediaMessage(
                    kind: .video, timestamp: time, payload: [first, 1, 0, 0, 0] + body),
                MediaMessage(kind: .audio, timestamp: time, payload: [0xAF, 1] + body.prefix(50)),
            ]
        }
    }
}
